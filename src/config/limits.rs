//! Section `[limits]`: how many requests are answered.

use super::problems::{Section, boolean, number};
use std::num::NonZeroU32;

/// A bucket that is filled up steadily.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per second that it is filled up with.
    pub per_second: NonZeroU32,
    /// Requests that it holds.
    pub burst: NonZeroU32,
}

/// Section `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one address, and for all together; `None`: there is no limit.
    pub rates: Option<(RateLimit, RateLimit)>,
}

/// An office of 5,000 people behind one address comes through, with all that their browsers ask for.
const ADDRESS: (u32, u32) = (300, 3_000);
/// More than two cores can verify.
const ALL: (u32, u32) = (3_000, 6_000);

impl Default for Limits {
    fn default() -> Self {
        Self { rates: Some((limit(ADDRESS), limit(ALL))) }
    }
}

fn limit((per_second, burst): (u32, u32)) -> RateLimit {
    let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    RateLimit { per_second: at_least_one(per_second), burst: at_least_one(burst) }
}

pub(super) fn read(mut section: Section<'_>) -> Limits {
    let on = section.optional("rates", boolean).unwrap_or(true);
    let mut read = |key, default| section.optional(key, number(1..=1_000_000)).unwrap_or(default);
    let address = (read("address_per_second", ADDRESS.0), read("address_burst", ADDRESS.1));
    let all = (read("all_per_second", ALL.0), read("all_burst", ALL.1));
    section.finish();
    Limits { rates: on.then(|| (limit(address), limit(all))) }
}
