//! What a browser remembers of the last choice, in a sealed cookie. It grants nothing: it selects among what the policy
//! grants at that moment, for the same person only.

use crate::identity::Identity;
use crate::random::NoRandomness;
use crate::seal::{Purpose, Seal};
use serde::{Deserialize, Serialize};

/// The destination that somebody chose last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    idp: String,
    user_id: String,
    /// `Grant::key` of what was chosen.
    key: String,
    next: NextTime,
}

/// What the next sign-in of the same person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum NextTime {
    /// Asks, with the last choice first.
    Asks,
    /// Asks, since the person wants to choose another one; and offers to go there directly from then on.
    AsksOnce,
    /// Goes there directly.
    GoesThere,
}

impl Remembered {
    /// Remembers a choice, and whether the next sign-in goes there directly.
    #[must_use]
    pub fn new(identity: &Identity, key: &str, directly: bool) -> Self {
        Self {
            idp: identity.idp().to_owned(),
            user_id: identity.user_id().to_owned(),
            key: key.to_owned(),
            next: if directly { NextTime::GoesThere } else { NextTime::Asks },
        }
    }

    /// Opens what a cookie holds; `None` for anything that is not ours.
    #[must_use]
    pub fn open(seal: &Seal, token: &str) -> Option<Self> {
        serde_json::from_str(seal.open(Purpose::Remembered, "", token)?.text()).ok()
    }

    /// Seals it for a cookie.
    pub fn seal(&self, seal: &Seal) -> Result<String, NoRandomness> {
        let text = serde_json::to_string(self).map_err(|_| NoRandomness)?;
        seal.seal(Purpose::Remembered, "", &text)
    }

    /// The same, but the next sign-in asks.
    #[must_use]
    pub fn asking_once(self) -> Self {
        let next = if self.wants_to_go_directly() { NextTime::AsksOnce } else { NextTime::Asks };
        Self { next, ..self }
    }

    /// Key of the IdP that the person signed in with.
    #[must_use]
    pub fn idp(&self) -> &str {
        &self.idp
    }

    /// What this person chose last.
    #[must_use]
    pub fn last_of(&self, identity: &Identity) -> Option<&str> {
        (self.idp == identity.idp() && self.user_id == identity.user_id()).then_some(&*self.key)
    }

    /// Where this person's sign-in goes directly.
    #[must_use]
    pub fn direct_of(&self, identity: &Identity) -> Option<&str> {
        self.last_of(identity).filter(|_| self.goes_directly())
    }

    /// Whether the next sign-in goes there directly.
    #[must_use]
    pub fn goes_directly(&self) -> bool {
        self.next == NextTime::GoesThere
    }

    /// Whether the person asked for that once, and has not taken it back.
    #[must_use]
    pub fn wants_to_go_directly(&self) -> bool {
        self.next != NextTime::Asks
    }
}
