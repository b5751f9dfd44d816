//! Where a configuration gets what it refers to. The only reader of files and environment variables.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

/// Access to what a configuration refers to. The demo and the tests give their own.
pub struct Sources<'a> {
    /// Reads a text file, given its path relative to the configuration's folder, or absolute.
    pub file: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// Reads any file, likewise.
    pub bytes: &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
    /// Reads an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// What was read from AWS beforehand.
    pub remote: &'a dyn Fn(&Remote) -> Result<String, String>,
}

/// Something that AWS keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remote {
    /// `secretsmanager:ID`: the `SecretString` of a secret (`GetSecretValue`); with `#KEY`, one value of the JSON object in
    /// it.
    Secret {
        /// `SecretId`: name or ARN.
        id: String,
        /// Which value of the object.
        key: Option<String>,
    },
    /// `ssm:NAME`: a parameter of Systems Manager (`GetParameter`), decrypted.
    Parameter(String),
}

impl Remote {
    /// Reads a reference; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("ssm:") {
            return (!name.is_empty()).then(|| Self::Parameter(name.to_owned()));
        }
        let secret = text.strip_prefix("secretsmanager:")?;
        let (id, key) = secret.split_once('#').map_or((secret, None), |(id, key)| (id, Some(key.to_owned())));
        (!id.is_empty()).then(|| Self::Secret { id: id.to_owned(), key })
    }

    /// All references in a configuration.
    #[must_use]
    pub fn all_in(table: &Table) -> BTreeSet<Self> {
        fn collect(value: &Value, found: &mut BTreeSet<Remote>) {
            match value {
                Value::String(text) => found.extend(Remote::parse(text)),
                Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
                Value::Table(table) => table.values().for_each(|value| collect(value, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        table.values().for_each(|value| collect(value, &mut found));
        found
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { id, key: None } => write!(f, "secretsmanager:{id}"),
            Self::Secret { id, key: Some(key) } => write!(f, "secretsmanager:{id}#{key}"),
            Self::Parameter(name) => write!(f, "ssm:{name}"),
        }
    }
}

/// For a configuration that may refer to nothing at AWS.
pub fn nothing_remote(remote: &Remote) -> Result<String, String> {
    Err(format!("{remote} is not read here"))
}

/// Reads a file relative to `folder`.
pub fn read_file(folder: &Path, path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(folder.join(path))
}

/// Reads any file relative to `folder`.
pub fn read_bytes(folder: &Path, path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::read(folder.join(path))
}

/// Reads an environment variable of this process.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn read_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_wherever_they_stand() {
        let table: Table =
            "a = 'ssm:/x'\n[b]\nc = ['secretsmanager:s#k', 'file:f', 'ssm:']\n[[d]]\ne = 'secretsmanager:s'"
                .parse()
                .unwrap();
        let found: Vec<_> = Remote::all_in(&table).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["secretsmanager:s", "secretsmanager:s#k", "ssm:/x"]);
    }
}
