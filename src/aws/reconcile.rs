//! All profiles of a domain, held against what is the same for everyone there and, if asked for, brought in line.
//!
//! Nobody signs in here, so nobody's attributes are known, and so neither are the rules that somebody comes by: what not
//! all templates of the domain say alike, and tags that are made from attributes, are left to the next sign-in. Profiles
//! without an owner tag are not ours. Nothing is remembered between two runs: what the first has
//! done, the second finds done.

use super::clients::{AwsClients, patient};
use super::drift::{Drift, Wanted};
use super::fault::AwsFault;
use super::profile::{arn_prefix, describe, tags};
use crate::audit::Trail;
use crate::config::{Config, Domain, ProfileTemplate, TagSource};
use crate::error::{Code, Refusal};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::UserProfileStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const LIST: &str = "sagemaker:ListUserProfiles";
/// Profiles that are looked at at the same time.
const AT_ONCE: usize = 4;

/// What to do about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: tell it.
    Plan,
    /// Bring the profile in line.
    Apply,
}

/// How it stands with a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As the template says.
    InLine,
    /// Not as the template says; nothing was done.
    Differs,
    /// Was not, and is now.
    Changed,
    /// In a state, such as `Updating`, in which it cannot be changed.
    Busy(String),
    /// It has no owner tag: others made it, and it is left alone.
    NotOurs,
    /// It could not be looked at or changed.
    Failed(String),
}

/// One profile.
#[derive(Debug, Clone)]
pub struct Examined {
    /// `UserProfileName`.
    pub profile: String,
    /// What its owner tag says.
    pub owner: Option<String>,
    /// How it stands with it.
    pub outcome: Outcome,
    /// In what it differs, or differed.
    pub drift: Option<Drift>,
}

/// What came of it.
#[derive(Debug)]
pub struct Reconciled {
    /// The profiles, in the order of their names.
    pub profiles: Vec<Examined>,
    /// Paths of settings and keys of tags that were not compared, since they depend on who signs in.
    pub left_to_sign_ins: BTreeSet<String>,
}

/// Goes through all profiles of a domain. `done` is told how many of how many are through.
///
/// # Errors
/// When the profiles cannot be listed. Faults with one profile are its outcome.
pub async fn reconcile(
    clients: &AwsClients,
    config: &Config,
    domain: &Domain,
    mode: Mode,
    mut done: impl FnMut(usize, usize),
) -> Result<Reconciled, Refusal> {
    let work = Arc::new(Work::new(clients, config, domain, mode)?);
    let names = work.names().await?;
    let total = names.len();
    done(0, total);
    let (mut waiting, mut running) = (names.into_iter(), JoinSet::new());
    let mut examined = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(name) = waiting.next()
        {
            let work = Arc::clone(&work);
            running.spawn(Trail::carry(Trail::current(), async move { work.examine(name).await }));
        }
        let Some(one) = running.join_next().await else {
            break;
        };
        examined.push(one.map_err(|fault| Refusal::new(Code::GatewayFault, fault.to_string()))?);
        done(examined.len(), total);
    }
    examined.sort_by(|one, other| one.profile.cmp(&other.profile));
    Ok(Reconciled { profiles: examined, left_to_sign_ins: work.left_to_sign_ins() })
}

/// The templates that rules make of a domain's; its own, where no rule leads there.
pub(crate) fn templates(config: &Config, domain: &Domain) -> Vec<Arc<ProfileTemplate>> {
    let allowed = config.rules.iter().flat_map(|rule| &rule.allow);
    let here =
        allowed.filter(|allowed| allowed.destination.domain().is_some_and(|one| one.key == domain.key));
    let found: Vec<_> = here.filter_map(|allowed| allowed.template.clone()).collect();
    if found.is_empty() { vec![Arc::clone(&domain.profile)] } else { found }
}

struct Work {
    client: Client,
    mode: Mode,
    domain_id: String,
    owner_tag: String,
    /// Never empty.
    templates: Vec<Arc<ProfileTemplate>>,
    ready: Duration,
    poll: Duration,
}

