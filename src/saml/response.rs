//! The chain from decoded text to a verified assertion.

use super::encoded::DecodedResponse;
use super::gate::{self, Layout};
use super::reading::{self, Attribute, NameId, ResponseValues};
use super::rule::{Rejection, Rule};
use super::signature::{TrustedKeys, covered_text, verify_all};
use super::xml::{self, named};
use super::{ASSERTION, rules};
use chrono::{DateTime, TimeDelta, Utc};
use uppsala::Document;

/// What a response has to be addressed to, and answer, to be meant for this sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Entity ID of the IdP whose keys verify the signature.
    pub idp_entity_id: &'a str,
    /// Our ACS URL: Destination and Recipient.
    pub acs_url: &'a str,
    /// Our audiences; each AudienceRestriction has to name one.
    pub audiences: &'a [String],
    /// IDs of the requests that this browser made and that were not answered yet.
    pub outstanding: &'a [String],
    /// Whether a response that answers no request is acceptable.
    pub idp_initiated: bool,
    /// How far the clocks may be apart.
    pub skew: TimeDelta,
}

/// A response that was parsed and has an acceptable structure. Nothing in it is to be believed; it lets out its
/// issuer, to choose the IdP by, and nothing else.
pub struct UnverifiedResponse<'a> {
    text: &'a str,
    document: Document<'a>,
    layout: Layout,
    issuer: String,
}

impl<'a> UnverifiedResponse<'a> {
    /// Parses with limits and applies the structural gate.
    pub fn parse(decoded: &'a DecodedResponse) -> Result<Self, Rejection> {
        let text = decoded.text();
        let document = xml::parse(text)?;
        let layout = gate::check(&document)?;
        let assertion = layout.assertion.as_ref().map(|(node, _)| *node);
        let issuer = reading::claimed_issuer(&document, layout.response, assertion)?;
        Ok(Self {
            text,
            document,
            layout,
            issuer,
        })
    }

    /// Whom the message claims to come from.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Verifies every signature with the keys of one IdP, then reads from the signed bytes, then applies every rule.
    pub fn verify(
        &self,
        keys: &TrustedKeys,
        expected: &Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<VerifiedAssertion, Rejection> {
        let response_signature = self.layout.response_signature.as_ref();
        let (assertion_node, assertion_signature) = match &self.layout.assertion {
            Some((node, signature)) => (Some(*node), signature.as_ref()),
            None => (None, None),
        };
        let signatures: Vec<_> = response_signature
            .into_iter()
            .chain(assertion_signature)
            .collect();
        if !signatures.is_empty() {
            verify_all(&self.document, self.text, &signatures, keys)?;
        }

        // A failure is told as what it is also when it is not signed: nothing is granted by it.
        let claimed = reading::response(&self.document, self.layout.response)?;
        rules::status(&claimed)?;
        let Some(assertion_node) = assertion_node else {
            return Err(Rejection::new(Rule::Structure, "success without an Assertion"));
        };

        if let Some(layout) = response_signature {
            let covered = covered_text(&self.document, self.layout.response, layout)?;
            let document = xml::parse(&covered)?;
            let root = document.document_element().ok_or_else(no_root)?;
            let mut assertions = named(&document, root, ASSERTION, "Assertion");
            let (Some(node), None) = (assertions.next(), assertions.next()) else {
                return Err(Rejection::new(
                    Rule::Structure,
                    "not exactly one signed Assertion",
                ));
            };
            let response = reading::response(&document, root)?;
            rules::status(&response)?;
            Self::conclude(
                &response,
                true,
                reading::assertion(&document, node)?,
                expected,
                now,
            )
        } else if let Some(layout) = assertion_signature {
            let covered = covered_text(&self.document, assertion_node, layout)?;
            let document = xml::parse(&covered)?;
            let root = document.document_element().ok_or_else(no_root)?;
            Self::conclude(
                &claimed,
                false,
                reading::assertion(&document, root)?,
                expected,
                now,
            )
        } else {
            Err(Rejection::new(
                Rule::SignaturePresent,
                "neither the Response nor the Assertion is signed",
            ))
        }
    }

    fn conclude(
        response: &ResponseValues,
        response_signed: bool,
        assertion: reading::AssertionValues,
        expected: &Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<VerifiedAssertion, Rejection> {
        let judgement = rules::judge(response, response_signed, &assertion, expected, now)?;
        Ok(VerifiedAssertion {
            id: assertion.id,
            issuer: assertion.issuer,
            recipient: judgement.recipient,
            request_id: judgement.request_id,
            issued: judgement.issued,
            acceptable_until: judgement.acceptable_until,
            session_until: judgement.session_until,
            name_id: assertion.name_id,
            attributes: assertion.attributes,
        })
    }
}

fn no_root() -> Rejection {
    Rejection::new(Rule::Structure, "an empty canonical form")
}

/// An assertion that a key of the IdP signed and that keeps every rule. All values are from signed bytes.
#[derive(Debug)]
pub struct VerifiedAssertion {
    id: String,
    issuer: String,
    recipient: String,
    request_id: Option<String>,
    issued: DateTime<Utc>,
    acceptable_until: DateTime<Utc>,
    session_until: Option<DateTime<Utc>>,
    name_id: NameId,
    attributes: Vec<Attribute>,
}

impl VerifiedAssertion {
    /// The assertion's ID, unique for its issuer (saml-core 1.3.4).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Entity ID of the IdP.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Recipient of the confirmation that holds: our ACS URL.
    #[must_use]
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The request that is answered; none if the IdP started the sign-in.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// When the assertion was issued.
    #[must_use]
    pub fn issued(&self) -> DateTime<Utc> {
        self.issued
    }

    /// Until when the same assertion would be accepted again if nothing remembered its use.
    #[must_use]
    pub fn acceptable_until(&self) -> DateTime<Utc> {
        self.acceptable_until
    }

    /// When the session at the IdP ends (`SessionNotOnOrAfter`), if the IdP says so.
    #[must_use]
    pub fn session_until(&self) -> Option<DateTime<Utc>> {
        self.session_until
    }

    /// The name of the subject.
    #[must_use]
    pub fn name_id(&self) -> &NameId {
        &self.name_id
    }

    /// All attributes, each name once.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }
}
