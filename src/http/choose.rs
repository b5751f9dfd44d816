//! `POST /choose`: the answer to the page that offers several destinations, and that page itself.

use super::frame::Frame;
use super::opening::Opening;
use super::request::Visit;
use super::ticket::{Returned, Ticket};
use super::{pages, program, refusal};
use crate::error::Refusal;
use crate::policy::Grant;
use crate::sign_in::{Choice, Gateway, Record};
use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;
use tokio::time::Instant;

#[derive(Template)]
#[template(path = "choose.html")]
struct Page<'p> {
    frame: Frame<'p>,
    token: &'p str,
    options: Vec<Offer<'p>>,
}

/// One destination on it.
pub(super) struct Offer<'p> {
    pub(super) key: String,
    pub(super) domain: &'p str,
    pub(super) role: &'p str,
    pub(super) account: &'p str,
    pub(super) region: &'p str,
}

/// The page that offers several destinations. It carries the sign-in in a sealed form field, bound to the browser.
pub(super) fn page(
    gateway: &Gateway,
    visit: &Visit,
    choice: &Choice,
    grants: &[Grant<'_>],
    browser: Option<&str>,
) -> Result<Response, Refusal> {
    let ticket = Ticket::issue(gateway, choice, browser)?;
    let options: Vec<_> = grants
        .iter()
        .map(|grant| Offer {
            key: grant.key(),
            domain: &grant.domain().name,
            role: grant.role().role.name(),
            account: grant.role().role.account(),
            region: &grant.domain().region,
        })
        .collect();
    let mut response = if visit.wants_json {
        program::choices(&ticket.token, &options)
    } else {
        pages::html(
            &Page { frame: Frame::new(gateway, visit), token: &ticket.token, options },
            visit.language,
        )?
    };
    ticket.bind(&mut response);
    Ok(response)
}

pub(super) async fn choose(State(gateway): State<Arc<Gateway>>, visit: Visit, request: Request) -> Response {
    let started = Instant::now();
    let mut record = Record::default();
    let answer = gateway.within_limit(process(&gateway, &visit, request, &mut record)).await;
    match answer {
        Ok((outcome, response)) => {
            record.log(outcome, &visit.request_id, &visit.client, started.elapsed());
            response
        }
        Err(fault) => {
            record.log_refusal(&fault, &visit.request_id, &visit.client, started.elapsed());
            refusal::answer(&gateway, &visit, &fault)
        }
    }
}

async fn process(
    gateway: &Gateway,
    visit: &Visit,
    request: Request,
    record: &mut Record,
) -> Result<(&'static str, Response), Refusal> {
    let Returned { choice, key, patient, browser } = Returned::read(gateway, request).await?;
    let grant = gateway.chosen(&choice, &key, record)?;
    let browser = Some(browser.as_str());
    let opening = Opening { gateway, visit, choice: &choice, grant: &grant, browser, may_refresh: true };
    if patient { opening.finish(record).await } else { opening.finish_soon(record).await }
}
