//! Lifecycle configs of a manifest: made where they are missing, and known from then on by the ARN that they have here.

use super::super::fault::{AwsFault, Kind};
use super::super::lifecycle::{Found, app_type, find};
use super::super::reconcile::Mode;
use super::{Item, ItemOutcome};
use crate::backup::{LifecycleConfig, Manifest, Tags};
use crate::config;
use crate::error::Refusal;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::Tag;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const CREATE: &str = "sagemaker:CreateStudioLifecycleConfig";

/// The lifecycle configs that settings of the manifest name, by the ARN that they name.
#[derive(Debug)]
pub(super) struct Lifecycle {
    /// The ARN here, or the name of a config that cannot be used.
    by_arn: BTreeMap<String, Result<String, String>>,
}

impl Lifecycle {
    /// What this text, if it is the ARN of a config, is here.
    pub(super) fn here(&self, text: &str) -> Option<String> {
        self.by_arn.get(text)?.as_ref().ok().cloned()
    }

    /// Name of a config that settings refer to and that cannot be used.
    pub(super) fn unusable_in(&self, settings: &Map<String, Value>) -> Option<&str> {
        settings.values().find_map(|value| self.unusable(value))
    }

    fn unusable(&self, value: &Value) -> Option<&str> {
        match value {
            Value::String(text) => self.by_arn.get(text)?.as_ref().err().map(String::as_str),
            Value::Array(items) => items.iter().find_map(|item| self.unusable(item)),
            Value::Object(members) => self.unusable_in(members),
            _ => None,
        }
    }
}

/// Looks at all configs of the manifest, one after the other, and makes those that are missing if it is wanted.
pub(super) async fn settle(
    client: &Client,
    manifest: &Manifest,
    arn_prefix: &str,
    mode: Mode,
    step: &mut impl FnMut(),
) -> (Lifecycle, Vec<Item>) {
    let (mut by_arn, mut items) = (BTreeMap::new(), Vec::new());
    for config in &manifest.lifecycle_configs {
        // The one that it will have, as long as it has none.
        let expected = format!("{arn_prefix}:studio-lifecycle-config/{}", config.name);
        let (outcome, arn) = match look(client, config, mode).await {
            Ok((outcome, arn)) => (outcome, arn.unwrap_or(expected)),
            Err(refusal) => (ItemOutcome::Failed(refusal.reason().to_owned()), expected),
        };
        let usable = matches!(outcome, ItemOutcome::Present | ItemOutcome::Missing | ItemOutcome::Created);
        by_arn.insert(config.arn.clone(), if usable { Ok(arn) } else { Err(config.name.to_string()) });
        items.push(Item { kind: "lifecycle config", name: config.name.to_string(), outcome });
        step();
    }
    (Lifecycle { by_arn }, items)
}

async fn look(
    client: &Client,
    config: &LifecycleConfig,
    mode: Mode,
) -> Result<(ItemOutcome, Option<String>), Refusal> {
    let wanted = config::LifecycleConfig {
        app: config.app,
        name: config.name.to_string(),
        content: config.content.clone(),
        default: false,
    };
    let found = |found| match found {
        Found::Same(arn) => Some((ItemOutcome::Present, Some(arn))),
        Found::Other => {
            Some((ItemOutcome::Conflict("another script, or one for another app, has its name".into()), None))
        }
        Found::Missing => None,
    };
    if let Some(there) = found(find(client, &wanted).await?) {
        return Ok(there);
    }
    if mode == Mode::Plan {
        return Ok((ItemOutcome::Missing, None));
    }
    let created = client
        .create_studio_lifecycle_config()
        .studio_lifecycle_config_name(&wanted.name)
        .studio_lifecycle_config_app_type(app_type(wanted.app))
        .studio_lifecycle_config_content(&wanted.content)
        .set_tags(sdk_tags(&config.tags))
        .send()
        .await;
    match created.map_err(|error| AwsFault::of(CREATE, &error)) {
        Ok(output) => Ok((ItemOutcome::Created, output.studio_lifecycle_config_arn().map(str::to_owned))),
        // By somebody else in this moment, or by us, and the answer got lost.
        Err(AwsFault { kind: Kind::InUse, .. }) => {
            let unseen = || (ItemOutcome::Failed("it cannot be seen yet".into()), None);
            Ok(found(find(client, &wanted).await?).unwrap_or_else(unseen))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// The tags that can be set; `None` for none.
pub(super) fn sdk_tags(tags: &Tags) -> Option<Vec<Tag>> {
    let tags: Vec<_> =
        tags.settable().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    (!tags.is_empty()).then_some(tags)
}
