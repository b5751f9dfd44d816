//! Backup of a domain, as data: the manifest that a backup writes and a restore reads, the mapping of folders from the old
//! file system to the new one, and the scripts that are made of it.
//!
//! Nothing here calls AWS. Manifests and mappings are files that may come from anybody: they are parsed into types that hold
//! nothing that AWS does not take, and refused with every problem otherwise.

pub mod form;
mod journal;
mod manifest;
mod mapping;
mod schema;
mod script;
mod value;

pub use journal::{Journal, JournalFault};
pub use manifest::{Domain, LifecycleConfig, Manifest, Profile, Space};
pub use mapping::{Folder, FolderKind, Mapping, Place};
pub use schema::schema;
pub use script::{Bucket, copy, from_s3, s3_policy, to_s3};
pub use value::{EfsUid, Name, Problems, Tags};
