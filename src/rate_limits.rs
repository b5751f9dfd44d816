//! How many requests are answered: from one address, and altogether. What comes above that is refused before anything
//! is read or verified.
//!
//! Both are buckets that fill up at a steady rate (GCRA): a crowd may come at once, and then goes on at the rate. Memory
//! is bounded, whoever sends: of so many addresses the ones that asked last are remembered, and one that is forgotten has
//! a full bucket again. What many addresses do together is bounded by the limit for all.

use crate::config::RateLimit;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// How many addresses are remembered: some 20 MB at most.
const ADDRESSES: u64 = 50_000;
/// How often the log tells that requests are refused.
const TELL_EVERY: Duration = Duration::from_mins(1);

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The limits of one gateway. The clock is one that only goes forward, whatever happens to the time of day.
pub struct RateLimits<C: Clock + Clone + Send + Sync + 'static = DefaultClock>
where
    C::Instant: 'static,
{
    clock: C,
    all: Bucket<C>,
    address: Quota,
    by_address: Cache<Network, Arc<Bucket<C>>>,
    told: Bucket<C>,
}

/// Which limit a request ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Its own address's.
    Address,
    /// The one for all addresses together.
    All,
}

impl Limit {
    /// What stands for it in metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::All => "all",
        }
    }
}

/// A request that is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Which limit it ran into.
    pub limit: Limit,
    /// After how long one more would be answered.
    pub wait: Duration,
    /// Whether the log should tell: now and then only.
    pub tell: bool,
}

/// What counts as one address: an IPv4 address, or the /64 that one site has of IPv6. Clients without a known address
/// count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    Address(IpAddr),
    Unknown,
}

impl Network {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(address)) => {
                Self::Address(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into())
            }
            Some(address) => Self::Address(address),
            None => Self::Unknown,
        }
    }
}

impl RateLimits {
    /// Full buckets.
    #[must_use]
    pub fn new(address: RateLimit, all: RateLimit) -> Self {
        Self::with_clock(address, all, DefaultClock::default())
    }
}

impl<C> RateLimits<C>
where
    C: Clock + Clone + Send + Sync + 'static,
    C::Instant: 'static,
{
    fn with_clock(address: RateLimit, all: RateLimit, clock: C) -> Self {
        // Who asks for nothing for so long has a full bucket, and need not be remembered.
        let filled = Duration::from_secs((address.burst.get() / address.per_second.get()).into());
        Self {
            all: RateLimiter::direct_with_clock(quota(all), clock.clone()),
            address: quota(address),
            by_address: Cache::builder()
                .max_capacity(ADDRESSES)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(filled + TELL_EVERY)
                .build(),
            told: RateLimiter::direct_with_clock(
                Quota::with_period(TELL_EVERY)
                    .unwrap_or_else(|| Quota::per_second(std::num::NonZeroU32::MIN)),
                clock.clone(),
            ),
            clock,
        }
    }

    /// Counts a request of this address.
    ///
    /// # Errors
    /// When it is one too many. It does not count then: who comes too often is not kept out for longer by that.
    pub fn admit(&self, address: Option<IpAddr>) -> Result<(), TooMany> {
        let bucket = self.by_address.get_with(Network::of(address), || {
            Arc::new(RateLimiter::direct_with_clock(self.address, self.clock.clone()))
        });
        // The address first: what it is refused takes nothing from the others.
        let limited = bucket.check().map_err(|until| (Limit::Address, until));
        let limited = limited.and_then(|()| self.all.check().map_err(|until| (Limit::All, until)));
        limited.map_err(|(limit, until)| TooMany {
            limit,
            wait: until.wait_time_from(self.clock.now()),
            tell: self.told.check().is_ok(),
        })
    }
}

fn quota(limit: RateLimit) -> Quota {
    Quota::per_second(limit.per_second).allow_burst(limit.burst)
}

