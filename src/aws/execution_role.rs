//! A person's own execution role: looked up, made when missing, and given exactly those policies of the declared set that
//! the person has a right to.
//!
//! It never touches a role that is not marked as this person's, that has not the declared permissions boundary, or that
//! others than SageMaker may take. It never attaches or detaches a policy outside the declared set.

use super::clients::AwsClients;
use super::fault::{AwsFault, Kind};
use super::role_session::RoleSession;
use crate::config::{Domain, RoleTemplate};
use crate::error::{Code, Refusal};
use crate::execution_role::WantedRole;
use crate::metrics::waiting::for_aws;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{Role, Tag};
use moka::sync::Cache;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const GET: &str = "iam:GetRole";
const LIST: &str = "iam:ListAttachedRolePolicies";
const CREATE: &str = "iam:CreateRole";
const ATTACH: &str = "iam:AttachRolePolicy";
const DETACH: &str = "iam:DetachRolePolicy";
/// How long a role is known to have its policies, without looking again.
const REMEMBERED: Duration = Duration::from_mins(5);
/// How long after it was made a role may be unknown to a part of IAM or to SageMaker.
const YOUTH: Duration = Duration::from_mins(2);
/// Most roles remembered, some 500 bytes each.
const MOST_REMEMBERED: u64 = 20_000;

/// A role that is the person's, and has the policies that they have a right to.
#[derive(Debug)]
pub struct ExecutionRole {
    arn: String,
    made: bool,
}

impl ExecutionRole {
    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Whether it was made just now. SageMaker may not be able to take it yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.made
    }
}

/// What a look at IAM found.
#[derive(Debug)]
pub enum RoleLook {
    /// A short while ago the role was as it has to be.
    Settled,
    /// There is none.
    Missing,
    /// There is one.
    Found(FoundRole),
}

/// A role as it is.
#[derive(Debug)]
pub struct FoundRole {
    arn: String,
    tags: BTreeMap<String, String>,
    boundary: Option<String>,
    trust: Option<Value>,
    attached: BTreeSet<String>,
}

/// The execution roles of all people.
#[derive(Debug)]
pub struct ExecutionRoles {
    /// Role ARN to the policies of the declared set that it was left with.
    settled: Cache<String, BTreeSet<String>>,
    /// Roles made a short while ago, by this sign-in or by one that was dropped: IAM and SageMaker may not know them
    /// everywhere yet.
    young: Cache<String, ()>,
}

impl Default for ExecutionRoles {
    fn default() -> Self {
        Self {
            settled: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build(),
            young: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(YOUTH).build(),
        }
    }
}

impl ExecutionRoles {
    /// Whether the role was left with just these policies a short while ago.
    #[must_use]
    pub fn is_settled(&self, wanted: &WantedRole<'_>) -> bool {
        self.settled.get(wanted.arn()).is_some_and(|left| left == texts(wanted))
    }

    /// The same, without what was found to be in order. What is young stays young.
    #[must_use]
    pub fn looked_at_again(&self) -> Self {
        Self { young: self.young.clone(), ..Self::default() }
    }

    /// Forgets what is known of a role.
    pub fn forget(&self, wanted: &WantedRole<'_>) {
        self.settled.invalidate(wanted.arn());
    }

    /// Looks the role and its policies up. Nothing is changed, so this may run while STS is still asked.
    pub async fn find(
        &self,
        clients: &AwsClients,
        domain: &Domain,
        wanted: Option<&WantedRole<'_>>,
    ) -> Result<RoleLook, Refusal> {
        match wanted {
            Some(wanted) if !self.is_settled(wanted) => look(iam(clients, domain)?, wanted).await,
            _ => Ok(RoleLook::Settled),
        }
    }

