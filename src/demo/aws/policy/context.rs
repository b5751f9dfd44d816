//! The condition keys of one call and their values.
//!
//! Key names ignore case, as in IAM; values never do.

use std::collections::BTreeMap;

/// Condition keys and values. A key that is absent was not in the request.
#[derive(Clone, Debug, Default)]
pub(in crate::demo::aws) struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// One more value of `key`.
    pub(in crate::demo::aws) fn add(&mut self, key: &str, value: impl Into<String>) {
        self.0.entry(key.to_lowercase()).or_default().push(value.into());
    }

    /// `prefix/KEY` for each tag. Two keys that differ in case only are ambiguous, and so are left out.
    pub(in crate::demo::aws) fn add_tags(&mut self, prefix: &str, tags: &BTreeMap<String, String>) {
        for (key, value) in tags {
            if tags.keys().filter(|k| k.to_lowercase() == key.to_lowercase()).count() == 1 {
                self.add(&format!("{prefix}/{key}"), value);
            }
        }
    }

    /// All of `other` too.
    pub(in crate::demo::aws) fn extend(&mut self, other: &Self) {
        for (key, values) in &other.0 {
            self.0.entry(key.clone()).or_default().extend(values.iter().cloned());
        }
    }

    /// The values of `key`, none if it is absent.
    pub(in crate::demo::aws) fn values(&self, key: &str) -> &[String] {
        self.0.get(&key.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The value of a key that has exactly one.
    pub(in crate::demo::aws) fn single(&self, key: &str) -> Option<&str> {
        match self.values(key) {
            [one] => Some(one),
            _ => None,
        }
    }
}
