//! A domain, written down: its settings, profiles, spaces, tags, and the lifecycle configs that settings refer to.
//!
//! Only calls that change nothing. Whoever is missing from a backup will be missing from what is restored: any fault ends it,
//! and the next run goes on from the journal.

use super::at_once::at_once;
use super::clients::{AwsClients, patient};
use super::fault::{AwsFault, Kind};
use super::profile::{arn_prefix, tags};
use crate::backup::{Journal, JournalFault, form};
use crate::config::Domain;
use crate::error::{Code, Refusal};
use crate::settings::{Settings, Structure};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{AuthMode, SpaceStatus, UserProfileStatus};
use aws_smithy_types::DateTime as SdkTime;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

const DOMAIN: &str = "sagemaker:DescribeDomain";
const LIST_PROFILES: &str = "sagemaker:ListUserProfiles";
const PROFILE: &str = "sagemaker:DescribeUserProfile";
const LIST_SPACES: &str = "sagemaker:ListSpaces";
const SPACE: &str = "sagemaker:DescribeSpace";
const LIFECYCLE: &str = "sagemaker:DescribeStudioLifecycleConfig";
/// Of an ARN, what kind of resource it is.
const PART: &str = "studio-lifecycle-config";
/// What has to be done about a space's volume.
const BY_HAND: &str = "Not part of a backup: the files in /home/sagemaker-user of this space. Save them with the lifecycle \
                       script of `recovery-script to-s3`, or by hand from a terminal in the space, before the old domain is \
                       deleted, and bring them back in the new space with that of `recovery-script from-s3`.";

/// What a backup takes up, and what it left out.
#[derive(Debug)]
pub struct Taken {
    /// The manifest.
    pub manifest: form::Manifest,
    /// Sentences about what is not in it.
    pub notes: Vec<String>,
}

/// What is in the domain, by name, with `LastModifiedTime` in milliseconds.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) modified: i64,
}

/// The domain itself, by `DescribeDomain` and `ListTags`.
///
/// # Errors
/// Faults of AWS; `gateway.fault` for a domain that people enter through IAM Identity Center, whose profiles belong to its
/// users and cannot be made anew by their names.
pub async fn describe_domain(clients: &AwsClients, domain: &Domain) -> Result<form::Domain, Refusal> {
    let client = client(clients, domain)?;
    let described = client.describe_domain().domain_id(&domain.id).send().await;
    let output = described.map_err(|error| AwsFault::of(DOMAIN, &error))?;
    if output.auth_mode() == Some(&AuthMode::Sso) {
        let reason = format!("{} has the AuthMode SSO; only domains with IAM are backed up", domain.id);
        return Err(Refusal::new(Code::GatewayFault, reason));
    }
    let arn = output.domain_arn().ok_or_else(|| without(DOMAIN, "an ARN"))?.to_owned();
    let kms_key = output.kms_key_id().map(str::to_owned);
    #[expect(deprecated, reason = "domains of before have the key here")]
    let kms_key = kms_key.or_else(|| output.home_efs_file_system_kms_key_id().map(str::to_owned));
    Ok(form::Domain {
        tags: tags(&client, &arn).await?,
        arn,
        id: domain.id.clone(),
        name: output.domain_name().map(str::to_owned),
        home_efs: output.home_efs_file_system_id().map(str::to_owned),
        kms_key,
        vpc: output.vpc_id().map(str::to_owned),
        subnets: output.subnet_ids().to_vec(),
        network_access: output.app_network_access_type().map(|kind| kind.as_str().to_owned()),
        default_user_settings: members(output.default_user_settings()),
        default_space_settings: members(output.default_space_settings()),
        settings: members(output.domain_settings()),
    })
}

