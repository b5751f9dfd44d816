//! Bounds on the calls of each API, in one account and region: how many are made at the same time, and whether any are
//! made while there is no answer. A call that is one too many is turned away at once: a queue would hold people until
//! their assertions are too old.
//!
//! It is a hook of the SDK, before a call is even serialized, so that no call goes round it. What is no call of the SDK
//! (a claim at Redis) begins and ends by itself.

use super::breaker::{Answer, Breaker, Leave};
use super::fault::Kind;
use crate::config::CallBounds;
use crate::metrics::{Metrics, api_name};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Why a call was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// As many as may be are under way.
    Full {
        /// How many that is.
        most: usize,
    },
    /// There was no answer lately; after so long, some are made to see.
    Open {
        /// Until then.
        wait: Duration,
    },
}

impl TurnedAway {
    /// Finds it in what the SDK makes of it.
    pub(super) fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(*found);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { most } => write!(f, "not called: {most} calls are under way (aws.calls_at_once)"),
            Self::Open { wait } => {
                write!(f, "not called: no answer lately, the next try is in {} ms", wait.as_millis())
            }
        }
    }
}

impl Error for TurnedAway {}

impl From<TurnedAway> for Kind {
    fn from(turned_away: TurnedAway) -> Self {
        match turned_away {
            TurnedAway::Full { .. } => Self::Busy,
            TurnedAway::Open { wait } => Self::Paused(wait),
        }
    }
}

/// The bounds of one client, and of all that are made from it.
#[derive(Debug, Clone)]
pub(crate) struct Bounded(Arc<Bounds>);

#[derive(Debug)]
struct Bounds {
    most: usize,
    breaker: Option<crate::config::Breaker>,
    metrics: Metrics,
    account: String,
    region: String,
    apis: Mutex<HashMap<String, Arc<Api>>>,
}

impl Drop for Bounds {
    /// With another configuration there are other breakers; what these say does not count any longer.
    fn drop(&mut self) {
        let apis = self.apis.get_mut().unwrap_or_else(PoisonError::into_inner);
        for api in apis.values().filter(|api| api.breaker.is_open()) {
            self.metrics.breaker(&api.name, &self.account, &self.region, false);
        }
    }
}

/// One API.
#[derive(Debug)]
struct Api {
    name: String,
    places: Arc<Semaphore>,
    breaker: Breaker,
}

/// A call that is being made. Without an end it was dropped half-way.
#[derive(Debug)]
pub(crate) struct Call {
    bounds: Arc<Bounds>,
    api: Arc<Api>,
    leave: Leave,
    ended: Mutex<bool>,
    _place: OwnedSemaphorePermit,
}

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

impl Bounded {
    /// Bounds for calls in this account and region.
    pub(crate) fn new(bounds: &CallBounds, metrics: &Metrics, account: &str, region: &str) -> Self {
        Self(Arc::new(Bounds {
            most: bounds.at_once,
            breaker: bounds.breaker,
            metrics: metrics.clone(),
            account: account.to_owned(),
            region: region.to_owned(),
            apis: Mutex::default(),
        }))
    }

    fn api(&self, name: &str) -> Arc<Api> {
        let mut apis = self.0.apis.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Api {
                name: name.to_owned(),
                places: Arc::new(Semaphore::new(self.0.most)),
                breaker: Breaker::new(self.0.breaker),
            })
        };
        Arc::clone(apis.entry(name.to_owned()).or_insert_with(new))
    }

    /// Begins a call, unless it is turned away.
    pub(crate) fn begin(&self, name: &str, now: Instant) -> Result<Call, TurnedAway> {
        let api = self.api(name);
        let turned_away = |limit, why| {
            self.0.metrics.shed(name, limit);
            why
        };
        let place = Arc::clone(&api.places).try_acquire_owned();
        let place = place.map_err(|_| turned_away("full", TurnedAway::Full { most: self.0.most }))?;
        let leave = api.breaker.ask(now).map_err(|wait| turned_away("open", TurnedAway::Open { wait }))?;
        Ok(Call { bounds: Arc::clone(&self.0), api, leave, ended: Mutex::default(), _place: place })
    }
}

impl Call {
    /// Takes note of how it ended. The first end counts.
    pub(crate) fn end(&self, answer: Answer, now: Instant) {
        if std::mem::replace(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner), true) {
            return;
        }
        let Some(open) = self.api.breaker.ended(self.leave, answer, now) else { return };
        let (api, Bounds { metrics, account, region, .. }) = (&self.api.name, &*self.bounds);
        metrics.breaker(api, account, region, open);
        if open {
            tracing::error!(target: "studio_gateway::aws", api, account, region, "no answer time after time: not called for a while");
        } else {
            tracing::info!(target: "studio_gateway::aws", api, account, region, "there is an answer again");
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Answer::Unknown, Instant::now());
    }
}

impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "Bounded"
    }

    fn modify_before_serialization(
        &self,
        _context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = cfg.load::<Metadata>().map(api_name).unwrap_or_default();
        cfg.interceptor_state().store_put(self.begin(&name, Instant::now())?);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = cfg.load::<Call>() {
            call.end(answer(context), Instant::now());
        }
        Ok(())
    }
}

/// What the end of a call says about the API.
fn answer(context: &FinalizerInterceptorContextRef<'_>) -> Answer {
    match context.output_or_error() {
        Some(Ok(_)) => Answer::Usable,
        Some(Err(error)) if error.is_timeout_error() || error.is_connector_error() => Answer::None,
        // Not to be understood at all.
        Some(Err(error)) if error.is_response_error() => Answer::None,
        Some(Err(error)) if error.is_operation_error() => {
            context.response().map_or(Answer::Unknown, of_status)
        }
        // Such as credentials that could not be had: it was never sent.
        _ => Answer::Unknown,
    }
}

/// What an answer that is an error says: whether it is a fault of the API's own, and not throttling in that disguise.
fn of_status(response: &HttpResponse) -> Answer {
    let throttles = || {
        let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        ["Throttl", "SlowDown", "RequestLimitExceeded"].iter().any(|code| body.contains(code))
    };
    match response.status().as_u16() {
        503 if throttles() => Answer::Usable,
        // A success that is an error all the same is one that cannot be understood.
        200..300 | 500.. => Answer::None,
        _ => Answer::Usable,
    }
}
