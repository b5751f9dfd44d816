//! What is counted and measured, for Prometheus. Labels come from closed sets (codes, routes, API names, keys of the
//! configuration): nothing of a person, and nothing that a stranger could make endless.

mod aws;
mod emf;
mod expiry;
mod reloads;
pub(crate) mod waiting;

pub(crate) use aws::{Metered, api_name};

use crate::error::Code;
use crate::idps::Idps;
use crate::rate_limits::Limit;
use chrono::{DateTime, Utc};
use emf::{Observed, Unit};
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
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
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
    calls_in_flight: Gauge,
    ledger_up: Gauge,
    lookups: Family<Looked, Counter>,
    acts: Family<Acted, Counter>,
    audit_events: Family<Audited, Counter>,
    /// What CloudWatch is to be told; nothing is kept unless somebody asks for it.
    observed: OnceLock<Mutex<Observed>>,
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
struct Looked {
    cache: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Acted {
    act: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Audited {
    sink: String,
    outcome: String,
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
        let limited: Family<Limited, Counter> = registered(
            &mut registry,
            "limited",
            "Requests refused because too many came, from one address or from all",
        );
        // From the start, so that the first one is seen to increase it.
        for limit in [Limit::Address, Limit::All] {
            let _ = limited.get_or_create(&Limited { limit: limit.name().to_owned() });
        }
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
            limited,
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
            calls_in_flight: registered(&mut registry, "aws_calls_in_flight", "AWS calls that go on now"),
            ledger_up: registered(&mut registry, "ledger_up", "Whether the ledger answered the last claim"),
            lookups: registered(
                &mut registry,
                "cache_lookups",
                "What is remembered of profiles, roles and spaces",
            ),
            acts: registered(&mut registry, "provisioning_acts", "Changes at AWS, such as profile-created"),
            audit_events: registered(
                &mut registry,
                "audit_events",
                "Audit events by sink and what came of them",
            ),
            idps: Arc::clone(&idps),
            observed: OnceLock::new(),
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
        // Nobody has asked it yet, and so nothing speaks against it.
        all.ledger_up.set(1);
        Self(Arc::new(all))
    }

    /// Keeps what is counted from now on for [`Metrics::take_lines`] as well.
    pub fn keep_for_cloudwatch(&self) {
        self.0.observed.get_or_init(Mutex::default);
    }

    /// What was counted since the last time, as lines in CloudWatch's embedded metric format.
    #[must_use]
    pub fn take_lines(&self, now: DateTime<Utc>) -> Vec<String> {
        let Some(observed) = self.0.observed.get() else { return Vec::new() };
        let mut observed = observed.lock().unwrap_or_else(PoisonError::into_inner);
        if observed.wants_certificates(now) {
            let idps = Arc::clone(&self.0.idps.read().unwrap_or_else(PoisonError::into_inner));
            // An alarm can neither search for labels nor ask what time it is.
            if let Some(left) = expiry::days_left(&idps, now) {
                observed.note("idp_certificate_days_left", Unit::None, left, &[]);
            }
            for idp in idps.all() {
                for (number, ends) in idp.metadata.certificates_end.iter().enumerate() {
                    let labels = [("idp", &*idp.settings.key), ("certificate", &*number.to_string())];
                    let ends = (*ends - DateTime::UNIX_EPOCH).as_seconds_f64();
                    observed.note(
                        "idp_certificate_not_after_timestamp_seconds",
                        Unit::Seconds,
                        ends,
                        &labels,
                    );
                }
            }
        }
        observed.take_lines(now)
    }

    fn note(&self, name: &'static str, unit: Unit, value: f64, labels: &[(&'static str, &str)]) {
        if let Some(observed) = self.0.observed.get() {
            observed.lock().unwrap_or_else(PoisonError::into_inner).note(name, unit, value, labels);
        }
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
        let code = code.map_or("", Code::name);
        self.note("sign_ins_total", Unit::Count, 1.0, &[("outcome", outcome), ("code", code)]);
        self.note("sign_in_seconds", Unit::Seconds, took.as_secs_f64(), &[("outcome", outcome)]);
        self.0.sign_ins.get_or_create(&SignIn { outcome: outcome.to_owned(), code: code.to_owned() }).inc();
        let label = Outcome { outcome: outcome.to_owned() };
        self.0.sign_in_seconds.get_or_create(&label).observe(took.as_secs_f64());
        if let Some(waited) = waiting::so_far() {
            let own = took.saturating_sub(waited).as_secs_f64();
            self.note("own_seconds", Unit::Seconds, own, &[("outcome", outcome)]);
            self.0.own_seconds.get_or_create(&label).observe(own);
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

    /// What the ledger said: `first`, `repeated`, or `unknown` if it could not say.
    pub(crate) fn claim(&self, outcome: &str) {
        let up = u8::from(outcome != "unknown");
        self.note("replay_claims_total", Unit::Count, 1.0, &[("outcome", outcome)]);
        self.note("ledger_up", Unit::None, up.into(), &[]);
        self.0.ledger_up.set(up.into());
        self.0.claims.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
    }

    pub(crate) fn request_begins(&self) {
        self.0.in_flight.inc();
    }

    pub(crate) fn request_ends(&self) {
        self.0.in_flight.dec();
    }

    pub(crate) fn answered(&self, route: &str, method: &str, status: u16, took: Duration) {
        let labels = [("route", route), ("method", method), ("status", &status.to_string())];
        self.note("http_requests_total", Unit::Count, 1.0, &labels);
        self.note("http_request_seconds", Unit::Seconds, took.as_secs_f64(), &[("route", route)]);
        let (route, method) = (route.to_owned(), method.to_owned());
        self.0.request_seconds.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        self.0.requests.get_or_create(&Answered { route, method, status }).inc();
    }

    pub(crate) fn limited(&self, limit: Limit) {
        self.note("limited_total", Unit::Count, 1.0, &[("limit", limit.name())]);
        self.0.limited.get_or_create(&Limited { limit: limit.name().to_owned() }).inc();
    }

    pub(crate) fn shed(&self, api: &str, limit: &str) {
        self.note("aws_shed_total", Unit::Count, 1.0, &[("api", api), ("limit", limit)]);
        self.0.shed.get_or_create(&Shed { api: api.to_owned(), limit: limit.to_owned() }).inc();
    }

    /// A breaker opens, or is closed or gone. After a reload there may be another one for the same API for a while.
    pub(crate) fn breaker(&self, api: &str, account: &str, region: &str, open: bool) {
        let (api, account, region) = (api.to_owned(), account.to_owned(), region.to_owned());
        let gauge = self.0.breakers.get_or_create(&Breaker { api, account, region });
        if open {
            gauge.inc()
        } else {
            gauge.dec()
        };
    }

    /// Whether what was found a short while ago could be used again: `hit` or `miss` of `profile`, `execution-role` or
    /// `space`.
    pub(crate) fn looked_up(&self, cache: &'static str, hit: bool) {
        let outcome = if hit { "hit" } else { "miss" };
        self.note("cache_lookups_total", Unit::Count, 1.0, &[("cache", cache), ("outcome", outcome)]);
        self.0.lookups.get_or_create(&Looked { cache: cache.to_owned(), outcome: outcome.to_owned() }).inc();
    }

    /// What came of audit events: `delivered`, `dropped` because a queue was full, or `failed`.
    pub(crate) fn audited(&self, sink: &'static str, outcome: &str, events: u64) {
        // Batches have some thousand events at most.
        let count = f64::from(u32::try_from(events).unwrap_or(u32::MAX));
        self.note("audit_events_total", Unit::Count, count, &[("sink", sink), ("outcome", outcome)]);
        let label = Audited { sink: sink.to_owned(), outcome: outcome.to_owned() };
        self.0.audit_events.get_or_create(&label).inc_by(events);
    }

    fn call_begins(&self) {
        self.0.calls_in_flight.inc();
    }

    fn call_ends(&self) {
        self.0.calls_in_flight.dec();
    }

    /// A change at AWS.
    fn acted(&self, act: &'static str, outcome: &str) {
        self.note("provisioning_acts_total", Unit::Count, 1.0, &[("act", act), ("outcome", outcome)]);
        self.0.acts.get_or_create(&Acted { act: act.to_owned(), outcome: outcome.to_owned() }).inc();
    }

    fn called(&self, api: String, outcome: &str, took: Duration) {
        self.note("aws_calls_total", Unit::Count, 1.0, &[("api", &*api), ("outcome", outcome)]);
        self.note("aws_call_seconds", Unit::Seconds, took.as_secs_f64(), &[("api", &*api)]);
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
