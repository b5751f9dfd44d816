//! Pseudonyms: the same value has the same one wherever it stands, so that events can be put together, and nobody without
//! the key learns or checks a value by it.

use crate::config::PseudonymKey;
use crate::random::encode_hex;
use aws_lc_rs::hmac;
use std::fmt;

/// Characters of hexadecimal that are shown: 128 bits of the 256.
const LENGTH: usize = 32;

/// Makes pseudonyms: HMAC-SHA-256 (RFC 2104) under a key that only the gateway has.
pub(super) struct Pseudonyms(hmac::Key);

impl Pseudonyms {
    pub(super) fn new(key: &PseudonymKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key.0))
    }

    /// The pseudonym of a value.
    pub(super) fn of(&self, value: &str) -> String {
        let tag = hmac::sign(&self.0, value.as_bytes());
        let shown: String = encode_hex(tag.as_ref()).chars().take(LENGTH).collect();
        format!("p-{shown}")
    }

    /// An ARN whose last part, such as the name of a role session, is replaced.
    pub(super) fn end_of_arn(&self, arn: &str) -> String {
        match arn.rsplit_once('/') {
            Some((start, end)) => format!("{start}/{}", self.of(end)),
            None => self.of(arn),
        }
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_value_has_the_same_pseudonym_under_the_same_key_only() {
        let (one, other) = (Pseudonyms::new(&PseudonymKey([1; 32])), Pseudonyms::new(&PseudonymKey([2; 32])));
        assert_eq!(one.of("alice"), one.of("alice"));
        assert_ne!(one.of("alice"), one.of("alice "));
        assert_ne!(one.of("alice"), other.of("alice"));
        assert_eq!(one.of("alice").len(), 2 + LENGTH);
        let arn = one.end_of_arn("arn:aws:sts::111122223333:assumed-role/DataScientist/alice");
        assert_eq!(arn, format!("arn:aws:sts::111122223333:assumed-role/DataScientist/{}", one.of("alice")));
    }
}
