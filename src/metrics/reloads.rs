//! Whether the configuration that counts is the one that was written last.

use super::{Outcome, registered};
use chrono::{DateTime, Utc};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is counted of configurations.
pub(crate) struct Reloads {
    outcomes: Family<Outcome, Counter>,
    loaded: Gauge,
}

impl Reloads {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let outcomes: Family<Outcome, Counter> =
            registered(registry, "config_reloads", "New configurations: taken, or refused");
        // From the start, so that the first one is seen to increase it.
        for outcome in ["taken", "refused"] {
            let _ = outcomes.get_or_create(&Outcome { outcome: outcome.to_owned() });
        }
        Self {
            outcomes,
            loaded: registered(
                registry,
                "config_loaded_timestamp_seconds",
                "When the present configuration was read, in seconds since 1970",
            ),
        }
    }

    /// A configuration counts from now on.
    pub(crate) fn loaded(&self, at: DateTime<Utc>) {
        self.loaded.set(at.timestamp());
    }

    /// A new one was taken, or refused.
    pub(crate) fn reloaded(&self, outcome: &str) {
        self.outcomes.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
    }
}
