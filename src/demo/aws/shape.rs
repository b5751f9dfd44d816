//! Request shapes: the constraints of the service models, checked member by member, worded as AWS words them.
//!
//! All problems of a request are collected and answered in one `ValidationException` (or `ValidationError`).

mod rule;

pub(super) use rule::{
    CONFIG_ARN, DOMAIN_ID, NAME, NEXT_TOKEN, ROLE_ARN, Rule, SAGEMAKER_ARN, TAG_KEY, TAG_VALUE,
};

use super::fault::ApiError;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Problems found so far.
pub(super) type Problems = RefCell<Vec<String>>;

/// One structure of a request.
pub(super) struct Shape<'a> {
    fields: &'a Map<String, Value>,
    path: String,
    problems: &'a Problems,
}

impl<'a> Shape<'a> {
    /// The request itself.
    pub(super) fn new(fields: &'a Map<String, Value>, problems: &'a Problems) -> Self {
        Self { fields, path: String::new(), problems }
    }

    /// Reports members that the model does not have.
    pub(super) fn only(&self, names: &[&str]) {
        for name in self.fields.keys().filter(|name| !names.contains(&name.as_str())) {
            self.report(name, "", "the service's model has no such member");
        }
    }

    /// Any member, unchecked.
    pub(super) fn raw(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|v| !v.is_null())
    }

    /// A string that may be absent.
    pub(super) fn string(&self, name: &str, rule: Rule) -> Option<&'a str> {
        match self.raw(name)? {
            Value::String(value) => {
                self.hold(name, value, rule);
                Some(value)
            }
            other => {
                self.report(name, &other.to_string(), "Member must be a string");
                None
            }
        }
    }

    /// A string that must be there; empty if it is not, which is then reported.
    pub(super) fn required(&self, name: &str, rule: Rule) -> &'a str {
        if self.raw(name).is_none() {
            self.report(name, "null", "Member must not be null");
        }
        self.string(name, rule).unwrap_or_default()
    }

    /// An integer in this range.
    pub(super) fn integer(&self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.raw(name)?;
        let number = value.as_i64();
        match number {
            None => self.report(name, &value.to_string(), "Member must be an integer"),
            Some(n) if n < i64::from(*range.start()) => {
                let why = format!("Member must have value greater than or equal to {}", range.start());
                self.report(name, &value.to_string(), &why);
            }
            Some(n) if n > i64::from(*range.end()) => {
                let why = format!("Member must have value less than or equal to {}", range.end());
                self.report(name, &value.to_string(), &why);
            }
            Some(_) => {}
        }
        number.and_then(|n| u32::try_from(n).ok())
    }

    /// A list of strings with at most `max` members.
    pub(super) fn strings(&self, name: &str, max: usize, rule: Rule) -> Option<Vec<&'a str>> {
        let list = self.list(name, max)?;
        let mut strings = Vec::new();
        for value in list {
            match value.as_str() {
                Some(text) => {
                    self.hold(name, text, rule);
                    strings.push(text);
                }
                None => self.report(name, &value.to_string(), "Member must be a string"),
            }
        }
        Some(strings)
    }

    /// A structure that may be absent.
    pub(super) fn inside(&self, name: &str) -> Option<Shape<'a>> {
        let value = self.raw(name)?;
        if let Value::Object(fields) = value {
            return Some(Shape { fields, path: self.at(name), problems: self.problems });
        }
        self.report(name, &value.to_string(), "Member must be a structure");
        None
    }

    /// A list of structures.
    pub(super) fn each(&self, name: &str, max: usize) -> Vec<Shape<'a>> {
        let mut shapes = Vec::new();
        for (index, value) in self.list(name, max).into_iter().flatten().enumerate() {
            if let Value::Object(fields) = value {
                let path = format!("{}.{}.member", self.at(name), index + 1);
                shapes.push(Shape { fields, path, problems: self.problems });
            } else {
                self.report(name, &value.to_string(), "Member must be a structure");
            }
        }
        shapes
    }

    /// `Tags`: at most 50, keys unique and not reserved.
    pub(super) fn tags(&self, name: &str) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        for tag in self.each(name, 50) {
            tag.only(&["Key", "Value"]);
            let key = tag.required("Key", TAG_KEY);
            let value = tag.required("Value", TAG_VALUE);
            if key.to_ascii_lowercase().starts_with("aws:") {
                self.report(name, key, "Tag keys must not begin with aws:");
            }
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                self.report(name, key, "Tag keys must be unique");
            }
        }
        tags
    }

    /// Reports a problem of a member.
    pub(super) fn report(&self, name: &str, value: &str, why: &str) {
        // An assertion or a script does not belong into a message.
        let value = match value.char_indices().nth(200) {
            Some((end, _)) => format!("'{}...'", value.get(..end).unwrap_or_default()),
            None if value == "null" => value.to_owned(),
            None => format!("'{value}'"),
        };
        let message = format!("Value {value} at '{}' failed to satisfy constraint: {why}", self.at(name));
        self.problems.borrow_mut().push(message);
    }

    fn hold(&self, name: &str, value: &str, rule: Rule) {
        for why in rule.broken(value) {
            self.report(name, value, &why);
        }
    }

    fn list(&self, name: &str, max: usize) -> Option<&'a Vec<Value>> {
        let value = self.raw(name)?;
        let Value::Array(list) = value else {
            self.report(name, &value.to_string(), "Member must be a list");
            return None;
        };
        if list.len() > max {
            self.report(name, "[...]", &format!("Member must have length less than or equal to {max}"));
        }
        Some(list)
    }

    /// `userSettings.executionRole`: as AWS names members in messages.
    fn at(&self, name: &str) -> String {
        let mut chars = name.chars();
        let first = chars.next().map(|c| c.to_ascii_lowercase());
        let name: String = first.into_iter().chain(chars).collect();
        if self.path.is_empty() { name } else { format!("{}.{name}", self.path) }
    }
}

/// `Ok` if nothing was found; otherwise one error that names everything.
pub(super) fn finish(problems: &Problems, code: &'static str) -> Result<(), ApiError> {
    let problems = problems.borrow();
    let message = match problems.len() {
        0 => return Ok(()),
        1 => format!("1 validation error detected: {}", problems.join("; ")),
        count => format!("{count} validation errors detected: {}", problems.join("; ")),
    };
    Err(ApiError::new(400, code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_reported_together_in_the_words_of_aws() {
        let request = serde_json::json!({"DomainId": "D", "ExpiresInSeconds": 4, "Extra": 1});
        let problems = Problems::default();
        let shape = Shape::new(request.as_object().unwrap(), &problems);
        shape.only(&["DomainId", "UserProfileName", "ExpiresInSeconds"]);
        shape.required("DomainId", DOMAIN_ID);
        shape.required("UserProfileName", NAME);
        shape.integer("ExpiresInSeconds", 5..=300);
        let error = finish(&problems, "ValidationException").unwrap_err();
        assert_eq!(error.code, "ValidationException");
        for part in [
            "4 validation errors detected: ",
            "Value 'D' at 'domainId' failed to satisfy constraint: Member must satisfy regular expression pattern: d-(",
            "Value null at 'userProfileName' failed to satisfy constraint: Member must not be null",
            "Value '4' at 'expiresInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 5",
            "at 'extra'",
        ] {
            assert!(error.message.contains(part), "{part} in {}", error.message);
        }
    }
}
