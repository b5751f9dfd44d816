//! `POST /saml/acs`: the assertion consumer service.

use super::form::Form;
use super::relay_state::{Attempt, RelayState};
use super::request::Visit;
use super::{choose, cookies, pages, refusal};
use crate::error::{Code, Refusal};
use crate::saml::EncodedResponse;
use crate::sign_in::{Gateway, Next, Record};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;
use tokio::time::Instant;

pub(super) async fn accept(State(gateway): State<Arc<Gateway>>, visit: Visit, request: Request) -> Response {
    let started = Instant::now();
    let mut record = Record::default();
    let mut relay_state = RelayState::default();
    let answer = gateway.within_limit(process(&gateway, request, &mut relay_state, &mut record)).await;
    match answer {
        Ok((outcome, response)) => {
            record.log(outcome, &visit.request_id, &visit.client, started.elapsed());
            response
        }
        Err(fault) => {
            record.log_refusal(&fault, &visit.request_id, &visit.client, started.elapsed());
            // Only where the IdP gives back what we send: where it does not, a browser without cookies would go round for
            // ever.
            if fault.code() == Code::SignInLost && relay_state.attempt == Some(Attempt::First) {
                return refusal::answer_and_retry(&gateway, &visit, &fault, &retry(&record, &relay_state));
            }
            refusal::answer(&gateway, &visit, &fault)
        }
    }
}

async fn process(
    gateway: &Gateway,
    request: Request,
    relay_state: &mut RelayState,
    record: &mut Record,
) -> Result<(&'static str, Response), Refusal> {
    let outstanding = cookies::outstanding(&gateway.seal, request.headers(), gateway.clock.now());
    let browser = cookies::browser_of(request.headers()).map(str::to_owned);
    let mut form = Form::read(request).await?;
    if form.take("SAMLRequest").is_some() || form.take("SAMLart").is_some() {
        return Err(Refusal::new(Code::RequestMalformed, "a form with another SAML message than a response"));
    }
    let value = form
        .take("SAMLResponse")
        .ok_or_else(|| Refusal::new(Code::RequestMalformed, "no SAMLResponse in the form"))?;
    *relay_state = RelayState::read(form.take("RelayState").as_deref());
    let destination = relay_state.destination.as_deref();
    let accepted = gateway.accept(EncodedResponse::new(value)?, &outstanding, destination, record);
    // On the heap: the calls of AWS make it large.
    match Box::pin(accepted).await? {
        Next::Studio(url) => Ok(("granted", pages::see_other(url.expose_for_redirect())?)),
        Next::Choose(choice, grants) => {
            Ok(("offered", choose::page(gateway, &choice, &grants, destination, browser.as_deref())?))
        }
    }
}

/// Where a browser that lost its cookie begins anew. The IdP still knows the person, so they notice a moment's delay.
fn retry(record: &Record, relay_state: &RelayState) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("again", "1");
    if let Some(idp) = record.idp_key() {
        query.append_pair("idp", idp);
    }
    if let Some(destination) = &relay_state.destination {
        query.append_pair("to", destination);
    }
    format!("/login?{}", query.finish())
}
