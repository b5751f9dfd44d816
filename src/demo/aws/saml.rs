//! What STS does with a SAML response: verify it against the registered provider, then read what it claims.
//!
//! It shares no code with the gateway's own reading of assertions, so that each can catch the other's mistakes. It
//! never looks at `KeyInfo`, never fetches anything and never accepts an assertion that no signature covers.

mod claims;
mod encrypted;
mod metadata;
mod signature;

pub(super) use claims::{Claims, is_session_name};

use super::fault::ApiError;
use super::world::SamlProvider;
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::{DateTime, Utc};
use metadata::Trust;
use uppsala::{Document, NodeId, Parser};

pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const MAX_DEPTH: u32 = 64;

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
    let trust = metadata::read(&provider.metadata_xml).map_err(ApiError::identity_token)?;
    let xml = decode(encoded)?;
    let document = parse(&xml)?;
    let response = root(&document)?;
    let claims = if encrypted::is_in(&document) {
        let outer = signature::covered(&document, &xml, &[response], None, &trust)?;
        let xml = encrypted::decrypt(&document, response, &xml, provider, !outer.is_empty())?;
        let document = parse(&xml)?;
        let response = root(&document)?;
        let assertion = encrypted::sole_assertion(&document, response)?;
        // What was signed was the ciphertext: the response's signature was checked over that, and no longer fits.
        let inner = signature::covered(&document, &xml, &[assertion], Some(response), &trust)?;
        if outer.is_empty() && inner.is_empty() {
            return Err(signature::invalid());
        }
        read_verified(&document, response, assertion, &trust)?
    } else {
        let assertion = sole_assertion(&document, response)?;
        if signature::covered(&document, &xml, &[response, assertion], None, &trust)?.is_empty() {
            return Err(signature::invalid());
        }
        read_verified(&document, response, assertion, &trust)?
    };
    claims.check_audience(accepted_audiences)?;
    claims.check_times(now)?;
    Ok(claims)
}

/// Reads a response whose assertion a checked signature covers.
fn read_verified(
    document: &Document<'_>,
    response: NodeId,
    assertion: NodeId,
    trust: &Trust,
) -> Result<Claims, ApiError> {
    check_status(document, response)?;
    if let Some(issuer) = optional(document, response, ASSERTION, "Issuer")?
        && document.text_content_deep(issuer) != trust.entity_id
    {
        return Err(wrong_issuer());
    }
    let claims = Claims::read(document, assertion)?;
    if claims.issuer != trust.entity_id {
        return Err(wrong_issuer());
    }
    Ok(claims)
}

/// The document element, which is a `Response`.
fn root(document: &Document<'_>) -> Result<NodeId, ApiError> {
    document
        .document_element()
        .filter(|id| is(document, *id, PROTOCOL, "Response"))
        .ok_or_else(|| ApiError::identity_token("Your request included an invalid SAML response"))
}

fn decode(encoded: &str) -> Result<String, ApiError> {
    let invalid = || ApiError::identity_token("Invalid base64 SAMLResponse");
    let compact: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64_STANDARD.decode(compact).map_err(|_| invalid())?;
    String::from_utf8(bytes).map_err(|_| invalid())
}

/// Parses without DTDs, and so without entities of the sender's making.
fn parse(xml: &str) -> Result<Document<'_>, ApiError> {
    let parser = Parser::new().with_forbid_dtd(true).with_max_depth(MAX_DEPTH);
    parser.parse(xml).map_err(|_| ApiError::identity_token("Your request included an invalid SAML response"))
}

/// The only assertion in the whole document, a child of the response.
fn sole_assertion(document: &Document<'_>, response: NodeId) -> Result<NodeId, ApiError> {
    match document.get_elements_by_tag_name_ns(ASSERTION, "Assertion").as_slice() {
        [one] if document.parent(*one) == Some(response) => Ok(*one),
        _ => Err(ApiError::identity_token("The SAML response must contain exactly one assertion")),
    }
}

fn check_status(document: &Document<'_>, response: NodeId) -> Result<(), ApiError> {
    let status = required(document, response, PROTOCOL, "Status")?;
    let code = required(document, status, PROTOCOL, "StatusCode")?;
    match document.get_attribute(code, "Value") {
        Some(SUCCESS) => Ok(()),
        other => Err(ApiError::new(
            403,
            "IDPRejectedClaim",
            format!("The identity provider rejected the claim: {}", other.unwrap_or("no status code")),
        )),
    }
}

fn wrong_issuer() -> ApiError {
    ApiError::identity_token("Issuer not present in specified provider")
}

/// Whether an element has this namespace and local name.
fn is(document: &Document<'_>, id: NodeId, namespace: &str, name: &str) -> bool {
    document.element(id).is_some_and(|e| e.matches_name_ns(namespace, name))
}

/// The child element of this name, which may be there once or not at all.
fn optional(
    document: &Document<'_>,
    parent: NodeId,
    namespace: &str,
    name: &str,
) -> Result<Option<NodeId>, ApiError> {
    match document.child_elements_by_name_ns(parent, namespace, name).as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(ApiError::identity_token(format!("More than one {name} in the SAML response"))),
    }
}

/// The child element of this name, which must be there exactly once.
fn required(
    document: &Document<'_>,
    parent: NodeId,
    namespace: &str,
    name: &str,
) -> Result<NodeId, ApiError> {
    optional(document, parent, namespace, name)?
        .ok_or_else(|| ApiError::identity_token(format!("No {name} in the SAML response")))
}
