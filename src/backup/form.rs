//! The manifest as it stands in its file. Nothing is checked here but that each member has its type: what is read is parsed
//! into [`super::Manifest`].
//!
//! Doc comments of members are the descriptions in `docs/manifest.schema.json`.

use super::schema::{default_space_settings, domain_settings, space_settings, user_settings};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The version that this program writes and reads.
pub const VERSION: u32 = 1;

/// Tells a manifest from any other file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A manifest.
    #[serde(rename = "studio-gateway/manifest")]
    Manifest,
}

/// What a SageMaker domain was made of when it was backed up. Members beginning with a capital letter are those of the
/// SageMaker API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What this file is.
    pub format: Format,
    /// Version of the format.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// When the backup began.
    pub made_at: DateTime<Utc>,
    /// The domain itself. `restore` compares it with the new one, and never changes that.
    pub domain: Domain,
    /// The lifecycle configs that settings refer to, in the order of their names.
    pub lifecycle_configs: Vec<LifecycleConfig>,
    /// The user profiles, in the order of their names.
    pub profiles: Vec<Profile>,
    /// The spaces, in the order of their names.
    pub spaces: Vec<Space>,
    /// Volumes that nothing here brings back: what has to be done by hand.
    pub volumes: Vec<Volume>,
}

/// A domain, by `DescribeDomain`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// `DomainArn`: partition, region and account are in it.
    pub arn: String,
    /// `DomainId`.
    pub id: String,
    /// `DomainName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `HomeEfsFileSystemId`: the file system with the home folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_efs: Option<String>,
    /// `HomeEfsFileSystemKmsKeyId` or `KmsKeyId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// `VpcId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// `SubnetIds`.
    #[serde(default)]
    pub subnets: Vec<String>,
    /// `AppNetworkAccessType`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_access: Option<String>,
    /// `DefaultUserSettings`.
    #[serde(default)]
    #[schemars(schema_with = "user_settings")]
    pub default_user_settings: Map<String, Value>,
    /// `DefaultSpaceSettings`, with the execution role of shared spaces.
    #[serde(default)]
    #[schemars(schema_with = "default_space_settings")]
    pub default_space_settings: Map<String, Value>,
    /// `DomainSettings`.
    #[serde(default)]
    #[schemars(schema_with = "domain_settings")]
    pub settings: Map<String, Value>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A lifecycle config, by `DescribeStudioLifecycleConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifecycleConfig {
    /// `StudioLifecycleConfigName`.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"))]
    pub name: String,
    /// `StudioLifecycleConfigArn`: what settings refer to it by. Elsewhere it has another.
    pub arn: String,
    /// `StudioLifecycleConfigAppType`.
    pub app: String,
    /// `StudioLifecycleConfigContent`: the script in base64.
    #[schemars(length(min = 1, max = 16_384))]
    pub content: String,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A user profile, by `DescribeUserProfile` and `ListTags`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// `UserProfileName`.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"))]
    pub name: String,
    /// `HomeEfsFileSystemUid`: name and owner of the home folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[1-9][0-9]{3,9}$"))]
    pub efs_uid: Option<String>,
    /// `UserSettings`, with the execution role.
    #[serde(default)]
    #[schemars(schema_with = "user_settings")]
    pub settings: Map<String, Value>,
    /// Tags, the owner tag among them.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A space, by `DescribeSpace` and `ListTags`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// `SpaceName`.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"))]
    pub name: String,
    /// `SpaceDisplayName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub display_name: Option<String>,
    /// `HomeEfsFileSystemUid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[1-9][0-9]{3,9}$"))]
    pub efs_uid: Option<String>,
    /// `OwnerUserProfileName`. Spaces of Studio Classic have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `SharingType`. Spaces of Studio Classic have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<String>,
    /// `SpaceSettings`.
    #[serde(default)]
    #[schemars(schema_with = "space_settings")]
    pub settings: Map<String, Value>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// The EBS volume of a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// `SpaceName`.
    pub space: String,
    /// `OwnerUserProfileName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `EbsVolumeSizeInGb`, where the space says it; the domain's default otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gigabytes: Option<i32>,
    /// What has to be done by hand.
    pub by_hand: String,
}
