//! The same gateway with another configuration. What it remembers of assertions, what it counts and its connections go on;
//! sign-ins under way keep the gateway that they began with.

use super::{Gateway, WARM_UP};
use crate::assets::Assets;
use crate::aws::{AwsClients, Notebooks, Profiles, Spaces};
use crate::config::{Config, Replay, Tls};
use crate::rate_limits::RateLimits;
use crate::replay::Ledger;
use crate::seal::Seal;
use crate::watchers::Watchers;
use std::sync::Arc;

impl Gateway {
    /// This gateway with another configuration. The metadata of IdPs that is on the web is fetched.
    ///
    /// # Errors
    /// What of the configuration cannot change while the service runs, or that metadata cannot be had: a line for each.
    pub async fn with_configuration(&self, config: Config) -> Result<Self, Vec<String>> {
        let fixed = fixed(&self.config, &config);
        if !fixed.is_empty() {
            return Err(fixed);
        }
        // A random key stays, since nobody else knows it.
        let random = self.config.gateway.seal_keys.is_empty() && config.gateway.seal_keys.is_empty();
        let seal = if random {
            Arc::clone(&self.seal)
        } else {
            Arc::new(Seal::new(&config.gateway.seal_keys).map_err(|fault| vec![fault.to_string()])?)
        };
        // The same place, perhaps with another password or other bounds; what is in memory is nowhere else.
        let in_memory = matches!(config.replay, Replay::Memory { .. });
        let as_before = self.config.replay == config.replay && self.config.aws.bounds == config.aws.bounds;
        let ledger = if in_memory || as_before {
            Arc::clone(&self.ledger)
        } else {
            let credentials = self.credentials.clone();
            let ledger = Ledger::new(&config, self.clock.now(), credentials, &self.metrics);
            Arc::new(Box::pin(ledger).await)
        };
        let clients = if self.clients.are_for(&config) {
            Arc::clone(&self.clients)
        } else {
            Arc::new(Box::pin(AwsClients::new(&config, self.credentials.clone(), &self.metrics)).await)
        };
        let watchers = if self.config.gateway.most_watchers == config.gateway.most_watchers {
            self.watchers.clone()
        } else {
            Watchers::new(config.gateway.most_watchers)
        };
        let rate_limits = if self.config.limits == config.limits {
            self.rate_limits.clone()
        } else {
            config.limits.rates.map(|(address, all)| Arc::new(RateLimits::new(address, all)))
        };
        let gateway = Self {
            audit: self.audit.clone(),
            rate_limits,
            clock: self.clock.clone(),
            seal,
            idps: Arc::new(self.idps.with_configuration(&config)),
            drain: self.drain.clone(),
            watchers,
            metrics: self.metrics.clone(),
            assets: Assets::of(&config.brand),
            credentials: self.credentials.clone(),
            ledger,
            clients,
            // What was found to be as the old configuration says is looked at again: a call for each person.
            profiles: Profiles::default(),
            notebooks: Notebooks::default(),
            roles: self.roles.looked_at_again(),
            spaces: Spaces::default(),
            config,
        };
        let clients = async {
            if !Arc::ptr_eq(&gateway.clients, &self.clients) {
                gateway.clients.warm(WARM_UP).await;
            }
        };
        let ledger = async {
            if !Arc::ptr_eq(&gateway.ledger, &self.ledger) {
                gateway.try_ledger(WARM_UP).await;
            }
        };
        let (metadata, (), ()) = tokio::join!(gateway.fetch_metadata(), clients, ledger);
        metadata.map_err(|fault| vec![format!("metadata: {fault}")])?;
        Ok(gateway)
    }
}

/// What differs, and cannot change while the service runs.
fn fixed(old: &Config, new: &Config) -> Vec<String> {
    let tls = match (&old.gateway.tls, &new.gateway.tls) {
        (None, None) => true,
        (Some(old), Some(new)) => Tls::is_read_like(old, new),
        _ => false,
    };
    let parts = [
        ("gateway.listen", old.gateway.listen == new.gateway.listen),
        ("gateway.tls", tls),
        ("gateway.connections", old.gateway.connections == new.gateway.connections),
        ("admin.listen", old.admin.listen == new.admin.listen),
        ("audit", old.audit == new.audit),
        ("traces", old.traces == new.traces),
        ("replay", old.replay.remembers_in_the_same_place(&new.replay)),
    ];
    let differ = parts.into_iter().filter(|(_, same)| !same);
    differ.map(|(key, _)| format!("{key}: cannot change without a restart")).collect()
}
