//! "Preparing your Studio": the page for a sign-in that takes longer than a moment. It carries the sign-in itself, so it
//! may be reloaded, closed, or go on at another instance.
//!
//! Its script watches `POST /preparing/events` and then submits the page's form, which opens Studio; the form's button does
//! so where scripts are off, and there the page also tries again by itself, once. The page never holds a URL of Studio.

mod events;

pub(super) use events::watch;

use super::frame::Frame;
use super::login::CHOSEN;
use super::opening::Opening;
use super::renewal::Renewal;
use super::request::Visit;
use super::ticket::Ticket;
use super::{choose, cookies, pages, program, renewal};
use crate::error::{Code, Refusal};
use crate::sign_in::{Choice, Gateway, Record};
use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::time::Instant;

#[derive(Template)]
#[template(path = "preparing.html")]
struct Page<'p> {
    frame: Frame<'p>,
    token: &'p str,
    choice: &'p str,
    destination: &'p str,
    /// Whether the destination is in a space, which may have to be made.
    in_space: bool,
    /// Whether the destination is a notebook instance.
    notebook: bool,
    /// Where the sign-in begins anew, if the IdP takes requests.
    renewal: Option<&'p str>,
    /// Where the script takes the browser when it has to begin anew: once, or a fault that stays would go on for ever.
    again: Option<String>,
    /// Where the browser goes by itself where scripts are off.
    refresh: Option<String>,
}

/// The answer to a request that would take too long.
pub(super) fn answer(opening: &Opening<'_>) -> Result<Response, Refusal> {
    let Opening { gateway, choice, grant, .. } = opening;
    let ticket = Ticket::issue(gateway, choice, opening.browser)?;
    let key = grant.key();
    let mut response = if opening.visit.wants_json {
        program::preparing(&ticket.token, &key)
    } else {
        let destination = grant.destination();
        let renewal = renewal::of(gateway, choice.identity().idp(), Some(&destination.key));
        let silent = renewal.as_ref().filter(|renewal| renewal.silent && opening.may_refresh);
        let chosen = opening.remembered.and_then(|last| last.last_of(choice.identity())) == Some(&*key);
        let attempt = if chosen { CHOSEN } else { "1" };
        let again = |renewal: &Renewal| format!("{}&again={attempt}", renewal.location);
        let page = Page {
            frame: Frame::new(gateway, opening.visit).again_by("preparing"),
            token: &ticket.token,
            choice: &key,
            destination: &destination.name,
            again: renewal.as_ref().filter(|_| opening.may_renew).map(again),
            in_space: destination.studio().is_some_and(|place| place.space.is_some()),
            notebook: destination.notebooks().is_some(),
            refresh: silent.map(again),
            renewal: renewal.as_ref().map(|renewal| renewal.location.as_str()),
        };
        pages::html(&page, opening.visit.language)?
    };
    ticket.bind(&mut response);
    Ok(response)
}

/// The page once more, for a browser that switches its language. What was begun goes on.
pub(super) fn again(
    gateway: &Gateway,
    visit: &Visit,
    headers: &HeaderMap,
    token: &str,
    key: &str,
) -> Result<Response, Refusal> {
    let browser = cookies::browser_of(headers);
    let known = browser.ok_or_else(|| Refusal::new(Code::ChoiceExpired, "no browser cookie"))?;
    let choice = Choice::open(&gateway.seal, known, token, gateway.clock.now())?;
    let grant = gateway.chosen(&choice, key, &mut Record::new(gateway, visit.origin()))?;
    answer(&Opening {
        gateway,
        visit,
        choice: &choice,
        grant: &grant,
        browser,
        remembered: choose::remembered(gateway, headers).as_ref(),
        started: Instant::now(),
        may_refresh: true,
        may_renew: true,
    })
}
