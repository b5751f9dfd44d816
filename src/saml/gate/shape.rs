//! The one shape that a signature may have: enveloped, one same-document Reference to its parent, listed algorithms.
//! Never computes anything: what stands there is read, compared with lists, and handed on.

use super::super::rule::{Rejection, Rule, quoted};
use super::super::xml::{attribute, elements, named};
use super::super::{DSIG, base64_text, xml};
use super::structure;
use bergshamra::c14n::C14nMode;
use bergshamra::core::algorithm;
use uppsala::{Document, NodeId, NodeKind};

/// A signature of the allowed shape, as data.
#[derive(Debug)]
pub(in crate::saml) struct SignatureLayout {
    pub(in crate::saml) signature: NodeId,
    pub(in crate::saml) signed_info: NodeId,
    /// How SignedInfo is canonicalised.
    pub(in crate::saml) info_c14n: Canonicalization,
    /// `SignatureMethod`.
    pub(in crate::saml) method: &'static str,
    pub(in crate::saml) value: Vec<u8>,
    /// How the signed element is canonicalised, its signature taken out.
    pub(in crate::saml) content_c14n: Canonicalization,
    /// `DigestMethod`.
    pub(in crate::saml) digest_method: &'static str,
    pub(in crate::saml) digest_value: Vec<u8>,
}

/// A canonicalisation with its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::saml) struct Canonicalization {
    pub(in crate::saml) mode: C14nMode,
    /// PrefixList of an exclusive canonicalisation.
    pub(in crate::saml) prefixes: Vec<String>,
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
const C14N_METHODS: &[&str] = &[
    algorithm::EXC_C14N,
    algorithm::EXC_C14N_WITH_COMMENTS,
    algorithm::C14N,
    algorithm::C14N_WITH_COMMENTS,
    algorithm::C14N11,
    algorithm::C14N11_WITH_COMMENTS,
];
/// Most prefixes in a PrefixList: each of them costs time at each element.
const MAX_PREFIXES: usize = 32;

/// The signature among the children of `parent`, if there is one, checked to cover `parent` and nothing else.
pub(super) fn enveloped_signature(
    document: &Document<'_>,
    parent: NodeId,
) -> Result<Option<SignatureLayout>, Rejection> {
    let id = attribute(document, parent, "ID")
        .filter(|id| is_nc_name(id))
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
    let parts = children(document, signature)?;
    let (signed_info, value) = match parts.as_slice() {
        [(signed_info, "SignedInfo"), (value, "SignatureValue")]
        | [(signed_info, "SignedInfo"), (value, "SignatureValue"), (_, "KeyInfo")] => (*signed_info, *value),
        _ => {
            return Err(shape("a Signature is SignedInfo, SignatureValue and at most one KeyInfo"));
        }
    };
    let value = base64_value(document, value)?;

    let parts = children(document, signed_info)?;
    let [(c14n, "CanonicalizationMethod"), (method, "SignatureMethod"), (reference, "Reference")] =
        parts.as_slice()
    else {
        return Err(shape("SignedInfo is CanonicalizationMethod, SignatureMethod and exactly one Reference"));
    };
    let info_c14n = canonicalization(document, *c14n)?;
    let method = listed(document, *method, SIGNATURE_METHODS)?;

    if attribute(document, *reference, "URI").and_then(|uri| uri.strip_prefix('#')) != Some(id) {
        return Err(shape("the Reference is not to the element that holds the Signature"));
    }
    let parts = children(document, *reference)?;
    let [(transforms, "Transforms"), (digest_method, "DigestMethod"), (digest_value, "DigestValue")] =
        parts.as_slice()
    else {
        return Err(shape("a Reference is Transforms, DigestMethod and DigestValue"));
    };
    Ok(SignatureLayout {
        signature,
        signed_info,
        info_c14n,
        method,
        value,
        content_c14n: check_transforms(document, *transforms)?,
        digest_method: listed(document, *digest_method, DIGEST_METHODS)?,
        digest_value: base64_value(document, *digest_value)?,
    })
}

