//! User profiles: looked up, created when missing, waited for, and never opened for anyone but their owner.

mod create;
mod look;

pub(super) use create::with_role;
pub(super) use look::{Described, Tags, describe, tags};

use super::clients::AwsClients;
use super::drift::{Drift, Wanted};
use super::execution_role::ExecutionRole;
use super::role_session::RoleSession;
use crate::config::{PresignBy, Provisioning};
use crate::error::{Code, Refusal};
use crate::metrics::waiting::for_aws;
use crate::policy::Grant;
use crate::sign_in::{Progress, Step};
use aws_lc_rs::digest;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::UserProfileStatus;
use create::{Maker, create};
use look::find;
use moka::sync::Cache;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long a profile is known to be in service and its owner's, without looking again. AWS still compares owner and
/// person when the URL is made.
const REMEMBERED: Duration = Duration::from_mins(5);
/// How long a difference that was found counts as one: others may change the profile as well.
const FRESH: Duration = Duration::from_mins(1);
/// Most profiles remembered, some 300 bytes each.
const MOST_REMEMBERED: u64 = 20_000;
/// Longest time that a person's way into Studio is held up to bring their profile in line. What is left over is found
/// again once the profile is no longer remembered.
const MENDING: Duration = Duration::from_secs(2);
/// Target of the log lines about profiles that are not like their template.
const LOG: &str = "studio_gateway::provisioning";

/// A user profile that can be opened and carries its owner's tag.
#[derive(Debug)]
pub struct StudioProfile {
    name: String,
}

impl StudioProfile {
    /// `UserProfileName`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What a look at AWS found.
#[derive(Debug)]
pub struct FoundProfile {
    described: Described,
    /// `None`: they cannot be seen yet, or any more.
    tags: Option<Tags>,
}

/// What a profile has to be for a person to be sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// In service, or being updated: its apps run on meanwhile.
    Usable,
    /// In service.
    InService,
}

/// On what terms a profile is got ready.
#[derive(Debug)]
pub struct Terms<'t> {
    /// The person's own execution role, where each person has one.
    pub role: Option<&'t ExecutionRole>,
    /// How far it has to be.
    pub until: Until,
    /// Who is told of the steps.
    pub progress: &'t Progress,
}

/// The user profiles of all domains.
#[derive(Debug)]
pub struct Profiles {
    /// Profile ARN to what it was found to be, and whose.
    in_service: Cache<String, Known>,
    /// What has to be brought in line in a profile, for what it should be like.
    drifts: Cache<(String, Known), Drift>,
}

/// What a sign-in wants a profile to be, in short: the SHA-256 of owner, rule, destination and tags. Two destinations in
/// one domain may want it otherwise, and so may the same one after the person's groups have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Known([u8; digest::SHA256_OUTPUT_LEN]);

impl Known {
    fn of(grant: &Grant<'_>) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        // With its length before it, no part can be mistaken for the beginning of another.
        let mut add = |part: &str| {
            hash.update(&part.len().to_be_bytes());
            hash.update(part.as_bytes());
        };
        for part in [grant.owner(), &grant.rule().name, &grant.destination().key] {
            add(part);
        }
        for (key, value) in grant.tags() {
            add(key);
            add(value);
        }
        let mut known = [0; digest::SHA256_OUTPUT_LEN];
        known.copy_from_slice(hash.finish().as_ref());
        Self(known)
    }
}

impl Default for Profiles {
    fn default() -> Self {
        Self {
            in_service: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build(),
            drifts: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(FRESH).build(),
        }
    }
}

impl Profiles {
    /// A profile that was in service, and of this owner, a short while ago.
    #[must_use]
    pub fn remembered(&self, grant: &Grant<'_>) -> Option<StudioProfile> {
        if grant.domain().presign_by == PresignBy::Service {
            // AWS does not compare owner and person then: the tag is looked at each time.
            return None;
        }
        let known = self.in_service.get(&grant.profile_arn())?;
        (known == Known::of(grant)).then(|| StudioProfile { name: grant.profile().to_string() })
    }

    /// Forgets a profile that turned out to be gone.
    pub fn forget(&self, grant: &Grant<'_>) {
        self.in_service.invalidate(&grant.profile_arn());
    }

    /// Looks a profile and its tags up. Nothing is changed, so this may run while STS is still asked.
    pub async fn find(
        &self,
        clients: &AwsClients,
        grant: &Grant<'_>,
    ) -> Result<Option<FoundProfile>, Refusal> {
        look(gateway_client(clients, grant)?, grant).await
    }