impl<C> fmt::Debug for RateLimits<C>
where
    C: Clock + Clone + Send + Sync + 'static,
    C::Instant: 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimits")
            .field("addresses", &self.by_address.entry_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use governor::clock::FakeRelativeClock;

    fn limit(per_second: u32, burst: u32) -> RateLimit {
        RateLimit { per_second: per_second.try_into().unwrap(), burst: burst.try_into().unwrap() }
    }

    fn limits(address: RateLimit, all: RateLimit) -> (RateLimits<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (RateLimits::with_clock(address, all, clock.clone()), clock)
    }

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn a_bucket_is_emptied_at_once_and_filled_steadily() {
        let (limits, clock) = limits(limit(2, 3), limit(1_000, 1_000));
        let alice = Some(at("203.0.113.9"));
        for _ in 0..3 {
            assert_eq!(limits.admit(alice), Ok(()));
        }
        let refused = limits.admit(alice).unwrap_err();
        assert_eq!((refused.limit, refused.wait), (Limit::Address, Duration::from_millis(500)));
        assert_eq!(limits.admit(Some(at("203.0.113.10"))), Ok(()), "others are not concerned");
        clock.advance(Duration::from_millis(499));
        assert!(limits.admit(alice).is_err());
        clock.advance(Duration::from_millis(1));
        assert_eq!(limits.admit(alice), Ok(()));
        assert!(limits.admit(alice).is_err());
    }

    #[test]
    fn a_site_of_ipv6_is_one_address_and_ipv4_in_ipv6_is_ipv4() {
        let (limits, _) = limits(limit(1, 1), limit(1_000, 1_000));
        assert!(limits.admit(Some(at("2001:db8:0:1::1"))).is_ok());
        assert!(limits.admit(Some(at("2001:db8:0:1:ffff::2"))).is_err());
        assert!(limits.admit(Some(at("2001:db8:0:2::1"))).is_ok());
        assert!(limits.admit(Some(at("203.0.113.9"))).is_ok());
        assert!(limits.admit(Some(at("::ffff:203.0.113.9"))).is_err());
        assert!(limits.admit(None).is_ok());
        assert!(limits.admit(None).is_err(), "those without an address are one");
    }

    #[test]
    fn many_addresses_share_what_there_is_for_all() {
        let (limits, _) = limits(limit(10, 10), limit(1, 20));
        let refused = (0..30).filter_map(|host| limits.admit(Some(at(&format!("203.0.113.{host}")))).err());
        let refused: Vec<_> = refused.collect();
        assert_eq!(refused.len(), 10);
        assert!(refused.iter().all(|refused| refused.limit == Limit::All));
    }

    #[test]
    fn the_largest_and_the_smallest_numbers_are_limits_too() {
        for (per_second, burst) in [(1, 1), (1, 1_000_000), (1_000_000, 1), (1_000_000, 1_000_000)] {
            let (limits, clock) = limits(limit(per_second, burst), limit(per_second, burst));
            let taken = (0..=burst).take_while(|_| limits.admit(None).is_ok()).count();
            assert_eq!(taken, burst as usize, "{per_second} {burst}");
            clock.advance(Duration::from_secs(1));
            assert_eq!(limits.admit(None), Ok(()), "{per_second} {burst}");
        }
    }

    #[test]
    fn the_log_tells_once_a_minute() {
        let (limits, clock) = limits(limit(1, 1), limit(1_000, 1_000));
        let told = || (0..1_000).filter_map(|_| limits.admit(None).err()).filter(|it| it.tell).count();
        assert_eq!(told(), 1);
        clock.advance(Duration::from_secs(30));
        assert_eq!(told(), 0);
        clock.advance(Duration::from_secs(31));
        assert_eq!(told(), 1);
    }

    #[test]
    fn addresses_without_end_take_memory_with_an_end() {
        let (limits, _) = limits(limit(1, 1), limit(1_000_000, 10_000_000));
        for number in 0..150_000_u32 {
            assert!(limits.admit(Some(IpAddr::V4(number.into()))).is_ok());
        }
        limits.by_address.run_pending_tasks();
        assert!(limits.by_address.entry_count() <= ADDRESSES, "{}", limits.by_address.entry_count());
        assert!(limits.admit(Some(IpAddr::V4(149_999.into()))).is_err(), "who came last is remembered");
    }

    /// An office of 5,000 people behind one address, who all come within five minutes around nine, most of them in the
    /// middle. A sign-in has eight requests at most (start page, /login, ACS, choice, what the page that prepares asks).
    #[test]
    fn by_default_an_office_of_five_thousand_is_let_in_at_nine() {
        let Limits { rates: Some((address, all)), .. } = Limits::default() else { panic!("no limits") };
        let (limits, clock) = limits(address, all);
        let office = Some(at("203.0.113.9"));
        let seconds = 300_i32;
        // A triangle: nobody in the first second, most in the middle.
        let arriving =
            |second: i32| 5_000 * 2 * (seconds / 2 - (second - seconds / 2).abs()) / (seconds * seconds / 2);
        let mut come = 0;
        for second in 0..seconds {
            for _ in 0..arriving(second) * 8 {
                assert_eq!(limits.admit(office), Ok(()), "second {second}");
            }
            come += arriving(second);
            clock.advance(Duration::from_secs(1));
        }
        assert!(come > 4_700, "{come}");
        // And if all of them press reload in the same second, not one in two is refused.
        let refused = (0..5_000).filter(|_| limits.admit(office).is_err()).count();
        assert!(refused < 2_500, "{refused}");
    }
}
