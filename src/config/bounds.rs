//! Of section `[aws]`, which calls are not made.

use super::problems::{Section, number};
use std::time::Duration;

/// Which calls of AWS are not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallBounds {
    /// Most calls of one API at the same time, in one account and region.
    pub at_once: usize,
    /// When calls of an API are not made for a while, if ever.
    pub breaker: Option<Breaker>,
}

/// When calls of an API, in one account and region, are not made for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// After so many in a row without a usable answer, each with its retries ...
    pub failures: u32,
    /// ... for so long. Then as many are made to see.
    pub pause: Duration,
}

pub(super) fn read(section: &mut Section<'_>) -> CallBounds {
    let at_once = section.optional("calls_at_once", number(1..=10_000)).unwrap_or(200);
    let failures = section.optional("breaker_failures", number(0..=1_000)).unwrap_or(20);
    let pause = section.optional("breaker_milliseconds", number(100..=60_000)).unwrap_or(3_000);
    CallBounds {
        at_once: usize::try_from(at_once).unwrap_or(usize::MAX),
        breaker: (failures > 0).then(|| Breaker { failures, pause: Duration::from_millis(pause.into()) }),
    }
}
