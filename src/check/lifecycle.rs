//! Lifecycle configs of the configuration.

use super::Finding;
use super::ground::Ground;
use crate::aws::{Mode, SyncOutcome, sync_lifecycle};
use std::sync::Arc;

/// `lifecycle-config`, once for each name in each account and region.
pub(super) async fn look(ground: Arc<Ground>) -> Vec<Finding> {
    let id = "lifecycle-config";
    let domains: Vec<_> = ground.config.domains.iter().map(|domain| &**domain).collect();
    let looked = Box::pin(sync_lifecycle(&ground.clients, &ground.config, &domains, Mode::Plan)).await;
    let synced = match looked {
        Ok(synced) => synced,
        Err(refusal) => return vec![Finding::unknown(id, "all domains", refusal.reason(), "try again")],
    };
    let found = synced.into_iter().map(|one| {
        let subject = format!("{}/{}/{}", one.account, one.region, one.name);
        match one.outcome {
            SyncOutcome::Present | SyncOutcome::Created => Finding::ok(id, subject, "there"),
            SyncOutcome::Missing => Finding::ok(id, subject, "made with the next profile that has it"),
            SyncOutcome::Conflict => {
                let says = "the name is taken by another script: no profile with it is made";
                Finding::error(id, subject, says, "delete what has the name, or rename the script")
            }
            SyncOutcome::Failed(reason) => {
                let fix = "allow it: studio-gateway policies --only gateway-policy";
                Finding::unknown(id, subject, reason, fix)
            }
        }
    });
    found.collect()
}
