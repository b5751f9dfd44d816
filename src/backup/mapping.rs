//! The mapping: whose home folder of the old domain's file system becomes which folder of the new one's.
//!
//! A restore writes it, and `recovery-script` makes a script of it. A wrong line gives one person's files to another: no
//! folder is named twice, and nobody is in it whose profile is not theirs in both domains.

use super::manifest::from_json;
use super::value::{EfsUid, Name, Problems};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const VERSION: u32 = 1;

/// Folders of the old file system and of the new one.
#[derive(Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The old domain.
    pub from: Place,
    /// The new domain.
    pub to: Place,
    /// The folders, profiles first.
    pub folders: Vec<Folder>,
}

/// A domain and its file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// `DomainId`.
    pub domain: String,
    /// `HomeEfsFileSystemId`.
    pub home_efs: Option<String>,
}

/// One home folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Folder {
    /// Whose it is.
    pub kind: FolderKind,
    /// Name of the profile or space.
    pub name: Name,
    /// UID in the old domain.
    pub from: EfsUid,
    /// UID in the new domain.
    pub to: EfsUid,
}

/// Whose a home folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FolderKind {
    /// A user profile's.
    Profile,
    /// A space's.
    Space,
}

impl FolderKind {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Space => "space",
        }
    }
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "studio-gateway/mapping")]
    Mapping,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    format: Format,
    version: u32,
    from: Place,
    to: Place,
    folders: Vec<FolderForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderForm {
    kind: FolderKind,
    name: String,
    from_uid: String,
    to_uid: String,
}

impl Mapping {
    /// Parses the text of a mapping.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let form: Form = from_json(text, VERSION)?;
        let mut problems = Problems::default();
        if form.version != VERSION {
            problems = Problems::of_version(form.version, VERSION);
        }
        for (path, place) in [("from", &form.from), ("to", &form.to)] {
            let plain = |text: &str| text.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric());
            if !plain(&place.domain) || !place.home_efs.as_deref().is_none_or(plain) {
                problems.add(path, "expected the IDs of a domain and a file system");
            }
        }
        let (mut old, mut new) = (BTreeSet::new(), BTreeSet::new());
        let mut folders = Vec::new();
        for (at, one) in form.folders.iter().enumerate() {
            let path = |member: &str| format!("folders[{at}].{member}");
            let name = Name::parse(&one.name);
            let (from, to) = (EfsUid::parse(&one.from_uid), EfsUid::parse(&one.to_uid));
            if name.is_none() {
                problems.add(&path("name"), format_args!("{:?} is no name", one.name));
            }
            for (member, text, uid, seen) in
                [("from_uid", &one.from_uid, from, &mut old), ("to_uid", &one.to_uid, to, &mut new)]
            {
                match uid {
                    None => problems.add(&path(member), format_args!("{text:?} is nobody's UID")),
                    Some(uid) if !seen.insert(uid) => problems.add(&path(member), "another folder's, too"),
                    Some(_) => {}
                }
            }
            if let (Some(name), Some(from), Some(to)) = (name, from, to) {
                folders.push(Folder { kind: one.kind, name, from, to });
            }
        }
        if problems.lines().is_empty() {
            Ok(Self { from: form.from, to: form.to, folders })
        } else {
            Err(problems)
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// A fault of the writer, as a sentence.
    pub fn to_text(&self) -> Result<String, String> {
        let folders = self.folders.iter().map(|folder| FolderForm {
            kind: folder.kind,
            name: folder.name.to_string(),
            from_uid: folder.from.to_string(),
            to_uid: folder.to.to_string(),
        });
        let form = Form {
            format: Format::Mapping,
            version: VERSION,
            from: self.from.clone(),
            to: self.to.clone(),
            folders: folders.collect(),
        };
        let text = serde_json::to_string_pretty(&form).map_err(|fault| fault.to_string())?;
        Ok(text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "format": "studio-gateway/mapping",
  "version": 1,
  "from": { "domain": "d-old", "home_efs": "fs-00000001" },
  "to": { "domain": "d-new", "home_efs": null },
  "folders": [
    { "kind": "profile", "name": "ada", "from_uid": "200005", "to_uid": "200105" },
    { "kind": "space", "name": "nlp", "from_uid": "200006", "to_uid": "200106" }
  ]
}"#;

    #[test]
    fn a_mapping_is_read_as_it_was_written() {
        let mapping = Mapping::parse(TEXT).unwrap();
        assert_eq!(mapping.folders.len(), 2);
        assert_eq!(Mapping::parse(&mapping.to_text().unwrap()).unwrap(), mapping);
    }

    #[test]
    fn a_folder_is_one_persons() {
        for (change, expected) in [
            (("200006", "200005"), "folders[1].from_uid: another folder's, too"),
            (("200106", "200105"), "folders[1].to_uid: another folder's, too"),
            (("200106", "0"), "folders[1].to_uid: \"0\" is nobody's UID"),
            (("nlp", "../nlp"), "folders[1].name: \"../nlp\" is no name"),
            (("d-new", "d-new\\nrm"), "to: expected the IDs of a domain and a file system"),
            (("\"version\": 1", "\"version\": 2"), "version: 2, and this program knows 1"),
        ] {
            let problems = Mapping::parse(&TEXT.replacen(change.0, change.1, 1)).unwrap_err();
            assert_eq!(problems.lines(), [expected]);
        }
    }
}
