//! The presigned URL: the way into one person's Studio.

use super::clients::{AwsClients, signing_as};
use super::fault::{AwsFault, Kind};
use super::profile::StudioProfile;
use super::role_session::RoleSession;
use super::space::StudioSpace;
use crate::config::PresignBy;
use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::policy::Grant;
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use url::Url;

const API: &str = "sagemaker:CreatePresignedDomainUrl";

/// A URL that signs whoever opens it into a person's Studio. Debug shows its host only, and there is no Display.
pub struct PresignedUrl {
    url: Url,
    expires: DateTime<Utc>,
}

impl PresignedUrl {
    /// What AWS answered; `None` if that is no URL to send a browser to.
    pub(super) fn of(answer: Option<&str>, expires: DateTime<Utc>) -> Option<Self> {
        let url = answer.and_then(|url| Url::parse(url).ok());
        // Plain HTTP can only come from an endpoint that is configured so, such as the embedded AWS.
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())?;
        Some(Self { url, expires })
    }

    /// The URL, for the one answer that leads to it.
    #[must_use]
    pub fn expose_for_answer(&self) -> &str {
        self.url.as_str()
    }

    /// Until when it can be opened.
    #[must_use]
    pub fn expires(&self) -> DateTime<Utc> {
        self.expires
    }
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresignedUrl({})", self.url.host_str().unwrap_or_default())
    }
}

/// Why there is no URL.
#[derive(Debug)]
pub enum PresignFault {
    /// The profile does not exist.
    NotFound(Refusal),
    /// A policy refuses it: the person's tag is not the profile's owner tag, or there is no profile to have one.
    Denied(Refusal),
    /// AWS does not open the profile in the state that it is in, such as `Updating`, or takes the request for wrong.
    NotNow(Refusal),
    /// Anything else.
    Other(Refusal),
}

impl PresignFault {
    /// Whether a second look at the profile may explain it, or mend it. `remembered`: the first look was some time ago.
    #[must_use]
    pub fn may_pass(&self, remembered: bool) -> bool {
        match self {
            Self::NotFound(_) | Self::NotNow(_) => true,
            // Without the profile there is no owner tag either, so that AWS may say "denied" instead of "not found".
            Self::Denied(_) => remembered,
            Self::Other(_) => false,
        }
    }
}

impl From<PresignFault> for Refusal {
    fn from(fault: PresignFault) -> Self {
        match fault {
            PresignFault::NotFound(refusal)
            | PresignFault::Denied(refusal)
            | PresignFault::NotNow(refusal)
            | PresignFault::Other(refusal) => refusal,
        }
    }
}

/// Calls `CreatePresignedDomainUrl` as the person's role session; or as the gateway, where the domain says so.
///
/// In either case the role session is needed: STS has to have accepted the assertion, too.
pub async fn presign(
    clients: &AwsClients,
    session: &RoleSession,
    profile: &StudioProfile,
    space: Option<&StudioSpace>,
    grant: &Grant<'_>,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<PresignedUrl, PresignFault> {
    let domain = grant.domain();
    let ours = clients.sagemaker(domain);
    let ours = ours.ok_or_else(|| refused(Code::GatewayFault, "no SageMaker client for the region"))?;
    let client = match domain.presign_by {
        PresignBy::Person => signing_as(ours, session.credentials()),
        PresignBy::Service => ours.clone(),
    };
    let output = client
        .create_presigned_domain_url()
        .domain_id(&domain.id)
        .user_profile_name(profile.name())
        .session_expiration_duration_in_seconds(open_seconds(domain.session_seconds, identity, now))
        .expires_in_seconds(domain.link_seconds)
        .set_space_name(space.map(|space| space.name().to_owned()))
        .landing_uri(grant.place().landing_uri.as_str())
        .send()
        .await
        .map_err(|error| match AwsFault::of(API, &error) {
            fault if fault.kind == Kind::NotFound => PresignFault::NotFound(fault.into()),
            fault if fault.kind == Kind::Denied => PresignFault::Denied(fault.into()),
            fault if matches!(fault.kind, Kind::InUse | Kind::Invalid) => PresignFault::NotNow(fault.into()),
            fault => PresignFault::Other(fault.into()),
        })?;
    let expires = now + TimeDelta::seconds(domain.link_seconds.into());
    PresignedUrl::of(output.authorized_url(), expires)
        .ok_or_else(|| refused(Code::AwsUnavailable, "an answer without a usable URL"))
}

fn refused(code: Code, reason: &str) -> PresignFault {
    PresignFault::Other(Refusal::new(code, format!("{API}: {reason}")))
}

/// The configured length of what is opened; not longer than the session at the IdP, but at least the 1,800 s that the API
/// takes.
pub(super) fn open_seconds(configured: i32, identity: &Identity, now: DateTime<Utc>) -> i32 {
    let left = identity.session_until().map(|until| (until - now).num_seconds().clamp(1_800, 43_200));
    let left = left.and_then(|left| i32::try_from(left).ok()).unwrap_or(configured);
    configured.min(left)
}
