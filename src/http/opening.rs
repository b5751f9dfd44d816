//! The end of a sign-in whose destination is known: the redirect into Studio, or, when AWS takes longer than a moment,
//! the page that watches.

use super::request::Visit;
use super::{pages, preparing, program};
use crate::error::Refusal;
use crate::policy::Grant;
use crate::sign_in::{Choice, Gateway, Record};
use axum::response::Response;
use tokio::time::{Instant, timeout_at};

/// A sign-in on its last stretch.
pub(super) struct Opening<'o> {
    pub(super) gateway: &'o Gateway,
    pub(super) visit: &'o Visit,
    pub(super) choice: &'o Choice,
    pub(super) grant: &'o Grant<'o>,
    /// What the browser's cookie says, if it has one.
    pub(super) browser: Option<&'o str>,
    /// When the request was there.
    pub(super) started: Instant,
    /// Whether the page that watches may begin anew by itself where scripts are off: not twice.
    pub(super) may_refresh: bool,
}

impl Opening<'_> {
    /// Opens Studio, however long it takes.
    pub(super) async fn finish(&self, record: &mut Record) -> Result<(&'static str, Response), Refusal> {
        // On the heap: the calls of AWS make it large.
        let url = Box::pin(self.gateway.open(self.choice, self.grant, record)).await?;
        let response = if self.visit.wants_json {
            program::opened(&url, self.grant)
        } else {
            pages::see_other(url.expose_for_answer())?
        };
        Ok(("granted", response))
    }

    /// Opens Studio if that takes a moment only. Otherwise what was begun is dropped, which it may be at any point, and
    /// the answer says how to go on.
    pub(super) async fn finish_soon(&self, record: &mut Record) -> Result<(&'static str, Response), Refusal> {
        // The ledger has had its part of the time.
        let until = self.started + self.gateway.config.gateway.prepare_after;
        match timeout_at(until, self.finish(record)).await {
            Ok(finished) => finished,
            Err(_) => Ok(("preparing", preparing::answer(self)?)),
        }
    }
}