/// Goes through a domain. `done` is told how many of how many profiles and spaces are through.
///
/// # Errors
/// Faults of AWS and of the journal. What was found until then is in the journal.
pub async fn backup(
    clients: &AwsClients,
    domain: &Domain,
    described: form::Domain,
    journal: &mut Journal,
    mut done: impl FnMut(usize, usize),
) -> Result<Taken, Refusal> {
    let work = Arc::new(Work { client: client(clients, domain)?, domain_id: domain.id.clone() });
    let (listed_profiles, listed_spaces) =
        tokio::try_join!(list_profiles(&work.client, &domain.id), list_spaces(&work.client, &domain.id))?;
    let total = listed_profiles.len() + listed_spaces.len();
    let mut through = 0;
    let mut step = || {
        through += 1;
        done(through, total);
    };
    let mut notes = Vec::new();

    let mut profiles = Vec::new();
    let mut missing = Vec::new();
    for one in listed_profiles {
        match journal.profile(&one.name, one.modified) {
            Some(known) => {
                profiles.push(known.clone());
                step();
            }
            None => missing.push(one),
        }
    }
    let look = |one: Listed| {
        let work = Arc::clone(&work);
        async move { (work.profile(&one.name).await, one) }
    };
    at_once(missing, look, |(found, one)| {
        match found? {
            Some(profile) => {
                journal.note_profile(&profile, one.modified).map_err(|fault| unwritten(&fault))?;
                profiles.push(profile);
            }
            None => notes.push(format!("profile {}: being deleted, and left out", one.name)),
        }
        step();
        Ok(())
    })
    .await?;

    let mut spaces = Vec::new();
    let mut missing = Vec::new();
    for one in listed_spaces {
        match journal.space(&one.name, one.modified) {
            Some(known) => {
                spaces.push(known.clone());
                step();
            }
            None => missing.push(one),
        }
    }
    let look = |one: Listed| {
        let work = Arc::clone(&work);
        async move { (work.space(&one.name).await, one) }
    };
    at_once(missing, look, |(found, one)| {
        match found? {
            Some(space) => {
                journal.note_space(&space, one.modified).map_err(|fault| unwritten(&fault))?;
                spaces.push(space);
            }
            None => notes.push(format!("space {}: being deleted, and left out", one.name)),
        }
        step();
        Ok(())
    })
    .await?;

    profiles.sort_by(|one, other| one.name.cmp(&other.name));
    spaces.sort_by(|one, other| one.name.cmp(&other.name));
    let all = [&described.default_user_settings, &described.default_space_settings, &described.settings];
    let settings = all
        .into_iter()
        .chain(profiles.iter().map(|one| &one.settings))
        .chain(spaces.iter().map(|one| &one.settings));
    let lifecycle_configs = work.lifecycle_configs(&described.arn, settings, &mut notes).await?;
    let volumes = spaces.iter().filter_map(volume).collect();
    let manifest = form::Manifest {
        format: form::Format::Manifest,
        version: form::VERSION,
        made_at: journal.began(),
        domain: described,
        lifecycle_configs,
        profiles,
        spaces,
        volumes,
    };
    Ok(Taken { manifest, notes })
}

struct Work {
    client: Client,
    domain_id: String,
}

impl Work {
    /// `None`: it is being deleted, or was since it was listed.
    async fn profile(&self, name: &str) -> Result<Option<form::Profile>, Refusal> {
        let described = self
            .client
            .describe_user_profile()
            .domain_id(&self.domain_id)
            .user_profile_name(name)
            .send()
            .await;
        let output = match described.map_err(|error| AwsFault::of(PROFILE, &error)) {
            Ok(output) if output.status() == Some(&UserProfileStatus::Deleting) => return Ok(None),
            Ok(output) => output,
            Err(AwsFault { kind: Kind::NotFound, .. }) => return Ok(None),
            Err(fault) => return Err(fault.into()),
        };
        let arn = output.user_profile_arn().ok_or_else(|| without(PROFILE, "an ARN"))?;
        Ok(Some(form::Profile {
            name: name.to_owned(),
            efs_uid: output.home_efs_file_system_uid().map(str::to_owned),
            settings: members(output.user_settings()),
            tags: tags(&self.client, arn).await?,
        }))
    }

    /// `None`: it is being deleted, or was since it was listed.
    async fn space(&self, name: &str) -> Result<Option<form::Space>, Refusal> {
        let described = self.client.describe_space().domain_id(&self.domain_id).space_name(name).send().await;
        let output = match described.map_err(|error| AwsFault::of(SPACE, &error)) {
            Ok(output) if output.status() == Some(&SpaceStatus::Deleting) => return Ok(None),
            Ok(output) => output,
            Err(AwsFault { kind: Kind::NotFound, .. }) => return Ok(None),
            Err(fault) => return Err(fault.into()),
        };
        let arn = output.space_arn().ok_or_else(|| without(SPACE, "an ARN"))?;
        let owner = output.ownership_settings().and_then(|one| one.owner_user_profile_name());
        let sharing = output.space_sharing_settings().and_then(|one| one.sharing_type());
        Ok(Some(form::Space {
            name: name.to_owned(),
            display_name: output.space_display_name().map(str::to_owned),
            efs_uid: output.home_efs_file_system_uid().map(str::to_owned),
            owner: owner.map(str::to_owned),
            sharing: sharing.map(|kind| kind.as_str().to_owned()),
            settings: members(output.space_settings()),
            tags: tags(&self.client, arn).await?,
        }))
    }

