//! User profiles: looked up, created when missing, waited for, and never opened for anyone but their owner.

use super::clients::AwsClients;
use super::fault::{AwsFault, Kind};
use super::lifecycle;
use super::role_session::RoleSession;
use crate::config::{LifecycleApp, ProfileTemplate};
use crate::error::{Code, Refusal};
use crate::policy::Grant;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{
    CodeEditorAppSettings, JupyterLabAppSettings, JupyterServerAppSettings, KernelGatewayAppSettings,
    ResourceSpec, Tag, UserProfileStatus, UserSettings,
};
use moka::sync::Cache;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const DESCRIBE: &str = "sagemaker:DescribeUserProfile";
const CREATE: &str = "sagemaker:CreateUserProfile";
const LIST_TAGS: &str = "sagemaker:ListTags";
/// How long a profile is known to be in service and its owner's, without looking again. AWS still compares owner and
/// person when the URL is made.
const REMEMBERED: Duration = Duration::from_mins(5);
/// Most profiles remembered, some 200 bytes each.
const MOST_REMEMBERED: u64 = 20_000;

/// A user profile that is in service and carries its owner's tag.
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
    status: UserProfileStatus,
    failure: Option<String>,
    tags: BTreeMap<String, String>,
}

/// The user profiles of all domains.
#[derive(Debug)]
pub struct Profiles {
    /// Profile ARN to owner.
    in_service: Cache<String, String>,
}

impl Default for Profiles {
    fn default() -> Self {
        Self { in_service: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build() }
    }
}

impl Profiles {
    /// A profile that was in service, and of this owner, a short while ago.
    #[must_use]
    pub fn remembered(&self, grant: &Grant<'_>) -> Option<StudioProfile> {
        let owner = self.in_service.get(&grant.profile_arn())?;
        (owner == grant.owner()).then(|| StudioProfile { name: grant.profile().to_string() })
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
        find(gateway_client(clients, grant)?, grant).await
    }

    /// Brings the grant's profile into service: creates it if it is missing, then waits until it is ready.
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
    ) -> Result<StudioProfile, Refusal> {
        let client = gateway_client(clients, grant)?;
        let domain = grant.domain();
        let deadline = Instant::now() + domain.ready;
        let mut found = found;
        let mut created = false;
        loop {
            match &found {
                None if !created => {
                    create(client, grant).await?;
                    created = true;
                }
                // Just created, here or by another sign-in, and not to be seen everywhere yet.
                None => {}
                Some(profile)
                    if !profile.tags.contains_key(&domain.owner_tag)
                        && (created || profile.status == UserProfileStatus::Pending) => {}
                Some(profile) => {
                    check_owner(profile, grant)?;
                    if in_service(profile, grant)? {
                        self.in_service.insert(grant.profile_arn(), grant.owner().to_owned());
                        return Ok(StudioProfile { name: grant.profile().to_string() });
                    }
                }
            }
            if Instant::now() >= deadline {
                let reason =
                    format!("{} is not in service after {} s", grant.profile_arn(), domain.ready.as_secs());
                return Err(Refusal::new(Code::ProfilePending, reason));
            }
            sleep(domain.poll).await;
            found = find(client, grant).await?;
        }
    }
}

fn gateway_client<'c>(clients: &'c AwsClients, grant: &Grant<'_>) -> Result<&'c Client, Refusal> {
    clients
        .sagemaker(&grant.domain().region)
        .ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the region"))
}

async fn find(client: &Client, grant: &Grant<'_>) -> Result<Option<FoundProfile>, Refusal> {
    let describe = client
        .describe_user_profile()
        .domain_id(&grant.domain().id)
        .user_profile_name(grant.profile().as_str())
        .send();
    let (described, listed) = tokio::join!(describe, tags(client, grant.profile_arn()));
    let output = match described {
        Ok(output) => output,
        Err(error) => {
            return match AwsFault::of(DESCRIBE, &error) {
                AwsFault { kind: Kind::NotFound, .. } => Ok(None),
                fault => Err(fault.into()),
            };
        }
    };
    let status = output.status().cloned().ok_or_else(|| {
        Refusal::new(Code::AwsUnavailable, format!("{DESCRIBE}: an answer without a status"))
    })?;
    // Two looks are not one: where the tags were looked for before somebody else's sign-in made the profile, they have to
    // be looked for again. A profile is made with its tags.
    let tags = match listed {
        Ok(tags) if tags.contains_key(&grant.domain().owner_tag) => tags,
        Ok(_) | Err(AwsFault { kind: Kind::NotFound | Kind::Invalid, .. }) => {
            tags(client, grant.profile_arn()).await?
        }
        Err(fault) => return Err(fault.into()),
    };
    Ok(Some(FoundProfile { status, failure: output.failure_reason().map(str::to_owned), tags }))
}

