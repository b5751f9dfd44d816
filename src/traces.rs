//! Traces: one span for each request, and below it one for each step of a sign-in and each AWS call, sent by OTLP over
//! HTTP. Off unless the configuration names an endpoint; then a span costs a look at a flag.
//!
//! Spans say how long what took, and nothing about whom: no log line goes with them.

use crate::config;
use axum::http::{HeaderMap, HeaderName};
use opentelemetry::KeyValue;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Target of all spans. What writes log lines does not look at it.
pub const TARGET: &str = "studio_gateway::trace";

/// Begins a span for a step; it ends when it is dropped.
macro_rules! step {
    ($name:literal $(, $($field:tt)+)?) => {
        tracing::info_span!(target: "studio_gateway::trace", $name $(, $($field)+)?)
    };
}
pub(crate) use step;

/// The way that spans take. Whatever is on it when it is dropped may be lost.
#[derive(Clone)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts sending spans, if the configuration says where to.
    ///
    /// # Errors
    /// A sentence for the admin, when the endpoint cannot be used.
    pub fn start(settings: &config::Traces) -> Result<Option<Self>, String> {
        let Some(endpoint) = &settings.endpoint else { return Ok(None) };
        let otlp = Otlp::builder()
            .with_http()
            .with_endpoint(endpoint.as_str())
            .build()
            .map_err(|fault| format!("traces.endpoint: {fault}"))?;
        let resource = Resource::builder_empty()
            .with_service_name("studio-gateway")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample))))
            .with_batch_exporter(OnRuntime { otlp: Arc::new(otlp), runtime: Handle::current() })
            .build();
        Ok(Some(Self(provider)))
    }

    /// What makes spans of ours into spans that are sent.
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let tracer = self.0.tracer("studio-gateway");
        let ours = Targets::new().with_target(TARGET, LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_filter(ours)
    }

    /// Sends what has ended so far. It is the exporter's own time limit that ends it.
    pub async fn flush(&self) {
        let provider = self.0.clone();
        if let Ok(Err(fault)) = spawn_blocking(move || provider.force_flush()).await {
            tracing::warn!(target: "studio_gateway", "spans were not sent: {fault}");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traces")
    }
}

/// The span of a request. `traceparent` (W3C Trace Context) counts only where the configuration says so: it is a
/// stranger's otherwise.
pub(crate) fn of_request(settings: &config::Traces, headers: &HeaderMap, request_id: &str) -> Span {
    let span = step!("request", request_id, route = tracing::field::Empty);
    if settings.accept_parent && !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract(&Parent(headers));
        // It fails for a span that is not sent, which needs no parent.
        let _ = span.set_parent(parent);
    }
    span
}

struct Parent<'h>(&'h HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Exports on the runtime of the service: batches come from a thread that has none.
#[derive(Debug)]
struct OnRuntime {
    otlp: Arc<Otlp>,
    runtime: Handle,
}

impl SpanExporter for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let otlp = Arc::clone(&self.otlp);
        let exported = self.runtime.spawn(async move { otlp.export(batch).await }).await;
        exported.unwrap_or_else(|fault| Err(OTelSdkError::InternalFailure(fault.to_string())))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(otlp) = Arc::get_mut(&mut self.otlp) {
            otlp.set_resource(resource);
        }
    }
}