    /// Brings the role in line: makes it if it is missing, detaches what the person has no right to any more, attaches
    /// what they have a right to.
    ///
    /// The role session is the proof that AWS, too, takes the person for who they are: nothing is changed before.
    ///
    /// # Errors
    /// `execution-role.conflict` for a role of this name that is not this person's or not safe to use;
    /// `execution-role.failed` when a policy cannot be attached; `profile.pending` when IAM is not ready in time; faults of
    /// AWS.
    pub async fn ensure(
        &self,
        clients: &AwsClients,
        domain: &Domain,
        wanted: Option<&WantedRole<'_>>,
        _session: &RoleSession,
        found: RoleLook,
    ) -> Result<Option<ExecutionRole>, Refusal> {
        let Some(wanted) = wanted else { return Ok(None) };
        let client = iam(clients, domain)?;
        let deadline = Instant::now() + domain.ready;
        let mut made = self.young.contains_key(wanted.arn());
        let (mut found, mut asked) = (found, false);
        loop {
            let settled = match found {
                RoleLook::Settled => Ok(()),
                RoleLook::Missing if asked => {
                    Err(Unsettled::Later(Code::ProfilePending, "is not to be seen yet".into()))
                }
                RoleLook::Missing => {
                    // Another sign-in may have been faster: then its role is looked at.
                    asked = create(client, wanted).await?;
                    if asked {
                        made = true;
                        self.young.insert(wanted.arn().to_owned(), ());
                        settle(client, wanted, &BTreeSet::new(), made).await
                    } else {
                        Err(Unsettled::Later(
                            Code::ProfilePending,
                            "was made by somebody else meanwhile".into(),
                        ))
                    }
                }
                RoleLook::Found(role) => {
                    check(&role, wanted)?;
                    settle(client, wanted, &role.attached, made).await
                }
            };
            match settled {
                Ok(()) => break,
                Err(Unsettled::Never(refusal)) => return Err(refusal),
                Err(Unsettled::Later(code, why)) if Instant::now() >= deadline => {
                    let reason = format!("{} {why}, for {} s", wanted.arn(), domain.ready.as_secs());
                    return Err(Refusal::new(code, reason));
                }
                Err(Unsettled::Later(..)) => for_aws(sleep(domain.poll)).await,
            }
            found = look(client, wanted).await?;
        }
        self.settled.insert(wanted.arn().to_owned(), texts(wanted));
        Ok(Some(ExecutionRole { arn: wanted.arn().to_owned(), made }))
    }
}

/// Why a role has not its policies.
enum Unsettled {
    /// IAM is still at work: the role is not to be seen everywhere, or somebody changes it at this moment.
    /// And what it comes to, if it stays so.
    Later(Code, String),
    Never(Refusal),
}

fn iam<'c>(clients: &'c AwsClients, domain: &Domain) -> Result<&'c Client, Refusal> {
    clients.iam(domain).ok_or_else(|| Refusal::new(Code::GatewayFault, "no IAM client for the domain"))
}

fn texts(wanted: &WantedRole<'_>) -> BTreeSet<String> {
    wanted.policies().iter().map(ToString::to_string).collect()
}

async fn look(client: &Client, wanted: &WantedRole<'_>) -> Result<RoleLook, Refusal> {
    let (got, attached) =
        tokio::join!(client.get_role().role_name(wanted.name()).send(), attached(client, wanted.name()));
    let output = match got {
        Ok(output) => output,
        Err(error) => {
            return match AwsFault::of(GET, &error) {
                AwsFault { kind: Kind::NotFound, .. } => Ok(RoleLook::Missing),
                fault => Err(fault.into()),
            };
        }
    };
    let role = output
        .role()
        .ok_or_else(|| Refusal::new(Code::AwsUnavailable, format!("{GET}: an answer without a role")))?;
    // Made between the two looks: its policies are looked for again.
    let attached = match attached {
        Err(AwsFault { kind: Kind::NotFound, .. }) => self::attached(client, wanted.name()).await?,
        other => other?,
    };
    Ok(RoleLook::Found(FoundRole::new(role, attached)))
}

impl FoundRole {
    fn new(role: &Role, attached: BTreeSet<String>) -> Self {
        let tags = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
        let boundary = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
        // IAM answers policies percent-encoded (RFC 3986).
        let trust = role.assume_role_policy_document().and_then(|document| {
            let text = percent_decode_str(document).decode_utf8().ok()?;
            serde_json::from_str(&text).ok()
        });
        Self {
            arn: role.arn().to_owned(),
            tags: tags.collect(),
            boundary: boundary.map(str::to_owned),
            trust,
            attached,
        }
    }
}

