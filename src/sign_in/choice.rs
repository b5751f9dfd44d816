//! A sign-in that waits for the person to choose where to go. It lives in a sealed token in the page, bound to the
//! browser's cookie, and only as long as STS takes the assertion.

use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::saml::EncodedResponse;
use crate::seal::{Purpose, Seal};
use chrono::{DateTime, Utc};
use std::fmt;

/// An accepted response and whom it names, before a destination is chosen.
pub struct Choice {
    response: EncodedResponse,
    identity: Identity,
}

impl Choice {
    pub(super) fn new(response: EncodedResponse, identity: Identity) -> Self {
        Self { response, identity }
    }

    pub(super) fn response(&self) -> &EncodedResponse {
        &self.response
    }

    /// Who is choosing.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Seals the choice for the browser whose cookie holds `binding`.
    pub fn seal(&self, seal: &Seal, binding: &str) -> Result<String, Refusal> {
        // JSON has no raw line breaks, and what follows the first one is the response as it came.
        let text = format!("{}\n{}", self.identity.to_json()?, self.response.expose_for_sts());
        seal.seal(Purpose::Choice, binding, &text)
            .map_err(|fault| Refusal::new(Code::GatewayFault, fault.to_string()))
    }

    /// Opens a sealed choice of the same browser.
    ///
    /// # Errors
    /// When the token is not of this browser, not ours, or older than STS takes the assertion.
    pub fn open(seal: &Seal, binding: &str, token: &str, now: DateTime<Utc>) -> Result<Self, Unusable> {
        let opened = seal
            .open(Purpose::Choice, binding, token)
            .ok_or(Unusable::NotOurs("a choice token that is not of this browser, or not ours"))?;
        let identity = Identity::from_opened(&opened, |text| Some(text.split_once('\n')?.0));
        let response = opened.text().split_once('\n').map(|(_, response)| response.to_owned());
        let (Some(identity), Some(response)) = (identity, response) else {
            return Err(Unusable::NotOurs("a choice token of another version"));
        };
        if now >= identity.redeemable_until() {
            return Err(Unusable::TooOld(Box::new(identity)));
        }
        let response = EncodedResponse::new(response)
            .map_err(|_| Unusable::NotOurs("a choice token without a response"))?;
        Ok(Self { response, identity })
    }
}

/// Why a token is no choice.
#[derive(Debug)]
pub enum Unusable {
    /// It is of another browser, or none that we sealed.
    NotOurs(&'static str),
    /// STS does not take the assertion any longer. Who was to choose is still known, and may sign in again.
    TooOld(Box<Identity>),
}

impl From<Unusable> for Refusal {
    fn from(unusable: Unusable) -> Self {
        let reason = match unusable {
            Unusable::NotOurs(reason) => reason,
            Unusable::TooOld(_) => "STS does not take the assertion any longer",
        };
        Refusal::new(Code::ChoiceExpired, reason)
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choice").field("identity", &self.identity).finish_non_exhaustive()
    }
}
