//! The files that a configuration was read from, and whether any of them is another by now.
//!
//! Contents are compared, not times: so it sees what Kubernetes does with its links, and what editors do with renames.

use aws_lc_rs::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Files and what was in each; nothing, where it could not be read.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Files {
    /// Remembers what was read.
    pub(super) fn note(&mut self, path: &Path, content: Option<&[u8]>) {
        self.0.insert(path.to_owned(), content.map(|content| digest(&SHA256, content).as_ref().to_vec()));
    }

    /// The same files as they are now.
    #[must_use]
    pub fn as_they_are(&self) -> Self {
        let mut files = Self::default();
        for path in self.0.keys() {
            files.note(path, std::fs::read(path).ok().as_deref());
        }
        files
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
