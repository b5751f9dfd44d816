//! Looking a profile up: its state, its settings and its tags. Nothing is changed.

use super::super::fault::{AwsFault, Kind};
use crate::error::{Code, Refusal};
use crate::settings::Settings;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{UserProfileStatus, UserSettings};
use std::collections::BTreeMap;

const DESCRIBE: &str = "sagemaker:DescribeUserProfile";
const LIST_TAGS: &str = "sagemaker:ListTags";

/// Tags of a profile.
pub(in crate::aws) type Tags = BTreeMap<String, String>;

/// What `DescribeUserProfile` says.
#[derive(Debug)]
pub(in crate::aws) struct Described {
    pub(in crate::aws) arn: String,
    pub(in crate::aws) status: UserProfileStatus,
    /// `FailureReason`.
    pub(in crate::aws) failure: Option<String>,
    pub(in crate::aws) settings: Settings<UserSettings>,
    /// `HomeEfsFileSystemUid`.
    pub(in crate::aws) efs_uid: Option<String>,
}

/// A profile as it is now; `None` if there is none, or none to be seen yet.
pub(in crate::aws) async fn describe(
    client: &Client,
    domain_id: &str,
    name: &str,
) -> Result<Option<Described>, Refusal> {
    let described = client.describe_user_profile().domain_id(domain_id).user_profile_name(name).send().await;
    let output = match described {
        Ok(output) => output,
        Err(error) => {
            return match AwsFault::of(DESCRIBE, &error) {
                AwsFault { kind: Kind::NotFound, .. } => Ok(None),
                fault => Err(fault.into()),
            };
        }
    };
    let without = |what| Refusal::new(Code::AwsUnavailable, format!("{DESCRIBE}: an answer without {what}"));
    Ok(Some(Described {
        arn: output.user_profile_arn().ok_or_else(|| without("an ARN"))?.to_owned(),
        status: output.status().cloned().ok_or_else(|| without("a status"))?,
        failure: output.failure_reason().map(str::to_owned),
        settings: output.user_settings().map(Settings::of).unwrap_or_default(),
        efs_uid: output.home_efs_file_system_uid().map(str::to_owned),
    }))
}

/// All tags of a profile.
pub(in crate::aws) async fn tags(client: &Client, arn: &str) -> Result<Tags, AwsFault> {
    let mut pages = client.list_tags().resource_arn(arn).into_paginator().items().send();
    let mut tags = Tags::new();
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

/// A profile with its tags, looked for at the same time. Without tags: they cannot be seen, since it was made or deleted
/// only just now.
pub(super) async fn find(
    client: &Client,
    domain_id: &str,
    name: &str,
    arn: &str,
    owner_tag: &str,
) -> Result<Option<(Described, Option<Tags>)>, Refusal> {
    let (described, listed) = tokio::join!(describe(client, domain_id, name), tags(client, arn));
    let Some(described) = described? else {
        return Ok(None);
    };
    // Two looks are not one: where the tags were looked for before somebody else's sign-in made the profile, they have to
    // be looked for again. A profile is made with its tags.
    let listed = match listed {
        Ok(tags) if tags.contains_key(owner_tag) => Ok(tags),
        Ok(_) | Err(AwsFault { kind: Kind::NotFound | Kind::Invalid, .. }) => tags(client, arn).await,
        Err(fault) => Err(fault),
    };
    match listed {
        Ok(tags) => Ok(Some((described, Some(tags)))),
        Err(AwsFault { kind: Kind::NotFound | Kind::Invalid, .. }) => Ok(Some((described, None))),
        Err(fault) => Err(fault.into()),
    }
}
