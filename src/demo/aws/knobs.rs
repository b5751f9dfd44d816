//! Knobs: how the embedded AWS misbehaves, set from a test or over `/_control/knobs`.
//!
//! They never make a check laxer: no knob lets a bad signature or a foreign tag through.

use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A shared handle: clones turn the same knobs. An API is named `sagemaker:DescribeUserProfile` or
/// `DescribeUserProfile`; `*` is every API.
#[derive(Clone, Debug, Default)]
pub struct Knobs(Arc<Mutex<Settings>>);

/// What one call meets instead of, or before, its answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Throttled: `ThrottlingException` (SageMaker) or `Throttling` (STS, IAM), HTTP 400, and nothing is done.
    Throttle,
    /// This error, and nothing is done.
    Fail {
        /// HTTP status.
        status: u16,
        /// AWS error code.
        code: String,
    },
    /// The connection is dropped before anything is done.
    Reset,
    /// The call is carried out, then the connection is dropped: the caller cannot know.
    LoseAnswer,
    /// Nothing is done and nothing answered until the caller goes away. The trail says `Held`.
    Hold,
    /// The call is carried out, and nothing is answered until the caller goes away.
    HoldAnswer,
    /// This many milliseconds pass first.
    Delay(u64),
}

/// One fault of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which API.
    pub api: String,
    /// Which of its calls, 0 for the first since the schedule was set.
    pub call: u64,
    /// What happens.
    pub effect: Effect,
}

#[derive(Debug, Default)]
struct Settings {
    latency: BTreeMap<String, Duration>,
    next: Vec<(String, VecDeque<Effect>)>,
    schedule: Vec<Fault>,
    calls: BTreeMap<String, u64>,
    pace: Pace,
    tells_missing: bool,
    batches_refused_in_part: u32,
}

/// How new and changed profiles, spaces and notebook instances come to rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    pub(super) describes: u32,
    pub(super) duration: Duration,
    pub(super) failure: Option<String>,
    pub(super) update_failure: Option<String>,
    pub(super) deletion_failure: Option<String>,
    pub(super) unseen_describes: u32,
    pub(super) closed_while_updating: bool,
    pub(super) rival: Option<BTreeMap<String, String>>,
    pub(super) space_failure: Option<String>,
    pub(super) space_rival: Option<(String, String)>,
    pub(super) start_failure: Option<String>,
}

/// What a call is to meet: a delay, then perhaps an effect other than a delay.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) delay: Duration,
    pub(super) effect: Option<Effect>,
}

/// One knob turned over the control surface.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "knob", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Turn {
    Latency { api: String, milliseconds: u64 },
    PendingDescribes { count: u32 },
    PendingFor { milliseconds: u64 },
    FailCreation { reason: String },
    FailUpdates { reason: String },
    FailDeletion { reason: String },
    FailSpaces { reason: String },
    FailStarts { reason: String },
    UnseenDescribes { count: u32 },
    CloseWhileUpdating { close: bool },
    Throttle { api: String, count: u32 },
    Fail { api: String, count: u32, status: u16, code: String },
    Reset { api: String, count: u32 },
    LoseAnswer { api: String, count: u32 },
    Schedule { faults: Vec<Fault> },
    TellMissing { tell: bool },
    Clear,
}

impl Knobs {
    /// Each call of `api` takes at least this long.
    pub fn latency(&self, api: &str, duration: Duration) {
        self.with(|s| s.latency.insert(api.to_owned(), duration));
    }

    /// A profile, space or notebook instance that is changed from now on stays in that state for `count` Describe calls.
    pub fn pending_describes(&self, count: u32) {
        self.with(|s| s.pace.describes = count);
    }

    /// ... and for this long by the clock.
    pub fn pending_for(&self, duration: Duration) {
        self.with(|s| s.pace.duration = duration);
    }

    /// Profiles created from now on end `Failed`, with this `FailureReason`.
    pub fn fail_creation(&self, reason: &str) {
        self.with(|s| s.pace.failure = Some(reason.to_owned()));
    }

    /// Updates from now on end `Update_Failed`, with this `FailureReason`, and change nothing.
    pub fn fail_updates(&self, reason: &str) {
        self.with(|s| s.pace.update_failure = Some(reason.to_owned()));
    }

