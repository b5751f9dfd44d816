//! Every AWS call, counted and timed by the SDK's own hook, retries included.

use super::Metrics;
use super::waiting::Wait;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::time::Instant;

/// Counts the calls of a client.
#[derive(Debug, Clone)]
pub(crate) struct Metered(pub(crate) Metrics);

/// Such as `sts:AssumeRoleWithSAML`.
pub(crate) fn api_name(metadata: &Metadata) -> String {
    format!("{}:{}", metadata.service().to_lowercase(), metadata.name())
}

/// When a call began, and that its request waits for it.
#[derive(Debug)]
struct Began {
    at: Instant,
    _wait: Wait,
}

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Metered {
    fn name(&self) -> &'static str {
        "Metered"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Began { at: Instant::now(), _wait: Wait::begin() });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(metadata) = cfg.load::<Metadata>() else {
            return Ok(());
        };
        let api = api_name(metadata);
        let took = cfg.load::<Began>().map(|began| began.at.elapsed()).unwrap_or_default();
        let outcome = match context.output_or_error() {
            Some(Ok(_)) => "ok",
            Some(Err(error)) if error.is_timeout_error() => "timeout",
            Some(Err(error)) if error.is_connector_error() => "unreachable",
            Some(Err(error)) if error.is_interceptor_error() => "shed",
            _ => "error",
        };
        self.0.called(api, outcome, took);
        Ok(())
    }
}
