//! What monitoring reads, on a listener of its own: nothing that browsers reach leads here.

use crate::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The routes of the admin listener.
pub fn admin_router(metrics: Metrics) -> Router {
    Router::new().route("/metrics", get(read)).route("/healthz", get(|| async { "ok\n" })).with_state(metrics)
}

async fn read(State(metrics): State<Metrics>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.text()).into_response()
}
