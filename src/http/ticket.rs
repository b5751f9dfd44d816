//! A sign-in that the browser carries from one request to the next: a sealed token in a form, and the cookie that it is
//! bound to. Any instance with the same keys can go on with it.

use super::cookies;
use super::form::Form;
use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::random;
use crate::sign_in::{Choice, Gateway, Unusable};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// A ticket that is given to a browser.
pub(super) struct Ticket {
    /// For the field `token` of the next form.
    pub(super) token: String,
    cookie: HeaderValue,
}

impl Ticket {
    /// Seals a sign-in for the browser whose cookie this is, or for one that gets its cookie now.
    pub(super) fn issue(gateway: &Gateway, choice: &Choice, browser: Option<&str>) -> Result<Self, Refusal> {
        let fault = |reason: String| Refusal::new(Code::GatewayFault, reason);
        let browser = match browser {
            Some(browser) => browser.to_owned(),
            None => random::hex::<16>().map_err(|error| fault(error.to_string()))?,
        };
        let token = choice.seal(&gateway.seal, &browser)?;
        let cookie = cookies::browser(&browser).map_err(|error| fault(error.to_string()))?;
        Ok(Self { token, cookie })
    }

    /// Sets its cookie.
    pub(super) fn bind(self, response: &mut Response) {
        response.headers_mut().append(header::SET_COOKIE, self.cookie);
    }
}

/// A ticket that came back.
pub(super) struct Returned {
    /// The sign-in; whose it was, if STS does not take the assertion any longer.
    pub(super) choice: Result<Choice, Box<Identity>>,
    /// The destination: a [`crate::policy::Way::key`], if the person may go there.
    pub(super) key: String,
    /// Whether the answer may take as long as a sign-in may.
    pub(super) patient: bool,
    /// Whether to go there without asking the next time.
    pub(super) directly: bool,
    /// What the browser's cookie says, for the next ticket.
    pub(super) browser: String,
}

impl Returned {
    /// Reads the form that brings it back.
    ///
    /// # Errors
    /// `choice.expired` for a token of another browser, or not ours; what is wrong with the form.
    pub(super) async fn read(gateway: &Gateway, request: Request) -> Result<Self, Refusal> {
        let browser = cookies::browser_of(request.headers()).map(str::to_owned);
        let browser = browser.ok_or_else(|| Refusal::new(Code::ChoiceExpired, "no browser cookie"))?;
        let mut form = Form::read(request, gateway.config.gateway.connections.body).await?;
        let (Some(token), Some(key)) = (form.take("token"), form.take("choice")) else {
            return Err(Refusal::new(Code::RequestMalformed, "a form without token or choice"));
        };
        let choice = match Choice::open(&gateway.seal, &browser, &token, gateway.clock.now()) {
            Ok(choice) => Ok(choice),
            Err(Unusable::TooOld(identity)) => Err(identity),
            Err(unusable) => return Err(unusable.into()),
        };
        let (patient, directly) = (form.take("patient").is_some(), form.take("directly").is_some());
        Ok(Self { choice, key, patient, directly, browser })
    }
}
