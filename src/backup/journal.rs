//! What a backup has found so far, beside the manifest that it will write: `FILE.partial`, one line of JSON for each profile
//! and space. A backup that was ended half-way goes on from there.
//!
//! A line counts only if AWS still tells the same `LastModifiedTime`, and only for a day, since tags change without that.

use super::form;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// How long what was found counts.
const COUNTS: TimeDelta = TimeDelta::hours(24);

/// Why there is no journal.
#[derive(Debug, Error)]
pub enum JournalFault {
    /// The file cannot be read or written.
    #[error("{}: {fault}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: std::io::Error,
    },
    /// It is of another domain, is no journal at all, or others may write it.
    #[error("{}: not from a backup of this domain; move it away", .0.display())]
    Stranger(PathBuf),
    /// It is too old.
    #[error("{}: from {began}, and tags may have changed since; move it away to begin anew", path.display())]
    Old {
        /// The file.
        path: PathBuf,
        /// When that backup began.
        began: DateTime<Utc>,
    },
}

/// The journal of one backup.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    began: DateTime<Utc>,
    found: HashMap<(bool, String), Found>,
}

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Found {
    /// `LastModifiedTime`, in milliseconds since 1970.
    modified: i64,
    what: What,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Profile(form::Profile),
    Space(form::Space),
}

#[derive(Serialize, Deserialize)]
struct Head {
    domain: String,
    version: u32,
    began: DateTime<Utc>,
}

impl Journal {
    /// Opens the journal beside `manifest`, or begins one, for a backup of the domain with this ARN.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(manifest: &Path, domain_arn: &str, now: DateTime<Utc>) -> Result<Self, JournalFault> {
        let mut name = manifest.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        let fault = |fault| JournalFault::Io { path: path.clone(), fault };
        // What others could have written is not gone on from, and no link is followed.
        let is_ours = |there: Metadata| there.is_file() && there.permissions().mode() & 0o022 == 0;
        if path.symlink_metadata().is_ok_and(|there| !is_ours(there)) {
            return Err(JournalFault::Stranger(path));
        }
        // Read by whoever writes it only: it tells who works here.
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&path).map_err(fault)?;
        let mut lines = BufReader::new(file.try_clone().map_err(fault)?).lines();
        let began = match lines.next() {
            None => {
                let head = Head { domain: domain_arn.to_owned(), version: form::VERSION, began: now };
                write_line(&mut file, &head).map_err(fault)?;
                now
            }
            Some(head) => {
                let head = serde_json::from_str(&head.map_err(fault)?).ok();
                let same = |head: &Head| head.domain == domain_arn && head.version == form::VERSION;
                let head = head.filter(same).ok_or_else(|| JournalFault::Stranger(path.clone()))?;
                if now.signed_duration_since(head.began) > COUNTS {
                    return Err(JournalFault::Old { path, began: head.began });
                }
                head.began
            }
        };
        let mut found = HashMap::new();
        for line in lines {
            // Cut off when the backup was ended: it is found again.
            let Ok(one) = serde_json::from_str::<Found>(&line.map_err(fault)?) else { continue };
            found.insert(one.what.key(), one);
        }
        // What comes next stands on a line of its own, wherever the last one was cut.
        file.write_all(b"\n").map_err(fault)?;
        Ok(Self { path, file, began, found })
    }

    /// When the backup began.
    #[must_use]
    pub fn began(&self) -> DateTime<Utc> {
        self.began
    }

    /// A profile that was found before and has not changed since.
    #[must_use]
    pub fn profile(&self, name: &str, modified: i64) -> Option<&form::Profile> {
        match self.known(false, name, modified)? {
            What::Profile(profile) => Some(profile),
            What::Space(_) => None,
        }
    }

    /// ... and a space.
    #[must_use]
    pub fn space(&self, name: &str, modified: i64) -> Option<&form::Space> {
        match self.known(true, name, modified)? {
            What::Space(space) => Some(space),
            What::Profile(_) => None,
        }
    }

    /// Notes a profile.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_profile(&mut self, profile: &form::Profile, modified: i64) -> Result<(), JournalFault> {
        self.note(&Found { modified, what: What::Profile(profile.clone()) })
    }

    /// ... and a space.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_space(&mut self, space: &form::Space, modified: i64) -> Result<(), JournalFault> {
        self.note(&Found { modified, what: What::Space(space.clone()) })
    }

    /// Ends it: the manifest is written.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn finish(self) -> Result<(), JournalFault> {
        std::fs::remove_file(&self.path).map_err(|fault| JournalFault::Io { path: self.path, fault })
    }

    fn known(&self, space: bool, name: &str, modified: i64) -> Option<&What> {
        let found = self.found.get(&(space, name.to_owned()))?;
        (found.modified == modified).then_some(&found.what)
    }

    fn note(&mut self, found: &Found) -> Result<(), JournalFault> {
        write_line(&mut self.file, found).map_err(|fault| JournalFault::Io { path: self.path.clone(), fault })
    }
}

impl What {
    fn key(&self) -> (bool, String) {
        match self {
            Self::Profile(profile) => (false, profile.name.clone()),
            Self::Space(space) => (true, space.name.clone()),
        }
    }
}

fn write_line(file: &mut File, line: &impl Serialize) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text)
}
