//! Tokens that only this gateway can make or read: AES-256-GCM, bound to a purpose and to one browser.
//!
//! State is kept in the browser, so that any instance can go on with a sign-in that another began.

use crate::config::SealKey;
use crate::random::{self, NoRandomness};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// What a token is for. A token for one purpose cannot be opened for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The AuthnRequest that a browser waits to be answered.
    Request,
    /// A sign-in that waits for a choice between destinations, or for what is being prepared.
    Choice,
    /// An error page that is shown again in another language, or at an address of its own.
    Page,
    /// The destination that a person chose last.
    Remembered,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Request => "request/1",
            Self::Choice => "choice/1",
            Self::Page => "page/1",
            Self::Remembered => "remembered/1",
        }
    }
}

/// Seals and opens tokens.
pub struct Seal {
    /// The first one seals, all open.
    keys: Vec<RandomizedNonceKey>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({} keys)", self.keys.len())
    }
}

/// What was in a token of our own. Only [`Seal::open`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened(String);

impl Opened {
    /// The sealed text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}

impl Seal {
    /// Uses the configured keys, or a random one when there are none.
    pub fn new(keys: &[SealKey]) -> Result<Self, NoRandomness> {
        let random;
        let keys = if keys.is_empty() {
            random = [SealKey(random::bytes()?)];
            &random
        } else {
            keys
        };
        let keys: Result<Vec<_>, _> =
            keys.iter().map(|key| RandomizedNonceKey::new(&AES_256_GCM, &key.0)).collect();
        keys.map(|keys| Self { keys }).map_err(|_| NoRandomness)
    }

    /// Seals a text for one browser (`binding`: what its cookie holds) and one purpose. The token is base64url.
    pub fn seal(&self, purpose: Purpose, binding: &str, text: &str) -> Result<String, NoRandomness> {
        let key = self.keys.first().ok_or(NoRandomness)?;
        let mut sealed = text.as_bytes().to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(associated(purpose, binding)), &mut sealed)
            .map_err(|_| NoRandomness)?;
        let mut token = nonce.as_ref().to_vec();
        token.append(&mut sealed);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Opens a token of the same purpose and browser. `None` for anything else, whatever is wrong with it.
    #[must_use]
    pub fn open(&self, purpose: Purpose, binding: &str, token: &str) -> Option<Opened> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = token.split_at_checked(NONCE_LEN)?;
        self.keys.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut sealed = sealed.to_vec();
            let text = key.open_in_place(nonce, Aad::from(associated(purpose, binding)), &mut sealed).ok()?;
            String::from_utf8(text.to_vec()).ok().map(Opened)
        })
    }
}

fn associated(purpose: Purpose, binding: &str) -> Vec<u8> {
    format!("{}\0{binding}", purpose.label()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8) -> Seal {
        Seal::new(&[SealKey([key; 32])]).unwrap()
    }

    #[test]
    fn a_token_opens_with_its_key_purpose_and_browser_only() {
        let token = seal(1).seal(Purpose::Choice, "browser", "text").unwrap();
        assert_eq!(seal(1).open(Purpose::Choice, "browser", &token).unwrap().text(), "text");
        assert_eq!(seal(2).open(Purpose::Choice, "browser", &token), None);
        assert_eq!(seal(1).open(Purpose::Request, "browser", &token), None);
        assert_eq!(seal(1).open(Purpose::Choice, "another", &token), None);
    }

    #[test]
    fn a_changed_or_cut_token_does_not_open() {
        let token = seal(1).seal(Purpose::Choice, "b", "some text").unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(seal(1).open(Purpose::Choice, "b", &changed), None);
            let cut = URL_SAFE_NO_PAD.encode(&bytes[..position]);
            assert_eq!(seal(1).open(Purpose::Choice, "b", &cut), None);
        }
        assert_eq!(seal(1).open(Purpose::Choice, "b", "not base64!"), None);
    }

    #[test]
    fn an_old_key_still_opens_and_no_longer_seals() {
        let both = Seal::new(&[SealKey([2; 32]), SealKey([1; 32])]).unwrap();
        let old = seal(1).seal(Purpose::Request, "", "text").unwrap();
        assert!(both.open(Purpose::Request, "", &old).is_some());
        let new = both.seal(Purpose::Request, "", "text").unwrap();
        assert_eq!(seal(1).open(Purpose::Request, "", &new), None);
    }
}
