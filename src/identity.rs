//! Who a person is: the claims of an assertion that is proven, and what else STS will be asked about it.

mod claims;

pub use claims::Claims;

use crate::config::Idp;
use crate::error::{Code, Refusal};
use crate::replay::FreshAssertion;
use crate::seal::Opened;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

/// STS takes an assertion for five minutes after it was issued.
const REDEEMABLE: TimeDelta = TimeDelta::minutes(5);

/// A person, as one assertion describes them: [`Claims`], and the proof that they hold.
///
/// Made from a fresh assertion, or from a token that this gateway sealed after it had made one from such.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity(Facts);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    claims: Claims,
    issuer: String,
    subject: String,
    recipient: String,
    redeemable_until: DateTime<Utc>,
    session_until: Option<DateTime<Utc>>,
}

impl Identity {
    /// Maps the attributes of an assertion of `idp`. Of those without a meaning of their own, only the `asked` are kept.
    ///
    /// # Errors
    /// Those of [`Claims::map`].
    pub fn map(assertion: &FreshAssertion, idp: &Idp, asked: &BTreeSet<String>) -> Result<Self, Refusal> {
        Ok(Self(Facts {
            claims: Claims::map(assertion.attributes(), idp, asked)?,
            issuer: assertion.issuer().to_owned(),
            subject: assertion.name_id().value.clone(),
            recipient: assertion.recipient().to_owned(),
            redeemable_until: assertion.issued() + REDEEMABLE,
            session_until: assertion.session_until(),
        }))
    }

    /// The identity as it is sealed into a token.
    pub(crate) fn to_json(&self) -> Result<String, Refusal> {
        serde_json::to_string(&self.0)
            .map_err(|fault| Refusal::new(Code::GatewayFault, format!("identity: {fault}")))
    }

    /// The identity in a part of a token that this gateway sealed.
    pub(crate) fn from_opened(opened: &Opened, part: impl FnOnce(&str) -> Option<&str>) -> Option<Self> {
        serde_json::from_str(part(opened.text())?).ok().map(Self)
    }

    /// Entity ID of the IdP.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// NameID of the assertion.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Recipient of the assertion, which STS calls its audience.
    #[must_use]
    pub fn recipient(&self) -> &str {
        &self.0.recipient
    }

    /// Until when STS takes the assertion.
    #[must_use]
    pub fn redeemable_until(&self) -> DateTime<Utc> {
        self.0.redeemable_until
    }

    /// When the session at the IdP ends (`SessionNotOnOrAfter`), if it says so.
    #[must_use]
    pub fn session_until(&self) -> Option<DateTime<Utc>> {
        self.0.session_until
    }
}

/// What is proven is claimed, too: an identity does wherever claims do, and never the other way round.
impl Deref for Identity {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.0.claims
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.0.claims).finish()
    }
}
