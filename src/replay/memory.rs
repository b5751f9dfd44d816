//! The ledger in memory, for a single instance. What an earlier process saw is unknown to it, so that it refuses what is
//! older than its own process.

use super::fresh::Use;
use super::{Answer, unavailable};
use crate::error::{Code, Refusal};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};

/// Remembers used assertions in memory.
pub struct MemoryLedger {
    /// Assertions issued before this moment may have been used with an earlier process, and are refused.
    started: DateTime<Utc>,
    capacity: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    keys: HashSet<Arc<str>>,
    by_expiry: BTreeSet<(DateTime<Utc>, Arc<str>)>,
}

impl MemoryLedger {
    /// An empty ledger that holds up to `capacity` unexpired assertions.
    pub(super) fn new(started: DateTime<Utc>, capacity: usize) -> Self {
        Self { started, capacity, used: Mutex::default() }
    }

    pub(super) fn claim(&self, first_use: &Use, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        if first_use.issued < self.started {
            let reason = "issued before this process started, so it may have been used already";
            return Err(Refusal::new(Code::AssertionExpired, reason));
        }
        let Ok(mut used) = self.used.lock() else {
            return Err(unavailable("the memory ledger is poisoned"));
        };
        while used.by_expiry.first().is_some_and(|(expiry, _)| *expiry < now) {
            if let Some((_, key)) = used.by_expiry.pop_first() {
                used.keys.remove(&*key);
            }
        }
        if used.keys.contains(first_use.key.as_str()) {
            return Ok(Answer::Repeated);
        }
        if used.keys.len() >= self.capacity {
            let most = self.capacity;
            return Err(unavailable(format!(
                "the memory ledger is full ({most} assertions): raise replay.capacity"
            )));
        }
        let key: Arc<str> = first_use.key.as_str().into();
        used.by_expiry.insert((first_use.until, Arc::clone(&key)));
        used.keys.insert(key);
        Ok(Answer::First)
    }
}

impl fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLedger").field("started", &self.started).finish_non_exhaustive()
    }
}
