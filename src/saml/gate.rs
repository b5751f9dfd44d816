//! The structural gate: what a SAML response may look like before any cryptography is done with it.
//!
//! It stands in front of the signature library, which follows several References, runs transforms before it checks a
//! signature, knows algorithms that we refuse, and reads a relative Reference URI from the disk. After the gate none
//! of this can happen: every signature has one shape, and covers exactly the element that contains it.

use super::rule::{Rejection, Rule, quoted};
use super::xml::{attribute, elements, is, named};
use super::{ASSERTION, DSIG, PROTOCOL};
use bergshamra::core::algorithm;
use std::collections::HashSet;
use uppsala::{Document, NodeId, NodeKind};

/// Where things are in a response of acceptable structure.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) response: NodeId,
    pub(super) response_signature: Option<SignatureLayout>,
    /// The one Assertion, with its signature. Absent in a response that reports a failure.
    pub(super) assertion: Option<(NodeId, Option<SignatureLayout>)>,
}

/// A signature of the one allowed shape.
#[derive(Debug)]
pub(super) struct SignatureLayout {
    pub(super) signature: NodeId,
    /// The canonicalisation that ends the transforms of its Reference.
    pub(super) c14n: &'static str,
    /// PrefixList of an exclusive canonicalisation.
    pub(super) prefixes: Vec<String>,
    pub(super) digest_method: String,
    pub(super) digest_value: String,
}

const SIGNATURE_METHODS: &[&str] = &[
    algorithm::RSA_SHA256,
    algorithm::RSA_SHA384,
    algorithm::RSA_SHA512,
    algorithm::RSA_PSS_SHA256,
    algorithm::RSA_PSS_SHA384,
    algorithm::RSA_PSS_SHA512,
    algorithm::ECDSA_SHA256,
    algorithm::ECDSA_SHA384,
    algorithm::ECDSA_SHA512,
];
const DIGEST_METHODS: &[&str] = &[algorithm::SHA256, algorithm::SHA384, algorithm::SHA512];
const EXCLUSIVE: &[&str] = &[algorithm::EXC_C14N, algorithm::EXC_C14N_WITH_COMMENTS];
const C14N_METHODS: &[&str] = &[
    algorithm::EXC_C14N,
    algorithm::EXC_C14N_WITH_COMMENTS,
    algorithm::C14N,
    algorithm::C14N_WITH_COMMENTS,
    algorithm::C14N11,
    algorithm::C14N11_WITH_COMMENTS,
];

/// Checks the structure of a whole document.
pub(super) fn check(document: &Document<'_>) -> Result<Layout, Rejection> {
    let response = document
        .document_element()
        .ok_or_else(|| structure("no document element"))?;
    if !is(document, response, PROTOCOL, "Response") {
        return Err(structure("the document element is not a samlp:Response"));
    }
    let census = Census::take(document)?;
    let assertion = check_response_children(document, response)?;

    if census.responses != 1 {
        return Err(structure("more than one Response"));
    }
    if census.assertions != usize::from(assertion.is_some()) {
        return Err(structure(
            "an Assertion that is not the one child of the Response",
        ));
    }

    let response_signature = enveloped_signature(document, response, &census)?;
    let assertion = match assertion {
        None => None,
        Some(node) => Some((node, enveloped_signature(document, node, &census)?)),
    };
    let enveloped = usize::from(response_signature.is_some())
        + usize::from(
            assertion
                .as_ref()
                .is_some_and(|(_, signature)| signature.is_some()),
        );
    if census.signatures != enveloped {
        return Err(shape(
            "a Signature that is not a direct child of the Response or the Assertion",
        ));
    }
    Ok(Layout {
        response,
        response_signature,
        assertion,
    })
}

/// What occurs anywhere in the document.
struct Census {
    responses: usize,
    assertions: usize,
    signatures: usize,
    ids: HashSet<String>,
}

