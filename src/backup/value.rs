//! Single values of a manifest, each parsed once: names, UIDs, tags; and the list of what is wrong with a file.

use crate::config::is_tag_value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Everything that is wrong with a manifest or a mapping: one line each, such as `profiles[3].name: ...`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// A single one.
    pub(super) fn one(line: &str) -> Self {
        Self(vec![shown(line)])
    }

    /// A file of another version.
    pub(super) fn of_version(version: u32, known: u32) -> Self {
        Self(vec![format!("version: {version}, and this program knows {known}")])
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    pub(super) fn add(&mut self, path: &str, problem: impl fmt::Display) {
        self.0.push(shown(&format!("{path}: {problem}")));
    }
}

/// A line in which nothing is left that a terminal would obey: what a stranger has written is quoted in it.
fn shown(line: &str) -> String {
    let mut shown = String::new();
    for c in line.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// `UserProfileName`, `SpaceName` or `StudioLifecycleConfigName`: `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`. Two that differ in
/// case only are the same to AWS, and so they are here.
#[derive(Debug, Clone)]
pub struct Name(String);

impl Name {
    /// Parses a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        let fits = bytes.len() <= 63
            && end(bytes.first())
            && end(bytes.last())
            && bytes.iter().all(|byte| *byte == b'-' || byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names have in common that are the same.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `HomeEfsFileSystemUid`: owner of a home folder in a domain's file system, and the folder's name. Never a user of the
/// system: those are below 1,000 (Linux Standard Base, "User ID ranges"), and nobody's home folder is root's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EfsUid(u32);

impl EfsUid {
    /// Least UID that is no user of the system.
    const LEAST: u32 = 1_000;

    /// Parses decimal digits without a sign or a leading zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        // The greatest number stands for "nobody" (chown(2): leave as it is).
        let uid = text.parse::<u32>().ok().filter(|uid| (Self::LEAST..u32::MAX).contains(uid))?;
        digits.then_some(Self(uid))
    }
}

impl fmt::Display for EfsUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tags: 50 at most, in the alphabet of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Most tags of a resource (SageMaker `TagList`).
    const MOST: usize = 50;
    /// Tags that SageMaker puts onto what is made in a domain (SageMaker Developer Guide, "Domain resource isolation"):
    /// those of the old domain would be wrong in the new one.
    const AUTOMATIC: [&str; 3] =
        ["sagemaker:domain-arn", "sagemaker:user-profile-arn", "sagemaker:space-arn"];

    pub(super) fn parse(tags: &BTreeMap<String, String>, path: &str, problems: &mut Problems) -> Self {
        if tags.len() > Self::MOST {
            problems.add(path, format_args!("{} tags; {} at most", tags.len(), Self::MOST));
        }
        for (key, value) in tags {
            if !(1..=128).contains(&key.chars().count()) || !is_tag_value(key) {
                problems.add(path, format_args!("{key:?} is no key of a tag"));
            }
            if !is_tag_value(value) {
                problems.add(&format!("{path}.{key}"), format_args!("{value:?} is no value of a tag"));
            }
        }
        Self(tags.clone())
    }

    /// The tags of this map, as AWS told them.
    #[must_use]
    pub fn of(tags: BTreeMap<String, String>) -> Self {
        Self(tags)
    }

    /// The value of a tag.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Those that somebody set, and can set again. `aws:` is reserved (Tag naming limits).
    pub fn settable(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        all.filter(|(key, _)| !key.to_ascii_lowercase().starts_with("aws:") && !Self::AUTOMATIC.contains(key))
    }

    /// Keys of tags that only one of both has, or that have another value in the other.
    #[must_use]
    pub fn differences(&self, other: &Self) -> BTreeSet<String> {
        let mine: BTreeSet<_> = self.settable().collect();
        let theirs: BTreeSet<_> = other.settable().collect();
        mine.symmetric_difference(&theirs).map(|(key, _)| (*key).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api() {
        for good in ["a", "Ada-1", "x--y", &"a".repeat(63)] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "..", "a/b", "a b", "$(id)", "a\nb", "'", "é", &"a".repeat(64)] {
            assert_eq!(Name::parse(bad), None, "{bad}");
        }
        assert_eq!(Name::parse("Ada"), Name::parse("aDA"));
    }

    #[test]
    fn uids_are_of_people() {
        assert_eq!(EfsUid::parse("200005").unwrap().to_string(), "200005");
        for bad in ["", "0", "999", "0200005", "+200005", "-1", "2e5", "4294967295", "4294967296", "200005 "]
        {
            assert_eq!(EfsUid::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn tags_of_the_old_domain_stay_there() {
        let tags = |pairs: &[(&str, &str)]| {
            Tags::of(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
        };
        let old =
            tags(&[("a", "1"), ("aws:cloudformation:stack-name", "x"), ("sagemaker:domain-arn", "old")]);
        assert_eq!(old.settable().collect::<Vec<_>>(), [("a", "1")]);
        assert!(old.differences(&tags(&[("a", "1"), ("sagemaker:domain-arn", "new")])).is_empty());
        let other = tags(&[("a", "2"), ("b", "")]);
        assert_eq!(old.differences(&other).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