async fn tags(client: &Client, arn: String) -> Result<BTreeMap<String, String>, AwsFault> {
    let mut pages = client.list_tags().resource_arn(arn).into_paginator().items().send();
    let mut tags = BTreeMap::new();
    while let Some(tag) = pages.next().await {
        match tag {
            Ok(tag) => {
                tags.insert(
                    tag.key().unwrap_or_default().to_owned(),
                    tag.value().unwrap_or_default().to_owned(),
                );
            }
            Err(error) => return Err(AwsFault::of(LIST_TAGS, &error)),
        }
    }
    Ok(tags)
}

fn check_owner(profile: &FoundProfile, grant: &Grant<'_>) -> Result<(), Refusal> {
    let tag = &grant.domain().owner_tag;
    let reason = match profile.tags.get(tag) {
        Some(owner) if owner == grant.owner() => return Ok(()),
        Some(owner) => format!("its tag {tag:?} names {owner:?}"),
        None => format!("it has no tag {tag:?}"),
    };
    let reason = format!("{} is not {:?}'s: {reason}", grant.profile_arn(), grant.owner());
    Err(Refusal::new(Code::ProfileConflict, reason))
}

/// Whether the profile can be opened now; `false` if it is worth waiting.
fn in_service(profile: &FoundProfile, grant: &Grant<'_>) -> Result<bool, Refusal> {
    let arn = grant.profile_arn();
    match &profile.status {
        // After a failed update the settings are the old ones, and the profile works.
        UserProfileStatus::InService | UserProfileStatus::UpdateFailed => Ok(true),
        UserProfileStatus::Pending | UserProfileStatus::Updating => Ok(false),
        UserProfileStatus::Failed => {
            let why = profile.failure.as_deref().unwrap_or("no reason given");
            Err(Refusal::new(Code::ProfileFailed, format!("{arn}: {why}")))
        }
        UserProfileStatus::Deleting | UserProfileStatus::DeleteFailed => {
            Err(Refusal::new(Code::ProfileDeleting, format!("{arn}: {}", profile.status.as_str())))
        }
        other => Err(Refusal::new(Code::AwsUnavailable, format!("{arn}: unknown status {}", other.as_str()))),
    }
}

async fn create(client: &Client, grant: &Grant<'_>) -> Result<(), Refusal> {
    let domain = grant.domain();
    let settings = user_settings(client, grant.template()).await?;
    let tags = grant.tags().iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let created = client
        .create_user_profile()
        .domain_id(&domain.id)
        .user_profile_name(grant.profile().as_str())
        .set_tags(Some(tags))
        .user_settings(settings)
        .send()
        .await;
    match created {
        Ok(_) => Ok(()),
        Err(error) => match AwsFault::of(CREATE, &error) {
            // Another sign-in of the same person was faster: its profile will do, if it is theirs.
            AwsFault { kind: Kind::InUse, .. } => Ok(()),
            fault => Err(fault.into()),
        },
    }
}

/// `UserSettings` of a new profile. Lifecycle configs are made first, since the settings refer to them.
async fn user_settings(client: &Client, template: &ProfileTemplate) -> Result<UserSettings, Refusal> {
    let mut arns: BTreeMap<&'static str, (Vec<String>, Option<String>)> = BTreeMap::new();
    for config in &template.lifecycle {
        let arn = lifecycle::ensure(client, config).await?;
        let (all, default) = arns.entry(config.app.name()).or_default();
        all.push(arn.clone());
        if config.default {
            default.get_or_insert(arn);
        }
    }
    let mut of = |app: LifecycleApp| {
        arns.remove(app.name()).map(|(all, default)| {
            (Some(all), default.map(|arn| ResourceSpec::builder().lifecycle_config_arn(arn).build()))
        })
    };
    let mut settings = UserSettings::builder()
        .set_execution_role(template.execution_role.as_ref().map(ToString::to_string))
        .set_security_groups(
            (!template.security_groups.is_empty()).then(|| template.security_groups.clone()),
        );
    if let Some((all, default)) = of(LifecycleApp::JupyterLab) {
        let app = JupyterLabAppSettings::builder()
            .set_lifecycle_config_arns(all)
            .set_default_resource_spec(default);
        settings = settings.jupyter_lab_app_settings(app.build());
    }
    if let Some((all, default)) = of(LifecycleApp::CodeEditor) {
        let app = CodeEditorAppSettings::builder()
            .set_lifecycle_config_arns(all)
            .set_default_resource_spec(default);
        settings = settings.code_editor_app_settings(app.build());
    }
    if let Some((all, default)) = of(LifecycleApp::JupyterServer) {
        let app = JupyterServerAppSettings::builder()
            .set_lifecycle_config_arns(all)
            .set_default_resource_spec(default);
        settings = settings.jupyter_server_app_settings(app.build());
    }
    if let Some((all, default)) = of(LifecycleApp::KernelGateway) {
        let app = KernelGatewayAppSettings::builder()
            .set_lifecycle_config_arns(all)
            .set_default_resource_spec(default);
        settings = settings.kernel_gateway_app_settings(app.build());
    }
    Ok(settings.build())
}
