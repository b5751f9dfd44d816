//! What a setting may look like, as data: types, lengths, ranges, patterns and closed sets of the API's model.
//!
//! Checking goes through the whole value and reports everything; it changes nothing.

use regex_lite::Regex;
use serde_json::{Map, Value, json};

/// What the API takes.
#[derive(Debug)]
pub enum Shape {
    /// A text of so many characters.
    Text {
        /// Shortest length, in characters.
        least: usize,
        /// Greatest length, in characters.
        most: usize,
        /// Regular expression for the whole text.
        pattern: Option<&'static str>,
    },
    /// A whole number from `least` to `most`.
    Number {
        /// Least value.
        least: i64,
        /// Greatest value.
        most: i64,
    },
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A list.
    List {
        /// Greatest length; `None`: the model has no limit.
        most: Option<usize>,
        /// What each item looks like.
        item: &'static Shape,
    },
    /// Named members.
    Structure(&'static [Member]),
    /// Exactly one of these members.
    Union(&'static [Member]),
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The API's name.
    pub name: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What it looks like.
    pub shape: Shape,
}

impl Member {
    pub(super) const fn required(name: &'static str, shape: Shape) -> Self {
        Self { name, required: true, shape }
    }

    pub(super) const fn optional(name: &'static str, shape: Shape) -> Self {
        Self { name, required: false, shape }
    }
}

impl Shape {
    pub(super) const fn text(least: usize, most: usize) -> Self {
        Self::Text { least, most, pattern: None }
    }

    /// The same, for a text of this pattern.
    pub(super) const fn form(self, pattern: &'static str) -> Self {
        match self {
            Self::Text { least, most, .. } => Self::Text { least, most, pattern: Some(pattern) },
            other => other,
        }
    }

    pub(super) const fn number(least: i64, most: i64) -> Self {
        Self::Number { least, most }
    }

    pub(super) const fn choice(values: &'static [&'static str]) -> Self {
        Self::Choice(values)
    }

    pub(super) const fn list(most: usize, item: &'static Shape) -> Self {
        Self::List { most: Some(most), item }
    }

    pub(super) const fn any_list(item: &'static Shape) -> Self {
        Self::List { most: None, item }
    }

    /// Reports everything in which a value differs from this shape, each with its path.
    pub(super) fn check(&self, value: &Value, path: &str, report: &mut dyn FnMut(&str, String)) {
        match (self, value) {
            (Self::Text { least, most, pattern }, Value::String(text)) => {
                if let Some(problem) = text_problem(text, *least, *most, *pattern) {
                    report(path, problem);
                }
            }
            (Self::Number { least, most }, Value::Number(number)) => {
                let number = number.as_i64().filter(|number| (*least..=*most).contains(number));
                if number.is_none() {
                    report(path, format!("expected a whole number from {least} to {most}, got {value}"));
                }
            }
            (Self::Choice(values), Value::String(text)) => {
                if !values.contains(&text.as_str()) {
                    report(path, not_among(text, values));
                }
            }
            (Self::List { most, item }, Value::Array(items)) => {
                if let Some(most) = most.filter(|most| items.len() > *most) {
                    report(path, format!("{} items; {most} at most", items.len()));
                }
                for (index, value) in items.iter().enumerate() {
                    item.check(value, &format!("{path}[{index}]"), report);
                }
            }
            (Self::Structure(members) | Self::Union(members), Value::Object(object)) => {
                check_members(members, object, path, report);
                if matches!(self, Self::Union(_)) && object.len() != 1 {
                    report(path, "exactly one of its members has to be set".into());
                }
            }
            _ => report(path, format!("expected {}, got {}", self.kind(), kind_of(value))),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Choice(_) => "a text",
            Self::Number { .. } => "a whole number",
            Self::List { .. } => "a list",
            Self::Structure(_) | Self::Union(_) => "a table",
        }
    }

    /// The shape as JSON, for the reference that `studio-gateway settings` prints.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let members = |members: &[Member]| -> Map<String, Value> {
            members.iter().map(|member| (member.name.to_owned(), member.shape.to_json())).collect()
        };
        match self {
            Self::Text { least, most, pattern } => {
                json!({ "type": "text", "min": least, "max": most, "pattern": pattern })
            }
            Self::Number { least, most } => json!({ "type": "number", "min": least, "max": most }),
            Self::Choice(values) => json!({ "type": "choice", "values": values }),
            Self::List { most, item } => json!({ "type": "list", "max": most, "items": item.to_json() }),
            Self::Structure(list) => {
                let required: Vec<_> = list.iter().filter(|m| m.required).map(|m| m.name).collect();
                json!({ "type": "table", "required": required, "members": members(list) })
            }
            Self::Union(list) => json!({ "type": "one-of", "members": members(list) }),
        }
    }
}

fn check_members(
    members: &[Member],
    object: &Map<String, Value>,
    path: &str,
    report: &mut dyn FnMut(&str, String),
) {
    for (name, value) in object {
        let path = format!("{path}.{name}");
        if let Some(member) = members.iter().find(|member| member.name == name) {
            member.shape.check(value, &path, report);
            continue;
        }
        let near = members.iter().find(|member| member.name.eq_ignore_ascii_case(name));
        let hint = near.map(|member| format!("; is {} meant?", member.name)).unwrap_or_default();
        report(&path, format!("the API has no such setting{hint}"));
    }
    for member in members.iter().filter(|member| member.required && !object.contains_key(member.name)) {
        report(&format!("{path}.{}", member.name), "missing".into());
    }
}

fn text_problem(text: &str, least: usize, most: usize, pattern: Option<&str>) -> Option<String> {
    let length = text.chars().count();
    if !(least..=most).contains(&length) {
        return Some(format!("{length} characters; expected {least} to {most}"));
    }
    if text.chars().any(char::is_control) {
        return Some("control characters are not allowed".into());
    }
    let pattern = pattern?;
    // The API means the whole text. A pattern that is none is found by the test that tries them all.
    let whole = Regex::new(&format!("^(?:{pattern})$")).ok()?;
    (!whole.is_match(text)).then(|| format!("{text:?} does not have the form {pattern}"))
}

/// A short closed set is shown whole; of a long one, what resembles the text.
fn not_among(text: &str, values: &[&str]) -> String {
    if values.len() <= 12 {
        return format!("expected one of {}, got {text:?}", values.join(", "));
    }
    let family = text.rsplit_once('.').map_or(text, |(family, _)| family);
    let near: Vec<_> = values
        .iter()
        .filter(|value| !family.is_empty() && value.starts_with(family))
        .take(5)
        .copied()
        .collect();
    let hint = if near.is_empty() { String::new() } else { format!(", such as {}", near.join(", ")) };
    format!("{text:?} is none of the API's {} values{hint}", values.len())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