    /// Deletions from now on end `Delete_Failed`, with this `FailureReason`.
    pub fn fail_deletion(&self, reason: &str) {
        self.with(|s| s.pace.deletion_failure = Some(reason.to_owned()));
    }

    /// A profile or space that is created from now on is `ResourceNotFound` to the first `count` Describe calls.
    pub fn unseen_describes(&self, count: u32) {
        self.with(|s| s.pace.unseen_describes = count);
    }

    /// Whether `CreatePresignedDomainUrl` refuses a profile that is `Updating`. At first it does not; whether AWS does is
    /// not documented.
    pub fn close_while_updating(&self, close: bool) {
        self.with(|s| s.pace.closed_while_updating = close);
    }

    /// Whatever profile is to be created from now on, somebody else makes it a moment earlier, with these tags and no
    /// settings, so that the call says `ResourceInUse`.
    pub fn rival(&self, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.with(|s| s.pace.rival = Some(tags));
    }

    /// Spaces created from now on end `Failed`, with this `FailureReason`.
    pub fn fail_spaces(&self, reason: &str) {
        self.with(|s| s.pace.space_failure = Some(reason.to_owned()));
    }

    /// Whatever space is to be created from now on, somebody else makes it a moment earlier, with this owner and
    /// `SharingType`.
    pub fn space_rival(&self, owner: &str, sharing: &str) {
        self.with(|s| s.pace.space_rival = Some((owner.to_owned(), sharing.to_owned())));
    }

    /// Notebook instances started from now on end `Failed`, with this `FailureReason`.
    pub fn fail_starts(&self, reason: &str) {
        self.with(|s| s.pace.start_failure = Some(reason.to_owned()));
    }

    /// The next `count` calls of `api` are throttled.
    pub fn throttle(&self, api: &str, count: u32) {
        self.queue(api, count, &Effect::Throttle);
    }

    /// The next `count` calls of `api` fail with this HTTP status and AWS error code.
    pub fn fail(&self, api: &str, count: u32, status: u16, code: &str) {
        self.queue(api, count, &Effect::Fail { status, code: code.to_owned() });
    }

    /// The next `count` calls of `api` find their connection dropped, and nothing is done.
    pub fn reset(&self, api: &str, count: u32) {
        self.queue(api, count, &Effect::Reset);
    }

    /// The next `count` calls of `api` are carried out and then find their connection dropped.
    pub fn lose_answer(&self, api: &str, count: u32) {
        self.queue(api, count, &Effect::LoseAnswer);
    }

    /// Faults by call index; replaces the schedule and counts calls from 0 again.
    pub fn schedule(&self, faults: Vec<Fault>) {
        self.with(|s| {
            s.schedule = faults;
            s.calls.clear();
        });
    }

