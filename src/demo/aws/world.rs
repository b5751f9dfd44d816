//! What exists in the embedded AWS when it starts: providers, roles, domains, profiles and long-lived keys.
//!
//! Plain data, written by a test or by the demo. The account's state has a copy of its own, in which IAM calls alter the
//! roles.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The two audiences that AWS documents for `AssumeRoleWithSAML`.
pub const AWS_AUDIENCES: [&str; 2] = ["https://signin.aws.amazon.com/saml", "urn:amazon:webservices"];

/// Everything the embedded AWS starts with.
#[derive(Clone, Debug)]
pub struct World {
    /// IAM SAML identity providers.
    pub saml_providers: Vec<SamlProvider>,
    /// IAM roles, of any account.
    pub roles: Vec<Role>,
    /// Managed policies by ARN, which roles can have attached, or as boundary.
    pub managed_policies: BTreeMap<String, Value>,
    /// SageMaker domains. Signatures may name their regions.
    pub domains: Vec<Domain>,
    /// User profiles that exist already.
    pub profiles: Vec<Profile>,
    /// Spaces that exist already.
    pub spaces: Vec<Space>,
    /// Notebook instances that exist already.
    pub notebooks: Vec<Notebook>,
    /// Further regions that signatures may name, beside those of domains and notebook instances.
    pub regions: BTreeSet<String>,
    /// Long-lived keys: the gateway's own principal.
    pub gateway_keys: Vec<StaticKeys>,
    /// Audiences of which each `AudienceRestriction` must hold one.
    pub accepted_audiences: Vec<String>,
    /// DynamoDB tables, in the account of whoever calls.
    pub tables: Vec<Table>,
    /// What takes events, in the account of whoever calls.
    pub event_sinks: Vec<EventSink>,
    /// Largest number of user profiles in an account and region; one more is `ResourceLimitExceeded`.
    pub most_profiles: usize,
    /// Largest number of spaces in an account and region, as Service Quotas lists it.
    pub most_spaces: usize,
    /// Further quotas of SageMaker by name, as Service Quotas lists them.
    pub quotas: BTreeMap<String, usize>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            saml_providers: Vec::new(),
            roles: Vec::new(),
            managed_policies: BTreeMap::new(),
            domains: Vec::new(),
            profiles: Vec::new(),
            spaces: Vec::new(),
            notebooks: Vec::new(),
            regions: BTreeSet::new(),
            gateway_keys: Vec::new(),
            accepted_audiences: AWS_AUDIENCES.map(String::from).to_vec(),
            tables: Vec::new(),
            event_sinks: Vec::new(),
            most_profiles: 1000,
            most_spaces: 1000,
            quotas: BTreeMap::new(),
        }
    }
}

/// A DynamoDB table whose partition key is the string `id`.
#[derive(Clone, Debug)]
pub struct Table {
    /// `TableName`.
    pub name: String,
    /// Region.
    pub region: String,
    /// Attribute by which entries end (`DescribeTimeToLive`), if they do.
    pub ends_by: Option<String>,
}

/// An IAM SAML identity provider.
#[derive(Clone, Default)]
pub struct SamlProvider {
    /// `arn:aws:iam::ACCOUNT:saml-provider/NAME`.
    pub arn: String,
    /// The IdP's metadata: entity ID and signing certificates are read from it.
    pub metadata_xml: String,
    /// Which entity of the document; IAM itself takes documents with one entity only, for which none has to be named.
    pub entity_id: Option<String>,
    /// Private keys (PKCS#8 PEM, RSA) for encrypted assertions; without any they are refused. IAM keeps two at most.
    pub decryption_key_pems: Vec<String>,
    /// Whether a CBC ciphertext is opened also where no signature of the Response covers it.
    pub cbc_without_response_signature: bool,
}

impl std::fmt::Debug for SamlProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SamlProvider").field("arn", &self.arn).finish_non_exhaustive()
    }
}

/// An IAM role.
#[derive(Clone, Debug)]
pub struct Role {
    /// `arn:aws:iam::ACCOUNT:role/NAME`, with a path if there is one.
    pub arn: String,
    /// Who may assume it: a policy document with `Principal`.
    pub trust_policy: Value,
    /// What its sessions may do: inline policy documents.
    pub permission_policies: Vec<Value>,
    /// ... those that `PutRolePolicy` made, by name.
    pub inline: BTreeMap<String, Value>,
    /// ... and managed policies.
    pub attached: BTreeSet<String>,
    /// A managed policy that has to allow it too (`PermissionsBoundary`).
    pub boundary: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Longest session, 3,600 to 43,200 seconds (`MaxSessionDuration`).
    pub max_session_seconds: u32,
}

impl Default for Role {
    fn default() -> Self {
        Self {
            arn: String::new(),
            trust_policy: json!({"Version": "2012-10-17", "Statement": []}),
            permission_policies: Vec::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            tags: BTreeMap::new(),
            max_session_seconds: 3600,
        }
    }
}

/// How people sign in to a SageMaker domain (`AuthMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// Presigned URLs.
    #[default]
    Iam,
    /// IAM Identity Center; such a domain hands out no presigned URL.
    Sso,
}

