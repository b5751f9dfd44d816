//! The structural gate: what a SAML response may look like before any cryptography is done with it.
//!
//! There is one element of each kind in one place, every signature has one shape, and it covers exactly the element
//! that contains it. Whatever else a message could mean to another reader is refused here. Never computes a digest,
//! never decrypts; what was decrypted comes back through the same checks.

mod shape;

pub(super) use shape::{Canonicalization, SignatureLayout};

use super::rule::{Rejection, Rule, quoted};
use super::xml::{self, elements, is};
use super::{ASSERTION, DSIG, PROTOCOL, XENC};
use shape::{enveloped_signature, shape};
use std::collections::HashSet;
use uppsala::{Document, NodeId, NodeKind};

/// Where things are in a response of acceptable structure.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) response: NodeId,
    pub(super) response_signature: Option<SignatureLayout>,
    pub(super) content: Content,
}

/// What a response brings.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing: a response that reports a failure.
    Nothing,
    /// The one Assertion.
    Plain(AssertionLayout),
    /// The one EncryptedAssertion.
    Encrypted(NodeId),
}

/// An Assertion with its signature, if it has one of its own.
#[derive(Debug)]
pub(super) struct AssertionLayout {
    pub(super) node: NodeId,
    pub(super) signature: Option<SignatureLayout>,
}

/// Checks the structure of a response as it was received.
pub(super) fn check(document: &Document<'_>) -> Result<Layout, Rejection> {
    let census = Census::take(document)?;
    let response = response_element(document)?;
    let child = response_content(document, response)?;
    let response_signature = enveloped_signature(document, response)?;
    let content = match child {
        None => Content::Nothing,
        Some(node) if is(document, node, ASSERTION, "Assertion") => {
            Content::Plain(check_assertion(document, node)?)
        }
        Some(node) => Content::Encrypted(node),
    };
    let (plain, encrypted, inner) = match &content {
        Content::Nothing => (0, 0, 0),
        Content::Plain(assertion) => (1, 0, usize::from(assertion.signature.is_some())),
        Content::Encrypted(_) => (0, 1, 0),
    };
    census.expect(1, plain, encrypted)?;
    census.expect_signatures(usize::from(response_signature.is_some()) + inner)?;
    Ok(Layout { response, response_signature, content })
}

/// Checks the structure of a response whose EncryptedAssertion holds, instead of its ciphertext, what was in it
/// (XML-Enc 4.2: the plaintext takes the place of EncryptedData).
pub(super) fn check_opened(document: &Document<'_>) -> Result<AssertionLayout, Rejection> {
    let census = Census::take(document)?;
    let response = response_element(document)?;
    let holder = response_content(document, response)?.ok_or_else(|| structure("no assertion"))?;
    let mut inside = elements(document, holder).map(|(node, _)| node);
    let (Some(node), None) = (inside.next(), inside.next()) else {
        return Err(structure("not exactly one element was encrypted"));
    };
    let assertion = check_assertion(document, node)?;
    census.expect(1, 1, 1)?;
    let outer = enveloped_signature(document, response)?;
    census.expect_signatures(usize::from(outer.is_some()) + usize::from(assertion.signature.is_some()))?;
    Ok(assertion)
}

/// Checks the structure of an Assertion that is a document of its own.
pub(super) fn check_alone(document: &Document<'_>) -> Result<AssertionLayout, Rejection> {
    let census = Census::take(document)?;
    let node = document.document_element().ok_or_else(|| structure("no document element"))?;
    let assertion = check_assertion(document, node)?;
    census.expect(0, 1, 0)?;
    census.expect_signatures(usize::from(assertion.signature.is_some()))?;
    Ok(assertion)
}

/// The signature of a metadata document over its document element, which has to have one.
pub(super) fn check_metadata(document: &Document<'_>, root: NodeId) -> Result<SignatureLayout, Rejection> {
    let unsigned = || Rejection::new(Rule::SignaturePresent, "the document is not signed");
    super::xml::named(document, root, super::DSIG, "Signature").next().ok_or_else(unsigned)?;
    shape::enveloped_signature(document, root)?.ok_or_else(unsigned)
}

fn response_element(document: &Document<'_>) -> Result<NodeId, Rejection> {
    document
        .document_element()
        .filter(|node| is(document, *node, PROTOCOL, "Response"))
        .ok_or_else(|| structure("the document element is not a samlp:Response"))
}

/// The children that the schema gives a Response, in its order (saml-core 3.2.2, 3.3.3), with at most one assertion.
fn response_content(document: &Document<'_>, response: NodeId) -> Result<Option<NodeId>, Rejection> {
    let children = sequence(
        document,
        response,
        &[
            &[(ASSERTION, "Issuer")],
            &[(DSIG, "Signature")],
            &[(PROTOCOL, "Extensions")],
            &[(PROTOCOL, "Status")],
            &[(ASSERTION, "Assertion"), (ASSERTION, "EncryptedAssertion")],
        ],
        None,
    )?;
    if !children.iter().any(|(_, place)| *place == 3) {
        return Err(structure("a Response without a Status"));
    }
    Ok(children.iter().find(|(_, place)| *place == 4).map(|(node, _)| *node))
}

