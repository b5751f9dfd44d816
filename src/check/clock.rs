//! How far this machine's clock is from that of AWS, by the `Date` header of an answer (RFC 9110 6.6.1).

use crate::clock::Clock;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// Reads the clock when a request goes, and when its answer comes.
#[derive(Debug, Clone)]
pub(super) struct Stopwatch {
    clock: Clock,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    sent: Option<DateTime<Utc>>,
    apart: Option<TimeDelta>,
}

impl Stopwatch {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, seen: Arc::default() }
    }

    /// How far AWS's clock is ahead of ours at least; negative if it is behind; zero if they may be the same.
    pub(super) fn apart(&self) -> Option<TimeDelta> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).apart
    }
}

/// `date` was cut to the second, some time between `sent` and `received`.
fn apart(sent: DateTime<Utc>, date: DateTime<Utc>, received: DateTime<Utc>) -> TimeDelta {
    let latest = date + TimeDelta::seconds(1);
    if date > received {
        date - received
    } else if latest < sent {
        latest - sent
    } else {
        TimeDelta::zero()
    }
}

impl Intercept for Stopwatch {
    fn name(&self) -> &'static str {
        "Stopwatch"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).sent = Some(self.clock.now());
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let received = self.clock.now();
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.apart = date.zip(seen.sent).map(|(date, sent)| apart(sent, date.to_utc(), received));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_and_a_slow_answer_explain_is_no_difference() {
        let at = |milliseconds| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds);
        assert_eq!(apart(at(10_900), at(10_000), at(10_950)), TimeDelta::zero());
        assert_eq!(apart(at(10_900), at(12_000), at(12_100)), TimeDelta::zero(), "it took its time");
        assert_eq!(apart(at(10_900), at(15_000), at(11_000)), TimeDelta::seconds(4), "AWS is ahead");
        assert_eq!(apart(at(10_900), at(5_000), at(11_000)), TimeDelta::milliseconds(-4_900), "and behind");
    }
}
