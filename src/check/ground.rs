//! What all looks share.

use super::Finding;
use crate::aws::survey::Survey;
use crate::aws::{AwsClients, GatewayCredentials};
use crate::clock::Clock;
use crate::config::{Config, Domain};
use crate::idps::Idps;
use crate::metrics::Metrics;
use std::sync::Arc;

/// The configuration, and the clients to look with.
pub(super) struct Ground {
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) credentials: GatewayCredentials,
    pub(super) clients: AwsClients,
    pub(super) idps: Idps,
    /// Nobody reads what is counted here.
    pub(super) metrics: Metrics,
}

impl Ground {
    pub(super) async fn new(config: Config, clock: Clock, credentials: GatewayCredentials) -> Self {
        let metrics = Metrics::new(Arc::new(Idps::new(&config)));
        let clients = Box::pin(AwsClients::new(&config, credentials.clone(), &metrics)).await;
        let idps = Idps::new(&config);
        Self { config, clock, credentials, clients, idps, metrics }
    }

    /// Clients for the account of a domain.
    pub(super) fn survey(&self, domain: &Domain, id: &'static str) -> Result<Survey, Finding> {
        self.clients.survey(&self.config, domain).ok_or_else(|| {
            Finding::unknown(
                id,
                &domain.key,
                "no clients for its region",
                "tell those who maintain this program",
            )
        })
    }

    /// A domain of this account.
    pub(super) fn domain_of(&self, account: &str) -> Option<&Arc<Domain>> {
        let mut domains = self.config.domains.iter();
        domains.find(|domain| domain.roles.first().is_some_and(|role| role.account() == account))
    }
}
