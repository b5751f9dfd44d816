//! A circuit breaker: when calls of one API go without a usable answer time after time, no more are made for a while, and
//! then a few are made to see. So people hear at once what they would otherwise hear after all timeouts, and an API that
//! comes up again is not met by everything that has waited for it. A few and not one: people who were told when to come
//! again come at the same time, and all but one would be told to wait once more.
//!
//! Knows nothing of AWS and reads no clock: whoever asks says what time it is.

use crate::config::Breaker as Settings;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The breaker of one API.
#[derive(Debug)]
pub(super) struct Breaker {
    settings: Option<Settings>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Calls are made. So many in a row had no usable answer.
    Closed { failures: u32 },
    /// No calls are made before then.
    Open { until: Instant },
    /// Calls are under way to see whether there is an answer again; so many more may be made.
    Probing { left: u32 },
}

/// A call that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// As usual.
    Usual,
    /// To see whether there is an answer again.
    Probe,
}

/// How a call that was made ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With an answer, be it an error of ours or a request to slow down: the API is there.
    Usable,
    /// Without one: not reached, not in time, a fault of the API's own, or nothing that can be understood.
    None,
    /// Nobody waited for it, or it was never sent: it says nothing about the API.
    Unknown,
}

impl Breaker {
    pub(super) fn new(settings: Option<Settings>) -> Self {
        Self { settings, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Whether a call may be made now; if not, after how long to ask again.
    pub(super) fn ask(&self, now: Instant) -> Result<Leave, Duration> {
        let Some(settings) = self.settings else { return Ok(Leave::Usual) };
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Ok(Leave::Usual),
            State::Open { until } if now < until => Err(until - now),
            State::Open { .. } => {
                *state = State::Probing { left: settings.failures - 1 };
                Ok(Leave::Probe)
            }
            State::Probing { left: 0 } => Err(settings.pause),
            State::Probing { left } => {
                *state = State::Probing { left: left - 1 };
                Ok(Leave::Probe)
            }
        }
    }

    /// Takes note of how a call ended. Tells whether the breaker opened (`Some(true)`) or closed (`Some(false)`) by that.
    pub(super) fn ended(&self, leave: Leave, answer: Answer, now: Instant) -> Option<bool> {
        let settings = self.settings?;
        let mut state = self.state();
        let next = match (*state, leave, answer) {
            (State::Closed { failures }, _, Answer::None) if failures + 1 < settings.failures => {
                State::Closed { failures: failures + 1 }
            }
            (State::Closed { .. }, _, Answer::None) | (State::Probing { .. }, Leave::Probe, Answer::None) => {
                State::Open { until: now + settings.pause }
            }
            // Another one may see.
            (State::Probing { left }, Leave::Probe, Answer::Unknown) => State::Probing { left: left + 1 },
            // Whenever it began: there is an answer.
            (_, _, Answer::Usable) => State::Closed { failures: 0 },
            // Begun before it opened, or one of several that were to see: nothing new.
            (same, ..) => same,
        };
        let was_open = !matches!(*state, State::Closed { .. });
        *state = next;
        let is_open = !matches!(next, State::Closed { .. });
        (was_open != is_open).then_some(is_open)
    }

    /// Whether it is open, or about to see whether it still has to be.
    pub(super) fn is_open(&self) -> bool {
        !matches!(*self.state(), State::Closed { .. })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(3);

    fn breaker() -> (Breaker, Instant) {
        (Breaker::new(Some(Settings { failures: 3, pause: PAUSE })), Instant::now())
    }

    /// A call with this end.
    fn call(breaker: &Breaker, answer: Answer, now: Instant) -> Option<bool> {
        let leave = breaker.ask(now).unwrap();
        breaker.ended(leave, answer, now)
    }

    fn opened() -> (Breaker, Instant) {
        let (breaker, now) = breaker();
        assert_eq!(call(&breaker, Answer::None, now), None);
        assert_eq!(call(&breaker, Answer::None, now), None);
        assert_eq!(call(&breaker, Answer::None, now), Some(true));
        (breaker, now)
    }

    #[test]
    fn it_opens_after_so_many_in_a_row_and_says_for_how_long() {
        let (breaker, now) = opened();
        assert_eq!(breaker.ask(now), Err(PAUSE));
        assert_eq!(breaker.ask(now + Duration::from_secs(1)), Err(Duration::from_secs(2)));
    }

    #[test]
    fn an_answer_in_between_is_a_new_beginning() {
        let (breaker, now) = breaker();
        for _ in 0..10 {
            assert_eq!(call(&breaker, Answer::None, now), None);
            assert_eq!(call(&breaker, Answer::None, now), None);
            assert_eq!(call(&breaker, Answer::Usable, now), None);
        }
    }

    #[test]
    fn calls_that_nobody_waited_for_say_nothing() {
        let (breaker, now) = breaker();
        for _ in 0..10 {
            assert_eq!(call(&breaker, Answer::Unknown, now), None);
        }
        assert_eq!(breaker.ask(now), Ok(Leave::Usual));
    }

    #[test]
    fn a_few_calls_are_made_to_see_and_an_answer_closes_it() {
        let (breaker, now) = opened();
        let later = now + PAUSE;
        for _ in 0..3 {
            assert_eq!(breaker.ask(later), Ok(Leave::Probe));
        }
        assert_eq!(breaker.ask(later), Err(PAUSE), "as many as it took to open, and no more");
        assert_eq!(breaker.ended(Leave::Probe, Answer::Usable, later), Some(false));
        assert_eq!(breaker.ask(later), Ok(Leave::Usual));
    }

    #[test]
    fn it_stays_open_if_there_is_no_answer_still() {
        let (breaker, now) = opened();
        let later = now + PAUSE;
        assert_eq!(breaker.ask(later), Ok(Leave::Probe));
        assert_eq!(call(&breaker, Answer::None, later), None);
        assert_eq!(breaker.ask(later), Err(PAUSE));
        let moment = later + Duration::from_secs(1);
        assert_eq!(breaker.ended(Leave::Probe, Answer::None, moment), None);
        assert_eq!(breaker.ask(moment), Err(Duration::from_secs(2)), "the other one adds nothing");
    }

    #[test]
    fn if_nobody_waits_for_the_calls_that_were_to_see_others_are_made() {
        let (breaker, now) = opened();
        let later = now + PAUSE;
        for _ in 0..10 {
            assert_eq!(call(&breaker, Answer::Unknown, later), None);
        }
        assert_eq!(breaker.ask(later), Ok(Leave::Probe));
    }

    #[test]
    fn calls_that_began_before_it_opened_do_not_open_it_for_longer() {
        let (breaker, now) = opened();
        let later = now + Duration::from_secs(1);
        assert_eq!(breaker.ended(Leave::Usual, Answer::None, later), None);
        assert_eq!(breaker.ask(later), Err(Duration::from_secs(2)));
        assert_eq!(
            breaker.ended(Leave::Usual, Answer::Usable, later),
            Some(false),
            "there is an answer again"
        );
    }

    #[test]
    fn without_settings_it_is_never_open() {
        let (breaker, now) = (Breaker::new(None), Instant::now());
        for _ in 0..1_000 {
            assert_eq!(call(&breaker, Answer::None, now), None);
        }
    }
}
