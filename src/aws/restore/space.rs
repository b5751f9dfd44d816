//! Spaces of a manifest: made where they are missing, once their owners have their profiles, and otherwise held against it.

use super::super::fault::{AwsFault, Kind};
use super::super::profile::tags;
use super::super::reconcile::Mode;
use super::lifecycle::sdk_tags;
use super::profile::failed;
use super::{ItemOutcome, Settled, Work, differences};
use crate::backup::{EfsUid, Folder, FolderKind, Space, Tags};
use crate::error::Refusal;
use crate::settings::Settings;
use aws_sdk_sagemaker::operation::describe_space::DescribeSpaceOutput;
use aws_sdk_sagemaker::types::{OwnershipSettings, SpaceSettings, SpaceSharingSettings, SpaceStatus};
use std::collections::HashSet;

const DESCRIBE: &str = "sagemaker:DescribeSpace";
const CREATE: &str = "sagemaker:CreateSpace";

impl Work {
    /// Looks at a space, and makes it if it is missing and that is wanted. `owners` are the profiles of the manifest that are
    /// theirs here: nothing is made for anybody else, and nothing of theirs is mapped.
    pub(super) async fn space(&self, wanted: &Space, owners: &HashSet<String>) -> Settled {
        if let Some((owner, _)) = wanted.owned.as_ref().filter(|(owner, _)| !owners.contains(&owner.key())) {
            let reason = format!("profile {owner} is not known to be its owner's");
            return Settled::without_folder(ItemOutcome::Blocked(reason));
        }
        match Box::pin(self.settle_space(wanted)).await {
            Ok(settled) => settled,
            Err(refusal) => refusal.into(),
        }
    }

    async fn settle_space(&self, wanted: &Space) -> Result<Settled, Refusal> {
        let settings = match self.settings_here(&wanted.settings) {
            Ok(settings) => settings,
            Err(reason) => return Ok(Settled::without_folder(ItemOutcome::Blocked(reason))),
        };
        let look = || self.describe_space(wanted);
        let mut made = false;
        let mut found = if self.spaces.contains(&wanted.name.key()) { look().await? } else { None };
        if found.is_none() {
            if self.mode == Mode::Plan {
                return Ok(Settled::without_folder(ItemOutcome::Missing));
            }
            made = self.create_space(wanted, &settings).await?;
            found = look().await?;
        }
        let is_pending = |found: &DescribeSpaceOutput| found.status() == Some(&SpaceStatus::Pending);
        let Some(found) = self.at_rest(found, look, is_pending).await? else {
            return Ok(failed("it cannot be seen yet"));
        };
        match found.status() {
            Some(SpaceStatus::InService | SpaceStatus::Updating | SpaceStatus::UpdateFailed) => {}
            other => {
                let status = other.map_or("without a status", SpaceStatus::as_str);
                let why = found.failure_reason().unwrap_or("no reason given");
                return Ok(failed(&format!("{status}: {why}")));
            }
        }
        self.compare_space(wanted, &settings, &found, made).await
    }

    async fn compare_space(
        &self,
        wanted: &Space,
        settings: &Settings<SpaceSettings>,
        found: &DescribeSpaceOutput,
        made: bool,
    ) -> Result<Settled, Refusal> {
        let owner = found.ownership_settings().and_then(|one| one.owner_user_profile_name());
        let sharing = found.space_sharing_settings().and_then(|one| one.sharing_type());
        let same = match &wanted.owned {
            // Names of profiles do not mind case.
            Some((name, kind)) => {
                owner.is_some_and(|owner| owner.eq_ignore_ascii_case(name.as_str())) && sharing == Some(kind)
            }
            None => owner.is_none() && sharing.is_none(),
        };
        if !same {
            let sharing = sharing.map_or("of Studio Classic", |kind| kind.as_str());
            let reason = format!("it is {sharing}, and its owner is {}", owner.unwrap_or("nobody"));
            return Ok(Settled::without_folder(ItemOutcome::Conflict(reason)));
        }
        let actual = found.space_settings().map(Settings::of).unwrap_or_default();
        let mut differing: Vec<_> = differences(settings, &actual).into_iter().collect();
        if found.space_display_name() != wanted.display_name.as_deref() {
            differing.push("SpaceDisplayName".to_owned());
        }
        if let Some(arn) = found.space_arn() {
            let there = Tags::of(tags(&self.client, arn).await?);
            differing.extend(wanted.tags.differences(&there).into_iter().map(|key| format!("tag {key}")));
        }
        let outcome = match (made, differing.is_empty()) {
            (_, false) => ItemOutcome::Differs(differing),
            (true, true) => ItemOutcome::Created,
            (false, true) => ItemOutcome::Present,
        };
        let uids = wanted.efs_uid.zip(found.home_efs_file_system_uid().and_then(EfsUid::parse));
        let folder =
            uids.map(|(from, to)| Folder { kind: FolderKind::Space, name: wanted.name.clone(), from, to });
        Ok(Settled { outcome, folder })
    }

    async fn describe_space(&self, wanted: &Space) -> Result<Option<DescribeSpaceOutput>, Refusal> {
        let described = self
            .client
            .describe_space()
            .domain_id(&self.domain_id)
            .space_name(wanted.name.as_str())
            .send()
            .await;
        match described.map_err(|error| AwsFault::of(DESCRIBE, &error)) {
            Ok(output) => Ok(Some(output)),
            Err(AwsFault { kind: Kind::NotFound, .. }) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Calls `CreateSpace`; `false` if somebody else has done so by now.
    async fn create_space(
        &self,
        wanted: &Space,
        settings: &Settings<SpaceSettings>,
    ) -> Result<bool, Refusal> {
        let owner = wanted
            .owned
            .as_ref()
            .map(|(owner, _)| OwnershipSettings::builder().owner_user_profile_name(owner.as_str()).build());
        let sharing = wanted
            .owned
            .as_ref()
            .map(|(_, kind)| SpaceSharingSettings::builder().sharing_type(kind.clone()).build());
        let created = self
            .client
            .create_space()
            .domain_id(&self.domain_id)
            .space_name(wanted.name.as_str())
            .set_space_display_name(wanted.display_name.clone())
            .set_ownership_settings(owner)
            .set_space_sharing_settings(sharing)
            .set_space_settings(settings.to_sdk().filter(|_| !settings.is_empty()))
            .set_tags(sdk_tags(&wanted.tags))
            .send()
            .await;
        match created.map_err(|error| AwsFault::of(CREATE, &error)) {
            Ok(_) => Ok(true),
            Err(AwsFault { kind: Kind::InUse, .. }) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }
}
