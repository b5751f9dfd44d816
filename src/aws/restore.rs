//! A domain, made anew from a manifest: lifecycle configs, then profiles, then spaces.
//!
//! What exists is held against the manifest and never changed, and nothing is ever deleted. What one run has made, the next
//! finds: a run that was ended half-way is simply begun again. Whoever owns something else under a name of the manifest keeps
//! it, and is not in the mapping.

mod lifecycle;
mod profile;
mod space;

use super::at_once::at_once;
use super::backup::{Listed, describe_domain, list_profiles, list_spaces};
use super::clients::{AwsClients, patient};
use super::profile::arn_prefix;
use super::reconcile::Mode;
use crate::backup::{Folder, FolderKind, Manifest, Mapping, Place, form};
use crate::config::Domain;
use crate::error::{Code, Refusal};
use crate::settings::{Settings, Structure};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{DefaultSpaceSettings, DomainSettings, UserSettings};
use lifecycle::Lifecycle;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How it stands with something of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It is there, as the manifest says.
    Present,
    /// It is not there; nothing was done.
    Missing,
    /// It was not there, and is now.
    Created,
    /// It is there with other settings or tags, and was left so: their paths.
    Differs(Vec<String>),
    /// Its name is somebody else's, or another script's: the reason.
    Conflict(String),
    /// Not made, since what it needs could not be had: the reason.
    Blocked(String),
    /// It could not be looked at or made: the reason.
    Failed(String),
}

/// Something of the manifest.
#[derive(Debug)]
pub struct Item {
    /// `lifecycle config`, `profile` or `space`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it stands with it.
    pub outcome: ItemOutcome,
}

/// What came of it.
#[derive(Debug)]
pub struct Restored {
    /// Everything of the manifest, in its order.
    pub items: Vec<Item>,
    /// Paths in which the settings of the new domain are not those of the old one. They are never changed here.
    pub domain_differences: Vec<String>,
    /// Whose folder becomes which.
    pub mapping: Mapping,
}

/// What a look at a profile or space, or making it, came to.
struct Settled {
    outcome: ItemOutcome,
    folder: Option<Folder>,
}

impl Settled {
    fn without_folder(outcome: ItemOutcome) -> Self {
        Self { outcome, folder: None }
    }
}

impl From<Refusal> for Settled {
    fn from(refusal: Refusal) -> Self {
        Self::without_folder(ItemOutcome::Failed(refusal.reason().to_owned()))
    }
}

/// What profiles and spaces are made with.
struct Work {
    client: Client,
    mode: Mode,
    domain_id: String,
    owner_tag: String,
    lifecycle: Lifecycle,
    /// Names in lower case of the profiles that were there before: what is not there needs no look.
    profiles: HashSet<String>,
    /// ... and of the spaces.
    spaces: HashSet<String>,
    ready: Duration,
    poll: Duration,
}

impl Work {
    /// The settings, where they name the lifecycle configs of here; or the one that cannot be had.
    fn settings_here<T: Structure>(&self, settings: &Settings<T>) -> Result<Settings<T>, String> {
        match self.lifecycle.unusable_in(settings.members()) {
            Some(name) => Err(format!("lifecycle config {name} cannot be used")),
            None => Ok(settings.with_texts(&|text| self.lifecycle.here(text))),
        }
    }

