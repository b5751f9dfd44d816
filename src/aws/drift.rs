//! How an existing profile differs from what the configuration says, and the calls that bring it in line.
//!
//! Only settings and tags that the configuration names are compared. Everything else belongs to others, and so does the
//! owner tag: none of it is ever changed.

use super::execution_role::ExecutionRole;
use super::fault::AwsFault;
use super::lifecycle;
use super::profile::with_role;
use crate::config::{LifecycleConfig, ProfileTemplate};
use crate::error::Refusal;
use crate::settings::Settings;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{Tag, UserSettings};
use std::collections::BTreeMap;

const ADD_TAGS: &str = "sagemaker:AddTags";
const DELETE_TAGS: &str = "sagemaker:DeleteTags";
const UPDATE: &str = "sagemaker:UpdateUserProfile";

/// What a profile should be like.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    settings: Settings<UserSettings>,
    lifecycle: Vec<LifecycleConfig>,
    /// Our tag keys; without a value where the profile should have no such tag.
    tags: BTreeMap<String, Option<String>>,
}

impl Wanted {
    /// `arn_prefix` is `arn:PARTITION:sagemaker:REGION:ACCOUNT`. Lifecycle configs need not exist yet: their ARNs
    /// follow from their names.
    pub(super) fn new(
        template: &ProfileTemplate,
        tags: BTreeMap<String, Option<String>>,
        arn_prefix: &str,
    ) -> Self {
        let settings =
            template.settings_with(|config| format!("{arn_prefix}:studio-lifecycle-config/{}", config.name));
        Self { settings, lifecycle: template.lifecycle.clone(), tags }
    }

    /// With the person's own execution role, where each person has one.
    pub(super) fn with_role(self, role: Option<&ExecutionRole>) -> Self {
        Self { settings: with_role(self.settings, role), ..self }
    }

    /// What this and another say alike.
    pub(super) fn common(mut self, other: &Self) -> Self {
        self.settings = self.settings.common(&other.settings);
        self.lifecycle.retain(|config| other.lifecycle.contains(config));
        self.tags.retain(|key, value| other.tags.get(key) == Some(value));
        self
    }

    /// Paths of settings and keys of tags that `other` does not say alike.
    pub(super) fn beside(&self, other: &Self) -> impl Iterator<Item = String> {
        let tags = self.tags.keys().filter(|key| !other.tags.contains_key(*key));
        let tags: Vec<_> = tags.map(|key| format!("tag {key}")).collect();
        self.settings.differences(&other.settings).into_iter().chain(tags)
    }

    /// How a profile differs; `None` if it does not.
    pub(super) fn drift(
        &self,
        settings: &Settings<UserSettings>,
        tags: &BTreeMap<String, String>,
    ) -> Option<Drift> {
        let (mut set, mut remove) = (BTreeMap::new(), Vec::new());
        for (key, value) in &self.tags {
            match (value, tags.get(key)) {
                (Some(value), there) if there != Some(value) => {
                    set.insert(key.clone(), value.clone());
                }
                (None, Some(_)) => remove.push(key.clone()),
                _ => {}
            }
        }
        let paths = self.settings.differences(settings);
        if paths.is_empty() && set.is_empty() && remove.is_empty() {
            return None;
        }
        let update = self.settings.update_of(settings);
        Some(Drift { paths, set, remove, update, lifecycle: self.lifecycle.clone() })
    }
}

/// A difference between a profile and what it should be like.
#[derive(Debug, Clone)]
pub struct Drift {
    paths: Vec<String>,
    set: BTreeMap<String, String>,
    remove: Vec<String>,
    update: Settings<UserSettings>,
    lifecycle: Vec<LifecycleConfig>,
}

impl Drift {
    /// Paths of the settings that differ, such as `JupyterLabAppSettings.CustomImages`. Values are not told.
    #[must_use]
    pub fn settings(&self) -> &[String] {
        &self.paths
    }

    /// Keys of the tags that are missing or have another value.
    pub fn tags_to_set(&self) -> impl Iterator<Item = &str> {
        self.set.keys().map(String::as_str)
    }

    /// Keys of the tags that should not be there.
    #[must_use]
    pub fn tags_to_remove(&self) -> &[String] {
        &self.remove
    }

    /// Brings the profile in line. Done twice it does the same, and what was done before a fault stays done.
    ///
    /// The update comes last: while AWS carries it out, the profile takes no other change.
    pub(super) async fn mend(
        &self,
        client: &Client,
        domain_id: &str,
        profile: &str,
        arn: &str,
    ) -> Result<(), Refusal> {
        if !self.set.is_empty() {
            let tags = self.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
            let added = client.add_tags().resource_arn(arn).set_tags(Some(tags.collect())).send().await;
            added.map_err(|error| AwsFault::of(ADD_TAGS, &error))?;
        }
        if !self.remove.is_empty() {
            let keys = Some(self.remove.clone());
            let removed = client.delete_tags().resource_arn(arn).set_tag_keys(keys).send().await;
            removed.map_err(|error| AwsFault::of(DELETE_TAGS, &error))?;
        }
        if self.update.is_empty() {
            return Ok(());
        }
        for config in &self.lifecycle {
            lifecycle::ensure(client, config).await?;
        }
        let updated = client
            .update_user_profile()
            .domain_id(domain_id)
            .user_profile_name(profile)
            .set_user_settings(self.update.to_sdk())
            .send()
            .await;
        updated.map(|_| ()).map_err(|error| AwsFault::of(UPDATE, &error).into())
    }
}
