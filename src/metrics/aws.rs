//! Every AWS call, counted and timed by the SDK's own hook, retries included, and noted in the trail of the sign-in that
//! it is made for.

use super::Metrics;
use super::waiting::Wait;
use crate::audit::{Act, Call, Trail};
use crate::traces::step;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::sync::Mutex;
use std::time::Instant;
use tracing::Span;
use tracing::field::Empty;

/// Longest request id of AWS that is noted. They have 36 characters.
const LONGEST_ID: usize = 100;

/// Counts the calls of a client.
#[derive(Debug, Clone)]
pub(crate) struct Metered(pub(crate) Metrics);

/// Such as `sts:AssumeRoleWithSAML`.
pub(crate) fn api_name(metadata: &Metadata) -> String {
    format!("{}:{}", metadata.service().to_lowercase(), metadata.name())
}

/// A call that goes on, and that its request waits for. One that is dropped, because nobody waits for it any longer, is
/// told of too: AWS may carry it out all the same.
#[derive(Debug)]
struct Ongoing {
    began: Instant,
    _wait: Wait,
    metrics: Metrics,
    api: String,
    trail: Option<Trail>,
    act: Option<Act>,
    end: Mutex<End>,
    span: Span,
}

#[derive(Debug)]
struct End {
    outcome: &'static str,
    status: Option<u16>,
    request_id: Option<String>,
}

impl Storable for Ongoing {
    type Storer = StoreReplace<Self>;
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.metrics.call_ends();
        let Ok(End { outcome, status, request_id }) = self.end.get_mut() else { return };
        let outcome = *outcome;
        self.span.record("outcome", outcome);
        if let Some(id) = request_id.as_deref() {
            self.span.record("aws.request_id", id);
        }
        if let Some(act) = &self.act {
            self.metrics.acted(act.kind.name(), outcome);
        }
        if let Some(trail) = &self.trail {
            let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let (api, status, request_id) = (self.api.clone(), *status, request_id.take());
            trail.called(Call { api, outcome, status, request_id, milliseconds }, self.act.take());
        }
        self.metrics.called(std::mem::take(&mut self.api), outcome, took);
    }
}

impl Intercept for Metered {
    fn name(&self) -> &'static str {
        "Metered"
    }

    /// The first hook of a client that knows the operation.
    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(metadata) = cfg.load::<Metadata>() else {
            return Ok(());
        };
        let api = api_name(metadata);
        let span =
            step!("aws", otel.name = api, otel.kind = "client", outcome = Empty, aws.request_id = Empty);
        self.0.call_begins();
        cfg.interceptor_state().store_put(Ongoing {
            began: Instant::now(),
            _wait: Wait::begin(),
            metrics: self.0.clone(),
            api,
            trail: Trail::current(),
            act: Act::of(context.input()),
            end: Mutex::new(End { outcome: "dropped", status: None, request_id: None }),
            span,
        });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let outcome = match context.output_or_error() {
            Some(Ok(_)) => "ok",
            Some(Err(error)) if error.is_timeout_error() => "timeout",
            Some(Err(error)) if error.is_connector_error() => "unreachable",
            Some(Err(error)) if error.is_interceptor_error() => "shed",
            _ => "error",
        };
        if let Some(ongoing) = cfg.load::<Ongoing>()
            && let Ok(mut end) = ongoing.end.lock()
        {
            let response = context.response();
            let status = response.map(|response| response.status().as_u16());
            *end = End { outcome, status, request_id: response.and_then(request_id) };
        }
        Ok(())
    }
}

/// AWS's id of the request, if it looks like one.
fn request_id(response: &HttpResponse) -> Option<String> {
    let id = response.headers().get("x-amzn-requestid")?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && (1..=LONGEST_ID).contains(&id.len())).then(|| id.to_owned())
}
