//! What is noted while one sign-in, or one command, is worked on: facts, and the AWS calls that it makes.
//!
//! The calls find it by themselves: it follows the work through every await, and from task to task where it is told to.

use super::Audit;
use super::act::Act;
use super::event::{Call, Event, SignIn, What};
use super::facts::{Facts, Origin};
use crate::config::Domain;
use crate::error::Refusal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Calls of one sign-in that an event lists. Somebody who waits for a profile makes one each second.
const MOST_CALLS: usize = 60;

tokio::task_local! {
    static CURRENT: Trail;
}

/// What is noted of one piece of work. A copy notes the same.
#[derive(Debug, Clone)]
pub struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    audit: Audit,
    command: Option<&'static str>,
    origin: Origin,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    facts: Facts,
    calls: Vec<Call>,
    calls_left_out: usize,
}

impl Trail {
    /// Of a request about which nothing is known yet.
    pub(crate) fn of_request(audit: &Audit, origin: Origin) -> Self {
        Self::new(audit, origin, None)
    }

    /// Of a command, by its name, and of the domain that it is about.
    pub(super) fn of_command(audit: &Audit, name: &'static str, domain: Option<&Domain>) -> Self {
        let trail = Self::new(audit, Origin::default(), Some(name));
        if let Some(domain) = domain {
            trail.know(|facts| facts.of_domain(domain));
        }
        trail
    }

    fn new(audit: &Audit, origin: Origin, command: Option<&'static str>) -> Self {
        Self(Arc::new(Inner { audit: audit.clone(), command, origin, noted: Mutex::default() }))
    }

    /// The trail of the work that is going on here, if there is one.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Does some work, whose calls are noted.
    pub async fn follow<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Work for another task that belongs to what is going on here.
    pub(crate) async fn carry<F: Future>(trail: Option<Self>, work: F) -> F::Output {
        match trail {
            Some(trail) => trail.follow(work).await,
            None => work.await,
        }
    }

    /// Where the request came from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// What is known so far.
    pub(crate) fn facts(&self) -> Facts {
        self.noted().facts.clone()
    }

    /// Adds to what is known.
    pub(crate) fn know(&self, learn: impl FnOnce(&mut Facts)) {
        learn(&mut self.noted().facts);
    }

    /// Notes a call, and tells of it at once if it changed something.
    pub(crate) fn called(&self, call: Call, act: Option<Act>) {
        let mut noted = self.noted();
        if let Some(act) = act {
            let facts = noted.facts.clone();
            self.tell(facts, What::Act(act, call.clone()));
        }
        if noted.calls.len() < MOST_CALLS {
            noted.calls.push(call);
        } else {
            noted.calls_left_out += 1;
        }
    }

    /// Tells how an answer to a sign-in turned out.
    pub(crate) fn answered(&self, outcome: &str, refusal: Option<&Refusal>, took: Duration) {
        let noted = self.noted();
        let sign_in = SignIn {
            outcome: outcome.to_owned(),
            code: refusal.map(Refusal::code),
            reason: refusal.map(|refusal| refusal.reason().to_owned()),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            calls: noted.calls.clone(),
            calls_left_out: noted.calls_left_out,
        };
        self.tell(noted.facts.clone(), What::SignIn(sign_in));
    }

    fn tell(&self, facts: Facts, what: What) {
        let Inner { audit, command, origin, .. } = &*self.0;
        audit.tell(|id, time| Event { id, time, command: *command, origin: origin.clone(), facts, what });
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
