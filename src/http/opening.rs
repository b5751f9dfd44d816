//! The end of a sign-in whose destination is known: the redirect into Studio, or, when AWS takes longer than a moment,
//! the page that watches.

use super::chooser::{Chooser, MOST_RENEWALS};
use super::request::Visit;
use super::{pages, preparing, program};
use crate::error::Refusal;
use crate::policy::Way;
use crate::sign_in::{Choice, Gateway, Opened, Record, Remembered};
use axum::response::Response;
use tokio::time::{Instant, timeout_at};

/// A sign-in on its last stretch.
pub(super) struct Opening<'o> {
    pub(super) gateway: &'o Gateway,
    pub(super) visit: &'o Visit,
    pub(super) choice: &'o Choice,
    pub(super) grant: &'o Way<'o>,
    /// What the browser's cookie says, if it has one.
    pub(super) browser: Option<&'o str>,
    /// What it remembers of the last choice.
    pub(super) remembered: Option<&'o Remembered>,
    /// When the request was there.
    pub(super) started: Instant,
    /// Whether the page that watches may begin anew by itself where scripts are off: not twice.
    pub(super) may_refresh: bool,
    /// Whether its script may: not after the browser was sent round once already.
    pub(super) may_renew: bool,
}

impl Opening<'_> {
    /// Opens Studio, however long it takes.
    pub(super) async fn finish(&self, record: &mut Record) -> Result<(&'static str, Response), Refusal> {
        let finished = self.open(record).await?;
        Box::pin(self.gateway.reconcile(self.grant)).await;
        Ok(finished)
    }

    async fn open(&self, record: &mut Record) -> Result<(&'static str, Response), Refusal> {
        // On the heap: the calls of AWS make it large.
        let (url, instance) = match Box::pin(self.gateway.open(self.choice, self.grant, record)).await? {
            Opened::Url(url) => (url, None),
            Opened::Instance(url, name) => (url, Some(name)),
            Opened::Several(grants) => return Ok(("offered", self.choose(&grants)?)),
        };
        let response = if self.visit.wants_json {
            program::opened(&url, self.grant, instance.as_deref())
        } else {
            pages::see_other(url.expose_for_answer())?
        };
        Ok(("granted", response))
    }

    /// Offers several notebook instances of the person's own.
    fn choose(&self, grants: &[Way<'_>]) -> Result<Response, Refusal> {
        let destination = Some(self.grant.destination().key.as_str());
        let (choice, browser) = (self.choice, self.browser);
        // How often it renewed itself before is not known here: it does not, and says when the sign-in has ended.
        let renewals = MOST_RENEWALS;
        Chooser { choice, grants, destination, browser, remembered: None, renewals }
            .answer(self.gateway, self.visit)
    }

    /// Opens Studio if that takes a moment only. Otherwise what was begun is dropped, which it may be at any point, and
    /// the answer says how to go on.
    pub(super) async fn finish_soon(&self, record: &mut Record) -> Result<(&'static str, Response), Refusal> {
        // The ledger has had its part of the time.
        let until = self.started + self.gateway.config.gateway.prepare_after;
        match timeout_at(until, self.open(record)).await {
            Ok(opened) => {
                let opened = opened?;
                // In what is left of the time: the way into Studio is there, and is not given up for this.
                let _ = timeout_at(until, Box::pin(self.gateway.reconcile(self.grant))).await;
                Ok(opened)
            }
            Err(_) => Ok(("preparing", preparing::answer(self)?)),
        }
    }
}