/// The children that the schema gives an Assertion, in its order (saml-core 2.3.3); its statements in any order.
fn check_assertion(document: &Document<'_>, node: NodeId) -> Result<AssertionLayout, Rejection> {
    if !is(document, node, ASSERTION, "Assertion") {
        return Err(structure("not an Assertion"));
    }
    let children = sequence(
        document,
        node,
        &[
            &[(ASSERTION, "Issuer")],
            &[(DSIG, "Signature")],
            &[(ASSERTION, "Subject")],
            &[(ASSERTION, "Conditions")],
            &[(ASSERTION, "Advice")],
            &[
                (ASSERTION, "Statement"),
                (ASSERTION, "AuthnStatement"),
                (ASSERTION, "AuthzDecisionStatement"),
                (ASSERTION, "AttributeStatement"),
            ],
        ],
        Some(5),
    )?;
    if children.first().is_none_or(|(_, place)| *place != 0) {
        return Err(structure("an Assertion without an Issuer"));
    }
    Ok(AssertionLayout { node, signature: enveloped_signature(document, node)? })
}

/// Child elements with their places in the schema's sequence. Each place is taken once, but for `repeated`.
fn sequence(
    document: &Document<'_>,
    parent: NodeId,
    places: &[&[(&str, &str)]],
    repeated: Option<usize>,
) -> Result<Vec<(NodeId, usize)>, Rejection> {
    let mut found: Vec<(NodeId, usize)> = Vec::new();
    for child in document.children_iter(parent) {
        let element = match document.node_kind(child) {
            Some(NodeKind::Element(element)) => element,
            Some(NodeKind::Comment(_)) => continue,
            Some(NodeKind::Text(text)) if xml::is_blank(text) => continue,
            _ => return Err(structure("text between elements")),
        };
        let place = places
            .iter()
            .position(|names| names.iter().any(|(namespace, name)| element.matches_name_ns(namespace, name)))
            .ok_or_else(|| structure(format!("an unexpected {}", quoted(&element.name.local_name))))?;
        if let Some((_, last)) = found.last()
            && (place < *last || (place == *last && repeated != Some(place)))
        {
            let name = quoted(&element.name.local_name);
            return Err(structure(format!("{name} twice, or in the wrong order")));
        }
        found.push((child, place));
    }
    Ok(found)
}

/// What occurs anywhere in a document.
struct Census {
    responses: usize,
    assertions: usize,
    encrypted_assertions: usize,
    signatures: usize,
}

impl Census {
    fn take(document: &Document<'_>) -> Result<Self, Rejection> {
        let mut census = Self { responses: 0, assertions: 0, encrypted_assertions: 0, signatures: 0 };
        let mut ids = HashSet::new();
        for node in xml::nodes(document) {
            let element = match node {
                NodeKind::ProcessingInstruction(_) => {
                    return Err(Rejection::new(Rule::Xml, "a processing instruction"));
                }
                NodeKind::Element(element) => element,
                _ => continue,
            };
            match (element.name.namespace_uri.as_deref(), &*element.name.local_name) {
                (Some(PROTOCOL), "Response") => census.responses += 1,
                (Some(ASSERTION), "Assertion") => census.assertions += 1,
                (Some(ASSERTION), "EncryptedAssertion") => census.encrypted_assertions += 1,
                (Some(DSIG), "Signature") => census.signatures += 1,
                (Some(DSIG), "Object" | "Manifest") => return Err(shape("a ds:Object or ds:Manifest")),
                (Some(XENC), "CipherReference") => {
                    return Err(Rejection::new(Rule::Decryption, "a CipherReference"));
                }
                _ => {}
            }
            // Whatever any XML signature library takes for an ID has to be unique, in any namespace.
            for attribute in &element.attributes {
                if matches!(&*attribute.name.local_name, "ID" | "Id" | "id" | "AssertionID")
                    && !ids.insert(xml::collapsed(&attribute.value))
                {
                    return Err(structure("an ID that occurs twice"));
                }
            }
        }
        Ok(census)
    }

    fn expect(&self, responses: usize, assertions: usize, encrypted: usize) -> Result<(), Rejection> {
        if self.responses != responses {
            return Err(structure("a Response where none belongs"));
        }
        if self.assertions != assertions || self.encrypted_assertions != encrypted {
            return Err(structure("an assertion where none belongs"));
        }
        Ok(())
    }

    fn expect_signatures(&self, signatures: usize) -> Result<(), Rejection> {
        if self.signatures == signatures {
            Ok(())
        } else {
            Err(shape("a Signature that is not a direct child of the Response or the Assertion"))
        }
    }
}

fn structure(detail: impl Into<String>) -> Rejection {
    Rejection::new(Rule::Structure, detail)
}
