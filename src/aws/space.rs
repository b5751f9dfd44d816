//! Spaces: looked up, created when missing and configured so, waited for, and never opened where they are somebody else's or
//! are shared with others than the configuration says. Their settings are left as they are.

use super::clients::AwsClients;
use super::fault::{AwsFault, Kind};
use super::profile::StudioProfile;
use crate::config::{PresignBy, SpaceName, SpaceTemplate};
use crate::error::{Code, Refusal};
use crate::metrics::waiting::for_aws;
use crate::policy::Grant;
use crate::sign_in::{Progress, Step};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{OwnershipSettings, SharingType, SpaceSharingSettings, SpaceStatus, Tag};
use moka::sync::Cache;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const DESCRIBE: &str = "sagemaker:DescribeSpace";
const CREATE: &str = "sagemaker:CreateSpace";
/// How long a space is known to be in service and as it has to be, without looking again.
const REMEMBERED: Duration = Duration::from_mins(5);
/// Most spaces remembered, some 200 bytes each.
const MOST_REMEMBERED: u64 = 20_000;

/// A space in service that is the person's own, or shared as the configuration says.
#[derive(Debug)]
pub struct StudioSpace {
    name: String,
}

impl StudioSpace {
    /// `SpaceName`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What a look at AWS, or at what is remembered, found.
#[derive(Debug)]
pub enum SpaceLook {
    /// Nothing needs to be done: the grant leads to no space, or to one that was right a short while ago.
    Settled,
    /// There is none, or none to be seen yet.
    Missing,
    /// There is one.
    Found(FoundSpace),
}

/// What `DescribeSpace` says.
#[derive(Debug)]
pub struct FoundSpace {
    status: SpaceStatus,
    /// `FailureReason`.
    failure: Option<String>,
    owner: Option<String>,
    sharing: Option<SharingType>,
}

/// The spaces of all domains.
#[derive(Debug)]
pub struct Spaces {
    /// Keys of [`Wanted`].
    in_service: Cache<String, ()>,
}

impl Default for Spaces {
    fn default() -> Self {
        Self { in_service: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build() }
    }
}

/// The space that a grant leads to.
struct Wanted<'g> {
    grant: &'g Grant<'g>,
    template: &'g SpaceTemplate,
    name: String,
}

impl<'g> Wanted<'g> {
    fn of(grant: &'g Grant<'g>) -> Option<Self> {
        let template = grant.place().space.as_ref()?;
        Some(Self { grant, template, name: template.name.of(grant.profile()) })
    }

    /// Stands for what was found to be right: this space, opened through this destination.
    fn key(&self) -> String {
        format!("{}|{}|{}", self.grant.destination().key, self.grant.domain().id, self.name)
    }

    fn told(&self) -> String {
        format!("space {:?} of {}", self.name, self.grant.domain().id)
    }

    /// `UserProfileName` of the owner that it has to have; `None`: any.
    fn owner(&self) -> Option<&str> {
        match &self.template.name {
            SpaceName::Private { .. } => Some(self.grant.profile().as_str()),
            SpaceName::Shared(_) => self.template.owner.as_deref(),
        }
    }
}

impl Spaces {
    /// Forgets a space that turned out to be gone.
    pub fn forget(&self, grant: &Grant<'_>) {
        if let Some(wanted) = Wanted::of(grant) {
            self.in_service.invalidate(&wanted.key());
        }
    }

    /// Looks the grant's space up. Nothing is changed, so this may run while STS is still asked.
    pub async fn find(&self, clients: &AwsClients, grant: &Grant<'_>) -> Result<SpaceLook, Refusal> {
        // Where the service presigns, nobody but us compares owners, and it is done each time.
        let again = grant.domain().presign_by == PresignBy::Service;
        match Wanted::of(grant) {
            Some(wanted) if again || !self.in_service.contains_key(&wanted.key()) => {
                describe(gateway_client(clients, grant)?, &wanted).await
            }
            _ => Ok(SpaceLook::Settled),
        }
    }

    /// The grant's space, in service: created if it is missing and may be, then waited for. `None` if the grant leads to none.
    ///
    /// The profile is the proof that the person is who they are, and has to be there before it can own anything.
    ///
    /// # Errors
    /// `space.conflict` if it is not the person's own, or not shared as it has to be; `space.missing`; `space.failed` with
    /// SageMaker's reason; `space.pending` when it is not ready in time (the next sign-in goes on with it), and faults of AWS.
    pub async fn ensure(
        &self,
        clients: &AwsClients,
        grant: &Grant<'_>,
        profile: &StudioProfile,
        found: SpaceLook,
        progress: &Progress,
    ) -> Result<Option<StudioSpace>, Refusal> {
        let Some(wanted) = Wanted::of(grant) else {
            return Ok(None);
        };
        let client = gateway_client(clients, grant)?;
        let domain = grant.domain();
        let deadline = Instant::now() + domain.ready;
        let (mut found, mut asked) = (found, false);
        loop {
            match &found {
                SpaceLook::Settled => return Ok(Some(StudioSpace { name: wanted.name })),
                SpaceLook::Missing if !asked => {
                    progress.at(Step::Space);
                    create(client, &wanted, profile).await?;
                    asked = true;
                }
                // Just created, here or by another sign-in, and not to be seen everywhere yet.
                SpaceLook::Missing => {}
                SpaceLook::Found(space) => {
                    check(space, &wanted)?;
                    if is_in_service(space, &wanted)? {
                        self.in_service.insert(wanted.key(), ());
                        return Ok(Some(StudioSpace { name: wanted.name }));
                    }
                }
            }
            if Instant::now() >= deadline {
                let reason =
                    format!("{} is not in service after {} s", wanted.told(), domain.ready.as_secs());
                return Err(Refusal::new(Code::SpacePending, reason));
            }
            progress.at(Step::Space);
            for_aws(sleep(domain.poll)).await;
            found = describe(client, &wanted).await?;
        }
    }
}

