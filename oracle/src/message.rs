//! A message as `tests/saml/record.rs` writes it down. Never judges it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// A message with the gateway's keys and answer.
#[derive(Clone, Deserialize)]
pub(crate) struct Message {
    /// The test that made it.
    pub(crate) test: String,
    /// The form value: base64, with white space.
    value: String,
    /// The IdP's certificates (base64 of DER).
    pub(crate) certificates: Vec<String>,
    /// Our private keys (PEM).
    pub(crate) decryption_keys: Vec<String>,
    pub(crate) passes_gate: bool,
    pub(crate) answer: Answer,
}

/// What the gateway said.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    Accepted(Values),
    /// The name of the rule.
    Refused(String),
}

/// Whom an assertion is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Values {
    /// The assertion's ID.
    pub(crate) assertion: String,
    /// The NameID.
    pub(crate) name: String,
}

impl Message {
    /// The XML. It is UTF-8 wherever the gate let it pass.
    pub(crate) fn text(&self) -> String {
        let value: String = self.value.split_ascii_whitespace().collect();
        String::from_utf8_lossy(&STANDARD.decode(value).unwrap_or_default()).into_owned()
    }

    /// The same with the keys of another IdP.
    pub(crate) fn with_certificates(&self, certificates: &[String]) -> Self {
        Self { certificates: certificates.to_vec(), ..self.clone() }
    }

    /// The same with another text.
    pub(crate) fn with_text(&self, text: &str) -> Self {
        Self { value: STANDARD.encode(text), ..self.clone() }
    }
}
