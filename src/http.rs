//! The web service: routes, and nothing of what a sign-in means.

mod acs;
mod admin;
mod choose;
mod chooser;
mod client;
mod contact;
mod cookies;
mod form;
mod frame;
mod headers;
mod home;
mod language;
mod limit;
mod login;
mod measure;
mod metadata;
mod openapi;
mod opening;
mod pages;
mod preparing;
mod program;
mod refusal;
mod refused;
mod relay_state;
mod renewal;
mod request;
mod signed_out;
mod switch;
mod ticket;

pub use admin::admin_router;
pub use client::Peer;

use crate::error::{Code, Refusal};
use crate::sign_in::Gateway;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use request::Visit;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// A path, its method, and who answers. `openapi.json` describes each of them.
type Route = (&'static str, Method, MethodRouter<Arc<Gateway>>);

fn routes() -> [Route; 16] {
    [
        ("/", Method::GET, get(home::page)),
        ("/login", Method::GET, get(login::start)),
        ("/open/{destination}", Method::GET, get(login::open)),
        ("/saml/acs", Method::POST, post(acs::accept)),
        ("/saml/metadata", Method::GET, get(metadata::document)),
        ("/choose", Method::POST, post(choose::choose)),
        ("/preparing/events", Method::POST, post(preparing::watch)),
        ("/refused", Method::GET, get(refused::page)),
        ("/switch", Method::GET, get(switch::ask_again)),
        ("/signed-out", Method::GET, get(signed_out::page)),
        ("/language", Method::POST, post(language::switch)),
        ("/openapi.json", Method::GET, get(openapi::document)),
        ("/healthz", Method::GET, get(|| async { "ok\n" })),
        ("/readyz", Method::GET, get(|| async { "ready\n" })),
        ("/robots.txt", Method::GET, get(|| async { "User-agent: *\nDisallow: /\n" })),
        ("/assets/{name}", Method::GET, get(pages::asset)),
    ]
}

/// All routes of the service.
pub fn router(gateway: Arc<Gateway>) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, (path, _, answers)| router.route(path, answers))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!(target: "studio_gateway", "a handler panicked");
            (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain")], "gateway.fault\n")
                .into_response()
        }))
        .layer(from_fn_with_state(Arc::clone(&gateway), limit::limit))
        .layer(from_fn_with_state(Arc::clone(&gateway), headers::secure))
        .layer(from_fn_with_state(Arc::clone(&gateway), request::identify))
        .layer(from_fn_with_state(Arc::clone(&gateway), measure::measure))
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
