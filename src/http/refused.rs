//! `GET /refused`: the error page of something that was refused behind a page, where an answer has no page of its own.
//!
//! Its address is made by the gateway and sealed for one browser: nobody can make up an error for somebody else.

use super::request::Visit;
use super::{cookies, pages, refusal};
use crate::error::{Code, Refusal};
use crate::seal::Purpose;
use crate::sign_in::Gateway;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

/// How long the page can be opened and reloaded.
const LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// What happened, as the page tells it.
struct Told {
    code: Code,
    request_id: String,
    retry: Option<String>,
}

/// Address of the page, for the browser whose cookie says `browser`. `retry` is where trying again begins.
pub(super) fn address(
    gateway: &Gateway,
    browser: &str,
    visit: &Visit,
    code: Code,
    retry: Option<&str>,
) -> Result<String, Refusal> {
    let expires = (gateway.clock.now() + LIFETIME).timestamp();
    let text = format!("{expires} {} {} {}", code.name(), visit.request_id, retry.unwrap_or_default());
    let token = gateway
        .seal
        .seal(Purpose::Refusal, browser, &text)
        .map_err(|fault| Refusal::new(Code::GatewayFault, fault.to_string()))?;
    Ok(format!("/refused?{token}"))
}

/// The page; what is not the address of one leads to the beginning.
pub(super) async fn page(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let browser = cookies::browser_of(&headers).unwrap_or_default();
    let told = read(&gateway, browser, query.as_deref().unwrap_or_default(), gateway.clock.now());
    let Some(Told { code, request_id, retry }) = told else {
        return pages::see_other("/").unwrap_or_else(|fault| refusal::answer(&gateway, &visit, &fault));
    };
    // The log line has the id of the request that was refused, and so does the page.
    let visit = Visit { request_id, ..visit };
    refusal::answer_later(&gateway, &visit, code, retry.as_deref())
}

fn read(gateway: &Gateway, browser: &str, token: &str, now: DateTime<Utc>) -> Option<Told> {
    let opened = gateway.seal.open(Purpose::Refusal, browser, token)?;
    let mut parts = opened.text().splitn(4, ' ');
    let expires: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let code = *Code::ALL.iter().find(|code| code.name() == name)?;
    let request_id = parts.next()?.to_owned();
    let retry = parts.next().filter(|retry| !retry.is_empty()).map(str::to_owned);
    (now.timestamp() < expires).then_some(Told { code, request_id, retry })
}
