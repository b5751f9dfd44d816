//! Another configuration while the service runs: on SIGHUP at once, and whenever a file that it was read from has changed.
//! One that cannot be used changes nothing.

use crate::load::{self, Files};
use crate::serve::Current;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::Signal;

/// Keeps the gateway of a service in line with its configuration.
#[derive(Debug)]
pub struct Reload {
    place: Option<String>,
    current: Current,
    /// What the present configuration was read from, or the last one that was refused.
    seen: Files,
    /// What the last look found, if that was something new.
    found: Option<Files>,
}

impl Reload {
    /// `place` is where the configuration is, `seen` what it was read from.
    #[must_use]
    pub fn new(place: Option<String>, current: Current, seen: Files) -> Self {
        Self { place, current, seen, found: None }
    }

    /// Reloads on each hangup and on each change, for as long as the process runs. `sleep` is how it waits between two
    /// looks at the files.
    pub async fn run<S: Future<Output = ()>>(mut self, mut hangups: Signal, sleep: impl Fn(Duration) -> S) {
        loop {
            let pause = self.current.gateway().config.gateway.reload;
            let wait = async {
                match pause {
                    Some(pause) => sleep(pause).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                _ = hangups.recv() => self.now().await,
                () = wait => self.look().await,
            }
        }
    }

    /// Looks at the files. What is new counts when the next look finds the same, so that a file that is only half written
    /// never does: half of the rules could allow more than all of them.
    pub async fn look(&mut self) {
        let present = self.seen.as_they_are();
        if present == self.seen {
            self.found = None;
        } else if self.found.as_ref() == Some(&present) {
            self.now().await;
        } else {
            self.found = Some(present);
        }
    }

    /// Reads the configuration and goes on with it, if it can be used.
    pub async fn now(&mut self) {
        let gateway = self.current.gateway();
        let now = gateway.clock.now();
        let (config, files) = load::recorded(self.place.as_deref(), now).await;
        // A configuration counts once: one that was refused is not complained about again until it changes.
        self.seen = files;
        self.found = None;
        let next = match config {
            Ok(config) => Box::pin(gateway.with_configuration(config)).await,
            Err(problems) => Err(problems.lines().to_vec()),
        };
        let reloads = gateway.metrics.reloads();
        match next {
            Ok(next) => {
                for warning in &next.config.warnings {
                    tracing::warn!(target: "studio_gateway::config", "{warning}");
                }
                gateway.metrics.known_idps(Arc::clone(&next.idps));
                reloads.loaded(now);
                reloads.reloaded("taken");
                self.current.replace(Arc::new(next));
                tracing::info!(target: "studio_gateway::config", "the configuration was reloaded");
            }
            Err(problems) => {
                reloads.reloaded("refused");
                tracing::error!(
                    target: "studio_gateway::config",
                    problems = problems.join("; "),
                    "the new configuration cannot be used, the present one stays"
                );
            }
        }
    }
}
