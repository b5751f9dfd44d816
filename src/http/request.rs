//! What every handler knows about a request: its id, where it came from, and what kind of answer it
//! wants, in which language.

use super::{choose, client, cookies};
use crate::audit::Origin;
use crate::error::escaped;
use crate::language::Language;
use crate::random;
use crate::sign_in::Gateway;
use crate::traces;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::convert::Infallible;
use std::sync::Arc;
use tracing::Instrument;

/// Characters of a `User-Agent` that are kept.
const LONGEST_AGENT: usize = 300;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// Random, shown on error pages and in the log line.
    pub(super) request_id: String,
    /// Address of the client, behind our own proxies.
    pub(super) client: String,
    /// What the browser says that it is: for the audit, and nothing is decided by it.
    pub(super) user_agent: String,
    /// Whether the answer is for a program.
    pub(super) wants_json: bool,
    /// The language of the answer: the one that this person chose, or the browser's.
    pub(super) language: Language,
    /// Whether this browser's sign-ins go directly to a remembered destination.
    pub(super) goes_directly: bool,
}

impl Visit {
    /// What an audit event says about where it came from.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            request_id: self.request_id.clone(),
            client: self.client.clone(),
            user_agent: self.user_agent.clone(),
        }
    }
}

/// Gives the request its id, and tells it in `X-Request-Id`. An id that the client sends is not taken over: it would
/// let people write into our log.
pub(super) async fn identify(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    let visit = Visit {
        request_id: random::hex::<8>().unwrap_or_default(),
        client: client::address(&request, gateway.config.gateway.proxies)
            .map_or_else(|| "unknown".to_owned(), |address| address.to_string()),
        user_agent: user_agent(request.headers()),
        wants_json: wants_json(request.headers()),
        language: language(request.headers()),
        goes_directly: choose::remembered(&gateway, request.headers()).is_some_and(|it| it.goes_directly()),
    };
    let id = HeaderValue::from_str(&visit.request_id);
    let span = traces::of_request(&gateway.config.traces, request.headers(), &visit.request_id);
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        span.record("route", route.as_str());
    }
    request.extensions_mut().insert(visit);
    let mut response = next.run(request).instrument(span).await;
    if let Ok(id) = id {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// On one line, and no longer than browsers make it.
fn user_agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    agent.chars().take(LONGEST_AGENT).flat_map(escaped).collect()
}

/// Whether JSON is accepted and HTML is not.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    !accept.contains("text/html")
        && ["application/json", "application/problem+json"].iter().any(|kind| accept.contains(kind))
}

fn language(headers: &HeaderMap) -> Language {
    let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|accepted| accepted.to_str().ok());
    let chosen = cookies::language_of(headers).and_then(Language::by_tag);
    chosen.unwrap_or_else(|| Language::negotiate(accepted().unwrap_or_default()))
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Visit>().cloned().unwrap_or_else(|| Visit {
            request_id: String::new(),
            client: String::new(),
            user_agent: String::new(),
            wants_json: false,
            language: Language::default(),
            goes_directly: false,
        }))
    }
}
