//! Whether AWS, the identity providers and the ledger are as the configuration needs them, before anybody signs in.
//!
//! It only looks, but for one entry of its own in the replay ledger, which ends by itself. What it may not look at is
//! unknown, and not an error. The ids of findings are part of the public interface; `docs/check.md` has them all.

mod caller;
mod clock;
mod domain;
mod endpoint;
mod execution_role;
mod finding;
mod ground;
mod idp;
mod ledger;
mod lifecycle;
mod plan;
mod quota;
mod role;
mod trust;

pub use finding::{Finding, IDS, Level, Report};

use crate::aws::GatewayCredentials;
use crate::clock::Clock;
use crate::config::Config;
use ground::Ground;
use plan::Job;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Looks that are under way at the same time: fewer than make AWS throttle.
const AT_ONCE: usize = 8;

/// Looks at everything that the configuration names. What has not answered within `limit` is unknown. `done` is told how
/// many of how many looks are through.
pub async fn look(
    config: Config,
    clock: Clock,
    credentials: GatewayCredentials,
    limit: Duration,
    mut done: impl FnMut(usize, usize),
) -> Report {
    let deadline = Instant::now() + limit;
    let ground = Arc::new(Box::pin(Ground::new(config, clock, credentials)).await);
    let jobs = plan::jobs(&ground);
    let total = jobs.len();
    done(0, total);
    let (mut waiting, mut running) = (jobs.into_iter().enumerate(), JoinSet::new());
    let mut found = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((place, Job { id, subject, work })) = waiting.next()
        {
            running.spawn(async move {
                let late = || {
                    let says = format!("no answer within {} s", limit.as_secs());
                    vec![Finding::unknown(
                        id,
                        subject,
                        says,
                        "try again, or give more time with --limit-seconds",
                    )]
                };
                (place, timeout_at(deadline, work).await.unwrap_or_else(|_| late()))
            });
        }
        let Some(one) = running.join_next().await else { break };
        found.push(one.unwrap_or_else(|fault| {
            let fix = "tell those who maintain this program";
            (total, vec![Finding::unknown("gateway.fault", String::new(), fault.to_string(), fix)])
        }));
        done(found.len(), total);
    }
    found.sort_by_key(|(place, _)| *place);
    Report { findings: found.into_iter().flat_map(|(_, findings)| findings).collect() }
}
