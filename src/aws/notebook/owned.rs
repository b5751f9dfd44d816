//! Whose the notebook instances of an account are. `ListNotebookInstances` tells no tags, so that each instance is asked for
//! its own; the answers are kept for a minute, for everybody. They only say what to look at: an instance's owner is compared
//! anew whenever it is opened.

use super::tags_of;
use crate::aws::fault::AwsFault;
use crate::aws::profile::Tags;
use crate::config::{NotebookPlace, Which};
use crate::error::{Code, Refusal};
use crate::policy::NotebookGrant;
use aws_sdk_sagemaker::Client;
use moka::sync::Cache;
use std::time::Duration;
use tokio::task::JoinSet;

const LIST: &str = "sagemaker:ListNotebookInstances";
const REMEMBERED: Duration = Duration::from_mins(1);
/// Most instances remembered, some 300 bytes each.
const MOST_REMEMBERED: u64 = 20_000;
/// Most calls of `ListTags` at the same time.
const AT_ONCE: usize = 8;
/// Most instances that are looked at for one destination: more is for `name_contains`, or for names.
const MOST: usize = 1_000;

/// Tags of instances, by ARN.
#[derive(Debug)]
pub(super) struct Owners(Cache<String, Tags>);

impl Default for Owners {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build())
    }
}

impl Owners {
    /// Names of the instances whose owner tag is the person.
    pub(super) async fn names_of(
        &self,
        client: &Client,
        grant: &NotebookGrant<'_>,
    ) -> Result<Vec<String>, Refusal> {
        let place = grant.place();
        let Some(tag) = &place.owner_tag else {
            return Ok(Vec::new());
        };
        let listed = list(client, place).await?;
        let mut waiting = listed.iter().filter(|(_, arn)| !self.0.contains_key(arn)).map(|(_, arn)| arn);
        let mut running = JoinSet::new();
        loop {
            while running.len() < AT_ONCE
                && let Some(arn) = waiting.next()
            {
                let (client, arn) = (client.clone(), arn.clone());
                running.spawn(async move {
                    let tags = tags_of(&client, &arn).await;
                    (arn, tags)
                });
            }
            let Some(read) = running.join_next().await else { break };
            let (arn, tags) = read.map_err(|fault| Refusal::new(Code::GatewayFault, fault.to_string()))?;
            // None: gone since it was listed.
            self.0.insert(arn, tags?.unwrap_or_default());
        }
        let is_theirs = |arn: &String| {
            self.0.get(arn).is_some_and(|tags| tags.get(tag).is_some_and(|owner| owner == grant.owner()))
        };
        Ok(listed.into_iter().filter(|(_, arn)| is_theirs(arn)).map(|(name, _)| name).collect())
    }
}

/// Name and ARN of each instance that may be meant, whatever its status.
async fn list(client: &Client, place: &NotebookPlace) -> Result<Vec<(String, String)>, Refusal> {
    let part = match &place.which {
        Which::Owned { name_contains } => name_contains.clone(),
        Which::Named { .. } | Which::Listed(_) => None,
    };
    let mut pages =
        client.list_notebook_instances().set_name_contains(part).max_results(100).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsFault::of(LIST, &error))?;
        found.extend(page.notebook_instances().iter().filter_map(|one| {
            Some((one.notebook_instance_name()?.to_owned(), one.notebook_instance_arn()?.to_owned()))
        }));
        if found.len() > MOST {
            let reason =
                format!("{LIST}: more than {MOST} instances; name_contains or names would need fewer");
            return Err(Refusal::new(Code::AwsLimit, reason));
        }
    }
    Ok(found)
}