fn gateway_client<'c>(clients: &'c AwsClients, grant: &Grant<'_>) -> Result<&'c Client, Refusal> {
    clients
        .sagemaker(grant.domain())
        .ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the domain"))
}

async fn describe(client: &Client, wanted: &Wanted<'_>) -> Result<SpaceLook, Refusal> {
    let described =
        client.describe_space().domain_id(&wanted.grant.domain().id).space_name(&wanted.name).send().await;
    let output = match described {
        Ok(output) => output,
        Err(error) => {
            return match AwsFault::of(DESCRIBE, &error) {
                AwsFault { kind: Kind::NotFound, .. } => Ok(SpaceLook::Missing),
                fault => Err(fault.into()),
            };
        }
    };
    let status = output.status().cloned().ok_or_else(|| {
        Refusal::new(Code::AwsUnavailable, format!("{DESCRIBE}: an answer without a status"))
    })?;
    Ok(SpaceLook::Found(FoundSpace {
        status,
        failure: output.failure_reason().map(str::to_owned),
        owner: output.ownership_settings().and_then(|one| one.owner_user_profile_name()).map(str::to_owned),
        sharing: output.space_sharing_settings().and_then(|one| one.sharing_type()).cloned(),
    }))
}

/// Calls `CreateSpace`. Whoever else makes it at the same time does so too: what there is is checked in any case.
async fn create(client: &Client, wanted: &Wanted<'_>, profile: &StudioProfile) -> Result<(), Refusal> {
    let Wanted { grant, template, name } = wanted;
    if !template.create {
        let reason = format!("{} does not exist, and create is not set", wanted.told());
        return Err(Refusal::new(Code::SpaceMissing, reason));
    }
    let mut tags = template.tags.clone();
    if matches!(template.name, SpaceName::Private { .. }) {
        tags.extend(grant.tags().clone());
    }
    let tags: Vec<_> =
        tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let owner = wanted.owner().unwrap_or_else(|| profile.name());
    let created = client
        .create_space()
        .domain_id(&grant.domain().id)
        .space_name(name)
        .ownership_settings(OwnershipSettings::builder().owner_user_profile_name(owner).build())
        .space_sharing_settings(SpaceSharingSettings::builder().sharing_type(template.name.sharing()).build())
        .set_space_settings(template.settings.to_sdk().filter(|_| !template.settings.is_empty()))
        .set_tags((!tags.is_empty()).then_some(tags))
        .send()
        .await;
    match created.map_err(|error| AwsFault::of(CREATE, &error)) {
        Ok(_) | Err(AwsFault { kind: Kind::InUse, .. }) => Ok(()),
        // The owner of a shared space has no profile, or the settings are not of this domain.
        Err(fault) if matches!(fault.kind, Kind::Invalid | Kind::NotFound) => {
            Err(Refusal::new(Code::SpaceFailed, fault.to_string()))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Whether the space is whose it has to be, and shared as it has to be. What AWS does not tell is not so.
fn check(space: &FoundSpace, wanted: &Wanted<'_>) -> Result<(), Refusal> {
    let conflict =
        |reason: String| Err(Refusal::new(Code::SpaceConflict, format!("{}: {reason}", wanted.told())));
    let sharing = wanted.template.name.sharing();
    if space.sharing.as_ref() != Some(&sharing) {
        let is = space.sharing.as_ref().map_or("unknown", SharingType::as_str);
        return conflict(format!("its sharing type is {is}, not {}", sharing.as_str()));
    }
    match (wanted.owner(), &space.owner) {
        (None, _) => Ok(()),
        // Names of profiles do not mind case.
        (Some(wanted), Some(owner)) if wanted.eq_ignore_ascii_case(owner) => Ok(()),
        (Some(wanted), Some(owner)) => conflict(format!("its owner is {owner:?}, not {wanted:?}")),
        (Some(wanted), None) => conflict(format!("it has no owner, and {wanted:?} has to be")),
    }
}

/// Whether the space can be opened now; `false` if waiting may help.
///
/// # Errors
/// For a status that waiting does not change, with SageMaker's `FailureReason`.
fn is_in_service(space: &FoundSpace, wanted: &Wanted<'_>) -> Result<bool, Refusal> {
    let status = space.status.as_str();
    let why = space.failure.as_deref().unwrap_or("no reason given");
    match &space.status {
        // After a failed update the settings are the old ones, and the space works.
        SpaceStatus::InService | SpaceStatus::UpdateFailed => Ok(true),
        SpaceStatus::Pending | SpaceStatus::Updating => Ok(false),
        SpaceStatus::Failed | SpaceStatus::DeleteFailed => {
            Err(Refusal::new(Code::SpaceFailed, format!("{}: {status}: {why}", wanted.told())))
        }
        SpaceStatus::Deleting => {
            Err(Refusal::new(Code::SpacePending, format!("{}: {status}", wanted.told())))
        }
        _ => Err(Refusal::new(Code::AwsUnavailable, format!("{}: unknown status {status}", wanted.told()))),
    }
}