impl Census {
    fn take(document: &Document<'_>) -> Result<Self, Rejection> {
        let mut census = Self {
            responses: 0,
            assertions: 0,
            signatures: 0,
            ids: HashSet::new(),
        };
        for node in document.descendants(document.root()) {
            match document.node_kind(node) {
                Some(NodeKind::ProcessingInstruction(_)) => {
                    return Err(Rejection::new(Rule::Xml, "a processing instruction"));
                }
                Some(NodeKind::Element(element)) => {
                    match (element.name.namespace_uri.as_deref(), &*element.name.local_name) {
                        (Some(PROTOCOL), "Response") => census.responses += 1,
                        (Some(ASSERTION), "Assertion") => census.assertions += 1,
                        (Some(DSIG), "Signature") => census.signatures += 1,
                        (Some(DSIG), "Object" | "Manifest") => {
                            return Err(shape("a ds:Object or ds:Manifest"));
                        }
                        _ => {}
                    }
                    // Whatever any XML signature library takes for an ID has to be unique, in any namespace.
                    for attribute in &element.attributes {
                        if matches!(&*attribute.name.local_name, "ID" | "Id" | "id" | "AssertionID")
                            && !census.ids.insert(attribute.value.to_string())
                        {
                            return Err(structure("an ID that occurs twice"));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(census)
    }
}

/// The children that saml-core 3.2.2 and 3.3.3 give a Response, each as often as it may occur.
fn check_response_children(document: &Document<'_>, response: NodeId) -> Result<Option<NodeId>, Rejection> {
    let mut assertion = None;
    let (mut issuers, mut extensions, mut statuses) = (0, 0, 0);
    for (node, element) in elements(document, response) {
        match (element.name.namespace_uri.as_deref(), &*element.name.local_name) {
            (Some(ASSERTION), "Issuer") => issuers += 1,
            (Some(DSIG), "Signature") => {}
            (Some(PROTOCOL), "Extensions") => extensions += 1,
            (Some(PROTOCOL), "Status") => statuses += 1,
            (Some(ASSERTION), "Assertion") if assertion.is_none() => assertion = Some(node),
            (Some(ASSERTION), "EncryptedAssertion") => {
                return Err(Rejection::new(
                    Rule::Decryption,
                    "the assertion is encrypted, and there is no key to read it",
                ));
            }
            (_, name) => {
                return Err(structure(format!(
                    "an unexpected {} in the Response",
                    quoted(name)
                )));
            }
        }
    }
    if issuers > 1 || extensions > 1 || statuses != 1 {
        return Err(structure(
            "a Response has one Status, and at most one Issuer and one Extensions",
        ));
    }
    Ok(assertion)
}

/// The signature among the children of `parent`, if there is one, checked to cover `parent` and nothing else.
fn enveloped_signature(
    document: &Document<'_>,
    parent: NodeId,
    census: &Census,
) -> Result<Option<SignatureLayout>, Rejection> {
    let id = attribute(document, parent, "ID")
        .filter(|id| census.ids.contains(*id) && is_nc_name(id))
        .ok_or_else(|| structure("a Response or Assertion without a usable ID"))?;
    let mut signatures = named(document, parent, DSIG, "Signature");
    let Some(signature) = signatures.next() else {
        return Ok(None);
    };
    if signatures.next().is_some() {
        return Err(shape("two signatures in one element"));
    }
    check_signature(document, signature, id).map(Some)
}

/// Checks the parts of a signature in their order (XML-DSig 4.1 to 4.4), with everything optional left out that SAML
/// does not need (saml-core 5.4).
fn check_signature(
    document: &Document<'_>,
    signature: NodeId,
    id: &str,
) -> Result<SignatureLayout, Rejection> {
    let parts = children(document, signature, DSIG)?;
    let (signed_info, value) = match parts.as_slice() {
        [(signed_info, "SignedInfo"), (value, "SignatureValue")]
        | [
            (signed_info, "SignedInfo"),
            (value, "SignatureValue"),
            (_, "KeyInfo"),
        ] => (*signed_info, *value),
        _ => {
            return Err(shape(
                "a Signature is SignedInfo, SignatureValue and at most one KeyInfo",
            ));
        }
    };
    plain_base64(document, value)?;

    let parts = children(document, signed_info, DSIG)?;
    let [
        (c14n, "CanonicalizationMethod"),
        (method, "SignatureMethod"),
        (reference, "Reference"),
    ] = parts.as_slice()
    else {
        return Err(shape(
            "SignedInfo is CanonicalizationMethod, SignatureMethod and exactly one Reference",
        ));
    };
    canonicalization(document, *c14n)?;
    listed(document, *method, SIGNATURE_METHODS)?;
    if elements(document, *method).next().is_some() {
        return Err(algorithm_fault("a SignatureMethod with parameters"));
    }

    if attribute(document, *reference, "URI").and_then(|uri| uri.strip_prefix('#')) != Some(id) {
        return Err(shape(
            "the Reference is not to the element that holds the Signature",
        ));
    }
    let parts = children(document, *reference, DSIG)?;
    let [
        (transforms, "Transforms"),
        (digest_method, "DigestMethod"),
        (digest_value, "DigestValue"),
    ] = parts.as_slice()
    else {
        return Err(shape("a Reference is Transforms, DigestMethod and DigestValue"));
    };
    let (c14n, prefixes) = check_transforms(document, *transforms)?;
    let digest_method = listed(document, *digest_method, DIGEST_METHODS)?;
    let digest_value = plain_base64(document, *digest_value)?;
    Ok(SignatureLayout {
        signature,
        c14n,
        prefixes,
        digest_method: digest_method.to_owned(),
        digest_value,
    })
}

/// Enveloped-signature, and then at most one canonicalisation (saml-core 5.4.4). Without one, inclusive C14N 1.0 is
/// implied (XML-DSig 4.4.3.2).
fn check_transforms(
    document: &Document<'_>,
    transforms: NodeId,
) -> Result<(&'static str, Vec<String>), Rejection> {
    let parts = children(document, transforms, DSIG)?;
    let (enveloped, c14n) = match parts.as_slice() {
        [(enveloped, "Transform")] => (*enveloped, None),
        [(enveloped, "Transform"), (c14n, "Transform")] => (*enveloped, Some(*c14n)),
        _ => {
            return Err(shape(
                "Transforms are enveloped-signature and at most one canonicalization",
            ));
        }
    };
    listed(document, enveloped, &[algorithm::ENVELOPED_SIGNATURE])?;
    if elements(document, enveloped).next().is_some() {
        return Err(algorithm_fault(
            "an enveloped-signature transform with parameters",
        ));
    }
    c14n.map_or(Ok((algorithm::C14N, Vec::new())), |node| {
        canonicalization(document, node)
    })
}

/// A canonicalisation method, with an `InclusiveNamespaces` element where it is exclusive.
fn canonicalization(document: &Document<'_>, node: NodeId) -> Result<(&'static str, Vec<String>), Rejection> {
    let method = listed(document, node, C14N_METHODS)?;
    let mut prefixes = Vec::new();
    let mut parameters = elements(document, node);
    if let Some((_, element)) = parameters.next() {
        let inclusive = element.matches_name_ns(algorithm::EXC_C14N, "InclusiveNamespaces");
        if !inclusive || !EXCLUSIVE.contains(&method) || parameters.next().is_some() {
            return Err(algorithm_fault(
                "a canonicalization with parameters that it does not have",
            ));
        }
        let list = element
            .attributes
            .iter()
            .find(|attribute| attribute.name.matches(None, "PrefixList"));
        prefixes.extend(
            list.iter()
                .flat_map(|list| list.value.split_ascii_whitespace())
                .map(str::to_owned),
        );
    }
    Ok((method, prefixes))
}

/// The `Algorithm` of an element, if it is one of those allowed.
fn listed(
    document: &Document<'_>,
    node: NodeId,
    allowed: &[&'static str],
) -> Result<&'static str, Rejection> {
    let named = attribute(document, node, "Algorithm").unwrap_or_default();
    allowed
        .iter()
        .find(|uri| **uri == named)
        .copied()
        .ok_or_else(|| algorithm_fault(format!("the algorithm {} is not allowed here", quoted(named))))
}

/// Child elements, all of which have to be in `namespace`, with their local names. Text other than white space has no
/// place between them.
fn children<'d>(
    document: &'d Document<'_>,
    node: NodeId,
    namespace: &str,
) -> Result<Vec<(NodeId, &'d str)>, Rejection> {
    let mut found = Vec::new();
    for child in document.children_iter(node) {
        match document.node_kind(child) {
            // An attribute in a namespace may pass for the plain one of its local name in a library.
            Some(NodeKind::Element(element))
                if element.name.namespace_uri.as_deref() == Some(namespace)
                    && element
                        .attributes
                        .iter()
                        .all(|attribute| attribute.name.namespace_uri.is_none()) =>
            {
                found.push((child, &*element.name.local_name));
            }
            Some(NodeKind::Comment(_)) => {}
            Some(NodeKind::Text(text)) if text.chars().all(|c| c.is_ascii_whitespace()) => {}
            _ => return Err(shape("something unexpected inside a Signature")),
        }
    }
    Ok(found)
}

/// The content of a base64 element: one piece of character data, not split by a comment or an element, since
/// libraries differ in which piece they read.
fn plain_base64(document: &Document<'_>, node: NodeId) -> Result<String, Rejection> {
    let mut pieces = document.children_iter(node);
    let text = pieces.next().and_then(|piece| document.text_content(piece));
    match (text, pieces.next()) {
        (Some(text), None) => Ok(text.chars().filter(|c| !c.is_ascii_whitespace()).collect()),
        _ => Err(shape("a digest or signature value that is not one piece of text")),
    }
}

/// NCName, as xs:ID requires (saml-core 1.3.4), which also keeps XPointer syntax out of References.
fn is_nc_name(id: &str) -> bool {
    id.chars()
        .next()
        .is_some_and(|first| first == '_' || first.is_alphabetic())
        && id
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn structure(detail: impl Into<String>) -> Rejection {
    Rejection::new(Rule::Structure, detail)
}

fn shape(detail: impl Into<String>) -> Rejection {
    Rejection::new(Rule::SignatureShape, detail)
}

fn algorithm_fault(detail: impl Into<String>) -> Rejection {
    Rejection::new(Rule::SignatureAlgorithm, detail)
}
