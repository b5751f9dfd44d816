//! The form of a response: the children that the schemas give it, in their order, and nothing that another reader could
//! take for the assertion or for a signature.

use super::super::fault::ApiError;
use super::dom::{attribute, elements, invalid, is, trim};
use super::{ASSERTION, ENCRYPTION, PROTOCOL, SIGNATURE};
use std::collections::BTreeSet;
use uppsala::{Document, NodeId, NodeKind};

/// Names of child elements with their ranks; a later one never ranks lower.
type Order = [(&'static str, &'static str, u8)];

const RESPONSE: &Order = &[
    (ASSERTION, "Issuer", 0),
    (SIGNATURE, "Signature", 1),
    (PROTOCOL, "Extensions", 2),
    (PROTOCOL, "Status", 3),
    (ASSERTION, "Assertion", 4),
    (ASSERTION, "EncryptedAssertion", 4),
];
const CLAIMS: &Order = &[
    (ASSERTION, "Issuer", 0),
    (SIGNATURE, "Signature", 1),
    (ASSERTION, "Subject", 2),
    (ASSERTION, "Conditions", 3),
    (ASSERTION, "Advice", 4),
    (ASSERTION, "Statement", STATEMENT),
    (ASSERTION, "AuthnStatement", STATEMENT),
    (ASSERTION, "AuthzDecisionStatement", STATEMENT),
    (ASSERTION, "AttributeStatement", STATEMENT),
];
/// The one rank that several children may have.
const STATEMENT: u8 = 5;

/// The document element, which is a well-formed `Response`.
pub(super) fn response(document: &Document<'_>) -> Result<NodeId, ApiError> {
    let root = document
        .document_element()
        .filter(|id| is(document, *id, PROTOCOL, "Response"))
        .ok_or_else(invalid)?;
    check(document, root, RESPONSE)?;
    Ok(root)
}

/// The encrypted assertion of a response, if that is what it brings. There is no other assertion, and no signature but the
/// response's.
pub(super) fn encrypted(document: &Document<'_>, response: NodeId) -> Result<Option<NodeId>, ApiError> {
    let holder = child(document, response, "EncryptedAssertion");
    if let Some(holder) = holder {
        check_alone(document, &[response, holder])?;
    }
    Ok(holder)
}

/// Where to look for the assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the response.
    Response,
    /// In the response, in place of what was encrypted.
    Opened,
    /// The document is the assertion.
    Document,
}

impl Place {
    /// The only assertion of a document, which is in this place, and well-formed.
    pub(super) fn find(self, document: &Document<'_>) -> Result<NodeId, ApiError> {
        let root = document.document_element().ok_or_else(invalid)?;
        let path = match self {
            Self::Document => vec![root],
            Self::Response => vec![root, only_child(document, response(document)?)?],
            Self::Opened => {
                let holder =
                    child(document, response(document)?, "EncryptedAssertion").ok_or_else(invalid)?;
                match elements(document, holder).as_slice() {
                    [one] => vec![root, holder, *one],
                    _ => return Err(invalid()),
                }
            }
        };
        let assertion = path
            .last()
            .copied()
            .filter(|id| is(document, *id, ASSERTION, "Assertion"))
            .ok_or_else(invalid)?;
        check(document, assertion, CLAIMS)?;
        check_alone(document, &path)?;
        Ok(assertion)
    }
}

fn only_child(document: &Document<'_>, response: NodeId) -> Result<NodeId, ApiError> {
    child(document, response, "Assertion")
        .ok_or_else(|| ApiError::identity_token("The SAML response must contain exactly one assertion"))
}

fn child(document: &Document<'_>, parent: NodeId, name: &str) -> Option<NodeId> {
    let found = document.child_elements_by_name_ns(parent, ASSERTION, name);
    found.first().copied()
}

/// The version, the ID and the children of a response or an assertion.
fn check(document: &Document<'_>, parent: NodeId, order: &Order) -> Result<(), ApiError> {
    let is_id = |id: &str| {
        let inside = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        id.starts_with(|c: char| c == '_' || c.is_alphabetic()) && id.chars().all(inside)
    };
    if attribute(document, parent, "Version") != Some("2.0")
        || !attribute(document, parent, "ID").is_some_and(is_id)
    {
        return Err(invalid());
    }
    let mut last = None;
    for child in document.children_iter(parent) {
        let element = match document.node_kind(child) {
            Some(NodeKind::Element(element)) => element,
            Some(NodeKind::Text(text)) if trim(text).is_empty() => continue,
            Some(NodeKind::Comment(_)) => continue,
            _ => return Err(invalid()),
        };
        let rank = order
            .iter()
            .find(|(namespace, name, _)| element.matches_name_ns(namespace, name))
            .map(|(_, _, rank)| *rank)
            .ok_or_else(invalid)?;
        if last.is_some_and(|last| rank < last || (rank == last && rank != STATEMENT)) {
            return Err(invalid());
        }
        last = Some(rank);
    }
    Ok(())
}

/// No response and no assertion anywhere but on `path`, no signature anywhere but directly in one of them, nothing that
/// signs or encrypts by reference, and no ID twice, by whatever name a library knows IDs.
fn check_alone(document: &Document<'_>, path: &[NodeId]) -> Result<(), ApiError> {
    let mut ids = BTreeSet::new();
    for id in document.descendants(document.root()) {
        let Some(element) = document.element(id) else {
            continue;
        };
        let belongs = match (element.name.namespace_uri.as_deref(), &*element.name.local_name) {
            (Some(PROTOCOL), "Response") | (Some(ASSERTION), "Assertion" | "EncryptedAssertion") => {
                path.contains(&id)
            }
            (Some(SIGNATURE), "Signature") => document.parent(id).is_some_and(|p| path.contains(&p)),
            (Some(SIGNATURE), "Object" | "Manifest") | (Some(ENCRYPTION), "CipherReference") => false,
            _ => true,
        };
        let fresh = element
            .attributes
            .iter()
            .filter(|a| a.name.local_name.eq_ignore_ascii_case("id") || a.name.local_name == "AssertionID")
            .all(|a| ids.insert(trim(&a.value)));
        if !(belongs && fresh) {
            return Err(invalid());
        }
    }
    Ok(())
}
