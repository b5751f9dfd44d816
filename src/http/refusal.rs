//! A refusal as the outside sees it: a page for people, a problem document (RFC 9457) for programs. Neither says why
//! in any detail, and neither repeats anything of the request.

use super::frame::Frame;
use super::pages;
use super::request::Visit;
use crate::error::{Code, Refusal};
use crate::seal::{Purpose, Seal};
use crate::sign_in::Gateway;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// What a refusal's page shows, in whatever language. Sealed, it lets the page be shown again in another one.
pub(super) struct Shown {
    code: Code,
    request_id: String,
    /// Where trying again begins, if that can help.
    retry: Option<String>,
    /// After how long it is of use, where that is known.
    wait: Option<Duration>,
}

/// What `Retry-After` says where nothing better is known.
const USUAL_WAIT: Duration = Duration::from_secs(5);

impl Shown {
    /// A refusal that happened behind a page.
    pub(super) fn later(code: Code, request_id: &str, retry: Option<String>) -> Self {
        Self { code, request_id: request_id.to_owned(), retry: retry.filter(|_| code.retry()), wait: None }
    }

    /// Seals it into a token.
    pub(super) fn seal(&self, seal: &Seal) -> Option<String> {
        let retry = self.retry.as_deref().unwrap_or_default();
        let text = format!("{} {} {retry}", self.code.name(), self.request_id);
        seal.seal(Purpose::Page, "", &text).ok()
    }

    /// Opens what a page of ours holds; `None` for anything else.
    pub(super) fn open(seal: &Seal, token: &str) -> Option<Self> {
        let opened = seal.open(Purpose::Page, "", token)?;
        let mut parts = opened.text().splitn(3, ' ');
        let (code, request_id, retry) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            code: Code::ALL.iter().copied().find(|known| known.name() == code)?,
            request_id: request_id.to_owned(),
            retry: (!retry.is_empty()).then(|| retry.to_owned()),
            wait: None,
        })
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Page<'p> {
    frame: Frame<'p>,
    title: &'p str,
    advice: &'p str,
    code: &'p str,
    request_id: &'p str,
    retry: Option<&'p str>,
    /// Whether the browser goes there by itself.
    automatic: bool,
}

/// The answer for a refusal.
pub(super) fn answer(gateway: &Gateway, visit: &Visit, refusal: &Refusal) -> Response {
    let retry = refusal.code().retry().then(|| beginning(gateway).to_owned());
    let request_id = visit.request_id.clone();
    let shown = Shown { code: refusal.code(), request_id, retry, wait: refusal.retry_after() };
    respond(gateway, visit, &shown, false)
}

/// The answer for a refusal that is worth another attempt, which a browser makes by itself.
pub(super) fn answer_and_retry(
    gateway: &Gateway,
    visit: &Visit,
    refusal: &Refusal,
    location: &str,
) -> Response {
    let request_id = visit.request_id.clone();
    let retry = Some(location.to_owned());
    let shown = Shown { code: refusal.code(), request_id, retry, wait: refusal.retry_after() };
    respond(gateway, visit, &shown, true)
}

/// The same page once more, in the language of this visit.
pub(super) fn again(gateway: &Gateway, visit: &Visit, shown: &Shown) -> Response {
    respond(gateway, visit, shown, false)
}

fn respond(gateway: &Gateway, visit: &Visit, shown: &Shown, automatic: bool) -> Response {
    let (code, language) = (shown.code, visit.language);
    let (title, advice) = (language.title(code), language.advice(code));
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if visit.wants_json {
        let problem = json!({
            "type": format!("urn:studio-gateway:error:{}", code.name()),
            "title": title,
            "status": code.status(),
            "detail": advice,
            "code": code.name(),
            "requestId": shown.request_id,
        });
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CONTENT_LANGUAGE, language.tag()),
            pages::VARY,
        ];
        (headers, problem.to_string()).into_response()
    } else {
        let mut frame = Frame::new(gateway, visit);
        if let Some(token) = shown.seal(&gateway.seal) {
            frame = frame.again("page", token);
        }
        let page = Page {
            frame,
            title: &title,
            advice: &advice,
            code: code.name(),
            request_id: &shown.request_id,
            retry: shown.retry.as_deref(),
            automatic,
        };
        pages::html(&page, language).unwrap_or_else(|_| code.name().into_response())
    };
    *response.status_mut() = status;
    let wait = shown.wait.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(USUAL_WAIT));
    if let Some(wait) = wait {
        // Whole seconds (RFC 9110, 10.2.3), and none of them too early.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
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
