//! `POST /choose`: the answer to the page that offers several destinations.

use super::chooser::Chooser;
use super::opening::Opening;
use super::request::Visit;
use super::ticket::Returned;
use super::{cookies, pages, refusal, renewal};
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
    let mut record = Record::new(&gateway, visit.origin());
    let trail = record.trail();
    let answer = trail.follow(gateway.within_limit(process(&gateway, &visit, request, &mut record))).await;
    match answer {
        Ok((outcome, response)) => {
            record.log(outcome, started.elapsed());
            response
        }
        Err(fault) => {
            record.log_refusal(&fault, started.elapsed());
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
    let before = remembered(gateway, request.headers());
    let Returned { choice, key, patient, directly, browser } = Returned::read(gateway, request).await?;
    let started = Instant::now();
    // The page that watches goes on with a choice that is remembered already.
    let chosen = |identity: &Identity| (!patient).then(|| Remembered::new(identity, &key, directly));
    let (chosen, outcome, response) = match choice {
        Ok(choice) => {
            let chosen = chosen(choice.identity());
            let grant = gateway.chosen(&choice, &key, record)?;
            let browser = Some(browser.as_str());
            let opening = Opening {
                gateway,
                visit,
                choice: &choice,
                grant: &grant,
                browser,
                remembered: chosen.as_ref().or(before.as_ref()),
                started,
                may_refresh: true,
                may_renew: true,
            };
            // Whoever waits takes a place. Where there is none, the answer comes soon, as the page once more if need be.
            let place = if patient { gateway.watchers.place(choice.identity()).ok() } else { None };
            let (outcome, response) = match place {
                Some(_place) => opening.finish(record).await?,
                None => opening.finish_soon(record).await?,
            };
            (chosen, outcome, response)
        }
        Err(identity) => {
            record.identity(&identity);
            let destination = key.split('|').next().and_then(|key| gateway.config.destination(key));
            let renewal = renewal::location(gateway, identity.idp(), destination.map(|to| &*to.key));
            let Some(renewal) = renewal.filter(|_| !visit.wants_json) else {
                return Err(Unusable::TooOld(identity).into());
            };
            (chosen(&identity), "renewed", pages::see_other(&renewal)?)
        }
    };
    match chosen.filter(|_| !visit.wants_json) {
        Some(chosen) => Ok((outcome, remembering(gateway, response, &chosen)?)),
        None => Ok((outcome, response)),
    }
}

fn remembering(gateway: &Gateway, mut response: Response, chosen: &Remembered) -> Result<Response, Refusal> {
    let fault = |fault: crate::random::NoRandomness| Refusal::new(Code::GatewayFault, fault.to_string());
    let token = chosen.seal(&gateway.seal).map_err(fault)?;
    response.headers_mut().append(header::SET_COOKIE, cookies::remembered(&token).map_err(fault)?);
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
            let beginning = renewal::location(gateway, identity.idp(), destination);
            return match beginning {
                Some(location) => pages::see_other(&location),
                None => Err(Unusable::TooOld(identity).into()),
            };
        }
        Err(unusable) => return Err(unusable.into()),
    };
    let grants = gateway.offers(choice.identity(), destination)?;
    let remembered = remembered(gateway, headers);
    let chooser = Chooser {
        choice: &choice,
        grants: &grants,
        destination,
        browser,
        remembered: remembered.as_ref(),
        renewals: cookies::made_alone(headers),
    };
    chooser.answer(gateway, visit)
}

/// What this browser remembers of the last choice.
pub(super) fn remembered(gateway: &Gateway, headers: &HeaderMap) -> Option<Remembered> {
    Remembered::open(&gateway.seal, cookies::remembered_of(headers)?)
}
