//! `POST /choose`: the answer to the page that offers several destinations, and that page itself.

use super::form::Form;
use super::request::Visit;
use super::{cookies, pages, refusal};
use crate::error::{Code, Refusal};
use crate::policy::Grant;
use crate::random;
use crate::sign_in::{Choice, Gateway, Record};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use std::sync::Arc;
use tokio::time::Instant;

#[derive(Template)]
#[template(path = "choose.html")]
struct Page<'p> {
    token: &'p str,
    /// Name of the destination that was asked for, if the person may not go there.
    missed: Option<&'p str>,
    options: Vec<Offer<'p>>,
}

struct Offer<'p> {
    key: String,
    name: &'p str,
    description: Option<&'p str>,
    role: &'p str,
    account: &'p str,
    region: &'p str,
}

/// The page that offers what a person may choose from: several destinations, or others than the one that they `wanted`
/// (its key) and have no access to. It carries the sign-in in a sealed form field, bound to the browser.
pub(super) fn page(
    gateway: &Gateway,
    choice: &Choice,
    grants: &[Grant<'_>],
    wanted: Option<&str>,
    browser: Option<&str>,
) -> Result<Response, Refusal> {
    let fault = |reason: String| Refusal::new(Code::GatewayFault, reason);
    let browser = match browser {
        Some(browser) => browser.to_owned(),
        None => random::hex::<16>().map_err(|error| fault(error.to_string()))?,
    };
    let token = choice.seal(&gateway.seal, &browser)?;
    let options = grants
        .iter()
        .map(|grant| Offer {
            key: grant.key(),
            name: &grant.destination().name,
            description: grant.destination().description.as_deref(),
            role: grant.role().role.name(),
            account: grant.role().role.account(),
            region: &grant.domain().region,
        })
        .collect();
    let missed = wanted
        .and_then(|key| gateway.config.destination(key))
        .filter(|wanted| grants.iter().all(|grant| grant.destination().key != wanted.key))
        .map(|wanted| wanted.name.as_str());
    let mut response = pages::html(&Page { token: &token, missed, options })?;
    let cookie = cookies::browser(&browser).map_err(|error| fault(error.to_string()))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

pub(super) async fn choose(State(gateway): State<Arc<Gateway>>, visit: Visit, request: Request) -> Response {
    let started = Instant::now();
    let mut record = Record::default();
    let answer = gateway.within_limit(process(&gateway, request, &mut record)).await;
    match answer {
        Ok(response) => {
            record.log("granted", &visit.request_id, &visit.client, started.elapsed());
            response
        }
        Err(fault) => {
            record.log_refusal(&fault, &visit.request_id, &visit.client, started.elapsed());
            refusal::answer(&gateway, &visit, &fault)
        }
    }
}

async fn process(gateway: &Gateway, request: Request, record: &mut Record) -> Result<Response, Refusal> {
    let browser = cookies::browser_of(request.headers()).map(str::to_owned);
    let browser = browser.ok_or_else(|| Refusal::new(Code::ChoiceExpired, "no browser cookie"))?;
    let mut form = Form::read(request).await?;
    let (Some(token), Some(key)) = (form.take("token"), form.take("choice")) else {
        return Err(Refusal::new(Code::RequestMalformed, "a form without token or choice"));
    };
    let choice = Choice::open(&gateway.seal, &browser, &token, gateway.clock.now())?;
    // On the heap: the calls of AWS make it large.
    let url = Box::pin(gateway.choose(&choice, &key, record)).await?;
    pages::see_other(url.expose_for_redirect())
}
