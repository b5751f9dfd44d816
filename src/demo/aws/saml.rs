//! What STS does with a SAML response: verify it against the registered provider, then read what it claims.
//!
//! It shares no code with the gateway's own reading of assertions, so that each can catch the other's mistakes: it checks
//! signatures with another library, and reads from the document that was sent rather than from its canonical form. It
//! never looks at `KeyInfo`, never fetches anything and never accepts an assertion that no signature covers.

mod attributes;
mod claims;
mod dom;
mod encrypted;
mod key;
mod metadata;
mod signature;
mod structure;

pub(super) use attributes::is_session_name;
pub(super) use claims::Claims;

use super::fault::ApiError;
use super::world::SamlProvider;
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::{DateTime, Utc};
use encrypted::{Keys, undecryptable};
use metadata::Trust;
use structure::Place;
use uppsala::{Document, NodeId};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// Why IAM cannot take metadata of an IdP, if it cannot.
pub(super) fn metadata_fault(xml: &str) -> Option<String> {
    metadata::read(xml, None).err()
}

/// Verifies `encoded` (base64, white space ignored) and reads its claims.
///
/// `InvalidIdentityToken` for whatever is wrong with the message, `ExpiredTokenException` for its times,
/// `IDPRejectedClaim` when the IdP itself says that sign-in failed.
pub(super) fn read(
    encoded: &str,
    provider: &SamlProvider,
    accepted_audiences: &[String],
    now: DateTime<Utc>,
) -> Result<Claims, ApiError> {
    let trust = metadata::read(&provider.metadata_xml, provider.entity_id.as_deref())
        .map_err(ApiError::identity_token)?;
    let keys = Keys::of(provider)?;
    let desk = Desk { trust: &trust, keys: &keys, audiences: accepted_audiences, now };
    let xml = decode(encoded)?;
    let document = dom::parse(&xml)?;
    let response = structure::response(&document)?;
    let covered = signature::covers(&document, response, &trust)?;
    check_status(&document, response)?;
    let claims = match structure::encrypted(&document, response)? {
        None => desk.read(&xml, Place::Response, covered)?,
        Some(holder) => {
            let allowed = covered || provider.cbc_without_response_signature;
            let opened = keys.open(&document, holder, &xml, allowed)?;
            let inside = dom::parse(&opened.xml).map_err(|_| undecryptable())?;
            if !opened.is_whole(&inside, Place::Opened.find(&inside).map_err(|_| undecryptable())?) {
                return Err(undecryptable());
            }
            match desk.read(&opened.xml, Place::Opened, covered) {
                // Who signs and then encrypts may have signed the assertion as a document of its own.
                Err(fault) if fault == signature::invalid() => {
                    desk.read(opened.plain(), Place::Document, false).map_err(|_| fault)?
                }
                done => done?,
            }
        }
    };
    claims::check_issued(&document, response, now)?;
    if dom::issuer(&document, response)?.is_some_and(|issuer| issuer != trust.entity_id) {
        return Err(dom::wrong_issuer());
    }
    Ok(claims)
}

/// What assertions are held against.
struct Desk<'a> {
    trust: &'a Trust,
    keys: &'a Keys,
    audiences: &'a [String],
    now: DateTime<Utc>,
}

impl Desk<'_> {
    /// Reads the assertion of a document, which a signature has to cover: its own, or one that was checked before.
    fn read(&self, xml: &str, place: Place, covered: bool) -> Result<Claims, ApiError> {
        let document = dom::parse(xml)?;
        let assertion = place.find(&document)?;
        if !signature::covers(&document, assertion, self.trust)? && !covered {
            return Err(signature::invalid());
        }
        let subject = dom::required(&document, assertion, ASSERTION, "Subject")?;
        let hidden = claims::identifier(&document, subject)
            .filter(|id| dom::is(&document, *id, ASSERTION, "EncryptedID"));
        let Some(hidden) = hidden else {
            return self.claims(&document, assertion);
        };
        // The signature covers the ciphertext, which may be of any kind then.
        let opened = self.keys.open(&document, hidden, xml, true)?;
        let document = dom::parse(&opened.xml).map_err(|_| undecryptable())?;
        let assertion = place.find(&document)?;
        let subject = dom::required(&document, assertion, ASSERTION, "Subject")?;
        let name = claims::identifier(&document, subject).map(|id| dom::elements(&document, id));
        match name.as_deref() {
            Some([name]) if opened.is_whole(&document, *name) => self.claims(&document, assertion),
            _ => Err(undecryptable()),
        }
    }

    fn claims(&self, document: &Document<'_>, assertion: NodeId) -> Result<Claims, ApiError> {
        Claims::read(document, assertion, &self.trust.entity_id, self.audiences, self.now)
    }
}

/// UTF-8, with or without a byte order mark.
fn decode(encoded: &str) -> Result<String, ApiError> {
    let invalid = || ApiError::identity_token("Invalid base64 SAMLResponse");
    let compact: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64_STANDARD.decode(compact).map_err(|_| invalid())?;
    let xml = String::from_utf8(bytes).map_err(|_| invalid())?;
    Ok(xml.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(xml))
}

fn check_status(document: &Document<'_>, response: NodeId) -> Result<(), ApiError> {
    let status = dom::required(document, response, PROTOCOL, "Status")?;
    let code = dom::required(document, status, PROTOCOL, "StatusCode")?;
    match dom::attribute(document, code, "Value") {
        Some(SUCCESS) => Ok(()),
        other => Err(ApiError::new(
            403,
            "IDPRejectedClaim",
            format!("The identity provider rejected the claim: {}", other.unwrap_or("no status code")),
        )),
    }
}