    /// The lifecycle configs that settings name. Those of another account or region are not this domain's to bring back.
    async fn lifecycle_configs(
        &self,
        domain_arn: &str,
        settings: impl Iterator<Item = &Map<String, Value>>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<form::LifecycleConfig>, Refusal> {
        let own = format!("{}:{PART}/", arn_prefix(domain_arn));
        let mut arns = BTreeSet::new();
        settings.for_each(|members| members.values().for_each(|value| named(value, &mut arns)));
        let mut configs = Vec::new();
        for arn in arns {
            let Some(name) = arn.strip_prefix(&own) else {
                notes.push(format!("lifecycle config {arn}: of another account or region, and left out"));
                continue;
            };
            let described = self
                .client
                .describe_studio_lifecycle_config()
                .studio_lifecycle_config_name(name)
                .send()
                .await;
            let output = match described.map_err(|error| AwsFault::of(LIFECYCLE, &error)) {
                Ok(output) => output,
                Err(AwsFault { kind: Kind::NotFound, .. }) => {
                    notes.push(format!("lifecycle config {name}: settings name it, and it does not exist"));
                    continue;
                }
                Err(fault) => return Err(fault.into()),
            };
            let app = output.studio_lifecycle_config_app_type();
            let content = output.studio_lifecycle_config_content();
            configs.push(form::LifecycleConfig {
                name: name.to_owned(),
                app: app.ok_or_else(|| without(LIFECYCLE, "an app"))?.as_str().to_owned(),
                content: content.ok_or_else(|| without(LIFECYCLE, "a script"))?.to_owned(),
                tags: tags(&self.client, &arn).await?,
                arn,
            });
        }
        Ok(configs)
    }
}

/// The profiles of a domain, whatever their status.
pub(super) async fn list_profiles(client: &Client, domain_id: &str) -> Result<Vec<Listed>, Refusal> {
    let list = client.list_user_profiles().domain_id_equals(domain_id).max_results(100);
    let mut pages = list.into_paginator().items().send();
    let mut listed = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(|error| AwsFault::of(LIST_PROFILES, &error))?;
        let name = one.user_profile_name().ok_or_else(|| without(LIST_PROFILES, "a name"))?;
        listed.push(Listed { name: name.to_owned(), modified: milliseconds(one.last_modified_time()) });
    }
    Ok(listed)
}

/// ... and its spaces.
pub(super) async fn list_spaces(client: &Client, domain_id: &str) -> Result<Vec<Listed>, Refusal> {
    let list = client.list_spaces().domain_id_equals(domain_id).max_results(100);
    let mut pages = list.into_paginator().items().send();
    let mut listed = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(|error| AwsFault::of(LIST_SPACES, &error))?;
        let name = one.space_name().ok_or_else(|| without(LIST_SPACES, "a name"))?;
        listed.push(Listed { name: name.to_owned(), modified: milliseconds(one.last_modified_time()) });
    }
    Ok(listed)
}

/// The ARNs of lifecycle configs in a value.
fn named(value: &Value, arns: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.starts_with("arn:") && text.contains(&format!(":{PART}/")) => {
            arns.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, arns)),
        Value::Object(members) => members.values().for_each(|value| named(value, arns)),
        _ => {}
    }
}

/// The volume of a space in which an app with a volume runs.
fn volume(space: &form::Space) -> Option<form::Volume> {
    let app = space.settings.get("AppType").and_then(Value::as_str);
    let storage = space.settings.get("SpaceStorageSettings");
    if storage.is_none() && !matches!(app, Some("JupyterLab" | "CodeEditor")) {
        return None;
    }
    let size =
        storage.and_then(|storage| storage.get("EbsStorageSettings")?.get("EbsVolumeSizeInGb")?.as_i64());
    Some(form::Volume {
        space: space.name.clone(),
        owner: space.owner.clone(),
        gigabytes: size.and_then(|size| size.try_into().ok()),
        by_hand: BY_HAND.to_owned(),
    })
}

fn members<T: Structure>(settings: Option<&T>) -> Map<String, Value> {
    settings.map(|settings| Settings::of(settings).members().clone()).unwrap_or_default()
}

fn client(clients: &AwsClients, domain: &Domain) -> Result<Client, Refusal> {
    let client = clients.sagemaker(domain).map(patient);
    client.ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the region"))
}

fn milliseconds(time: Option<&SdkTime>) -> i64 {
    time.and_then(|time| time.to_millis().ok()).unwrap_or_default()
}

fn without(api: &str, what: &str) -> Refusal {
    Refusal::new(Code::AwsUnavailable, format!("{api}: an answer without {what}"))
}

fn unwritten(fault: &JournalFault) -> Refusal {
    Refusal::new(Code::GatewayFault, fault.to_string())
}
