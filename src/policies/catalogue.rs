//! The templates: `policies/*.json`, part of the program.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A template as it stands in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    #[serde(rename = "for")]
    pub(super) scope: Scope,
    pub(super) kind: Kind,
    pub(super) does: String,
    pub(super) goes: String,
    pub(super) breaks: String,
    pub(super) statements: Vec<Map<String, Value>>,
}

/// What there is one policy for each of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// One for the whole configuration.
    Once,
    /// Each account that has domains or notebook instances.
    Account,
    /// Each region of each account that has domains or notebook instances.
    Region,
    /// The gateway's own role, and the domains where it does the work itself.
    Gateway,
    /// Each provisioner role, and the domains where it does the work.
    Provisioner,
    /// Each federated role.
    Role,
    /// Each federated role that opens domains by itself (`presign_by = "person"`).
    Person,
    /// Each account with domains that the gateway opens for people (`presign_by = "service"`).
    Service,
    /// Each account with domains whose people have execution roles of their own.
    People,
    /// Each federated role that opens notebook instances.
    Notebooks,
    /// Each role that looks for notebook instances and starts them.
    NotebookCaller,
    /// Each group of `policies.notebook_groups`.
    Group,
}

/// Where a policy can be attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Permission policy of a role, user or group.
    Identity,
    /// Trust policy of a role.
    Trust,
    /// Service control policy; since it only denies, it also does as a permission policy.
    Guardrail,
    /// Policy of a VPC endpoint.
    Endpoint,
    /// Policy of a KMS key.
    Key,
}

impl Kind {
    /// Most characters that AWS takes of such a document (IAM and Organizations quotas; white space counts in SCPs only).
    #[must_use]
    pub fn limit(self) -> usize {
        match self {
            Self::Identity => 6_144,
            Self::Trust => 2_048,
            Self::Guardrail => 5_120,
            Self::Endpoint => 20_480,
            Self::Key => 32_768,
        }
    }
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../policies/", $name, ".json")))),*]
    };
}

/// Names and texts, in the order in which they are printed.
const FILES: &[(&str, &str)] = files![
    "trust-policy",
    "federated-role-policy",
    "iam-user-policy",
    "gateway-policy",
    "provisioner-trust-policy",
    "provisioner-policy",
    "reconcile-policy",
    "check-live-policy",
    "backup-policy",
    "restore-policy",
    "service-presign-policy",
    "execution-roles-policy",
    "execution-role-trust-policy",
    "profile-tags",
    "job-tags",
    "tagged-jobs",
    "instance-types",
    "approved-images",
    "vpc-only-domains",
    "vpc-endpoint-only",
    "ip-ranges",
    "volume-encryption",
    "monitoring-encryption",
    "domain-encryption",
    "sharing-encryption",
    "app-image-config",
    "cloudwatch-logs",
    "cloudwatch-metrics",
    "logs-key",
    "api-endpoint",
    "api-access",
    "notebook-instances",
    "notebook-people-policy",
    "notebook-gateway-policy",
];

/// All templates with their names.
pub(super) fn templates() -> Result<Vec<(&'static str, Template)>, String> {
    let read = |&(name, text): &(&'static str, &str)| {
        let template =
            serde_json::from_str(text).map_err(|fault| format!("policies/{name}.json: {fault}"))?;
        Ok((name, template))
    };
    FILES.iter().map(read).collect()
}
