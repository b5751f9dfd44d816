//! Profiles, spaces and lifecycle configs as a test or the Studio page sees them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A user profile as a test or the Studio page sees it.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileView {
    /// `DomainId`.
    pub domain_id: String,
    /// `UserProfileName`, as it was given.
    pub name: String,
    /// `UserProfileArn`.
    pub arn: String,
    /// `Pending`, `InService`, `Updating`, `Failed`, `Update_Failed`, `Deleting` or `Delete_Failed`.
    pub status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// `HomeEfsFileSystemUid`.
    pub efs_uid: u32,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `UserSettings` as JSON, an object.
    pub user_settings: Value,
    /// `CreationTime`.
    pub created: DateTime<Utc>,
    /// `LastModifiedTime`.
    pub modified: DateTime<Utc>,
}

/// A space as a test or the Studio page sees it.
#[derive(Clone, Debug, Serialize)]
pub struct SpaceView {
    /// `DomainId`.
    pub domain_id: String,
    /// `SpaceName`, as it was given.
    pub name: String,
    /// `SpaceArn`.
    pub arn: String,
    /// `SpaceDisplayName`.
    pub display_name: Option<String>,
    /// `Pending`, `InService`, `Updating`, `Failed`, `Update_Failed`, `Deleting` or `Delete_Failed`.
    pub status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// `OwnerUserProfileName`.
    pub owner: Option<String>,
    /// `SharingType`.
    pub sharing: Option<String>,
    /// `HomeEfsFileSystemUid`.
    pub efs_uid: u32,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `SpaceSettings` as JSON, an object.
    pub settings: Value,
    /// `CreationTime`.
    pub created: DateTime<Utc>,
}

/// A Studio lifecycle config.
#[derive(Clone, Debug, Serialize)]
pub struct LifecycleConfigView {
    /// `StudioLifecycleConfigName`.
    pub name: String,
    /// `StudioLifecycleConfigArn`.
    pub arn: String,
    /// `StudioLifecycleConfigAppType`.
    pub app_type: String,
    /// The script, base64 as it was given.
    pub content: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `CreationTime`.
    pub created: DateTime<Utc>,
}
