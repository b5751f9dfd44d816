//! `[gateway.tls]` and `[gateway.connections]`: how the listener treats those who connect.

use super::problems::{Section, number};
use super::{Remote, Sources, referred};
use crate::tls::PemPair;
use rustls::ServerConfig;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use toml::Value;

/// Section `[gateway.connections]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Most of them at the same time.
    pub most: usize,
    /// Longest time for the TLS handshake, and again for the first request's head.
    pub first_request: Duration,
    /// Longest time for the body of a request to arrive.
    pub body: Duration,
    /// Longest time until the head of the next request on a connection has come.
    pub idle: Duration,
    /// Longest time in which a client takes nothing of an answer.
    pub stalled: Duration,
}

/// Section `[gateway.tls]`.
pub struct Tls {
    certificate: Value,
    private_key: Value,
    /// What was read at first.
    pub pair: PemPair,
    /// The same, ready to serve with.
    pub server: Arc<ServerConfig>,
    /// How often to look whether they have changed.
    pub reload: Duration,
}

impl Tls {
    /// What has to be read from AWS to read the two again.
    #[must_use]
    pub fn remote(&self) -> BTreeSet<Remote> {
        [&self.certificate, &self.private_key]
            .into_iter()
            .filter_map(|value| Remote::parse(value.as_str()?))
            .collect()
    }

    /// Reads the two again.
    ///
    /// # Errors
    /// A sentence for the admin.
    pub fn read_again(&self, sources: &Sources<'_>) -> Result<PemPair, String> {
        Ok(PemPair {
            certificate: referred(&self.certificate, sources)?,
            private_key: referred(&self.private_key, sources)?,
        })
    }
}

impl Tls {
    /// Whether both are read from the same places, and as often: what is there by now does not matter.
    #[must_use]
    pub fn is_read_like(&self, other: &Self) -> bool {
        let of = |tls: &Self| (tls.certificate.clone(), tls.private_key.clone(), tls.reload);
        of(self) == of(other)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("reload", &self.reload).finish_non_exhaustive()
    }
}

pub(super) fn connections(mut section: Section<'_>) -> Connections {
    let most = section.optional("most", number(10..=1_000_000)).unwrap_or(10_000);
    let mut seconds = |key, range, default| {
        Duration::from_secs(section.optional(key, number(range)).unwrap_or(default).into())
    };
    let first_request = seconds("first_request_seconds", 1..=120, 10);
    let body = seconds("body_seconds", 1..=120, 10);
    let idle = seconds("idle_seconds", 1..=4_000, 75);
    let stalled = seconds("stalled_seconds", 1..=600, 30);
    section.finish();
    Connections { most: usize::try_from(most).unwrap_or(usize::MAX), first_request, body, idle, stalled }
}

/// `None` means that a problem was noted.
pub(super) fn tls(mut section: Section<'_>, sources: &Sources<'_>) -> Option<Tls> {
    let mut read = |key| section.required(key, |value| Ok((value.clone(), referred(value, sources)?)));
    let certificate = read("certificate");
    let private_key = read("private_key");
    let reload = section.optional("reload_seconds", number(5..=86_400)).unwrap_or(60);
    let tls = certificate.zip(private_key).and_then(|((certificate, chain), (private_key, key))| {
        let pair = PemPair { certificate: chain, private_key: key };
        let server = pair.server_config().map_err(|problem| section.problem("private_key", problem)).ok()?;
        Some(Tls { certificate, private_key, pair, server, reload: Duration::from_secs(reload.into()) })
    });
    section.finish();
    tls
}
