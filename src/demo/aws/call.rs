//! One call on its way through: who makes it, from where, when, and what the trail will say about it.

use super::fault::ApiError;
use super::knobs::Pace;
use super::state::Caller;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What an operation knows about its call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Whose signature it bears; without policies and ARN for unsigned operations.
    pub(super) caller: Caller,
    /// Region that the signature names.
    pub(super) region: String,
    pub(super) now: DateTime<Utc>,
    pub(super) pace: Pace,
    /// See [`super::Knobs::tell_missing`].
    pub(super) tells_missing: bool,
    /// Whether the first entry of a batch is not taken.
    pub(super) refuses_one: bool,
    /// Base URL of this server, for presigned links.
    pub(super) url: String,
}

/// What the trail will say: filled in as the call proceeds.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) principal: String,
    pub(super) resource: String,
    pub(super) parameters: Value,
}

/// Parameters of a query API call.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Map<String, Value>);

impl Form {
    /// Reads a form; each parameter may be given once. Integers become numbers where they are read as such.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.insert(name.clone().into_owned(), Value::String(value.into_owned())).is_some() {
                return Err(ApiError::new(400, "MalformedQueryString", format!("{name} is given twice")));
            }
        }
        Ok(Self(fields))
    }

    /// A form with these parameters.
    pub(super) fn of<const N: usize>(parameters: [(&str, &str); N]) -> Self {
        let parameters = parameters.map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self(parameters.into_iter().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The fields, with `numbers` as JSON numbers where they are.
    pub(super) fn fields(&self, numbers: &[&str]) -> Map<String, Value> {
        let typed = |(name, value): (&String, &Value)| {
            let number = value
                .as_str()
                .filter(|_| numbers.contains(&name.as_str()))
                .and_then(|t| t.parse::<i64>().ok());
            (name.clone(), number.map_or_else(|| value.clone(), Value::from))
        };
        self.0.iter().map(typed).collect()
    }

    /// The fields, with `list.member.N.KEY` as a list of structures.
    pub(super) fn with_structures(&self, list: &str, numbers: &[&str]) -> Map<String, Value> {
        let mut fields = self.fields(numbers);
        let prefix = format!("{list}.member.");
        let mut items: BTreeMap<usize, Map<String, Value>> = BTreeMap::new();
        fields.retain(|name, value| {
            let place = name.strip_prefix(&prefix).and_then(|rest| rest.split_once('.'));
            let place = place.and_then(|(number, key)| Some((number.parse().ok()?, key)));
            if let Some((number, key)) = place {
                items.entry(number).or_default().insert(key.to_owned(), value.clone());
            }
            place.is_none()
        });
        if !items.is_empty() {
            fields.insert(list.to_owned(), items.into_values().map(Value::Object).collect());
        }
        fields
    }

    /// The values of `NAME.member.N` and `NAME.member.N.REST`.
    pub(super) fn members(&self, name: &str) -> Vec<&str> {
        let prefix = format!("{name}.member.");
        self.0.iter().filter(|(n, _)| n.starts_with(&prefix)).filter_map(|(_, v)| v.as_str()).collect()
    }

    /// What the trail may show: everything but the assertion and the boilerplate.
    pub(super) fn shown(&self) -> Value {
        let hidden = |name: &str| matches!(name, "SAMLAssertion" | "Action" | "Version");
        Value::Object(
            self.0.iter().filter(|(n, _)| !hidden(n)).map(|(n, v)| (n.clone(), v.clone())).collect(),
        )
    }
}
