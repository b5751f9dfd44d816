//! `POST /choose`: the answer to the page that offers several destinations.

use super::chooser::{self, Chooser};
use super::form::Form;
use super::request::Visit;
use super::{cookies, pages, refusal};
use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::sign_in::{Choice, Gateway, Record, Remembered, Unusable};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use std::sync::Arc;
use tokio::time::Instant;

pub(super) async fn choose(State(gateway): State<Arc<Gateway>>, visit: Visit, request: Request) -> Response {
    let started = Instant::now();
    let mut record = Record::default();
    let answer = gateway.within_limit(process(&gateway, request, &mut record)).await;
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
    request: Request,
    record: &mut Record,
) -> Result<(&'static str, Response), Refusal> {
    let browser = cookies::browser_of(request.headers()).map(str::to_owned);
    let browser = browser.ok_or_else(|| Refusal::new(Code::ChoiceExpired, "no browser cookie"))?;
    let mut form = Form::read(request).await?;
    let (Some(token), Some(key)) = (form.take("token"), form.take("choice")) else {
        return Err(Refusal::new(Code::RequestMalformed, "a form without token or choice"));
    };
    let directly = form.take("directly").is_some();
    match Choice::open(&gateway.seal, &browser, &token, gateway.clock.now()) {
        Ok(choice) => {
            // On the heap: the calls of AWS make it large.
            let url = Box::pin(gateway.choose(&choice, &key, record)).await?;
            let response = pages::see_other(url.expose_for_redirect())?;
            Ok(("granted", remembering(gateway, response, choice.identity(), &key, directly)?))
        }
        Err(Unusable::TooOld(identity)) => {
            record.identity(&identity);
            let Some(response) = renewal(gateway, &identity, &key)? else {
                return Err(Unusable::TooOld(identity).into());
            };
            Ok(("renewed", remembering(gateway, response, &identity, &key, directly)?))
        }
        Err(unusable) => Err(unusable.into()),
    }
}

/// The way through the IdP to what was chosen too late; `None` if the IdP takes no requests.
fn renewal(gateway: &Gateway, identity: &Identity, key: &str) -> Result<Option<Response>, Refusal> {
    let destination = key.split('|').next().and_then(|key| gateway.config.destination(key));
    let beginning = chooser::beginning(gateway, identity.idp(), destination.map(|to| &*to.key));
    beginning.map(|location| pages::see_other(&location)).transpose()
}

fn remembering(
    gateway: &Gateway,
    mut response: Response,
    identity: &Identity,
    key: &str,
    directly: bool,
) -> Result<Response, Refusal> {
    let fault = |fault: crate::random::NoRandomness| Refusal::new(Code::GatewayFault, fault.to_string());
    let token = Remembered::new(identity, key, directly).seal(&gateway.seal).map_err(fault)?;
    response.headers_mut().insert(header::SET_COOKIE, cookies::remembered(&token).map_err(fault)?);
    Ok(response)
}

/// The page once more, for a browser that switches its language. A page that is too old is renewed through the IdP.
pub(super) fn again(
    gateway: &Gateway,
    visit: &Visit,
    headers: &HeaderMap,
    token: &str,
    destination: Option<&str>,
) -> Result<Response, Refusal> {
    let browser = cookies::browser_of(headers);
    let known = browser.ok_or_else(|| Refusal::new(Code::ChoiceExpired, "no browser cookie"))?;
    let choice = match Choice::open(&gateway.seal, known, token, gateway.clock.now()) {
        Ok(choice) => choice,
        Err(Unusable::TooOld(identity)) => {
            let beginning = chooser::beginning(gateway, identity.idp(), destination);
            return match beginning {
                Some(location) => pages::see_other(&location),
                None => Err(Unusable::TooOld(identity).into()),
            };
        }
        Err(unusable) => return Err(unusable.into()),
    };
    let grants = gateway.offers(choice.identity(), destination)?;
    let remembered = remembered(gateway, headers);
    let chooser =
        Chooser { choice: &choice, grants: &grants, destination, browser, remembered: remembered.as_ref() };
    chooser.page(gateway, visit)
}

/// What this browser remembers of the last choice.
pub(super) fn remembered(gateway: &Gateway, headers: &HeaderMap) -> Option<Remembered> {
    Remembered::open(&gateway.seal, cookies::remembered_of(headers)?)
}
