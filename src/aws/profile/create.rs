//! Creating a profile from its template.

use super::super::execution_role::ExecutionRole;
use super::super::fault::{AwsFault, Kind};
use super::super::lifecycle;
use crate::config::ProfileTemplate;
use crate::error::Refusal;
use crate::policy::Grant;
use crate::settings::Settings;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{Tag, UserSettings};
use serde_json::{Map, json};
use std::collections::BTreeMap;

const CREATE: &str = "sagemaker:CreateUserProfile";

/// Whose work a profile is that exists after we asked for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// Ours, just now, and so with the tags that we gave it.
    Us,
    /// Another sign-in's, or somebody else's altogether. An answer of AWS that got lost looks like this too.
    Others,
}

/// Calls `CreateUserProfile`. `None`: SageMaker cannot take the execution role yet, which was made a moment ago.
pub(super) async fn create(
    client: &Client,
    grant: &Grant<'_>,
    role: Option<&ExecutionRole>,
) -> Result<Option<Maker>, Refusal> {
    let domain = grant.domain();
    let settings = user_settings(client, grant.template(), role).await?;
    let tags = grant.tags().iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let created = client
        .create_user_profile()
        .domain_id(&domain.id)
        .user_profile_name(grant.profile().as_str())
        .set_tags(Some(tags))
        .set_user_settings(settings)
        .send()
        .await;
    match created {
        Ok(_) => Ok(Some(Maker::Us)),
        Err(error) => match AwsFault::of(CREATE, &error) {
            AwsFault { kind: Kind::InUse, .. } => Ok(Some(Maker::Others)),
            AwsFault { kind: Kind::Invalid, .. } if role.is_some_and(ExecutionRole::is_new) => Ok(None),
            fault => Err(fault.into()),
        },
    }
}

/// `UserSettings` of a new profile. Lifecycle configs are made first, since the settings refer to them.
async fn user_settings(
    client: &Client,
    template: &ProfileTemplate,
    role: Option<&ExecutionRole>,
) -> Result<Option<UserSettings>, Refusal> {
    let mut arns = BTreeMap::new();
    for config in &template.lifecycle {
        arns.insert(config.name.as_str(), lifecycle::ensure(client, config).await?);
    }
    let settings =
        template.settings_with(|config| arns.get(config.name.as_str()).cloned().unwrap_or_default());
    Ok(with_role(settings, role).to_sdk())
}

/// With the person's own role, where each person has one.
pub(in crate::aws) fn with_role(
    settings: Settings<UserSettings>,
    role: Option<&ExecutionRole>,
) -> Settings<UserSettings> {
    match role {
        Some(role) => {
            let own = Map::from_iter([("ExecutionRole".to_owned(), json!(role.arn()))]);
            Settings::from_template(own).over(&settings)
        }
        None => settings,
    }
}