async fn attached(client: &Client, name: &str) -> Result<BTreeSet<String>, AwsFault> {
    let mut pages = client.list_attached_role_policies().role_name(name).into_paginator().send();
    let mut attached = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsFault::of(LIST, &error))?;
        attached.extend(
            page.attached_policies().iter().filter_map(|policy| policy.policy_arn().map(str::to_owned)),
        );
    }
    Ok(attached)
}

/// Whether a role of this name is the person's, and safe to give policies to.
fn check(role: &FoundRole, wanted: &WantedRole<'_>) -> Result<(), Refusal> {
    let conflict = |why: String| {
        Err(Refusal::new(Code::ExecutionRoleConflict, format!("{} is not usable: {why}", role.arn)))
    };
    if role.arn != wanted.arn() {
        return conflict(format!("expected {}", wanted.arn()));
    }
    for (key, value) in wanted.marks() {
        match role.tags.get(key) {
            Some(found) if found == value => {}
            Some(found) => return conflict(format!("its tag {key:?} is {found:?}, not {value:?}")),
            None => return conflict(format!("it has no tag {key:?}")),
        }
    }
    let boundary = wanted.template().boundary.as_str();
    match role.boundary.as_deref() {
        Some(found) if found == boundary => {}
        Some(found) => return conflict(format!("its permissions boundary is {found}, not {boundary}")),
        None => return conflict("it has no permissions boundary".into()),
    }
    if role.trust.as_ref() != Some(&RoleTemplate::trust_policy(wanted.account())) {
        return conflict("its trust policy is not the one that it was made with".into());
    }
    Ok(())
}

/// Makes the role; `false` if it is there already.
async fn create(client: &Client, wanted: &WantedRole<'_>) -> Result<bool, Refusal> {
    let template = wanted.template();
    let tags: Result<Vec<_>, _> =
        wanted.tags().iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let tags = tags.map_err(|fault| Refusal::new(Code::GatewayFault, format!("{CREATE}: {fault}")))?;
    let created = client
        .create_role()
        .role_name(wanted.name())
        .path(&template.path)
        .description("Notebooks of one person in SageMaker Studio. Made by studio-gateway.")
        .assume_role_policy_document(RoleTemplate::trust_policy(wanted.account()).to_string())
        .permissions_boundary(template.boundary.as_str())
        .max_session_duration(template.max_session_seconds)
        .set_tags(Some(tags))
        .send()
        .await;
    match created {
        Ok(_) => Ok(true),
        Err(error) => match AwsFault::of(CREATE, &error) {
            AwsFault { kind: Kind::InUse, .. } => Ok(false),
            fault => Err(fault.into()),
        },
    }
}

/// Detaches and attaches what of the declared set differs. What goes away goes first: there is a quota.
async fn settle(
    client: &Client,
    wanted: &WantedRole<'_>,
    attached: &BTreeSet<String>,
    made: bool,
) -> Result<(), Unsettled> {
    let declared = wanted.template().declared();
    for policy in declared.difference(wanted.policies()).filter(|policy| attached.contains(policy.as_str())) {
        let done =
            client.detach_role_policy().role_name(wanted.name()).policy_arn(policy.as_str()).send().await;
        match done.map_err(|error| AwsFault::of(DETACH, &error)) {
            // Another sign-in was faster.
            Ok(_) | Err(AwsFault { kind: Kind::NotFound, .. }) => {}
            Err(fault) => return Err(unsettled(fault, made)),
        }
    }
    for policy in wanted.policies().iter().filter(|policy| !attached.contains(policy.as_str())) {
        let done =
            client.attach_role_policy().role_name(wanted.name()).policy_arn(policy.as_str()).send().await;
        done.map_err(|error| unsettled(AwsFault::of(ATTACH, &error), made))?;
    }
    Ok(())
}

fn unsettled(fault: AwsFault, made: bool) -> Unsettled {
    match fault.kind {
        Kind::InUse => Unsettled::Later(Code::ProfilePending, format!("is being changed ({fault})")),
        // The role itself, or the policy? A new role is given time.
        Kind::NotFound if made => {
            Unsettled::Later(Code::ExecutionRoleFailed, format!("cannot be given its policies ({fault})"))
        }
        Kind::NotFound | Kind::Limit | Kind::Invalid => {
            Unsettled::Never(Refusal::new(Code::ExecutionRoleFailed, fault.to_string()))
        }
        _ => Unsettled::Never(fault.into()),
    }
}
