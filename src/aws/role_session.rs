//! The person's own role session, from STS `AssumeRoleWithSAML`.

use super::clients::AwsClients;
use super::fault::{ASSUME as API, AwsFault, Kind};
use crate::arn::RolePair;
use crate::config::PresignBy;
use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::policy::{Grant, NotebookGrant};
use crate::saml::EncodedResponse;
use aws_credential_types::Credentials;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;

/// Length of a role session when the IdP asks for none. It is used within seconds; but Studio may hold it against the
/// session that outlives it.
const DEFAULT_SECONDS: u32 = 3_600;

/// What STS has to answer in also where we take the assertion for too old by a moment: its clock counts.
const LEAST: Duration = Duration::from_secs(2);

/// The smallest `MaxSessionDuration` that a role can have, in seconds.
const SHORTEST_MAXIMUM: u32 = 3_600;

/// Temporary credentials of one person in one role. Debug shows no secret.
pub struct RoleSession {
    credentials: Credentials,
    arn: String,
}

impl RoleSession {
    pub(super) fn credentials(&self) -> Credentials {
        self.credentials.clone()
    }

    /// ARN of the session, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }
}

impl fmt::Debug for RoleSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleSession").field("arn", &self.arn).finish_non_exhaustive()
    }
}

/// What a role session is for.
#[derive(Debug)]
pub struct Purpose<'g> {
    region: &'g str,
    role: &'g RolePair,
    /// Key of the session tag that AWS compares with the owner tag, and the owner; `None` where it does not compare.
    tag: Option<(&'g str, &'g str)>,
    /// The session policy; `None`: whatever the role may do.
    policy: Option<String>,
}

impl<'g> Purpose<'g> {
    /// To open the profile of a grant.
    #[must_use]
    pub fn studio(grant: &'g Grant<'_>) -> Self {
        let domain = grant.domain();
        let policy = || session_policy("sagemaker:CreatePresignedDomainUrl", &grant.profile_arn());
        Self {
            region: &domain.region,
            role: grant.role(),
            tag: (domain.presign_by == PresignBy::Person).then(|| (&*domain.session_tag, grant.owner())),
            policy: domain.session_policy.then(policy),
        }
    }

    /// To open the notebook instance with this ARN.
    #[must_use]
    pub fn notebook(grant: &'g NotebookGrant<'_>, arn: &str) -> Self {
        let place = grant.place();
        let policy = || session_policy("sagemaker:CreatePresignedNotebookInstanceUrl", arn);
        Self {
            region: &place.region,
            role: grant.role(),
            tag: place.owner_tag.is_some().then(|| (&*place.session_tag, grant.owner())),
            policy: place.session_policy.then(policy),
        }
    }
}

/// Assumes the role that a purpose needs with the very message that the IdP sent.
///
/// # Errors
/// `identity.session-tag` if AWS would refuse to open the profile with this session; what STS answers; `aws.disagrees`
/// when STS read another subject, issuer or recipient out of the message than we did: then one of us was deceived.
pub async fn assume_role(
    clients: &AwsClients,
    purpose: &Purpose<'_>,
    identity: &Identity,
    response: &EncodedResponse,
    now: DateTime<Utc>,
) -> Result<RoleSession, Refusal> {
    let Purpose { region, role, tag, policy } = purpose;
    if let Some((key, owner)) = tag {
        check_session_tag(identity, key, owner)?;
    }
    let client = clients
        .sts(&role.role, region)
        .ok_or_else(|| Refusal::new(Code::GatewayFault, "no STS client for the account and region"))?;
    let seconds = session_seconds(identity, now);
    let call = |seconds: u32| {
        client
            .assume_role_with_saml()
            .role_arn(role.role.as_str())
            .principal_arn(role.provider.as_str())
            .saml_assertion(response.expose_for_sts())
            .duration_seconds(i32::try_from(seconds).unwrap_or(900))
            .set_policy(policy.clone())
            .send()
    };
    let fault = |error| AwsFault::of_secret(API, &error, response.expose_for_sts());
    let called = async {
        match call(seconds).await.map_err(fault) {
            // Longer than the role's MaxSessionDuration, which only STS knows: what every role allows has to do.
            Err(AwsFault { kind: Kind::Invalid, .. }) if seconds > SHORTEST_MAXIMUM => {
                call(SHORTEST_MAXIMUM).await.map_err(fault)
            }
            other => other,
        }
    };
    // No attempt and no retry goes on beyond the time in which STS would take the assertion.
    let left = (identity.redeemable_until() - now).to_std().unwrap_or_default().max(LEAST);
    let output = timeout(left, called).await.map_err(|_| {
        Refusal::new(
            Code::AssertionExpired,
            format!("{API}: no answer for as long as STS takes the assertion"),
        )
    })??;

    for (what, theirs, ours) in [
        ("Subject", output.subject(), identity.subject()),
        ("Issuer", output.issuer(), identity.issuer()),
        ("Audience", output.audience(), identity.recipient()),
    ] {
        if theirs != Some(ours) {
            let reason = format!("{API}: STS read another {what} out of the assertion than we did");
            return Err(Refusal::new(Code::AwsDisagrees, reason));
        }
    }
    if output.source_identity().is_some_and(|theirs| Some(theirs) != identity.source_identity()) {
        let reason = format!("{API}: STS read another SourceIdentity out of the assertion than we did");
        return Err(Refusal::new(Code::AwsDisagrees, reason));
    }
    let missing = |what: &str| Refusal::new(Code::AwsUnavailable, format!("{API}: an answer without {what}"));
    let keys = output.credentials().ok_or_else(|| missing("credentials"))?;
    let arn = output.assumed_role_user().ok_or_else(|| missing("a session"))?.arn().to_owned();
    let credentials = Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        Some(keys.session_token().to_owned()),
        None,
        "AssumeRoleWithSAML",
    );
    Ok(RoleSession { credentials, arn })
}

/// AWS opens a profile or an instance for nobody whose session tag is not its owner tag. Known beforehand, it is told as
/// what it is.
fn check_session_tag(identity: &Identity, tag: &str, owner: &str) -> Result<(), Refusal> {
    // Keys of session tags and of conditions ignore case; values do not.
    let mut tags = identity.principal_tags().iter();
    let reason = match tags.find(|(key, _)| key.eq_ignore_ascii_case(tag)).map(|(_, value)| value) {
        Some(value) if value == owner => return Ok(()),
        Some(value) => format!("is {value:?}, and the owner tag {owner:?}"),
        None => "is missing".to_owned(),
    };
    Err(Refusal::new(Code::SessionTag, format!("the attribute PrincipalTag:{tag} {reason}")))
}

/// What the IdP asks for, or an hour; not longer than the session at the IdP, but at least the 900 s that STS takes.
fn session_seconds(identity: &Identity, now: DateTime<Utc>) -> u32 {
    let wanted = identity.session_seconds().unwrap_or(DEFAULT_SECONDS);
    let left = identity.session_until().map(|until| (until - now).num_seconds().max(0));
    let left = left.map_or(wanted, |left| u32::try_from(left).unwrap_or(wanted));
    wanted.min(left).max(900)
}

/// Leaves the session nothing but to open one thing.
fn session_policy(action: &str, arn: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": action,
            "Resource": arn,
        }],
    })
    .to_string()
}
