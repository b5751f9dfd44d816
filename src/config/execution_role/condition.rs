//! When a policy is for somebody: groups and attributes, each compared as a whole or with a pattern.

use crate::config::problems::Section;
use crate::identity::Identity;
use std::collections::BTreeMap;
use toml::Value;
use wildmatch::WildMatch;

/// Holds for a person if each part does. It has one part at least.
#[derive(Debug)]
pub struct Condition {
    groups: Option<Vec<Text>>,
    attributes: BTreeMap<String, Vec<Text>>,
}

/// What a text is compared with.
#[derive(Debug)]
enum Text {
    Exactly(String),
    /// With `*` and `?`.
    Like(WildMatch),
}

impl Condition {
    /// Reads the keys `groups` and `attributes`.
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let groups = section.has("groups").then(|| section.required("groups", texts));
        let mut attributes = BTreeMap::new();
        let mut usable = true;
        let problems = section.problems();
        for (name, value, path) in section.section("attributes").entries() {
            match texts(value) {
                Ok(wanted) => {
                    attributes.insert(name.to_owned(), wanted);
                }
                Err(problem) => {
                    problems.add(&path, problem);
                    usable = false;
                }
            }
        }
        if groups.is_none() && attributes.is_empty() && usable {
            section.problem(
                "groups",
                "groups or attributes are needed: policies for everybody stand in `policies`",
            );
            return None;
        }
        let groups = match groups {
            None => None,
            Some(read) => Some(read?),
        };
        usable.then_some(Self { groups, attributes })
    }

    /// Whether it holds for this person.
    #[must_use]
    pub fn holds(&self, identity: &Identity) -> bool {
        let among = |wanted: &[Text], value: &str| wanted.iter().any(|text| text.fits(value));
        let in_group = self
            .groups
            .as_ref()
            .is_none_or(|wanted| identity.groups().iter().any(|group| among(wanted, group)));
        in_group
            && self
                .attributes
                .iter()
                .all(|(name, wanted)| identity.attribute(name).is_some_and(|value| among(wanted, value)))
    }
}

impl Text {
    fn fits(&self, value: &str) -> bool {
        match self {
            Self::Exactly(text) => text == value,
            Self::Like(pattern) => pattern.matches(value),
        }
    }
}

/// A text, `{ like = "ml-*" }`, or a list of these of which any may fit.
fn texts(value: &Value) -> Result<Vec<Text>, String> {
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(text).collect(),
        one => text(one).map(|text| vec![text]),
    }
}

fn text(value: &Value) -> Result<Text, String> {
    let expected = || "expected a text, { like = \"ml-*\" } or a list of these".to_owned();
    match value {
        Value::String(text) if !text.is_empty() => Ok(Text::Exactly(text.clone())),
        Value::Table(table) if table.len() == 1 => match table.get("like") {
            Some(Value::String(pattern)) if !pattern.is_empty() => Ok(Text::Like(WildMatch::new(pattern))),
            _ => Err(expected()),
        },
        _ => Err(expected()),
    }
}