impl AuthMode {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iam => "IAM",
            Self::Sso => "SSO",
        }
    }
}

/// A SageMaker domain.
#[derive(Clone, Debug, Default)]
pub struct Domain {
    /// `d-...`.
    pub id: String,
    /// Region, such as `ap-northeast-2`. Calls signed for another region do not find the domain.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// How people sign in.
    pub auth_mode: AuthMode,
    /// `DefaultUserSettings.ExecutionRole`.
    pub execution_role: Option<String>,
    /// `InService` when empty; any other `Status` of the API stays as it is.
    pub status: String,
    /// Whether apps reach the Internet by SageMaker's own network (`PublicInternetOnly`), rather than by the VPC's.
    pub public_internet: bool,
    /// `KmsKeyId`.
    pub kms_key: Option<String>,
    /// Whether CloudTrail tells people apart (`ExecutionRoleIdentityConfig` is `USER_PROFILE_NAME`).
    pub names_people: bool,
    /// The rest of `DefaultUserSettings`, as JSON; null for none.
    pub default_user_settings: Value,
    /// `DefaultSpaceSettings`, as JSON; null for none.
    pub default_space_settings: Value,
    /// `DomainSettings`, as JSON; null for none.
    pub settings: Value,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Domain {
    /// `arn:aws:sagemaker:REGION:ACCOUNT:domain/ID`.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:sagemaker:{}:{}:domain/{}", self.region, self.account, self.id)
    }

    /// `arn:aws:sagemaker:REGION:ACCOUNT:user-profile/ID/NAME`.
    #[must_use]
    pub fn profile_arn(&self, name: &str) -> String {
        format!("arn:aws:sagemaker:{}:{}:user-profile/{}/{name}", self.region, self.account, self.id)
    }

    /// `arn:aws:sagemaker:REGION:ACCOUNT:space/ID/NAME`.
    #[must_use]
    pub fn space_arn(&self, name: &str) -> String {
        format!("arn:aws:sagemaker:{}:{}:space/{}/{name}", self.region, self.account, self.id)
    }
}

/// A user profile that exists from the start.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// The domain that it is in; it must be one of the world's.
    pub domain_id: String,
    /// `UserProfileName`.
    pub name: String,
    /// Tags, the owner tag among them.
    pub tags: BTreeMap<String, String>,
    /// `InService` when empty; any other `Status` of the API stays as it is.
    pub status: String,
    /// `UserSettings.ExecutionRole`.
    pub execution_role: Option<String>,
    /// The rest of `UserSettings`, as JSON; null for none.
    pub user_settings: Value,
}

/// A space that exists from the start.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Space {
    /// The domain that it is in; one that is not there has no spaces.
    pub domain_id: String,
    /// `SpaceName`.
    pub name: String,
    /// `OwnerUserProfileName`; spaces of Studio Classic have none.
    pub owner: Option<String>,
    /// `SharingType`; spaces of Studio Classic have none.
    pub sharing: Option<String>,
    /// `InService` when empty; any other `Status` of the API stays as it is.
    pub status: String,
    /// `SpaceDisplayName`.
    pub display_name: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `SpaceSettings`, as JSON; null for none.
    pub settings: Value,
}

/// A notebook instance that exists from the start.
#[derive(Clone, Debug, Default)]
pub struct Notebook {
    /// Twelve digits.
    pub account: String,
    /// Region.
    pub region: String,
    /// `NotebookInstanceName`.
    pub name: String,
    /// Tags, the owner tag among them.
    pub tags: BTreeMap<String, String>,
    /// `InService` when empty; any other `NotebookInstanceStatus` of the API stays as it is until something is done.
    pub status: String,
    /// `FailureReason`.
    pub failure_reason: Option<String>,
}

impl Notebook {
    /// `arn:aws:sagemaker:REGION:ACCOUNT:notebook-instance/NAME`, in which AWS writes the name in lower case.
    #[must_use]
    pub fn arn(&self) -> String {
        let name = self.name.to_ascii_lowercase();
        format!("arn:aws:sagemaker:{}:{}:notebook-instance/{name}", self.region, self.account)
    }
}

/// Something that takes events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSink {
    /// Its region.
    pub region: String,
    /// What it is.
    pub kind: EventSinkKind,
}

/// What takes events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventSinkKind {
    /// A log stream of CloudWatch Logs.
    LogStream {
        /// `logGroupName`.
        group: String,
        /// `logStreamName`.
        stream: String,
    },
    /// A Firehose stream, by its `DeliveryStreamName`.
    DeliveryStream(String),
    /// An event bus of EventBridge, by its name.
    EventBus(String),
}

/// Long-lived access keys and whom they stand for.
#[derive(Clone, Default)]
pub struct StaticKeys {
    /// `AKIA...`.
    pub access_key_id: String,
    /// The secret that requests are signed with.
    pub secret_access_key: String,
    /// ARN of the role or user.
    pub principal_arn: String,
    /// Identity policy documents.
    pub policies: Vec<Value>,
}

impl std::fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticKeys")
            .field("access_key_id", &self.access_key_id)
            .field("principal_arn", &self.principal_arn)
            .finish_non_exhaustive()
    }
}

/// The account number in an ARN; empty if there is none.
pub(super) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}
