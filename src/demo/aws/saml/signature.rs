//! The signature of a response or of an assertion.
//!
//! It has one form: enveloped, with one Reference to the element that it is in, and listed algorithms. The library does
//! nothing but canonicalise: no Reference is resolved, no transform is looked up, and no key is taken from the message.

use super::super::fault::ApiError;
use super::SIGNATURE;
use super::dom::{attribute, compact, elements, is, signature, trim};
use super::key::Scheme;
use super::metadata::Trust;
use base64::prelude::{BASE64_STANDARD, Engine};
use bergshamra::c14n::{C14nMode, canonicalize_doc};
use bergshamra::xml::NodeSet;
use openssl::hash::{MessageDigest, hash};
use uppsala::{Document, NodeId, NodeKind};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Verifies the signature of `parent`, if it has one; answers whether it has.
pub(super) fn covers(document: &Document<'_>, parent: NodeId, trust: &Trust) -> Result<bool, ApiError> {
    match signature(document, parent)? {
        None => Ok(false),
        Some(signature) => verify(document, parent, signature, trust).map(|()| true).ok_or_else(invalid),
    }
}

/// The one answer to whatever is wrong with signatures.
pub(super) fn invalid() -> ApiError {
    ApiError::identity_token("Response signature invalid")
}

fn verify(document: &Document<'_>, parent: NodeId, signature: NodeId, trust: &Trust) -> Option<()> {
    let [signed_info, value] =
        parts(document, signature, ["SignedInfo", "SignatureValue"]).or_else(|| {
            let all = parts(document, signature, ["SignedInfo", "SignatureValue", "KeyInfo"])?;
            let [signed_info, value, _] = all;
            Some([signed_info, value])
        })?;
    let names = ["CanonicalizationMethod", "SignatureMethod", "Reference"];
    let [canonicalization, method, reference] = parts(document, signed_info, names)?;
    let (scheme, digest) = signature_method(plain_algorithm(document, method)?)?;
    let id = attribute(document, parent, "ID")?;
    if attribute(document, reference, "URI")?.strip_prefix('#')? != id {
        return None;
    }
    let names = ["Transforms", "DigestMethod", "DigestValue"];
    let [transforms, digest_method, digest_value] = parts(document, reference, names)?;
    let content_digest = digest_method_of(plain_algorithm(document, digest_method)?)?;

    // SignedInfo first: until it verifies, what it says is anybody's word. It is signed with its comments, if the
    // algorithm keeps them.
    let info = Canonicalization::read(document, canonicalization)?;
    let info = info.apply(document, &NodeSet::tree_with_comments(signed_info, document))?;
    let value = base64(document, value)?;
    if !trust.keys.iter().any(|key| key.verifies(scheme, digest, &info, &value)) {
        return None;
    }

    // A Reference to an ID selects no comments, whatever the algorithm (XML Signature 4.4.3.3).
    let mut content = NodeSet::tree_without_comments(parent, document);
    for id in document.descendants(signature).into_iter().chain([signature]) {
        content.remove_id(id);
    }
    let content = content_canonicalization(document, transforms)?.apply(document, &content)?;
    let digest = hash(content_digest, &content).ok()?;
    (!content.is_empty() && *digest == *base64(document, digest_value)?).then_some(())
}

/// Exactly these child elements in this order, with nothing between them and no attributes of another namespace.
fn parts<const N: usize>(document: &Document<'_>, parent: NodeId, names: [&str; N]) -> Option<[NodeId; N]> {
    let mut found = Vec::new();
    for child in document.children_iter(parent) {
        match document.node_kind(child)? {
            NodeKind::Element(element) => {
                let plain = element.attributes.iter().all(|a| a.name.namespace_uri.is_none());
                let name = names.get(found.len())?;
                if !(plain && element.matches_name_ns(SIGNATURE, name)) {
                    return None;
                }
                found.push(child);
            }
            NodeKind::Text(text) if trim(text).is_empty() => {}
            NodeKind::Comment(_) => {}
            _ => return None,
        }
    }
    found.try_into().ok()
}

