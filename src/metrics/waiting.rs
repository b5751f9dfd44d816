//! How much of a request's time is spent waiting for AWS, so that the rest can be told apart: that is ours to answer for.
//!
//! Calls run side by side, and so their times are not added up: what counts is how long at least one was under way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

tokio::task_local! {
    static REQUEST: Arc<Mutex<Waits>>;
}

/// Answers a request, within which waits for AWS are added up.
pub(crate) async fn within<T>(request: impl Future<Output = T>) -> T {
    REQUEST.scope(Arc::default(), request).await
}

/// How long the present request has waited for AWS. `None` for work that goes on after its request was answered, such as
/// the events of a page that watches: it has no time of its own.
pub(crate) fn so_far() -> Option<Duration> {
    REQUEST.try_with(|waits| lock(waits).total(Instant::now())).ok()
}

/// Counts all of this as waiting for AWS, such as the pause before the next look at a profile that is not ready.
pub(crate) async fn for_aws<T>(work: impl Future<Output = T>) -> T {
    let _wait = Wait::begin();
    work.await
}

/// A wait of the present request. It ends when this is dropped, and so also when the call is given up.
#[derive(Debug)]
pub(super) struct Wait(Option<Arc<Mutex<Waits>>>);

impl Wait {
    pub(super) fn begin() -> Self {
        let waits = REQUEST.try_with(Arc::clone).ok();
        if let Some(waits) = &waits {
            lock(waits).begin(Instant::now());
        }
        Self(waits)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(waits) = &self.0 {
            lock(waits).end(Instant::now());
        }
    }
}

/// The waits of one request.
#[derive(Debug, Default)]
struct Waits {
    under_way: usize,
    /// Since when at least one is under way.
    since: Option<Instant>,
    /// Before that.
    over: Duration,
}

impl Waits {
    fn begin(&mut self, now: Instant) {
        self.under_way += 1;
        self.since.get_or_insert(now);
    }

    fn end(&mut self, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        if self.under_way == 0 {
            self.over = self.total(now);
            self.since = None;
        }
    }

    fn total(&self, now: Instant) -> Duration {
        self.over + self.since.map(|since| now.saturating_duration_since(since)).unwrap_or_default()
    }
}

/// Nothing panics while it holds the lock.
fn lock(waits: &Mutex<Waits>) -> std::sync::MutexGuard<'_, Waits> {
    waits.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_side_by_side_count_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut waits = Waits::default();
        waits.begin(at(1));
        waits.begin(at(2));
        waits.end(at(3));
        assert_eq!(waits.total(at(4)), Duration::from_secs(3), "one is still under way");
        waits.end(at(5));
        waits.begin(at(8));
        waits.end(at(9));
        assert_eq!(waits.total(at(20)), Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_is_over() {
        let under_way = || REQUEST.with(|waits| lock(waits).under_way);
        within(async {
            let given_up = for_aws(std::future::pending::<()>());
            let _ = tokio::time::timeout(Duration::ZERO, given_up).await.unwrap_err();
            assert_eq!(under_way(), 0);
            assert!(so_far().is_some(), "none is under way, and the time is kept");
            let _wait = Wait::begin();
            assert_eq!(under_way(), 1);
        })
        .await;
        assert_eq!(so_far(), None, "outside of a request");
    }
}
