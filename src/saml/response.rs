//! The chain from decoded text to a verified assertion.

use super::decryption::{self, DecryptionKeys, Envelope, encrypted_name};
use super::encoded::DecodedResponse;
use super::gate::{self, AssertionLayout, Content, Layout, SignatureLayout};
use super::notes::Notes;
use super::reading::{self, AssertionValues, Attribute, NameId, ResponseValues};
use super::rule::{Rejection, Rule};
use super::signature::{TrustedKeys, both_verified, standalone_text, verified};
use super::xml::{self, named};
use super::{ASSERTION, rules};
use chrono::{DateTime, TimeDelta, Utc};
use uppsala::{Document, NodeId};

/// What a response has to be addressed to, and answer, to be meant for this sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Entity ID of the IdP whose keys verify the signature.
    pub idp_entity_id: &'a str,
    /// Our ACS URL: Destination and Recipient.
    pub acs_url: &'a str,
    /// Our audiences; each AudienceRestriction has to name one.
    pub audiences: &'a [String],
    /// IDs of the requests that this browser made to this IdP a short while ago.
    pub outstanding: &'a [String],
    /// Whether a response that answers no request is acceptable.
    pub idp_initiated: bool,
    /// How far the clocks may be apart.
    pub skew: TimeDelta,
    /// Whether a CBC ciphertext is decrypted also where no signature of the Response covers it. It makes a padding
    /// oracle possible: only for an IdP that can neither sign the Response nor use GCM.
    pub cbc_without_response_signature: bool,
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
        let assertion = match &layout.content {
            Content::Plain(assertion) => Some(assertion.node),
            Content::Nothing | Content::Encrypted(_) => None,
        };
        let issuer = reading::claimed_issuer(&document, layout.response, assertion)?;
        Ok(Self { text, document, layout, issuer })
    }

    /// Whom the message claims to come from.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Verifies every signature with the keys of one IdP, decrypts what is encrypted for us, reads from the signed
    /// bytes, and then applies every rule.
    pub fn verify(
        &self,
        keys: &TrustedKeys,
        decryption: &DecryptionKeys,
        expected: &Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<VerifiedAssertion, Rejection> {
        self.verify_noting(keys, decryption, expected, now, &mut Notes::unread())
    }

    /// As [`Self::verify`], and notes what every rule says on the way.
    pub fn verify_noting(
        &self,
        keys: &TrustedKeys,
        decryption: &DecryptionKeys,
        expected: &Expected<'_>,
        now: DateTime<Utc>,
        notes: &mut Notes,
    ) -> Result<VerifiedAssertion, Rejection> {
        let verified = self.verify_steps(keys, decryption, expected, now, notes);
        if let Err(fault) = &verified {
            notes.fault(fault);
        }
        verified
    }

    fn verify_steps(
        &self,
        keys: &TrustedKeys,
        decryption: &DecryptionKeys,
        expected: &Expected<'_>,
        now: DateTime<Utc>,
        notes: &mut Notes,
    ) -> Result<VerifiedAssertion, Rejection> {
        let document = &self.document;
        let response = self.layout.response_signature.as_ref().map(|layout| (self.layout.response, layout));
        let assertion = match &self.layout.content {
            Content::Plain(AssertionLayout { node, signature: Some(layout) }) => Some((*node, layout)),
            _ => None,
        };
        let alone = |signed: Option<(NodeId, &SignatureLayout)>| {
            signed.map(|(node, layout)| verified(document, node, layout, keys)).transpose()
        };
        let (signed_response, signed_assertion) = match (response, assertion) {
            (Some(response), Some(assertion)) => {
                let (response, assertion) = both_verified(document, response, assertion, keys)?;
                (Some(response), Some(assertion))
            }
            (response, assertion) => (alone(response)?, alone(assertion)?),
        };

        // A failure is told as what it is also when it is not signed: nothing is granted by it.
        let claimed = reading::response(document, self.layout.response)?;
        rules::status(&claimed)?;

        // What a signature covers is read where it stands if it says the same there, and else from the canonical form.
        let elsewhere = signed_response.as_ref().filter(|signed| !signed.in_place);
        let signed_document = elsewhere.map(|signed| xml::parse(&signed.text)).transpose()?;
        let response = match &signed_document {
            Some(document) => reading::response(document, root(document)?)?,
            None => claimed,
        };
        debug_assert!(signed_response.iter().all(|signed| again(&signed.text, &response, reading::response)));
        rules::status(&response)?;
        notes.pass(Rule::Status);

        let assertion = match (&self.layout.content, &signed_response, signed_assertion) {
            (Content::Nothing, _, _) => {
                return Err(Rejection::new(Rule::Structure, "success without an Assertion"));
            }
            (Content::Plain(assertion), Some(signed), _) => {
                let (document, node) = match &signed_document {
                    Some(document) => (document, only_assertion(document, root(document)?)?),
                    None => (document, assertion.node),
                };
                notes.pass_signature();
                let values = read(document, node, decryption, || standalone_text(document, node))?;
                debug_assert!(
                    encrypted_name(document, node).is_some()
                        || again(&signed.text, &values, |document, response| reading::assertion(
                            document,
                            only_assertion(document, response)?
                        ))
                );
                values
            }
            (Content::Plain(assertion), None, Some(signed)) => {
                notes.pass_signature();
                if signed.in_place {
                    let values = read(document, assertion.node, decryption, || Ok(signed.text.clone()))?;
                    debug_assert!(
                        encrypted_name(document, assertion.node).is_some()
                            || again(&signed.text, &values, reading::assertion)
                    );
                    values
                } else {
                    read_text(&signed.text, decryption)?
                }
            }
            (Content::Plain(_), None, None) => return Err(unsigned()),
            (Content::Encrypted(holder), signed, _) => {
                let opened = self.decrypted(*holder, signed.is_some(), keys, decryption, expected)?;
                notes.pass(Rule::Decryption);
                notes.pass_signature();
                read_text(&opened, decryption)?
            }
        };
        Self::conclude(&response, signed_response.is_some(), assertion, expected, now, notes)
    }

    /// The text of the encrypted Assertion: as its own signature covers it if it has one, and else as it is, if the
    /// verified signature of the Response covers the ciphertext.
    fn decrypted(
        &self,
        holder: NodeId,
        ciphertext_signed: bool,
        keys: &TrustedKeys,
        decryption: &DecryptionKeys,
        expected: &Expected<'_>,
    ) -> Result<String, Rejection> {
        let envelope = Envelope::read(&self.document, holder)?;
        // Whether the plaintext of a ciphertext that anybody may have changed makes sense is an oracle: for CBC one that
        // gives the plaintext away (Jager and Somorovsky 2011), for GCM none.
        if !ciphertext_signed && !envelope.authenticated() && !expected.cbc_without_response_signature {
            return Err(decryption::fault("a CBC ciphertext that no signature of the Response covers"));
        }
        let plain = decryption.open(&envelope)?;
        let plain = xml::collapsed(&plain);

        let opened = envelope.opened(self.text, plain);
        let in_place = xml::parse(&opened).map_err(|_| decryption::unreadable()).and_then(|document| {
            let assertion = gate::check_opened(&document)?;
            if document.node_range(assertion.node) != Some(envelope.place(plain)) {
                return Err(decryption::unreadable());
            }
            covered(&document, &assertion, ciphertext_signed, keys)
        });
        // Who signs before encrypting may have signed in a context that the Assertion has lost since: as a document of
        // its own. Either way the signature says whether it is so.
        match in_place {
            Err(fault) if fault.rule == Rule::Signature => xml::parse(plain)
                .and_then(|document| {
                    let assertion = gate::check_alone(&document)?;
                    covered(&document, &assertion, false, keys)
                })
                .map_err(|_| fault),
            done => done,
        }
    }

    fn conclude(
        response: &ResponseValues,
        response_signed: bool,
        assertion: AssertionValues,
        expected: &Expected<'_>,
        now: DateTime<Utc>,
        notes: &mut Notes,
    ) -> Result<VerifiedAssertion, Rejection> {
        notes.pass(Rule::Attributes);
        notes.read(&assertion);
        let judgement = rules::judge(response, response_signed, &assertion, expected, now, notes)?;
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

/// The values of an assertion that is covered by a signature. `text`: the assertion by itself, into which its encrypted
/// name is put if it has one.
fn read(
    document: &Document<'_>,
    assertion: NodeId,
    keys: &DecryptionKeys,
    text: impl FnOnce() -> Result<String, Rejection>,
) -> Result<AssertionValues, Rejection> {
    match encrypted_name(document, assertion) {
        None => reading::assertion(document, assertion),
        Some(_) => read_text(&text()?, keys),
    }
}

fn read_text(text: &str, keys: &DecryptionKeys) -> Result<AssertionValues, Rejection> {
    let document = xml::parse(text)?;
    match decryption::open_name(&document, text, keys)? {
        None => reading::assertion(&document, root(&document)?),
        Some(opened) => {
            let document = xml::parse(&opened)?;
            reading::assertion(&document, root(&document)?)
        }
    }
}

/// Whether the bytes whose digest was compared, parsed, say what was read. Asked by every test and fuzz target.
fn again<T: PartialEq>(
    signed: &str,
    values: &T,
    read: impl Fn(&Document<'_>, NodeId) -> Result<T, Rejection>,
) -> bool {
    let document = uppsala::parse(signed).ok();
    document.is_some_and(|document| {
        let values_again = root(&document).and_then(|root| read(&document, root));
        values_again.is_ok_and(|again| again == *values)
    })
}

fn only_assertion(document: &Document<'_>, response: NodeId) -> Result<NodeId, Rejection> {
    let mut assertions = named(document, response, ASSERTION, "Assertion");
    match (assertions.next(), assertions.next()) {
        (Some(node), None) => Ok(node),
        _ => Err(Rejection::new(Rule::Structure, "not exactly one signed Assertion")),
    }
}

/// The text of an assertion that a signature covers: its own if it has one, or else the one around it.
fn covered(
    document: &Document<'_>,
    assertion: &AssertionLayout,
    covered_from_outside: bool,
    keys: &TrustedKeys,
) -> Result<String, Rejection> {
    match &assertion.signature {
        Some(layout) => Ok(verified(document, assertion.node, layout, keys)?.text),
        None if covered_from_outside => standalone_text(document, assertion.node),
        None => Err(unsigned()),
    }
}

fn root(document: &Document<'_>) -> Result<NodeId, Rejection> {
    document.document_element().ok_or_else(|| Rejection::new(Rule::Structure, "an empty canonical form"))
}

fn unsigned() -> Rejection {
    Rejection::new(Rule::SignaturePresent, "neither the Response nor the Assertion is signed")
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
