//! A refusal as the outside sees it: a page for people, a problem document (RFC 9457) for programs. Neither says why
//! in any detail, and neither repeats anything of the request.

use super::pages;
use super::request::Visit;
use crate::error::{Code, Refusal};
use crate::sign_in::Gateway;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

#[derive(Template)]
#[template(path = "refusal.html")]
struct Page<'p> {
    title: &'p str,
    advice: &'p str,
    code: &'p str,
    request_id: &'p str,
    contact: Option<&'p str>,
    /// Where trying again begins, if that can help.
    retry: Option<&'p str>,
    /// Whether the browser goes there by itself.
    automatic: bool,
}

/// How somebody tries again.
enum Retry<'r> {
    /// From the beginning, if that can help.
    Beginning,
    /// From here, if that can help.
    From(&'r str),
    /// From here, by itself.
    ByItself(&'r str),
}

/// The answer for a refusal.
pub(super) fn answer(gateway: &Gateway, visit: &Visit, refusal: &Refusal) -> Response {
    respond(gateway, visit, refusal.code(), &Retry::Beginning)
}

/// The answer for a refusal that is worth another attempt, which a browser makes by itself after a moment.
pub(super) fn answer_and_retry(
    gateway: &Gateway,
    visit: &Visit,
    refusal: &Refusal,
    location: &str,
) -> Response {
    respond(gateway, visit, refusal.code(), &Retry::ByItself(location))
}

/// The answer for a refusal that happened in another request, whose id `visit` has.
pub(super) fn answer_later(gateway: &Gateway, visit: &Visit, code: Code, retry: Option<&str>) -> Response {
    respond(gateway, visit, code, &retry.map_or(Retry::Beginning, Retry::From))
}

fn respond(gateway: &Gateway, visit: &Visit, code: Code, retry: &Retry<'_>) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if visit.wants_json {
        let problem = json!({
            "type": format!("urn:studio-gateway:error:{}", code.name()),
            "title": code.title(),
            "status": code.status(),
            "detail": code.advice(),
            "code": code.name(),
            "requestId": visit.request_id,
        });
        ([(header::CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    } else {
        let page = Page {
            title: code.title(),
            advice: code.advice(),
            code: code.name(),
            request_id: &visit.request_id,
            contact: gateway.config.gateway.contact.as_deref(),
            retry: match retry {
                Retry::Beginning => code.retry().then(|| beginning(gateway)),
                Retry::From(location) => code.retry().then_some(location),
                Retry::ByItself(location) => Some(location),
            },
            automatic: matches!(retry, Retry::ByItself(_)),
        };
        pages::html(&page).unwrap_or_else(|_| code.name().into_response())
    };
    *response.status_mut() = status;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// Where a sign-in begins: here, if the IdP takes requests, or on a page that says where.
fn beginning(gateway: &Gateway) -> &'static str {
    match gateway.idps.all().as_slice() {
        [only] if only.sso_location().is_some() => "/login",
        _ => "/",
    }
}