    /// How many calls of each API there were since the schedule was set.
    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.with(|s| s.calls.clone())
    }

    /// Whether `CreatePresignedDomainUrl` says `ResourceNotFound` of a profile that does not exist even to a caller
    /// whose policies need a tag of it. At first it does not: a tag that is not there matches nothing, so such a caller
    /// is told `AccessDeniedException`. Which of the two AWS answers is not known.
    pub fn tell_missing(&self, tell: bool) {
        self.with(|s| s.tells_missing = tell);
    }

    /// Everything as at the start.
    pub fn clear(&self) {
        self.with(|s| *s = Settings::default());
    }

    pub(super) fn turn(&self, turn: Turn) {
        match turn {
            Turn::Latency { api, milliseconds } => self.latency(&api, Duration::from_millis(milliseconds)),
            Turn::PendingDescribes { count } => self.pending_describes(count),
            Turn::PendingFor { milliseconds } => self.pending_for(Duration::from_millis(milliseconds)),
            Turn::FailCreation { reason } => self.fail_creation(&reason),
            Turn::FailUpdates { reason } => self.fail_updates(&reason),
            Turn::FailDeletion { reason } => self.fail_deletion(&reason),
            Turn::FailSpaces { reason } => self.fail_spaces(&reason),
            Turn::FailStarts { reason } => self.fail_starts(&reason),
            Turn::UnseenDescribes { count } => self.unseen_describes(count),
            Turn::CloseWhileUpdating { close } => self.close_while_updating(close),
            Turn::Throttle { api, count } => self.throttle(&api, count),
            Turn::Fail { api, count, status, code } => self.fail(&api, count, status, &code),
            Turn::Reset { api, count } => self.reset(&api, count),
            Turn::LoseAnswer { api, count } => self.lose_answer(&api, count),
            Turn::Schedule { faults } => self.schedule(faults),
            Turn::TellMissing { tell } => self.tell_missing(tell),
            Turn::Clear => self.clear(),
        }
    }

    /// Of the next `count` batches of events, the first entry is not taken.
    pub fn refuse_one_of_batches(&self, count: u32) {
        self.with(|s| s.batches_refused_in_part = count);
    }

    /// Whether this batch is one of them.
    pub(super) fn refuses_one(&self) -> bool {
        self.with(|s| {
            let refuses = s.batches_refused_in_part > 0;
            s.batches_refused_in_part = s.batches_refused_in_part.saturating_sub(1);
            refuses
        })
    }

    pub(super) fn tells_missing(&self) -> bool {
        self.with(|s| s.tells_missing)
    }

    pub(super) fn pace(&self) -> Pace {
        self.with(|s| s.pace.clone())
    }

    /// What the call of `api` that has just arrived meets; counts it.
    pub(super) fn meet(&self, api: &str) -> Fate {
        self.with(|s| {
            let count = s.calls.entry(api.to_owned()).or_default();
            let index = *count;
            *count += 1;
            let mut fate = Fate::default();
            for (name, latency) in &s.latency {
                if names(name, api) {
                    fate.delay += *latency;
                }
            }
            let scheduled =
                s.schedule.iter().filter(|f| f.call == index && names(&f.api, api)).map(|f| &f.effect);
            let queued = s.next.iter_mut().find(|(name, effects)| names(name, api) && !effects.is_empty());
            for effect in scheduled.cloned().chain(queued.and_then(|(_, effects)| effects.pop_front())) {
                match effect {
                    Effect::Delay(milliseconds) => fate.delay += Duration::from_millis(milliseconds),
                    other => fate.effect = fate.effect.or(Some(other)),
                }
            }
            fate
        })
    }

    fn queue(&self, api: &str, count: u32, effect: &Effect) {
        let effects = (0..count).map(|_| effect.clone()).collect();
        self.with(|s| s.next.push((api.to_owned(), effects)));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Settings) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn names(pattern: &str, api: &str) -> bool {
    pattern == "*"
        || pattern == api
        || api.rsplit_once(':').is_some_and(|(_, operation)| operation == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queued_faults_hit_the_next_calls_of_their_api_only() {
        let knobs = Knobs::default();
        knobs.throttle("DescribeUserProfile", 2);
        assert_eq!(knobs.meet("sts:AssumeRoleWithSAML"), Fate::default());
        assert_eq!(knobs.meet("sagemaker:DescribeUserProfile").effect, Some(Effect::Throttle));
        assert_eq!(knobs.meet("sagemaker:DescribeUserProfile").effect, Some(Effect::Throttle));
        assert_eq!(knobs.meet("sagemaker:DescribeUserProfile").effect, None);
    }

    #[test]
    fn a_schedule_hits_by_index_and_delays_add_up() {
        let knobs = Knobs::default();
        knobs.latency("*", Duration::from_millis(5));
        knobs.schedule(vec![
            Fault { api: "sts:AssumeRole".into(), call: 1, effect: Effect::Reset },
            Fault { api: "sts:AssumeRole".into(), call: 1, effect: Effect::Delay(7) },
        ]);
        assert_eq!(knobs.meet("sts:AssumeRole"), Fate { delay: Duration::from_millis(5), effect: None });
        let second = knobs.meet("sts:AssumeRole");
        assert_eq!(second, Fate { delay: Duration::from_millis(12), effect: Some(Effect::Reset) });
        knobs.clear();
        assert_eq!(knobs.meet("sts:AssumeRole"), Fate::default());
    }
}