    /// Brings the grant's profile into service: creates it if it is missing, then waits until it is ready. An existing one
    /// is compared with its template, once; see [`Profiles::reconcile`].
    ///
    /// The role session is the proof that AWS, too, takes the person for who they are: nothing is made before.
    ///
    /// # Errors
    /// `profile.conflict` if it is somebody else's, `profile.failed` with SageMaker's reason, `profile.deleting`,
    /// `profile.pending` when it is not ready in time (the next sign-in goes on with it), and faults of AWS.
    pub async fn ensure(
        &self,
        clients: &AwsClients,
        grant: &Grant<'_>,
        _session: &RoleSession,
        found: Option<FoundProfile>,
        terms: &Terms<'_>,
    ) -> Result<StudioProfile, Refusal> {
        let &Terms { role, until, progress } = terms;
        let client = gateway_client(clients, grant)?;
        let domain = grant.domain();
        let (arn, name) = (grant.profile_arn(), grant.profile().as_str());
        let deadline = Instant::now() + domain.ready;
        let (mut asked, mut theirs) = (false, false);
        let mut found = found;
        loop {
            match &found {
                None if !asked => {
                    progress.at(Step::Creating);
                    // Nobody makes it while SageMaker cannot take the new execution role yet.
                    if let Some(maker) = create(client, grant, role).await? {
                        // What we make has the tags that we give it: they need not be read to be known.
                        (theirs, asked) = (maker == Maker::Us, true);
                    }
                }
                // Just created, here or by another sign-in, and not to be seen everywhere yet.
                None => {}
                Some(profile) => {
                    theirs = theirs || is_theirs(profile, grant)?;
                    let state = state(&profile.described, grant)?;
                    if theirs && state == State::InService {
                        if !asked {
                            self.compare(grant, profile, role);
                        }
                        self.in_service.insert(arn, Known::of(grant));
                        return Ok(StudioProfile { name: name.to_owned() });
                    }
                    if theirs && state == State::Updating && until == Until::Usable {
                        return Ok(StudioProfile { name: name.to_owned() });
                    }
                }
            }
            if Instant::now() >= deadline {
                let reason = format!("{arn} is not in service after {} s", domain.ready.as_secs());
                return Err(Refusal::new(Code::ProfilePending, reason));
            }
            progress.at(Step::Waiting);
            for_aws(sleep(domain.poll)).await;
            found = if theirs {
                let tags = found.and_then(|profile| profile.tags);
                let described = describe(client, &domain.id, name).await?;
                described.map(|described| FoundProfile { described, tags })
            } else {
                look(client, grant).await?
            };
        }
    }

    /// Looks at the owner tag once more, where the gateway itself presigns: AWS compares owner and person only when they
    /// presign themselves, and a profile may have been made anew since it was looked at.
    ///
    /// # Errors
    /// `profile.conflict` if it names somebody else, or nobody; faults of AWS.
    pub async fn confirm_owner(&self, clients: &AwsClients, grant: &Grant<'_>) -> Result<(), Refusal> {
        let tag = &grant.domain().owner_tag;
        let arn = grant.profile_arn();
        match tags(gateway_client(clients, grant)?, &arn).await?.get(tag) {
            Some(owner) if owner == grant.owner() => Ok(()),
            _ => Err(Refusal::new(
                Code::ProfileConflict,
                format!("{arn}: its tag {tag:?} is not the person's"),
            )),
        }
    }

    /// Notes how a profile that was there before differs from its template, as far as the domain wants to know.
    fn compare(&self, grant: &Grant<'_>, profile: &FoundProfile, role: Option<&ExecutionRole>) {
        let domain = grant.domain();
        if domain.provisioning == Provisioning::CreateOnly {
            return;
        }
        let template = grant.template();
        let tags = template.tags.iter().map(|(key, _)| (key.clone(), grant.tags().get(key).cloned()));
        let wanted =
            Wanted::new(template, tags.collect(), &arn_prefix(&profile.described.arn)).with_role(role);
        let Some(drift) =
            profile.tags.as_ref().and_then(|tags| wanted.drift(&profile.described.settings, tags))
        else {
            return;
        };
        if domain.provisioning == Provisioning::Reconcile {
            self.drifts.insert((grant.profile_arn(), Known::of(grant)), drift);
        } else {
            tell(grant, &drift, "the profile is not like its template");
        }
    }

