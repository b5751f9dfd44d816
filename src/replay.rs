//! The replay ledger: an assertion is used once (saml-profiles 4.1.4.5). STS does not see to that; we do.
//!
//! Invariant: for an assertion that [`crate::saml::UnverifiedResponse::verify`] accepts, `claim` succeeds at most once,
//! until the assertion's own limits make every later `verify` refuse it. When the ledger cannot be sure, it refuses.

use crate::error::{Code, Refusal};
use crate::saml::{Attribute, NameId, VerifiedAssertion};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::Mutex;

/// Remembers used assertions in memory: for a single instance.
pub struct MemoryLedger {
    /// Assertions issued before this moment may have been used with an earlier process, and are refused.
    started: DateTime<Utc>,
    capacity: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    keys: HashSet<Key>,
    by_expiry: BTreeSet<(DateTime<Utc>, Key)>,
}

/// Issuer and assertion ID: IDs are unique for their issuer only.
type Key = (String, String);

impl fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLedger").field("started", &self.started).finish_non_exhaustive()
    }
}

impl MemoryLedger {
    /// An empty ledger that holds up to `capacity` unexpired assertions.
    #[must_use]
    pub fn new(started: DateTime<Utc>, capacity: usize) -> Self {
        Self { started, capacity, used: Mutex::default() }
    }

    /// Claims the first and only use of an assertion.
    ///
    /// # Errors
    /// `assertion.replayed` if it was used before; `assertion.expired` if it is older than the process, so that nobody
    /// can say; `ledger.unavailable` if the ledger is full.
    pub fn claim(&self, assertion: VerifiedAssertion, now: DateTime<Utc>) -> Result<FreshAssertion, Refusal> {
        if assertion.issued() < self.started {
            let reason = "issued before this process started, so it may have been used already";
            return Err(Refusal::new(Code::AssertionExpired, reason));
        }
        let Ok(mut used) = self.used.lock() else {
            return Err(Refusal::new(Code::LedgerUnavailable, "the memory ledger is poisoned"));
        };
        while used.by_expiry.first().is_some_and(|(expiry, _)| *expiry < now) {
            if let Some((_, key)) = used.by_expiry.pop_first() {
                used.keys.remove(&key);
            }
        }
        let key = (assertion.issuer().to_owned(), assertion.id().to_owned());
        if used.keys.contains(&key) {
            return Err(Refusal::new(Code::AssertionReplayed, "this assertion was used already"));
        }
        if used.keys.len() >= self.capacity {
            let reason =
                format!("the memory ledger is full ({} assertions): raise replay.capacity", self.capacity);
            return Err(Refusal::new(Code::LedgerUnavailable, reason));
        }
        used.by_expiry.insert((assertion.acceptable_until(), key.clone()));
        used.keys.insert(key);
        Ok(FreshAssertion(assertion))
    }
}

/// An assertion whose only use this is.
#[derive(Debug)]
pub struct FreshAssertion(VerifiedAssertion);

impl FreshAssertion {
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