/// Enveloped-signature, and then at most one canonicalisation (saml-core 5.4.4). Without one, inclusive C14N 1.0 is
/// implied (XML-DSig 4.4.3.2).
fn check_transforms(document: &Document<'_>, transforms: NodeId) -> Result<Canonicalization, Rejection> {
    let parts = children(document, transforms)?;
    let (enveloped, c14n) = match parts.as_slice() {
        [(enveloped, "Transform")] => (*enveloped, None),
        [(enveloped, "Transform"), (c14n, "Transform")] => (*enveloped, Some(*c14n)),
        _ => {
            return Err(shape("Transforms are enveloped-signature and at most one canonicalization"));
        }
    };
    listed(document, enveloped, &[algorithm::ENVELOPED_SIGNATURE])?;
    match c14n {
        Some(node) => canonicalization(document, node),
        None => Ok(Canonicalization { mode: C14nMode::Inclusive, prefixes: Vec::new() }),
    }
}

/// A canonicalisation method, with an `InclusiveNamespaces` element where it is exclusive (Exclusive C14N 4).
fn canonicalization(document: &Document<'_>, node: NodeId) -> Result<Canonicalization, Rejection> {
    let method = algorithm_of(document, node, C14N_METHODS)?;
    let mode = C14nMode::from_uri(method).ok_or_else(|| algorithm_fault("an unknown canonicalization"))?;
    let mut prefixes = Vec::new();
    let mut parameters = elements(document, node);
    if let Some((parameter, element)) = parameters.next() {
        let inclusive = element.matches_name_ns(algorithm::EXC_C14N, "InclusiveNamespaces")
            // It is empty by its schema. Here it would be canonicalized before any key is asked.
            && elements(document, parameter).next().is_none();
        if !inclusive || !mode.is_exclusive() || parameters.next().is_some() {
            return Err(algorithm_fault("a canonicalization with parameters that it does not have"));
        }
        let list = element.attributes.iter().find(|attribute| attribute.name.matches(None, "PrefixList"));
        prefixes.extend(list.iter().flat_map(|list| list.value.split_ascii_whitespace()).map(str::to_owned));
        if prefixes.len() > MAX_PREFIXES {
            return Err(Rejection::new(Rule::Limits, "a very long PrefixList"));
        }
    }
    Ok(Canonicalization { mode, prefixes })
}

/// The `Algorithm` of an element, if it is one of those allowed and has no parameters.
fn listed(
    document: &Document<'_>,
    node: NodeId,
    allowed: &[&'static str],
) -> Result<&'static str, Rejection> {
    if elements(document, node).next().is_some() {
        return Err(algorithm_fault("an algorithm with parameters"));
    }
    algorithm_of(document, node, allowed)
}

fn algorithm_of(
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

/// Child elements, all of which have to be in the namespace of XML signatures, with their local names. Text other than
/// white space has no place between them.
fn children<'d>(document: &'d Document<'_>, node: NodeId) -> Result<Vec<(NodeId, &'d str)>, Rejection> {
    let mut found = Vec::new();
    for child in document.children_iter(node) {
        match document.node_kind(child) {
            // An attribute in a namespace may pass for the plain one of its local name in a library.
            Some(NodeKind::Element(element))
                if element.name.namespace_uri.as_deref() == Some(DSIG)
                    && element.attributes.iter().all(|attribute| attribute.name.namespace_uri.is_none()) =>
            {
                found.push((child, &*element.name.local_name));
            }
            Some(NodeKind::Comment(_)) => {}
            Some(NodeKind::Text(text)) if xml::is_blank(text) => {}
            _ => return Err(shape("something unexpected inside a Signature")),
        }
    }
    Ok(found)
}

/// The bytes in a base64 element: one piece of character data, not split by a comment or an element, since libraries
/// differ in which piece they read.
fn base64_value(document: &Document<'_>, node: NodeId) -> Result<Vec<u8>, Rejection> {
    let mut pieces = document.children_iter(node);
    let text = pieces.next().and_then(|piece| match document.node_kind(piece) {
        Some(NodeKind::Text(text) | NodeKind::CData(text)) => Some(&**text),
        _ => None,
    });
    let (Some(text), None) = (text, pieces.next()) else {
        return Err(shape("a digest or signature value that is not one piece of text"));
    };
    base64_text::decoded(text)
        .ok()
        .filter(|value| !value.is_empty())
        .ok_or_else(|| shape("a digest or signature value that is not base64"))
}

/// NCName, as xs:ID requires (saml-core 1.3.4), which also keeps XPointer syntax out of References.
fn is_nc_name(id: &str) -> bool {
    id.chars().next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

pub(super) fn shape(detail: impl Into<String>) -> Rejection {
    Rejection::new(Rule::SignatureShape, detail)
}

fn algorithm_fault(detail: impl Into<String>) -> Rejection {
    Rejection::new(Rule::SignatureAlgorithm, detail)
}