/// The algorithm of an element that takes no parameters.
fn plain_algorithm<'d>(document: &'d Document<'_>, id: NodeId) -> Option<&'d str> {
    elements(document, id).is_empty().then(|| attribute(document, id, "Algorithm")).flatten()
}

/// A value in base64 that is one piece of text: libraries differ in which of several they read.
fn base64(document: &Document<'_>, id: NodeId) -> Option<Vec<u8>> {
    let children = document.children(id);
    let [only] = children.as_slice() else {
        return None;
    };
    let (NodeKind::Text(text) | NodeKind::CData(text)) = document.node_kind(*only)? else {
        return None;
    };
    let value = BASE64_STANDARD.decode(compact(text)).ok()?;
    (!value.is_empty()).then_some(value)
}

fn signature_method(uri: &str) -> Option<(Scheme, MessageDigest)> {
    let (sha256, sha384, sha512) =
        (MessageDigest::sha256(), MessageDigest::sha384(), MessageDigest::sha512());
    Some(match uri {
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => (Scheme::Pkcs1, sha256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => (Scheme::Pkcs1, sha384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => (Scheme::Pkcs1, sha512),
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1" => (Scheme::Pss, sha256),
        "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1" => (Scheme::Pss, sha384),
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1" => (Scheme::Pss, sha512),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => (Scheme::Ecdsa, sha256),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => (Scheme::Ecdsa, sha384),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" => (Scheme::Ecdsa, sha512),
        _ => return None,
    })
}

fn digest_method_of(uri: &str) -> Option<MessageDigest> {
    Some(match uri {
        "http://www.w3.org/2001/04/xmlenc#sha256" => MessageDigest::sha256(),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => MessageDigest::sha384(),
        "http://www.w3.org/2001/04/xmlenc#sha512" => MessageDigest::sha512(),
        _ => return None,
    })
}

/// A canonicalisation with the prefixes that an exclusive one treats as an inclusive one does.
struct Canonicalization {
    mode: C14nMode,
    prefixes: Vec<String>,
}

impl Canonicalization {
    fn read(document: &Document<'_>, id: NodeId) -> Option<Self> {
        let mode = match attribute(document, id, "Algorithm")? {
            EXCLUSIVE => C14nMode::Exclusive,
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => C14nMode::ExclusiveWithComments,
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" => C14nMode::Inclusive,
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments" => C14nMode::InclusiveWithComments,
            "http://www.w3.org/2006/12/xml-c14n11" => C14nMode::Inclusive11,
            "http://www.w3.org/2006/12/xml-c14n11#WithComments" => C14nMode::Inclusive11WithComments,
            _ => return None,
        };
        let prefixes = match elements(document, id).as_slice() {
            [] => Vec::new(),
            [list]
                if mode.is_exclusive()
                    && is(document, *list, EXCLUSIVE, "InclusiveNamespaces")
                    && elements(document, *list).is_empty() =>
            {
                let list = attribute(document, *list, "PrefixList").unwrap_or_default();
                list.split_ascii_whitespace().map(str::to_owned).collect()
            }
            _ => return None,
        };
        Some(Self { mode, prefixes })
    }

    fn apply(&self, document: &Document<'_>, nodes: &NodeSet) -> Option<Vec<u8>> {
        canonicalize_doc(document, self.mode, Some(nodes), &self.prefixes).ok()
    }
}

/// Enveloped signature, then at most one canonicalisation; inclusive C14N 1.0 if none is named (XML Signature 4.4.3.2).
fn content_canonicalization(document: &Document<'_>, transforms: NodeId) -> Option<Canonicalization> {
    let implied = Canonicalization { mode: C14nMode::Inclusive, prefixes: Vec::new() };
    let (enveloped, canonicalization) = if let Some([only]) = parts(document, transforms, ["Transform"]) {
        (only, implied)
    } else {
        let [first, last] = parts(document, transforms, ["Transform", "Transform"])?;
        (first, Canonicalization::read(document, last)?)
    };
    (plain_algorithm(document, enveloped)? == ENVELOPED).then_some(canonicalization)
}
