//! The replay ledger: an assertion is used once (saml-profiles 4.1.4.5). STS does not see to that; we do.
//!
//! Invariant: for an assertion that [`crate::saml::UnverifiedResponse::verify`] accepts, `claim` succeeds at most once,
//! until the assertion's own limits make every later `verify` refuse it. When the ledger cannot be sure, it refuses.

mod dynamodb;
mod fresh;
mod memory;
mod redis;

pub use fresh::FreshAssertion;
pub(crate) use fresh::fingerprint;

use crate::aws::{Bounded, GatewayCredentials, Kind};
use crate::config::{Config, Replay};
use crate::error::{Code, Refusal};
use crate::metrics::Metrics;
use crate::saml::VerifiedAssertion;
use chrono::{DateTime, Utc};
use dynamodb::DynamoDbLedger;
use fresh::Use;
use memory::MemoryLedger;
use redis::RedisLedger;

/// Where used assertions are remembered.
#[derive(Debug)]
pub enum Ledger {
    /// In this process: for a single instance.
    Memory(MemoryLedger),
    /// In a DynamoDB table that instances share.
    DynamoDb(DynamoDbLedger),
    /// In a Redis or Valkey that instances share.
    Redis(RedisLedger),
}

/// What a ledger says about a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Nobody used it before; now it is used.
    First,
    /// It was used before.
    Repeated,
}

impl Ledger {
    /// The ledger of the configuration. Nothing is called yet. `started`: when this process began.
    pub async fn new(
        config: &Config,
        started: DateTime<Utc>,
        credentials: GatewayCredentials,
        metrics: &Metrics,
    ) -> Self {
        // In the gateway's own account, wherever that is.
        let bounded = |region| Bounded::new(&config.aws.bounds, metrics, "", region);
        match &config.replay {
            Replay::Memory { capacity } => Self::Memory(MemoryLedger::new(started, *capacity)),
            Replay::DynamoDb(table) => {
                let bounded = bounded(&table.region);
                Self::DynamoDb(DynamoDbLedger::new(table, credentials, bounded).await)
            }
            Replay::Redis(servers) => Self::Redis(RedisLedger::new(servers.clone(), bounded(""))),
        }
    }

    /// Claims the first and only use of an assertion.
    ///
    /// # Errors
    /// `assertion.replayed` if it was used before; `ledger.unavailable` if the ledger is full or cannot answer in time;
    /// with the memory ledger, `assertion.expired` if it is older than the process, so that nobody can say.
    pub async fn claim(
        &self,
        assertion: VerifiedAssertion,
        now: DateTime<Utc>,
    ) -> Result<FreshAssertion, Refusal> {
        match self.ask(&Use::of(&assertion), now).await? {
            Answer::First => Ok(FreshAssertion::new(assertion)),
            Answer::Repeated => Err(Refusal::new(Code::AssertionReplayed, "this assertion was used already")),
        }
    }

    /// Claims something that is no assertion, twice, to see that the ledger says yes once. The first claim has time to find
    /// credentials and to connect, which no sign-in has to do any more then; the second has what a sign-in has.
    ///
    /// # Errors
    /// `ledger.unavailable` if it cannot answer, or does not remember.
    pub async fn try_out(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let nothing = Use::of_nothing(now).map_err(|fault| unavailable(fault.to_string()))?;
        let first = match self {
            Self::Memory(ledger) => ledger.claim(&nothing, now),
            Self::DynamoDb(ledger) => ledger.patient_claim(&nothing, now).await,
            Self::Redis(ledger) => ledger.patient_claim(&nothing, now).await,
        };
        match (first?, self.ask(&nothing, now).await?) {
            (Answer::First, Answer::Repeated) => Ok(()),
            _ => Err(unavailable("what was claimed could be claimed again")),
        }
    }

    /// The table in DynamoDB, if that is where it is.
    pub(crate) fn table(&self) -> Option<(&aws_sdk_dynamodb::Client, &str)> {
        match self {
            Self::DynamoDb(ledger) => Some(ledger.table()),
            Self::Memory(_) | Self::Redis(_) => None,
        }
    }

    async fn ask(&self, first_use: &Use, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        match self {
            Self::Memory(ledger) => ledger.claim(first_use, now),
            Self::DynamoDb(ledger) => ledger.claim(first_use, now).await,
            Self::Redis(ledger) => ledger.claim(first_use, now).await,
        }
    }
}

/// What it means for a sign-in that a call had this fault, or was not made.
fn unanswered(kind: Kind, reason: impl Into<String>) -> Refusal {
    match kind {
        Kind::Busy => Refusal::new(Code::GatewayBusy, reason),
        Kind::Paused(wait) => unavailable(reason).after(wait),
        _ => unavailable(reason),
    }
}

/// The fault of a ledger that cannot say.
fn unavailable(reason: impl Into<String>) -> Refusal {
    Refusal::new(Code::LedgerUnavailable, reason)
}
