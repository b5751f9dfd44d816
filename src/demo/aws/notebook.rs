//! Notebook instances as they are now.

use super::state::Transition;
use super::world::World;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// The key of an instance: account, region, and name in lower case, as in its ARN.
pub(super) type NotebookKey = (String, String, String);

/// A notebook instance.
#[derive(Clone, Debug)]
pub(super) struct StoredNotebook {
    pub(super) view: NotebookView,
    /// When set, the status is about to change.
    pub(super) transition: Option<Transition>,
}

/// A notebook instance as a test or the page of one sees it.
#[derive(Clone, Debug, Serialize)]
pub struct NotebookView {
    /// `NotebookInstanceName`, as it was given.
    pub name: String,
    /// `NotebookInstanceArn`.
    pub arn: String,
    /// `Pending`, `InService`, `Stopping`, `Stopped`, `Failed`, `Deleting` or `Updating`.
    pub status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `CreationTime`.
    pub created: DateTime<Utc>,
}

/// The key of the instance with this name.
pub(super) fn notebook_key(account: &str, region: &str, name: &str) -> NotebookKey {
    (account.to_owned(), region.to_owned(), name.to_ascii_lowercase())
}

/// Those that exist from the start.
pub(super) fn seeded(world: &World, now: DateTime<Utc>) -> BTreeMap<NotebookKey, StoredNotebook> {
    let seeds = world.notebooks.iter().map(|seed| {
        let view = NotebookView {
            name: seed.name.clone(),
            arn: seed.arn(),
            status: if seed.status.is_empty() { "InService".to_owned() } else { seed.status.clone() },
            failure_reason: seed.failure_reason.clone(),
            tags: seed.tags.clone(),
            created: now,
        };
        let key = notebook_key(&seed.account, &seed.region, &seed.name);
        (key, StoredNotebook { view, transition: None })
    });
    seeds.collect()
}
