//! What a ledger is asked, and what only its yes can make.

use crate::random::{self, NoRandomness, encode_hex};
use crate::saml::{Attribute, NameId, VerifiedAssertion};
use aws_lc_rs::digest;
use chrono::{DateTime, TimeDelta, Utc};

/// A use of an assertion, as a ledger sees it: nothing in it tells of the person.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// SHA-256 of issuer and assertion ID, in hexadecimal: IDs are unique for their issuer only, and both are as long as
    /// the IdP likes.
    pub(super) key: String,
    /// When the assertion was issued.
    pub(super) issued: DateTime<Utc>,
    /// Until when it has to be remembered.
    pub(super) until: DateTime<Utc>,
}

impl Use {
    /// A use of nothing, which can be claimed as one of an assertion can, and is forgotten soon.
    pub(super) fn of_nothing(now: DateTime<Utc>) -> Result<Self, NoRandomness> {
        let key = format!("check-{}", random::hex::<16>()?);
        Ok(Self { key, issued: now, until: now + TimeDelta::minutes(1) })
    }

    pub(super) fn of(assertion: &VerifiedAssertion) -> Self {
        let key = fingerprint(assertion);
        Self { key, issued: assertion.issued(), until: assertion.acceptable_until() }
    }
}

/// Stands for an assertion where nothing of it may be kept: in the ledger, and in audit events.
pub(crate) fn fingerprint(assertion: &VerifiedAssertion) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    // With its length before it, no issuer can be mistaken for the beginning of another's ID.
    hash.update(&assertion.issuer().len().to_be_bytes());
    hash.update(assertion.issuer().as_bytes());
    hash.update(assertion.id().as_bytes());
    encode_hex(hash.finish().as_ref())
}

/// An assertion whose only use this is.
#[derive(Debug)]
pub struct FreshAssertion(VerifiedAssertion);

impl FreshAssertion {
    /// Only after the ledger said so.
    pub(super) fn new(assertion: VerifiedAssertion) -> Self {
        Self(assertion)
    }

    /// Entity ID of the IdP.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.0.issuer()
    }

    /// The name of the subject.
    #[must_use]
    pub fn name_id(&self) -> &NameId {
        self.0.name_id()
    }

    /// Recipient of the confirmation: our ACS URL.
    #[must_use]
    pub fn recipient(&self) -> &str {
        self.0.recipient()
    }

    /// All attributes.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        self.0.attributes()
    }

    /// When the assertion was issued.
    #[must_use]
    pub fn issued(&self) -> DateTime<Utc> {
        self.0.issued()
    }

    /// When the session at the IdP ends, if it says so.
    #[must_use]
    pub fn session_until(&self) -> Option<DateTime<Utc>> {
        self.0.session_until()
    }
}
