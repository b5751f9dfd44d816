//! What is counted and measured, for Prometheus. Labels come from closed sets (codes, routes, API names, keys of the
//! configuration): nothing of a person, and nothing that a stranger could make endless.

mod aws;
mod expiry;
mod reloads;
pub(crate) mod waiting;

pub(crate) use aws::{Metered, api_name};

use crate::error::Code;
use crate::idps::Idps;
use crate::rate_limits::Limit;
use expiry::{CertificateEnds, Known};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use reloads::Reloads;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Bounds of the histograms, in seconds.
const BOUNDS: [f64; 12] = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 45.0];

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics of one gateway. A copy counts into the same.
#[derive(Clone)]
pub struct Metrics(Arc<All>);

struct All {
    registry: Registry,
    sign_ins: Family<SignIn, Counter>,
    sign_in_seconds: Durations<Outcome>,
    own_seconds: Durations<Outcome>,
    requests: Family<Answered, Counter>,
    request_seconds: Durations<Route>,
    in_flight: Gauge,
    claims: Family<Outcome, Counter>,
    calls: Family<Called, Counter>,
    call_seconds: Durations<Api>,
    reloads: Reloads,
    idps: Known,
    limited: Family<Limited, Counter>,
    shed: Family<Shed, Counter>,
    breakers: Family<Breaker, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignIn {
    outcome: String,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Api {
    api: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    api: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limited {
    limit: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Shed {
    api: String,
    limit: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Breaker {
    api: String,
    account: String,
    region: String,
}

impl Metrics {
    /// Metrics at zero. `idps` is asked for the ends of its certificates whenever metrics are read.
    #[must_use]
    pub fn new(idps: Arc<Idps>) -> Self {
        let mut registry = Registry::with_prefix("studio_gateway");
        let idps = Arc::new(RwLock::new(idps));
        let all = All {
            sign_ins: registered(
                &mut registry,
                "sign_ins",
                "Sign-ins by outcome and error code; those that go on in the browser count once for each answer",
            ),
            sign_in_seconds: durations(&mut registry, "sign_in_seconds", "Time to answer, AWS included"),
            own_seconds: durations(
                &mut registry,
                "own_seconds",
                "Time to answer a sign-in without that spent waiting for STS, SageMaker and IAM",
            ),
            requests: registered(&mut registry, "http_requests", "Answers by route, method and status"),
            request_seconds: durations(&mut registry, "http_request_seconds", "Time to answer by route"),
            in_flight: registered(&mut registry, "http_requests_in_flight", "Requests being answered now"),
            claims: registered(&mut registry, "replay_claims", "What the replay ledger said"),
            calls: registered(&mut registry, "aws_calls", "AWS calls with their retries, by API and outcome"),
            call_seconds: durations(
                &mut registry,
                "aws_call_seconds",
                "Time of AWS calls with their retries",
            ),
            reloads: Reloads::new(&mut registry),
            idps: Arc::clone(&idps),
            limited: registered(
                &mut registry,
                "limited",
                "Requests refused because too many came, from one address or from all",
            ),
            shed: registered(
                &mut registry,
                "aws_shed",
                "AWS calls not made: too many were under way (full), or there was no answer lately (open)",
            ),
            breakers: registered(
                &mut registry,
                "aws_breaker_open",
                "1 while calls of an API are not made because there was no answer",
            ),
            registry: {
                registry.register_collector(Box::new(CertificateEnds(idps)));
                let version = [("version", env!("CARGO_PKG_VERSION"))];
                registry.register(
                    "build",
                    "This build",
                    prometheus_client::metrics::info::Info::new(version),
                );
                registry
            },
        };
        Self(Arc::new(all))
    }

    /// Everything in the text format of OpenMetrics.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }

    pub(crate) fn sign_in(&self, outcome: &str, code: Option<Code>, took: Duration) {
        let code = code.map_or("", Code::name).to_owned();
        self.0.sign_ins.get_or_create(&SignIn { outcome: outcome.to_owned(), code }).inc();
        let label = Outcome { outcome: outcome.to_owned() };
        self.0.sign_in_seconds.get_or_create(&label).observe(took.as_secs_f64());
        if let Some(waited) = waiting::so_far() {
            self.0.own_seconds.get_or_create(&label).observe(took.saturating_sub(waited).as_secs_f64());
        }
    }

    /// These are the IdPs from now on.
    pub(crate) fn known_idps(&self, idps: Arc<Idps>) {
        *self.0.idps.write().unwrap_or_else(PoisonError::into_inner) = idps;
    }

    /// What is counted of configurations.
    pub(crate) fn reloads(&self) -> &Reloads {
        &self.0.reloads
    }

    pub(crate) fn claim(&self, outcome: &str) {
        self.0.claims.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
    }

    pub(crate) fn request_begins(&self) {
        self.0.in_flight.inc();
    }

    pub(crate) fn request_ends(&self) {
        self.0.in_flight.dec();
    }

    pub(crate) fn answered(&self, route: &str, method: &str, status: u16, took: Duration) {
        let (route, method) = (route.to_owned(), method.to_owned());
        self.0.request_seconds.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        self.0.requests.get_or_create(&Answered { route, method, status }).inc();
    }

    pub(crate) fn limited(&self, limit: Limit) {
        self.0.limited.get_or_create(&Limited { limit: limit.name().to_owned() }).inc();
    }

    pub(crate) fn shed(&self, api: &str, limit: &str) {
        self.0.shed.get_or_create(&Shed { api: api.to_owned(), limit: limit.to_owned() }).inc();
    }

    pub(crate) fn breaker(&self, api: &str, account: &str, region: &str, open: bool) {
        let (api, account, region) = (api.to_owned(), account.to_owned(), region.to_owned());
        self.0.breakers.get_or_create(&Breaker { api, account, region }).set(open.into());
    }

    fn called(&self, api: String, outcome: &str, took: Duration) {
        self.0.call_seconds.get_or_create(&Api { api: api.clone() }).observe(took.as_secs_f64());
        self.0.calls.get_or_create(&Called { api, outcome: outcome.to_owned() }).inc();
    }
}

fn registered<M: prometheus_client::registry::Metric + Clone + Default>(
    registry: &mut Registry,
    name: &str,
    help: &str,
) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn durations<L>(registry: &mut Registry, name: &str, help: &str) -> Durations<L>
where
    L: Clone + std::hash::Hash + Eq + EncodeLabelSet + fmt::Debug + Send + Sync + 'static,
{
    let family = Durations::<L>::new_with_constructor(|| Histogram::new(BOUNDS));
    registry.register(name, help, family.clone());
    family
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
