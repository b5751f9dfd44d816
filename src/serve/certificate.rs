//! The listener's certificate: replaced while the service runs. One that cannot be used changes nothing.

use crate::config::Tls;
use crate::tls::PemPair;
use axum_server::tls_rustls::RustlsConfig;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What the listener serves with now. Clones share it.
#[derive(Clone)]
pub struct Certificate {
    pub(super) served: RustlsConfig,
    seen: PemPair,
    pause: Duration,
}

impl Certificate {
    pub(super) fn new(tls: &Tls) -> Self {
        let served = RustlsConfig::from_config(Arc::clone(&tls.server));
        Self { served, seen: tls.pair.clone(), pause: tls.reload }
    }

    /// Looks again and again whether there is another pair, for as long as the process runs. `read` reads it, `sleep` is
    /// how it waits between two looks. New connections get the new certificate, those that are open keep theirs.
    pub async fn keep_fresh<R, S>(mut self, read: impl Fn() -> R, sleep: impl Fn(Duration) -> S)
    where
        R: Future<Output = Result<PemPair, String>>,
        S: Future<Output = ()>,
    {
        loop {
            sleep(self.pause).await;
            match read().await {
                Ok(pair) => self.offer(pair),
                Err(fault) => refused(&fault),
            }
        }
    }

    /// A pair counts once: one that was refused is not complained about again until it changes.
    fn offer(&mut self, pair: PemPair) {
        if pair == self.seen {
            return;
        }
        match pair.server_config() {
            Ok(config) => {
                self.served.reload_from_config(config);
                tracing::info!(target: "studio_gateway::tls", "the listener has a new certificate");
            }
            // While the two files are written one after the other, they do not fit: the next look will see both.
            Err(fault) => refused(&fault),
        }
        self.seen = pair;
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

fn refused(fault: &str) {
    tracing::error!(target: "studio_gateway::tls", "gateway.tls cannot be used, the present certificate stays: {fault}");
}
