//! All lifecycle configs of a configuration, held against what AWS has in each account and region and, if asked for, created.
//!
//! What others made is not looked at, and nothing is ever deleted.

use super::super::clients::{AwsClients, patient};
use super::super::reconcile::{Mode, templates};
use super::{Found, create, find};
use crate::config::{Config, Domain, LifecycleConfig};
use crate::error::{Code, Refusal};
use aws_sdk_sagemaker::Client;
use std::collections::BTreeMap;

/// How it stands with a lifecycle config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncOutcome {
    /// It is there.
    Present,
    /// It is not; nothing was done.
    Missing,
    /// It was not, and is now.
    Created,
    /// Another script, or one for another app, has its name: it is left alone.
    Conflict,
    /// It could not be looked at or created.
    Failed(String),
}

/// One lifecycle config in one account and region.
#[derive(Debug)]
pub struct Synced {
    /// Account number.
    pub account: String,
    /// Region.
    pub region: String,
    /// `StudioLifecycleConfigName`.
    pub name: String,
    /// `StudioLifecycleConfigAppType`.
    pub app: &'static str,
    /// How it stands with it.
    pub outcome: SyncOutcome,
}

/// Goes through the lifecycle configs of these domains, those that rules lay over their profiles included: account by
/// account, region by region, name by name.
///
/// # Errors
/// When a domain has no client. Faults with one config are its outcome.
pub async fn sync(
    clients: &AwsClients,
    config: &Config,
    domains: &[&Domain],
    mode: Mode,
) -> Result<Vec<Synced>, Refusal> {
    let mut wanted: BTreeMap<(&str, &str, String), (Client, LifecycleConfig)> = BTreeMap::new();
    for domain in domains {
        let client = clients
            .sagemaker(domain)
            .ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the region"))?;
        let account = domain.roles.first().map_or("", |role| role.account());
        for template in templates(config, domain) {
            for script in &template.lifecycle {
                // Several domains of an account and region share what is there.
                wanted
                    .entry((account, &domain.region, script.name.clone()))
                    .or_insert_with(|| (patient(client), script.clone()));
            }
        }
    }
    let mut synced = Vec::new();
    for ((account, region, name), (client, script)) in wanted {
        let outcome = settle(&client, &script, mode).await;
        synced.push(Synced {
            account: account.to_owned(),
            region: region.to_owned(),
            name,
            app: script.app.name(),
            outcome: outcome.unwrap_or_else(|refusal| SyncOutcome::Failed(refusal.reason().to_owned())),
        });
    }
    Ok(synced)
}

async fn settle(client: &Client, script: &LifecycleConfig, mode: Mode) -> Result<SyncOutcome, Refusal> {
    match find(client, script).await? {
        Found::Same(_) => return Ok(SyncOutcome::Present),
        Found::Other => return Ok(SyncOutcome::Conflict),
        Found::Missing if mode == Mode::Plan => return Ok(SyncOutcome::Missing),
        Found::Missing => {}
    }
    if create(client, script).await?.is_some() {
        return Ok(SyncOutcome::Created);
    }
    // Made by a sign-in, or by somebody else, in this moment.
    Ok(match find(client, script).await? {
        Found::Same(_) => SyncOutcome::Present,
        Found::Other => SyncOutcome::Conflict,
        Found::Missing => SyncOutcome::Failed("it cannot be seen yet".to_owned()),
    })
}
