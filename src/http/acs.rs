//! `POST /saml/acs`: the assertion consumer service.

use super::chooser::Chooser;
use super::form::Form;
use super::opening::Opening;
use super::relay_state::{Attempt, RelayState};
use super::request::Visit;
use super::{choose, cookies, refusal, renewal};
use crate::error::{Code, Refusal};
use crate::saml::EncodedResponse;
use crate::sign_in::{Gateway, Next, Record};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;
use tokio::time::Instant;

pub(super) async fn accept(State(gateway): State<Arc<Gateway>>, visit: Visit, request: Request) -> Response {
    let started = Instant::now();
    let mut record = Record::new(&gateway, visit.origin());
    let mut relay_state = RelayState::default();
    let trail = record.trail();
    let work = gateway.within_limit(process(&gateway, &visit, request, &mut relay_state, &mut record));
    let answer = trail.follow(work).await;
    match answer {
        Ok((outcome, response)) => {
            record.log(outcome, started.elapsed());
            response
        }
        Err(fault) => {
            record.log_refusal(&fault, started.elapsed());
            match retry(&gateway, &fault, &record, &relay_state) {
                Some(location) => refusal::answer_and_retry(&gateway, &visit, &fault, &location),
                None => refusal::answer(&gateway, &visit, &fault),
            }
        }
    }
}

async fn process(
    gateway: &Gateway,
    visit: &Visit,
    request: Request,
    relay_state: &mut RelayState,
    record: &mut Record,
) -> Result<(&'static str, Response), Refusal> {
    let outstanding = cookies::outstanding(&gateway.seal, request.headers(), gateway.clock.now());
    let browser = cookies::browser_of(request.headers()).map(str::to_owned);
    let remembered = choose::remembered(gateway, request.headers());
    let renewals = cookies::made_alone(request.headers());
    let mut form = Form::read(request, gateway.config.gateway.connections.body).await?;
    let started = Instant::now();
    if form.take("SAMLRequest").is_some() || form.take("SAMLart").is_some() {
        return Err(Refusal::new(Code::RequestMalformed, "a form with another SAML message than a response"));
    }
    let value = form
        .take("SAMLResponse")
        .ok_or_else(|| Refusal::new(Code::RequestMalformed, "no SAMLResponse in the form"))?;
    *relay_state = RelayState::read(form.take("RelayState").as_deref());
    let destination = relay_state.destination.as_deref();
    let browser = browser.as_deref();
    let remembered = remembered.as_ref();
    let response = EncodedResponse::new(value)?;
    // On the heap: the calls to the ledger make it large.
    let accepted = Box::pin(gateway.accept(response, &outstanding, destination, remembered, record));
    let next = match (relay_state.attempt, accepted.await?) {
        (Some(Attempt::GoingOn), next) => next.to_last(remembered, destination),
        (_, next) => next,
    };
    match next {
        Next::Go(choice, grant) => {
            let may_refresh = relay_state.attempt == Some(Attempt::First);
            let may_renew = !matches!(relay_state.attempt, Some(Attempt::Again | Attempt::GoingOn));
            let (choice, grant) = (&*choice, &*grant);
            let opening = Opening {
                gateway,
                visit,
                choice,
                grant,
                browser,
                remembered,
                started,
                may_refresh,
                may_renew,
            };
            opening.finish_soon(record).await
        }
        Next::Choose(choice, grants) => {
            let (choice, grants) = (&*choice, &*grants);
            let chooser = Chooser { choice, grants, destination, browser, remembered, renewals };
            Ok(("offered", chooser.answer(gateway, visit)?))
        }
    }
}

/// Where a browser begins anew, once, when the response in its hands is of no use: it lost its cookie, or the page was
/// reloaded. The IdP still knows the person, so they notice a moment's delay.
///
/// Only where the IdP gives back what we send: where it does not, the browser would go round for ever.
fn retry(gateway: &Gateway, fault: &Refusal, record: &Record, relay_state: &RelayState) -> Option<String> {
    let helps = matches!(fault.code(), Code::SignInLost | Code::AssertionReplayed);
    if !helps || relay_state.attempt != Some(Attempt::First) {
        return None;
    }
    let renewal = renewal::of(gateway, &record.idp_key()?, relay_state.destination.as_deref())?;
    renewal.silent.then(|| format!("{}&again=1", renewal.location))
}
