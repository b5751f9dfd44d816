//! What is known about a sign-in by the time it ends, for the one log line that tells of it.

use crate::error::{Fault, Refusal};
use crate::identity::Identity;
use crate::metrics::Metrics;
use crate::policy::{Grant, Way};
use std::time::Duration;

/// Collects what a sign-in finds out on its way. Holds no assertion, credential, cookie or URL.
#[derive(Debug)]
pub struct Record {
    metrics: Metrics,
    idp: Option<String>,
    user_id: Option<String>,
    session_name: Option<String>,
    source_identity: Option<String>,
    destination: Option<String>,
    domain: Option<String>,
    rule: Option<String>,
    tags_left_out: Option<String>,
    role: Option<String>,
    profile: Option<String>,
    space: Option<String>,
    notebook: Option<String>,
    role_session: Option<String>,
}

impl Record {
    /// Of a sign-in about which nothing is known yet.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            metrics: metrics.clone(),
            idp: None,
            user_id: None,
            session_name: None,
            source_identity: None,
            destination: None,
            domain: None,
            rule: None,
            tags_left_out: None,
            role: None,
            profile: None,
            space: None,
            notebook: None,
            role_session: None,
        }
    }

    /// Key of the IdP, if it got as far as that.
    #[must_use]
    pub fn idp_key(&self) -> Option<&str> {
        self.idp.as_deref()
    }

    pub(super) fn idp(&mut self, key: &str) {
        self.idp = Some(key.to_owned());
    }

    pub(crate) fn identity(&mut self, identity: &Identity) {
        self.idp = Some(identity.idp().to_owned());
        self.user_id = Some(identity.user_id().to_owned());
        self.session_name = Some(identity.session_name().to_owned());
        self.source_identity = identity.source_identity().map(str::to_owned);
    }

    pub(super) fn way(&mut self, way: &Way<'_>) {
        self.destination = Some(way.destination().key.clone());
        self.domain = way.destination().domain().map(|domain| domain.key.clone());
        self.rule = Some(way.rule().name.clone());
        let left_out: Vec<_> = way.left_out().iter().map(ToString::to_string).collect();
        self.tags_left_out = (!left_out.is_empty()).then(|| left_out.join("; "));
        self.role = Some(way.role().role.to_string());
        self.profile = way.studio().map(|grant| grant.profile().to_string());
        self.space = way.studio().and_then(Grant::space_name);
        self.notebook = way.instance().map(str::to_owned);
    }

    pub(super) fn notebook(&mut self, name: &str) {
        self.notebook = Some(name.to_owned());
    }

    pub(super) fn role_session(&mut self, arn: &str) {
        self.role_session = Some(arn.to_owned());
    }

    /// Key of the destination, if it got as far as that.
    #[must_use]
    pub fn destination_key(&self) -> Option<&str> {
        self.destination.as_deref()
    }

    /// Writes the line of a sign-in that went well, so far. `outcome` is `granted`; or, where the browser goes on with
    /// it, `offered`, `preparing`, `ready`, `renewed`, `full`, `too-many`, `moved` (to another instance) or `left`. It
    /// is a warning if the person's attributes could not be made into all their tags.
    pub fn log(&self, outcome: &str, request_id: &str, client: &str, took: Duration) {
        self.line(outcome, None, request_id, client, took);
    }

    /// Writes the line of a sign-in that was refused, as a warning, or as an error if AWS or the gateway is at fault.
    pub fn log_refusal(&self, refusal: &Refusal, request_id: &str, client: &str, took: Duration) {
        self.line("refused", Some(refusal), request_id, client, took);
    }

    fn line(&self, outcome: &str, refusal: Option<&Refusal>, request_id: &str, client: &str, took: Duration) {
        self.metrics.sign_in(outcome, refusal.map(Refusal::code), took);
        // A level is part of what tracing makes at compile time, and so it cannot be a variable.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "studio_gateway::sign_in",
                    outcome,
                    code = refusal.map(|refusal| refusal.code().name()),
                    reason = refusal.map(Refusal::reason),
                    request_id,
                    client,
                    ms = millis(took),
                    idp = self.idp,
                    user_id = self.user_id,
                    session_name = self.session_name,
                    source_identity = self.source_identity,
                    destination = self.destination,
                    domain = self.domain,
                    rule = self.rule,
                    tags_left_out = self.tags_left_out,
                    role = self.role,
                    profile = self.profile,
                    space = self.space,
                    notebook = self.notebook,
                    role_session = self.role_session,
                    "sign-in"
                )
            };
        }
        match refusal.map(|refusal| refusal.code().fault()) {
            None if self.tags_left_out.is_some() => line!(warn),
            None => line!(info),
            Some(Fault::Visitor | Fault::Idp) => line!(warn),
            Some(Fault::Aws | Fault::Gateway) => line!(error),
        }
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