    /// What `look` finds when it has come to rest, or as it is when the time for that is over. `None`: made just now, and
    /// not to be seen everywhere yet. A plan does not wait.
    async fn at_rest<T, F>(
        &self,
        mut found: Option<T>,
        look: impl Fn() -> F,
        is_pending: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, Refusal>
    where
        F: Future<Output = Result<Option<T>, Refusal>>,
    {
        let deadline = Instant::now() + self.ready;
        while self.mode == Mode::Apply && found.as_ref().is_none_or(&is_pending) && Instant::now() < deadline
        {
            sleep(self.poll).await;
            found = look().await?;
        }
        Ok(found)
    }
}

/// Goes through everything of a manifest. `done` is told how many of how many are through.
///
/// # Errors
/// When the domain cannot be looked at, and when execution roles of the manifest are of another account. Faults with one item
/// are its outcome.
pub async fn restore(
    clients: &AwsClients,
    domain: &Domain,
    manifest: &Manifest,
    mode: Mode,
    mut done: impl FnMut(usize, usize),
) -> Result<Restored, Refusal> {
    let target = describe_domain(clients, domain).await?;
    check_accounts(manifest, &target.arn)?;
    let client = clients
        .sagemaker(domain)
        .map(patient)
        .ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the region"))?;
    let total = manifest.lifecycle_configs.len() + manifest.profiles.len() + manifest.spaces.len();
    let mut through = 0;
    let mut step = || {
        through += 1;
        done(through, total);
    };
    let (profiles, spaces) =
        tokio::try_join!(list_profiles(&client, &domain.id), list_spaces(&client, &domain.id))?;
    let names = |listed: Vec<Listed>| listed.into_iter().map(|one| one.name.to_ascii_lowercase()).collect();
    let prefix = arn_prefix(&target.arn);
    let (lifecycle, mut items) = lifecycle::settle(&client, manifest, &prefix, mode, &mut step).await;
    let domain_differences = domain_differences(manifest, &target, &lifecycle);
    let work = Arc::new(Work {
        client,
        mode,
        domain_id: domain.id.clone(),
        owner_tag: domain.owner_tag.clone(),
        lifecycle,
        profiles: names(profiles),
        spaces: names(spaces),
        ready: domain.ready,
        poll: domain.poll,
    });

    let mut settled = Vec::new();
    let looks = manifest.profiles.iter().enumerate().map(|(at, one)| (at, one.clone()));
    let look = |(at, one)| {
        let work = Arc::clone(&work);
        async move { (at, work.profile(&one).await) }
    };
    at_once(looks, look, |one| {
        settled.push(one);
        step();
        Ok(())
    })
    .await?;
    settled.sort_by_key(|(at, _)| *at);
    let (mut folders, mut owners) = (Vec::new(), HashSet::new());
    for (one, (_, Settled { outcome, folder })) in manifest.profiles.iter().zip(settled) {
        if !matches!(outcome, ItemOutcome::Conflict(_) | ItemOutcome::Blocked(_) | ItemOutcome::Failed(_)) {
            owners.insert(one.name.key());
        }
        folders.extend(folder);
        items.push(Item { kind: FolderKind::Profile.name(), name: one.name.to_string(), outcome });
    }

    let mut settled = Vec::new();
    let owners = Arc::new(owners);
    let looks = manifest.spaces.iter().enumerate().map(|(at, one)| (at, one.clone()));
    let look = |(at, one)| {
        let (work, owners) = (Arc::clone(&work), Arc::clone(&owners));
        async move { (at, work.space(&one, &owners).await) }
    };
    at_once(looks, look, |one| {
        settled.push(one);
        step();
        Ok(())
    })
    .await?;
    settled.sort_by_key(|(at, _)| *at);
    for (one, (_, Settled { outcome, folder })) in manifest.spaces.iter().zip(settled) {
        folders.extend(folder);
        items.push(Item { kind: FolderKind::Space.name(), name: one.name.to_string(), outcome });
    }

    let from = Place { domain: manifest.domain.id.clone(), home_efs: manifest.domain.home_efs.clone() };
    let to = Place { domain: target.id, home_efs: target.home_efs };
    Ok(Restored { items, domain_differences, mapping: Mapping { from, to, folders } })
}

/// A profile takes execution roles of the domain's own account only; better to say so before anything is made.
fn check_accounts(manifest: &Manifest, domain_arn: &str) -> Result<(), Refusal> {
    let account = |arn: &str| arn.split(':').nth(4).unwrap_or_default().to_owned();
    let here = account(domain_arn);
    let foreign = manifest.profiles.iter().filter_map(|one| {
        let role = one.settings.get("ExecutionRole")?.as_str()?;
        (account(role) != here).then(|| format!("profile {}: {role}", one.name))
    });
    let foreign: Vec<_> = foreign.collect();
    let Some(first) = foreign.first() else {
        return Ok(());
    };
    let reason = format!(
        "the domain is in account {here}, and {} execution roles of the manifest are not ({first}); name the roles of this \
         account in a copy of the manifest",
        foreign.len()
    );
    Err(Refusal::new(Code::GatewayFault, reason))
}

/// In what the new domain is not like the old one.
fn domain_differences(manifest: &Manifest, target: &form::Domain, lifecycle: &Lifecycle) -> Vec<String> {
    fn of<T: Structure>(
        name: &str,
        old: &Settings<T>,
        new: &Map<String, Value>,
        lifecycle: &Lifecycle,
    ) -> Vec<String> {
        let old = old.with_texts(&|text| lifecycle.here(text));
        let new = Settings::from_template(new.clone());
        differences(&old, &new).into_iter().map(|path| format!("{name}.{path}")).collect()
    }
    let domain = &manifest.domain;
    let user = of::<UserSettings>(
        "DefaultUserSettings",
        &domain.default_user_settings,
        &target.default_user_settings,
        lifecycle,
    );
    let space = of::<DefaultSpaceSettings>(
        "DefaultSpaceSettings",
        &domain.default_space_settings,
        &target.default_space_settings,
        lifecycle,
    );
    let own = of::<DomainSettings>("DomainSettings", &domain.settings, &target.settings, lifecycle);
    [user, space, own].concat()
}

/// Paths in which either says something that the other does not.
fn differences<T: Structure>(one: &Settings<T>, other: &Settings<T>) -> BTreeSet<String> {
    one.differences(other).into_iter().chain(other.differences(one)).collect()
}
