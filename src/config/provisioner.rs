//! Section `[domain.provisioner]`: the role that the gateway takes in the domain's account, where it has none itself.

use super::problems::{Section, kind};
use crate::arn::RoleArn;

/// A role of the domain's account that the gateway assumes to look up, make and tag what is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provisioner {
    /// The role.
    pub role: RoleArn,
    /// `ExternalId`, which the role's trust policy asks for.
    pub external_id: Option<String>,
    /// `RoleSessionName`: what the account's CloudTrail shows.
    pub session_name: String,
}

pub(super) fn read(mut section: Section<'_>) -> Option<Provisioner> {
    let role = section.required("role_arn", kind("the ARN of an IAM role", RoleArn::parse));
    let external_id = section
        .optional("external_id", kind("an external ID of 2 to 1224 [A-Za-z0-9_+=,.@:/-]", external_id));
    let session_name = section
        .optional("session_name", kind("a session name of 2 to 64 [A-Za-z0-9_+=,.@-]", session_name))
        .unwrap_or_else(|| "studio-gateway".into());
    section.finish();
    Some(Provisioner { role: role?, external_id, session_name })
}

/// `[\w+=,.@:\/-]{2,1224}` (STS `AssumeRole`).
fn external_id(text: &str) -> Option<String> {
    of(text, 1_224, b"_+=,.@:/-")
}

/// `[\w+=,.@-]{2,64}` (STS `AssumeRole`).
fn session_name(text: &str) -> Option<String> {
    of(text, 64, b"_+=,.@-")
}

fn of(text: &str, longest: usize, more: &[u8]) -> Option<String> {
    let fits = (2..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte));
    fits.then(|| text.to_owned())
}
