//! Reading TOML so that every problem is found at once, each with its path.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::ops::RangeInclusive;
use toml::{Table, Value};

/// Everything that is wrong with a configuration, in the order of the file's sections.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub(super) Vec<String>);

impl Problems {
    /// A single one.
    pub(crate) fn one(line: String) -> Self {
        Self(vec![line])
    }

    /// One line for each problem, such as `domain[0].region: missing`.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// Collects problems while tables are read.
#[derive(Default)]
pub(super) struct Collector(RefCell<Vec<String>>);

impl Collector {
    pub(super) fn add(&self, path: &str, problem: impl fmt::Display) {
        self.0.borrow_mut().push(format!("{path}: {problem}"));
    }

    /// Takes over what another one collected, without what is here already.
    pub(super) fn absorb(&self, other: Self) {
        for line in other.0.into_inner() {
            if !self.0.borrow().contains(&line) {
                self.0.borrow_mut().push(line);
            }
        }
    }

    pub(super) fn into_problems(self) -> Problems {
        Problems(self.0.into_inner())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// One table of the file. Keys that nobody asked for are problems when it is finished.
pub(super) struct Section<'a> {
    table: Option<&'a Table>,
    path: String,
    asked: BTreeSet<&'static str>,
    problems: &'a Collector,
}

impl<'a> Section<'a> {
    pub(super) fn root(table: &'a Table, problems: &'a Collector) -> Self {
        Self { table: Some(table), path: String::new(), asked: BTreeSet::new(), problems }
    }

    /// A table that does not stand in the file as it is, under a path that does.
    pub(super) fn at(table: &'a Table, path: &str, problems: &'a Collector) -> Self {
        Self { table: Some(table), path: path.to_owned(), asked: BTreeSet::new(), problems }
    }

    /// This table as it is written; an absent one is empty.
    pub(super) fn written(&self) -> Table {
        self.table.cloned().unwrap_or_default()
    }

    /// The path of a key of this table, for messages.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The path of this table, for messages.
    pub(super) fn own_path(&self) -> &str {
        &self.path
    }

    /// Where problems of tables with keys of the admin's own are noted.
    pub(super) fn problems(&self) -> &'a Collector {
        self.problems
    }

    /// Notes a problem with a key of this table.
    pub(super) fn problem(&self, key: &str, problem: impl fmt::Display) {
        self.problems.add(&self.path(key), problem);
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.insert(key);
        self.table?.get(key)
    }

    /// Whether the file has this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// A value that may be absent, parsed.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.value(key)?;
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(problem) => {
                self.problem(key, problem);
                None
            }
        }
    }

    /// A value that has to be there, parsed. `None` means that a problem was noted.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.value(key).is_none() {
            self.problem(key, "missing");
            return None;
        }
        self.optional(key, parse)
    }

    /// A list, each item parsed; an absent list is empty.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Vec<T> {
        let path = self.path(key);
        let mut parsed = Vec::new();
        match self.value(key) {
            None => {}
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    match parse(item) {
                        Ok(item) => parsed.push(item),
                        Err(problem) => self.problems.add(&format!("{path}[{index}]"), problem),
                    }
                }
            }
            // The value is not repeated: it may be a key.
            Some(other) => self.problem(key, format!("expected a list, got a {}", other.type_str())),
        }
        parsed
    }

    /// A value, or a list of such with at least one in it; an absent one is `None`.
    pub(super) fn one_or_more<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let path = self.path(key);
        self.value(key).map(|value| one_or_more(value, &path, self.problems, parse))
    }

    /// A table inside this one; an absent one is empty.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'a> {
        let table = match self.value(key) {
            None => None,
            Some(Value::Table(table)) => Some(table),
            Some(other) => {
                self.problem(key, expected("a table", other));
                None
            }
        };
        Section { table, path: self.path(key), asked: BTreeSet::new(), problems: self.problems }
    }

    /// The tables of an array of tables.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let path = self.path(key);
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(items)) if items.iter().all(Value::is_table) => items
                .iter()
                .enumerate()
                .map(|(index, item)| Section {
                    table: item.as_table(),
                    path: format!("{path}[{index}]"),
                    asked: BTreeSet::new(),
                    problems: self.problems,
                })
                .collect(),
            Some(other) => {
                self.problem(key, expected("an array of tables", other));
                Vec::new()
            }
        }
    }

    /// All keys of this table with their values, for tables whose keys are the admin's own.
    pub(super) fn entries(self) -> Vec<(&'a str, &'a Value, String)> {
        let path = self.path;
        self.table
            .into_iter()
            .flat_map(|table| table.iter())
            .map(|(key, value)| (key.as_str(), value, format!("{path}.{key}")))
            .collect()
    }

    /// This table as JSON, for tables with keys of the API. Dates, which JSON does not have, become tables, and so problems.
    pub(super) fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        match self.table.map(serde_json::to_value) {
            Some(Ok(serde_json::Value::Object(members))) => members,
            _ => serde_json::Map::new(),
        }
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for key in self.table.into_iter().flat_map(Table::keys) {
            if !self.asked.contains(key.as_str()) {
                self.problem(key, "unknown key");
            }
        }
    }
}

/// A value, or a list of such with at least one in it. What has a problem is left out, and the problem noted.
pub(super) fn one_or_more<T>(
    value: &Value,
    path: &str,
    problems: &Collector,
    parse: impl Fn(&Value) -> Result<T, String>,
) -> Vec<T> {
    let parse = |item: &Value, path: &str| match parse(item) {
        Ok(parsed) => Some(parsed),
        Err(problem) => {
            problems.add(path, problem);
            None
        }
    };
    match value {
        Value::Array(items) if items.is_empty() => {
            problems.add(path, "an empty list matches nothing");
            Vec::new()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.filter_map(|(index, item)| parse(item, &format!("{path}[{index}]"))).collect()
        }
        one => parse(one, path).into_iter().collect(),
    }
}

fn expected(what: &str, found: &Value) -> String {
    format!("expected {what}, got {}", shown(found))
}

/// A value as it is shown in a message; secrets are references and so never stand in the file.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string().chars().take(60).collect(),
    }
}

/// A parser for strings.
pub(super) fn string(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if !text.trim().is_empty() && !text.chars().any(char::is_control) => {
            Ok(text.clone())
        }
        other => Err(expected("a text", other)),
    }
}

/// A parser for strings of a certain kind.
pub(super) fn kind<T>(
    what: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| value.as_str().and_then(&parse).ok_or_else(|| expected(what, value))
}

/// A parser for keys: a short name in URLs, relay states and logs: lower-case letters, digits and hyphens, 40 at most.
pub(super) fn key(value: &Value) -> Result<String, String> {
    kind("a key of a-z, 0-9 and \"-\"", |text| {
        let fits = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fits.then(|| text.to_owned())
    })(value)
}

/// A parser for whole numbers in a range.
pub(super) fn number(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Result<u32, String> {
    move |value| {
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            expected(&format!("a whole number from {} to {}", range.start(), range.end()), value)
        })
    }
}

/// A parser for `true` and `false`.
pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| expected("true or false", value))
}

/// Notes what occurs twice. `values` are in the order of the tables; `None` stands for a table with a problem of its own.
pub(super) fn repeated(problems: &Collector, table: &str, key: &str, values: &[Option<&str>]) {
    let mut seen = HashSet::new();
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        if !seen.insert(value) {
            problems.add(&format!("{table}[{index}].{key}"), format!("{value:?} occurs twice"));
        }
    }
}
