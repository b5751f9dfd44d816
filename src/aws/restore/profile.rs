//! User profiles of a manifest: made where they are missing, and otherwise held against it. Whose a profile is decides its
//! owner tag: it has to be there with the manifest's value, or be absent in both.

use super::super::fault::{AwsFault, Kind};
use super::super::profile::{Described, describe, tags};
use super::super::reconcile::Mode;
use super::lifecycle::sdk_tags;
use super::{ItemOutcome, Settled, Work, differences};
use crate::backup::{EfsUid, Folder, FolderKind, Profile, Tags};
use crate::error::Refusal;
use crate::settings::Settings;
use aws_sdk_sagemaker::types::{UserProfileStatus, UserSettings};

const CREATE: &str = "sagemaker:CreateUserProfile";

impl Work {
    /// Looks at a profile, and makes it if it is missing and that is wanted.
    pub(super) async fn profile(&self, wanted: &Profile) -> Settled {
        match Box::pin(self.settle_profile(wanted)).await {
            Ok(settled) => settled,
            Err(refusal) => refusal.into(),
        }
    }

    async fn settle_profile(&self, wanted: &Profile) -> Result<Settled, Refusal> {
        let settings = match self.settings_here(&wanted.settings) {
            Ok(settings) => settings,
            Err(reason) => return Ok(Settled::without_folder(ItemOutcome::Blocked(reason))),
        };
        let name = wanted.name.as_str();
        let look = || describe(&self.client, &self.domain_id, name);
        let mut made = false;
        let mut found = if self.profiles.contains(&wanted.name.key()) { look().await? } else { None };
        if found.is_none() {
            if self.mode == Mode::Plan {
                return Ok(Settled::without_folder(ItemOutcome::Missing));
            }
            made = self.create_profile(wanted, &settings).await?;
            found = look().await?;
        }
        let is_pending = |found: &Described| found.status == UserProfileStatus::Pending;
        let Some(found) = self.at_rest(found, look, is_pending).await? else {
            return Ok(failed("it cannot be seen yet"));
        };
        match &found.status {
            UserProfileStatus::InService | UserProfileStatus::Updating | UserProfileStatus::UpdateFailed => {}
            other => {
                let why = found.failure.as_deref().unwrap_or("no reason given");
                return Ok(failed(&format!("{}: {why}", other.as_str())));
            }
        }
        let there = Tags::of(tags(&self.client, &found.arn).await?);
        let (is, has_to_be) = (there.get(&self.owner_tag), wanted.tags.get(&self.owner_tag));
        if is != has_to_be {
            let say = |owner: Option<&str>| owner.map_or("nobody".to_owned(), |owner| format!("{owner:?}"));
            let reason = format!("its owner is {}, not {}", say(is), say(has_to_be));
            return Ok(Settled::without_folder(ItemOutcome::Conflict(reason)));
        }
        let mut differing: Vec<_> = differences(&settings, &found.settings).into_iter().collect();
        differing.extend(wanted.tags.differences(&there).into_iter().map(|key| format!("tag {key}")));
        let outcome = match (made, differing.is_empty()) {
            (_, false) => ItemOutcome::Differs(differing),
            (true, true) => ItemOutcome::Created,
            (false, true) => ItemOutcome::Present,
        };
        let uids = wanted.efs_uid.zip(found.efs_uid.as_deref().and_then(EfsUid::parse));
        let folder =
            uids.map(|(from, to)| Folder { kind: FolderKind::Profile, name: wanted.name.clone(), from, to });
        Ok(Settled { outcome, folder })
    }

    /// Calls `CreateUserProfile`; `false` if somebody else has done so by now.
    async fn create_profile(
        &self,
        wanted: &Profile,
        settings: &Settings<UserSettings>,
    ) -> Result<bool, Refusal> {
        let created = self
            .client
            .create_user_profile()
            .domain_id(&self.domain_id)
            .user_profile_name(wanted.name.as_str())
            .set_user_settings(settings.to_sdk().filter(|_| !settings.is_empty()))
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

pub(super) fn failed(reason: &str) -> Settled {
    Settled::without_folder(ItemOutcome::Failed(reason.to_owned()))
}