    /// Brings the person's profile in line, if it was found not to be and the domain wants it so. Called when they have
    /// their way into Studio: they wait for the calls that ask for the change, never for the change, and are not refused
    /// if it fails. May be dropped half-way; what is left is tried again by the next sign-in within a minute, or found
    /// again later.
    pub async fn reconcile(&self, clients: &AwsClients, grant: &Grant<'_>) {
        let place = (grant.profile_arn(), Known::of(grant));
        // Taken out, so that of two sign-ins one does it.
        let (Ok(client), Some(drift)) = (gateway_client(clients, grant), self.drifts.remove(&place)) else {
            return;
        };
        let mut unfinished = Unfinished { drifts: &self.drifts, place, drift: Some(drift.clone()) };
        let (name, arn) = (grant.profile().as_str(), grant.profile_arn());
        let mended = timeout(MENDING, drift.mend(client, &grant.domain().id, name, &arn)).await;
        unfinished.drift = None;
        match mended {
            Ok(Ok(())) => tell(grant, &drift, "the profile is being brought in line with its template"),
            Ok(Err(refusal)) => {
                tell(grant, &drift, "the profile is not like its template");
                let reason = refusal.reason();
                tracing::warn!(target: LOG, profile = arn, reason, "the profile could not be brought in line");
            }
            Err(_) => {
                tell(grant, &drift, "bringing the profile in line took too long, and is left for later");
            }
        }
    }
}

/// Work on a difference. Dropped half-way, it is left for the next sign-in.
struct Unfinished<'p> {
    drifts: &'p Cache<(String, Known), Drift>,
    place: (String, Known),
    drift: Option<Drift>,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(drift) = self.drift.take() {
            self.drifts.insert(self.place.clone(), drift);
        }
    }
}

/// One line on how a profile differs: paths and keys. Values are nobody's business here.
fn tell(grant: &Grant<'_>, drift: &Drift, what: &str) {
    tracing::warn!(
        target: LOG,
        domain = grant.domain().key,
        profile = grant.profile_arn(),
        settings = drift.settings().join(", "),
        tags_to_set = drift.tags_to_set().collect::<Vec<_>>().join(", "),
        tags_to_remove = drift.tags_to_remove().join(", "),
        "{what}"
    );
}

/// `arn:PARTITION:sagemaker:REGION:ACCOUNT` of an ARN.
pub(super) fn arn_prefix(arn: &str) -> String {
    arn.splitn(6, ':').take(5).collect::<Vec<_>>().join(":")
}

fn gateway_client<'c>(clients: &'c AwsClients, grant: &Grant<'_>) -> Result<&'c Client, Refusal> {
    clients
        .sagemaker(grant.domain())
        .ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the domain"))
}

async fn look(client: &Client, grant: &Grant<'_>) -> Result<Option<FoundProfile>, Refusal> {
    let domain = grant.domain();
    let (name, arn) = (grant.profile().as_str(), grant.profile_arn());
    let found = find(client, &domain.id, name, &arn, &domain.owner_tag).await?;
    Ok(found.map(|(described, tags)| FoundProfile { described, tags }))
}

/// Whether the profile's owner tag names this person; `false` if its tags cannot be seen yet.
///
/// # Errors
/// `profile.conflict` if it names somebody else, or nobody.
fn is_theirs(profile: &FoundProfile, grant: &Grant<'_>) -> Result<bool, Refusal> {
    let tag = &grant.domain().owner_tag;
    let Some(tags) = &profile.tags else {
        return Ok(false);
    };
    let reason = match tags.get(tag) {
        Some(owner) if owner == grant.owner() => return Ok(true),
        None if profile.described.status == UserProfileStatus::Pending => return Ok(false),
        Some(owner) => format!("its tag {tag:?} names {owner:?}"),
        None => format!("it has no tag {tag:?}"),
    };
    let reason = format!("{} is not {:?}'s: {reason}", grant.profile_arn(), grant.owner());
    Err(Refusal::new(Code::ProfileConflict, reason))
}

/// The states that a sign-in can go on with, now or after a while.
#[derive(Debug, PartialEq, Eq)]
enum State {
    InService,
    Updating,
    Pending,
}

/// What a profile's status means.
///
/// # Errors
/// For a status that waiting does not change, with SageMaker's `FailureReason`.
fn state(profile: &Described, grant: &Grant<'_>) -> Result<State, Refusal> {
    let arn = grant.profile_arn();
    let status = profile.status.as_str();
    let why = profile.failure.as_deref().unwrap_or("no reason given");
    match &profile.status {
        UserProfileStatus::InService => Ok(State::InService),
        // After a failed update the settings are the old ones, and the profile works.
        UserProfileStatus::UpdateFailed => {
            tracing::warn!(target: LOG, profile = arn, reason = why, "the last update of the profile failed");
            Ok(State::InService)
        }
        UserProfileStatus::Updating => Ok(State::Updating),
        UserProfileStatus::Pending => Ok(State::Pending),
        // Neither goes away by itself: an admin has to delete the profile.
        UserProfileStatus::Failed | UserProfileStatus::DeleteFailed => {
            Err(Refusal::new(Code::ProfileFailed, format!("{arn}: {status}: {why}")))
        }
        UserProfileStatus::Deleting => Err(Refusal::new(Code::ProfileDeleting, format!("{arn}: {status}"))),
        _ => Err(Refusal::new(Code::AwsUnavailable, format!("{arn}: unknown status {status}"))),
    }
}
