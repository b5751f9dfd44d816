//! The page that offers several destinations. It carries the sign-in in a sealed form field, bound to the browser, and
//! knows how long STS takes the assertion: shortly before that it renews the sign-in through the IdP, twice at most. Then
//! nobody is there, and the page says that the sign-in has ended.

use super::frame::Frame;
use super::request::Visit;
use super::ticket::Ticket;
use super::{pages, program, renewal};
use crate::config::Which;
use crate::error::Refusal;
use crate::policy::Way;
use crate::sign_in::{Choice, Gateway, Remembered};
use askama::Template;
use axum::response::Response;
use std::borrow::Cow;

/// From so many destinations on, there is a search.
const MANY: usize = 7;
/// How long before its end a sign-in is renewed, in seconds.
const MARGIN: i64 = 20;
/// A sign-in that has less time left when the page is made is not renewed by itself: with an IdP whose messages are that
/// short-lived, or whose clock is that wrong, the browser would go round and round.
const SHORTEST: i64 = 60;
/// How often a page that nobody touches is renewed by itself.
pub(super) const MOST_RENEWALS: usize = 2;

#[derive(Template)]
#[template(path = "choose.html")]
struct Page<'p> {
    frame: Frame<'p>,
    token: &'p str,
    /// Key of the destination that the sign-in was meant for.
    destination: Option<&'p str>,
    /// Its name, if the person may not go there.
    missed: Option<&'p str>,
    search: bool,
    last: Option<&'p Offer<'p>>,
    groups: &'p [Group<'p>],
    directly: bool,
    switch_url: String,
    /// Seconds until the page renews the sign-in, or says that it is too old.
    seconds: Option<i64>,
    /// Where a sign-in begins anew; `None` if that is at the IdP.
    renew: Option<String>,
    /// Where the page goes by itself for that, if it still may.
    alone: Option<String>,
}

/// The destinations in one account.
struct Group<'p> {
    account: &'p str,
    offers: Vec<&'p Offer<'p>>,
}

/// One destination.
pub(super) struct Offer<'p> {
    pub(super) key: String,
    pub(super) name: Cow<'p, str>,
    pub(super) description: Option<&'p str>,
    pub(super) role: &'p str,
    pub(super) account: &'p str,
    pub(super) region: &'p str,
}

impl<'p> Offer<'p> {
    fn of(grant: &'p Way<'_>) -> Self {
        Self {
            key: grant.key(),
            name: name(grant),
            description: grant.destination().description.as_deref(),
            role: grant.role().role.name(),
            account: grant.role().role.account(),
            region: grant.destination().region(),
        }
    }
}

/// What the destination is called; where one leads to several notebook instances, with the instance.
fn name<'p>(way: &'p Way<'_>) -> Cow<'p, str> {
    let destination = way.destination();
    match (way.instance(), destination.notebooks().map(|place| &place.which)) {
        (Some(instance), Some(Which::Listed(_) | Which::Owned { .. })) => {
            Cow::Owned(format!("{}: {instance}", destination.name))
        }
        _ => Cow::Borrowed(&destination.name),
    }
}

/// What the page is made of.
pub(super) struct Chooser<'c> {
    pub(super) choice: &'c Choice,
    pub(super) grants: &'c [Way<'c>],
    /// Key of the destination that the sign-in was meant for.
    pub(super) destination: Option<&'c str>,
    /// What this browser's cookie says, if it has one.
    pub(super) browser: Option<&'c str>,
    pub(super) remembered: Option<&'c Remembered>,
    /// How often pages of this browser renewed their sign-in by themselves, a short while ago.
    pub(super) renewals: usize,
}

impl Chooser<'_> {
    /// The page; for a program, the same as JSON.
    pub(super) fn answer(&self, gateway: &Gateway, visit: &Visit) -> Result<Response, Refusal> {
        let ticket = Ticket::issue(gateway, self.choice, self.browser)?;
        let offers: Vec<_> = self.grants.iter().map(Offer::of).collect();
        let mut response = if visit.wants_json {
            program::choices(&ticket.token, &offers)
        } else {
            self.page(gateway, visit, &ticket.token, &offers)?
        };
        ticket.bind(&mut response);
        Ok(response)
    }

    fn page(
        &self,
        gateway: &Gateway,
        visit: &Visit,
        token: &str,
        offers: &[Offer<'_>],
    ) -> Result<Response, Refusal> {
        let identity = self.choice.identity();
        let last_key = self.remembered.and_then(|remembered| remembered.last_of(identity));
        let last = offers.iter().find(|offer| Some(offer.key.as_str()) == last_key);
        let left = (identity.redeemable_until() - gateway.clock.now()).num_seconds();
        // What is not the key of a destination is not repeated.
        let wanted = self.destination.and_then(|key| gateway.config.destination(key));
        let missed = wanted
            .filter(|wanted| self.grants.iter().all(|grant| grant.destination().key != wanted.key))
            .map(|wanted| wanted.name.as_str());
        let destination = wanted.map(|wanted| wanted.key.as_str());
        let renew = renewal::location(gateway, identity.idp(), destination);
        let may_alone = self.renewals < MOST_RENEWALS;
        let page = Page {
            frame: Frame::new(gateway, visit).again_by("choices"),
            token,
            destination,
            missed,
            search: offers.len() >= MANY,
            last,
            groups: &by_account(offers.iter().filter(|offer| Some(offer.key.as_str()) != last_key)),
            directly: last.is_some() && self.remembered.is_some_and(Remembered::wants_to_go_directly),
            switch_url: format!("{}/switch", gateway.config.gateway.public_url),
            seconds: (left >= SHORTEST).then_some(left - MARGIN),
            alone: renew.as_ref().filter(|_| may_alone).map(|renew| format!("{renew}&alone=1")),
            renew,
        };
        pages::html(&page, visit.language)
    }
}

/// Accounts in the order in which they come.
fn by_account<'p>(offers: impl Iterator<Item = &'p Offer<'p>>) -> Vec<Group<'p>> {
    let mut groups: Vec<Group<'p>> = Vec::new();
    for offer in offers {
        match groups.iter_mut().find(|group| group.account == offer.account) {
            Some(group) => group.offers.push(offer),
            None => groups.push(Group { account: offer.account, offers: vec![offer] }),
        }
    }
    groups
}