impl Work {
    fn new(clients: &AwsClients, config: &Config, domain: &Domain, mode: Mode) -> Result<Self, Refusal> {
        let client = clients
            .sagemaker(domain)
            .ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the region"))?;
        Ok(Self {
            client: patient(client),
            mode,
            domain_id: domain.id.clone(),
            owner_tag: domain.owner_tag.clone(),
            templates: templates(config, domain),
            ready: domain.ready,
            poll: domain.poll,
        })
    }

    /// What all templates say alike.
    fn wanted(&self, arn_prefix: &str) -> Wanted {
        let mut each = self.templates.iter().map(|template| of_everyone(template, arn_prefix));
        let first = each.next().unwrap_or_default();
        each.fold(first, |common, one| common.common(&one))
    }

    fn left_to_sign_ins(&self) -> BTreeSet<String> {
        let wanted = self.wanted("");
        let mut left = BTreeSet::new();
        for template in &self.templates {
            left.extend(of_everyone(template, "").beside(&wanted));
            let from_attributes =
                template.tags.iter().filter(|(_, source)| matches!(source, TagSource::Attribute { .. }));
            left.extend(from_attributes.map(|(key, _)| format!("tag {key}")));
        }
        left
    }

    async fn names(&self) -> Result<Vec<String>, Refusal> {
        let list = self.client.list_user_profiles().domain_id_equals(&self.domain_id).max_results(100);
        let mut profiles = list.into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(profile) = profiles.next().await {
            let profile = profile.map_err(|error| AwsFault::of(LIST, &error))?;
            names.extend(profile.user_profile_name().map(str::to_owned));
        }
        Ok(names)
    }

    async fn examine(&self, profile: String) -> Examined {
        let mut examined = Examined { profile, owner: None, outcome: Outcome::InLine, drift: None };
        examined.outcome = match self.settle(&mut examined).await {
            Ok(outcome) => outcome,
            Err(refusal) => Outcome::Failed(refusal.reason().to_owned()),
        };
        examined
    }

    async fn settle(&self, examined: &mut Examined) -> Result<Outcome, Refusal> {
        // Deleted since it was listed: nothing is left to do.
        let Some(found) = describe(&self.client, &self.domain_id, &examined.profile).await? else {
            return Ok(Outcome::InLine);
        };
        let tags = tags(&self.client, &found.arn).await?;
        examined.owner = tags.get(&self.owner_tag).cloned();
        if examined.owner.as_ref().is_none_or(String::is_empty) {
            return Ok(Outcome::NotOurs);
        }
        let Some(drift) = self.wanted(&arn_prefix(&found.arn)).drift(&found.settings, &tags) else {
            return Ok(Outcome::InLine);
        };
        examined.drift = Some(drift.clone());
        match found.status {
            UserProfileStatus::InService | UserProfileStatus::UpdateFailed => {}
            other => return Ok(Outcome::Busy(other.as_str().to_owned())),
        }
        if self.mode == Mode::Plan {
            return Ok(Outcome::Differs);
        }
        drift.mend(&self.client, &self.domain_id, &examined.profile, &found.arn).await?;
        self.until_updated(&examined.profile).await
    }

    /// Waits for the update, since it may fail; not for ever.
    async fn until_updated(&self, profile: &str) -> Result<Outcome, Refusal> {
        let deadline = Instant::now() + self.ready;
        loop {
            let Some(found) = describe(&self.client, &self.domain_id, profile).await? else {
                return Ok(Outcome::Changed);
            };
            match found.status {
                UserProfileStatus::UpdateFailed => {
                    let why = found.failure.as_deref().unwrap_or("no reason given");
                    return Ok(Outcome::Failed(format!("Update_Failed: {why}")));
                }
                UserProfileStatus::Updating if Instant::now() < deadline => sleep(self.poll).await,
                _ => return Ok(Outcome::Changed),
            }
        }
    }
}

/// A template without what depends on a person's attributes.
fn of_everyone(template: &ProfileTemplate, arn_prefix: &str) -> Wanted {
    let mut fixed = BTreeMap::new();
    for (key, source) in &template.tags {
        if let TagSource::Fixed(value) = source {
            fixed.insert(key.clone(), Some(value.clone()));
        }
    }
    Wanted::new(template, fixed, arn_prefix)
}
