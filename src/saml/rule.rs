//! The rules that a SAML response has to keep, by name, and what a broken one is called outside.

use crate::error::{Code, Refusal};
use std::fmt;

/// One rule. Its name is stable: logs and `inspect` use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The form value is base64 (RFC 4648, section 4) of 4 to 100,000 characters.
    Encoding,
    /// The message is UTF-8, well-formed, namespace-correct XML 1.0 without DTD or processing instructions.
    Xml,
    /// Size, depth, node and attribute limits.
    Limits,
    /// Exactly one Response with exactly one assertion, and nothing where it does not belong (saml-core 3.2.2, 3.3.3).
    Structure,
    /// Every signature is enveloped in the Response or the Assertion and has the one allowed shape (saml-core 5.4).
    SignatureShape,
    /// Signature, digest, canonicalisation and transform algorithms are on the list.
    SignatureAlgorithm,
    /// The Response or the Assertion is signed (saml-profiles 4.1.4.5).
    SignaturePresent,
    /// Every signature verifies with a key from the IdP's metadata.
    Signature,
    /// An encrypted assertion can be read.
    Decryption,
    /// The issuer is an IdP that is configured.
    IssuerKnown,
    /// Version is 2.0 (saml-core 2.3.3, 3.2.2).
    Version,
    /// The issuer of Response and Assertion is the IdP whose key signed (saml-profiles 4.1.4.2).
    Issuer,
    /// The IdP reports success (saml-core 3.2.2.2).
    Status,
    /// The message is addressed to our ACS URL (saml-bindings 3.5.5.2).
    Destination,
    /// Issued no more than five minutes ago (STS), and not in the future.
    IssueInstant,
    /// The time is between NotBefore and NotOnOrAfter of the conditions (saml-core 2.5.1.2).
    Conditions,
    /// Every audience restriction names us (saml-core 2.5.1.4).
    Audience,
    /// The subject is named, once, in up to 1,024 characters (saml-core 2.4.1).
    Subject,
    /// A bearer confirmation for our ACS URL holds now (saml-profiles 4.1.4.3).
    Confirmation,
    /// The message answers a request of this browser, or none at all where that is allowed (saml-profiles 4.1.4.3).
    InResponseTo,
    /// There is an authentication statement, and its session has not ended (saml-core 2.7.2).
    AuthnStatement,
    /// Attributes have names and readable values (saml-core 2.7.3).
    Attributes,
}

impl Rule {
    /// Every rule, in the order in which they are applied.
    pub const ALL: &'static [Self] = &[
        Self::Encoding,
        Self::Xml,
        Self::Limits,
        Self::Structure,
        Self::SignatureShape,
        Self::SignatureAlgorithm,
        Self::SignaturePresent,
        Self::Signature,
        Self::Decryption,
        Self::IssuerKnown,
        Self::Version,
        Self::Issuer,
        Self::Status,
        Self::Destination,
        Self::IssueInstant,
        Self::Conditions,
        Self::Audience,
        Self::Subject,
        Self::Confirmation,
        Self::InResponseTo,
        Self::AuthnStatement,
        Self::Attributes,
    ];

    /// What to do when it is broken, for the admin.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Encoding => {
                "The form value has to be the base64 of the XML, at most 100,000 characters. Look for a proxy that rewrites forms, or for far too many groups."
            }
            Self::Xml => {
                "The message has to be UTF-8, well-formed XML without DOCTYPE or processing instructions."
            }
            Self::Limits => {
                "The message is unlike anything an IdP sends: far too many elements, attributes or namespaces, or nested too deeply."
            }
            Self::Structure => {
                "There has to be one Response with one Assertion (or EncryptedAssertion), each child in its place."
            }
            Self::SignatureShape => {
                "Signatures have to be enveloped in the Response or the Assertion, with one Reference to its ID."
            }
            Self::SignatureAlgorithm => {
                "Have the IdP sign with RSA or ECDSA and SHA-256 or better, and with exclusive or inclusive canonicalization."
            }
            Self::SignaturePresent => "Have the IdP sign the Response, the Assertion, or both.",
            Self::Signature => {
                "The message was changed on its way, or signed with a key that is not in the metadata: has the IdP rolled its certificate over?"
            }
            Self::Decryption => {
                "The IdP has to encrypt for a certificate of ours (see our metadata) with AES and RSA-OAEP; AES-CBC only inside a signed Response."
            }
            Self::IssuerKnown => "The entity ID in the metadata has to be the Issuer of the message.",
            Self::Version => "Only SAML 2.0 is understood.",
            Self::Issuer => "Response and Assertion have to come from the IdP whose metadata this is.",
            Self::Status => "The IdP did not sign the person in. Its own log says why.",
            Self::Destination => {
                "Set the destination at the IdP to our ACS URL, exactly as it is written, with the same scheme and port."
            }
            Self::IssueInstant => "Compare the clocks. STS takes a message for five minutes.",
            Self::Conditions => {
                "Compare the clocks. The conditions limit when, and under what circumstances, the message is valid."
            }
            Self::Audience => "Add our entity ID as audience at the IdP.",
            Self::Subject => "The Subject has to have one NameID of up to 1,024 characters.",
            Self::Confirmation => {
                "A bearer confirmation has to name our ACS URL as Recipient and be valid now."
            }
            Self::InResponseTo => {
                "Start the sign-in again in the same browser, with cookies allowed; or allow the IdP to start sign-ins (idp_initiated)."
            }
            Self::AuthnStatement => {
                "The IdP has to say when the person signed in, and that session must not be over."
            }
            Self::Attributes => "Every Attribute needs a Name.",
        }
    }

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Encoding => "encoding",
            Self::Xml => "xml",
            Self::Limits => "limits",
            Self::Structure => "structure",
            Self::SignatureShape => "signature-shape",
            Self::SignatureAlgorithm => "signature-algorithm",
            Self::SignaturePresent => "signature-present",
            Self::Signature => "signature",
            Self::Decryption => "decryption",
            Self::IssuerKnown => "issuer-known",
            Self::Version => "version",
            Self::Issuer => "issuer",
            Self::Status => "status",
            Self::Destination => "destination",
            Self::IssueInstant => "issue-instant",
            Self::Conditions => "conditions",
            Self::Audience => "audience",
            Self::Subject => "subject",
            Self::Confirmation => "confirmation",
            Self::InResponseTo => "in-response-to",
            Self::AuthnStatement => "authn-statement",
            Self::Attributes => "attributes",
        }
    }
}

/// A broken rule: which one, what the outside is told, and what the log says about it.
///
/// The detail may quote short values such as an issuer or a time; never a signature, an attribute value or a whole
/// message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The rule that does not hold.
    pub rule: Rule,
    /// The public code. Faults of trust all share `assertion.rejected`, so that an attacker learns nothing.
    pub code: Code,
    /// What the log says.
    pub detail: String,
}

impl Rejection {
    /// A fault of trust or structure.
    pub(crate) fn new(rule: Rule, detail: impl Into<String>) -> Self {
        Self::coded(rule, Code::AssertionRejected, detail)
    }

    /// A fault that the person is told by a code of its own.
    pub(crate) fn coded(rule: Rule, code: Code, detail: impl Into<String>) -> Self {
        Self { rule, code, detail: detail.into() }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.name(), self.detail)
    }
}

impl std::error::Error for Rejection {}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Refusal::new(rejection.code, rejection.to_string())
    }
}

/// A value from a message, shortened and without control characters, fit for a log line.
pub(crate) fn quoted(value: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = value.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if value.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}
