//! What is known about a sign-in by the time it ends, for the one log line and the one audit event that tell of it.

use super::Gateway;
use crate::audit::{Origin, Trail};
use crate::error::{Fault, Refusal};
use crate::identity::Identity;
use crate::metrics::Metrics;
use crate::policy::Way;
use crate::saml::VerifiedAssertion;
use std::time::Duration;

/// Collects what a sign-in finds out on its way. Holds no assertion, credential, cookie or URL.
#[derive(Debug)]
pub struct Record {
    metrics: Metrics,
    trail: Trail,
}

impl Record {
    /// Of a sign-in about which nothing is known yet but where it comes from.
    #[must_use]
    pub fn new(gateway: &Gateway, origin: Origin) -> Self {
        Self { metrics: gateway.metrics.clone(), trail: Trail::of_request(&gateway.audit, origin) }
    }

    /// Where the calls of this sign-in are noted: its work has to [`Trail::follow`] it.
    #[must_use]
    pub fn trail(&self) -> Trail {
        self.trail.clone()
    }

    /// Key of the IdP, if it got as far as that.
    #[must_use]
    pub fn idp_key(&self) -> Option<String> {
        self.trail.facts().idp
    }

    pub(super) fn idp(&mut self, key: &str) {
        self.trail.know(|facts| facts.idp = Some(key.to_owned()));
    }

    pub(super) fn assertion(&mut self, assertion: &VerifiedAssertion) {
        self.trail.know(|facts| facts.assertion(assertion));
    }

    pub(crate) fn identity(&mut self, identity: &Identity) {
        self.trail.know(|facts| facts.identity(identity));
    }

    pub(super) fn way(&mut self, way: &Way<'_>) {
        self.trail.know(|facts| facts.way(way));
    }

    pub(super) fn notebook(&mut self, name: &str) {
        self.trail.know(|facts| facts.notebook = Some(name.to_owned()));
    }

    pub(super) fn role_session(&mut self, arn: &str) {
        self.trail.know(|facts| facts.role_session = Some(arn.to_owned()));
    }

    /// Key of the destination, if it got as far as that.
    #[must_use]
    pub fn destination_key(&self) -> Option<String> {
        self.trail.facts().destination
    }

    /// Tells of a sign-in that went well, so far. `outcome` is `granted`; or, where the browser goes on with it,
    /// `offered`, `preparing`, `ready`, `renewed`, `full`, `too-many`, `moved` (to another instance) or `left`. The log
    /// line is a warning if the person's attributes could not be made into all their tags.
    pub fn log(&self, outcome: &str, took: Duration) {
        self.tell(outcome, None, took);
    }

    /// Tells of a sign-in that was refused: a warning, or an error if AWS or the gateway is at fault.
    pub fn log_refusal(&self, refusal: &Refusal, took: Duration) {
        self.tell("refused", Some(refusal), took);
    }

    fn tell(&self, outcome: &str, refusal: Option<&Refusal>, took: Duration) {
        self.metrics.sign_in(outcome, refusal.map(Refusal::code), took);
        self.trail.answered(outcome, refusal, took);
        let (facts, origin) = (self.trail.facts(), self.trail.origin());
        // A level is part of what tracing makes at compile time, and so it cannot be a variable.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "studio_gateway::sign_in",
                    outcome,
                    code = refusal.map(|refusal| refusal.code().name()),
                    reason = refusal.map(Refusal::reason),
                    request_id = origin.request_id,
                    client = origin.client,
                    ms = millis(took),
                    idp = facts.idp,
                    user_id = facts.user_id,
                    session_name = facts.session_name,
                    source_identity = facts.source_identity,
                    destination = facts.destination,
                    domain = facts.domain,
                    rule = facts.rule,
                    tags_left_out = facts.tags_left_out,
                    role = facts.role,
                    profile = facts.profile,
                    space = facts.space,
                    notebook = facts.notebook,
                    role_session = facts.role_session,
                    "sign-in"
                )
            };
        }
        match refusal.map(|refusal| refusal.code().fault()) {
            None if facts.tags_left_out.is_some() => line!(warn),
            None => line!(info),
            Some(Fault::Visitor | Fault::Idp) => line!(warn),
            Some(Fault::Aws | Fault::Gateway) => line!(error),
        }
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
