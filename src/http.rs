//! The web service: routes, and nothing of what a sign-in means.

mod acs;
mod choose;
mod client;
mod cookies;
mod form;
mod headers;
mod home;
mod login;
mod metadata;
mod pages;
mod refusal;
mod relay_state;
mod request;

pub use client::Peer;

use crate::error::{Code, Refusal};
use crate::sign_in::Gateway;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use request::Visit;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// All routes of the service.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/", get(home::page))
        .route("/login", get(login::start))
        .route("/open/{destination}", get(login::open))
        .route("/saml/acs", post(acs::accept))
        .route("/saml/metadata", get(metadata::document))
        .route("/choose", post(choose::choose))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(|| async { "ready\n" }))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        .route(pages::STYLE_PATH, get(pages::style))
        .route(pages::ICON_PATH, get(pages::icon))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!(target: "studio_gateway", "a handler panicked");
            (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain")], "gateway.fault\n")
                .into_response()
        }))
        .layer(from_fn_with_state(Arc::clone(&gateway), headers::secure))
        .layer(from_fn_with_state(Arc::clone(&gateway), request::identify))
        .with_state(gateway)
}

async fn not_found(State(gateway): State<Arc<Gateway>>, visit: Visit, _request: Request) -> Response {
    unrouted(&gateway, &visit, Code::RequestNotFound, "no such route")
}

async fn wrong_method(State(gateway): State<Arc<Gateway>>, visit: Visit, _request: Request) -> Response {
    unrouted(&gateway, &visit, Code::RequestMethod, "no such method on this route")
}

/// Not a warning: whoever scans the Internet comes by here.
fn unrouted(gateway: &Gateway, visit: &Visit, code: Code, reason: &str) -> Response {
    tracing::info!(
        target: "studio_gateway::http",
        code = code.name(),
        reason,
        request_id = visit.request_id,
        client = visit.client,
        "no such page"
    );
    refusal::answer(gateway, visit, &Refusal::new(code, reason))
}
