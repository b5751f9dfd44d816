//! The scripts that bring files from the old domain's file system to the new one's: bodies that stand in files of their own,
//! and values that are put into them, each quoted.
//!
//! Values come from files that may be anybody's. They are of types whose alphabet holds nothing that a shell would take for
//! more than a word; each is quoted all the same.

use super::manifest::Manifest;
use super::mapping::Mapping;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

const COPY: &str = include_str!("script/copy.sh");
const TO_S3: &str = include_str!("script/to-s3.sh");
const FROM_S3: &str = include_str!("script/from-s3.sh");
/// What values stand between in the bodies.
const BEGIN: &str = "# --- values ---\n";
const END: &str = "# --- end of values ---\n";

/// A place in S3 for the home folders of one domain: `s3://BUCKET/PREFIX/DOMAIN`.
#[derive(Debug)]
pub struct Bucket {
    name: String,
    prefix: String,
}

impl Bucket {
    /// Parses the name of a bucket (S3 User Guide, "Bucket naming rules") and a prefix of plain path segments.
    ///
    /// # Errors
    /// A sentence that says which of the two cannot be used.
    pub fn parse(name: &str, prefix: &str) -> Result<Self, String> {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_bucket = (3..=63).contains(&name.len())
            && name.bytes().all(|byte| lower(byte) || byte == b'-' || byte == b'.')
            && name.bytes().next().is_some_and(lower)
            && name.bytes().last().is_some_and(lower)
            && !name.contains("..");
        if !is_bucket {
            return Err(format!("--bucket: expected the name of a bucket, got {name:?}"));
        }
        let plain = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if !prefix.split('/').all(plain) {
            return Err(format!(
                "--prefix: expected letters, digits, -, _ and single slashes, got {prefix:?}"
            ));
        }
        Ok(Self { name: name.to_owned(), prefix: prefix.to_owned() })
    }

    fn folder(&self, manifest: &Manifest) -> String {
        format!("{}/{}/{}", self.name, self.prefix, manifest.domain.id)
    }
}

/// Option 1: copies each home folder from one mounted file system to the other, for its new owner.
///
/// # Errors
/// When a value cannot be put into a script.
pub fn copy(mapping: &Mapping, old: &Path, new: &Path) -> Result<String, String> {
    let path = |path: &Path| {
        let absolute = path.to_str().filter(|text| text.starts_with('/') && *text != "/");
        absolute.map(str::to_owned).ok_or_else(|| format!("{}: expected an absolute path", path.display()))
    };
    let mut values = variables(&[
        ("old_root", &path(old)?),
        ("new_root", &path(new)?),
        ("old_domain", &mapping.from.domain),
        ("new_domain", &mapping.to.domain),
        ("old_efs", mapping.from.home_efs.as_deref().unwrap_or("unknown")),
        ("new_efs", mapping.to.home_efs.as_deref().unwrap_or("unknown")),
    ])?;
    values.push_str("# kind, name, old UID, new UID\nfolders=(\n");
    for folder in &mapping.folders {
        let (name, from, to) = (quote(folder.name.as_str())?, folder.from, folder.to);
        // Infallible: a String takes what is written to it.
        let _ = writeln!(values, "  {} {name} {from} {to}", folder.kind.name());
    }
    values.push_str(")\n");
    fill(COPY, &values)
}

/// Option 2, in the old domain: a lifecycle script that saves the home folder of whoever starts an app.
///
/// # Errors
/// When a value cannot be put into a script.
pub fn to_s3(manifest: &Manifest, bucket: &Bucket) -> Result<String, String> {
    let (domain, folder) = (&manifest.domain.id, bucket.folder(manifest));
    fill(TO_S3, &variables(&[("domain", domain), ("folder", &folder)])?)
}

/// Option 2, in the new domain: a lifecycle script that brings it back, once, and overwrites nothing.
///
/// # Errors
/// When a value cannot be put into a script.
pub fn from_s3(manifest: &Manifest, bucket: &Bucket) -> Result<String, String> {
    let (domain, folder) = (&manifest.domain.id, bucket.folder(manifest));
    fill(FROM_S3, &variables(&[("old_domain", domain), ("folder", &folder)])?)
}

/// Option 2: what the execution roles of both domains have to be allowed: each person their own folder, by the source
/// identity that SageMaker sets where the domain's `ExecutionRoleIdentityConfig` is `USER_PROFILE_NAME`. Without it, nobody
/// gets anything.
#[must_use]
pub fn s3_policy(manifest: &Manifest, bucket: &Bucket) -> Value {
    let (partition, folder) = (&manifest.domain.partition, bucket.folder(manifest));
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "OnesOwnFolder",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
            "Resource": format!("arn:{partition}:s3:::{folder}/${{aws:SourceIdentity}}/*"),
        }],
    })
}

fn variables(values: &[(&str, &str)]) -> Result<String, String> {
    let mut text = String::new();
    for (name, value) in values {
        let _ = writeln!(text, "{name}={}", quote(value)?);
    }
    Ok(text)
}

/// A value as one word of the shell.
fn quote(value: &str) -> Result<String, String> {
    shlex::try_quote(value)
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| format!("{value:?} cannot stand in a script"))
}

fn fill(body: &str, values: &str) -> Result<String, String> {
    let parts = body.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("a script without a place for its values")?;
    Ok(format!("{before}{values}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_and_a_prefix_are_words() {
        assert!(Bucket::parse("studio-backup.example", "studio/2026_11").is_ok());
        for (bucket, prefix) in [
            ("Studio", "a"),
            ("ab", "a"),
            ("a..b", "a"),
            ("-ab", "a"),
            ("abc", ""),
            ("abc", "/a"),
            ("abc", "a//b"),
            ("abc", "../x"),
            ("abc", "$(id)"),
            ("abc", "*"),
            ("abc", "a\nb"),
        ] {
            assert!(Bucket::parse(bucket, prefix).is_err(), "{bucket} {prefix}");
        }
    }

    #[test]
    fn whatever_is_quoted_stays_one_word() {
        for value in
            ["", "a b", "'", "\"", "$(touch x)", "`id`", "-rf", "a\nb", "..", "\\", "!", "*", "~", "\u{200b}"]
        {
            let script = format!("printf %s {}", quote(value).unwrap());
            let printed = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(printed.stdout).unwrap(), value);
        }
        assert!(quote("\0").is_err());
    }
}
