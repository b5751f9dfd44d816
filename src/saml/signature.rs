//! Signature verification with pinned keys. What comes out is the canonical form of an element: the very bytes whose
//! digest the signature covers.
//!
//! Of the XML signature library only the canonicalisation is used, and that for what is not usual. There is no Reference
//! to resolve and no transform to run, since the gate has left one shape; so nothing here follows what a message says, and
//! `KeyInfo` is never read.

use super::gate::{Canonicalization, SignatureLayout};
use super::rule::{Rejection, Rule};
use aws_lc_rs::digest;
use bergshamra::c14n::{C14nMode, canonicalize_doc};
use bergshamra::core::algorithm;
use bergshamra::xml::NodeSet;
use canonical::{Inner, Subject, exclusive};
use key::PublicKey;
use std::fmt;
use uppsala::{Document, NodeId};

mod canonical;
mod key;

/// The keys that one IdP signs with, from its metadata: never empty, never from a message.
pub struct TrustedKeys {
    keys: Vec<PublicKey>,
}

impl TrustedKeys {
    /// Most keys that one IdP may have: each is tried.
    const MAX: usize = 8;

    /// Takes the signing certificates (DER) of an IdP. Only their public keys count: metadata is the trust, so expiry
    /// and issuer of a certificate do not matter here (saml-metadata 2.4.1.1).
    ///
    /// Certificates with weak or unknown keys are left out and described in the second value.
    ///
    /// # Errors
    /// When no usable key is left, or there are more than anybody needs.
    pub fn from_certificates(certificates: &[Vec<u8>]) -> Result<(Self, Vec<String>), String> {
        let mut keys = Vec::new();
        let mut unusable = Vec::new();
        for (index, der) in certificates.iter().enumerate() {
            match PublicKey::of_certificate(der) {
                Ok(key) => keys.push(key),
                Err(fault) => unusable.push(format!("signing certificate {}: {fault}", index + 1)),
            }
        }
        if keys.is_empty() {
            unusable.insert(0, "no usable signing certificate".into());
            return Err(unusable.join("; "));
        }
        if keys.len() > Self::MAX {
            return Err(format!("more than {} signing certificates", Self::MAX));
        }
        Ok((Self { keys }, unusable))
    }

    /// How many of these keys are not among `others`.
    #[must_use]
    pub fn missing_in(&self, others: &Self) -> usize {
        self.keys.iter().filter(|key| !others.keys.contains(key)).count()
    }

    /// How many keys there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.len()
    }
}

impl fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedKeys({})", self.count())
    }
}

/// What a verified signature covers.
pub(super) struct Covered {
    /// The canonical form: the very bytes whose digest was compared.
    pub(super) text: String,
    /// Whether the element may be read where it stands. The canonical form was then written from its nodes one by one,
    /// with all that is read of them and nothing else, and so it says the same. Left out were comments, which are never
    /// read, and the signature, which holds no values.
    pub(super) in_place: bool,
}

/// Verifies the enveloped signature `layout` of `element` and returns the canonical form of `element` without it:
/// what was signed, and so what is to be read (XML-DSig 3.2).
///
/// SignedInfo comes first, so that nobody but the IdP decides how the rest is processed.
pub(super) fn verified(
    document: &Document<'_>,
    element: NodeId,
    layout: &SignatureLayout,
    keys: &TrustedKeys,
) -> Result<Covered, Rejection> {
    verify_info(document, layout, keys)?;
    digested(layout, content(document, element, layout, None)?)
}

/// [`verified`] of a Response, and of the Assertion in it. The Assertion's canonical form is cut out of the Response's
/// where it is the same there, so that it is not written twice.
pub(super) fn both_verified(
    document: &Document<'_>,
    response: (NodeId, &SignatureLayout),
    assertion: (NodeId, &SignatureLayout),
    keys: &TrustedKeys,
) -> Result<(Covered, Covered), Rejection> {
    let (outer, inner) = (response.1, assertion.1);
    verify_info(document, outer, keys)?;
    // The inner one counts for nothing yet, but that it is what the outer one says, which is verified.
    let alike = inner.content_c14n == outer.content_c14n;
    let cut = alike.then_some(Inner { apex: assertion.0, without: inner.signature });
    let mut around = content(document, response.0, outer, cut)?;
    let within = around.inner.take();
    let response = digested(outer, around)?;
    verify_info(document, inner, keys)?;
    let within = match within {
        Some(text) => Canonical { text, in_place: true, inner: None },
        None => content(document, assertion.0, inner, None)?,
    };
    Ok((response, digested(inner, within)?))
}

/// Verifies SignedInfo, and so how the rest is processed.
fn verify_info(
    document: &Document<'_>,
    layout: &SignatureLayout,
    keys: &TrustedKeys,
) -> Result<(), Rejection> {
    // A "with comments" algorithm signs the comments of SignedInfo as well, the others drop them.
    let Canonicalization { mode, prefixes } = &layout.info_c14n;
    let subject = Subject { apex: layout.signed_info, without: None, comments: true, prefixes, inner: None };
    let info = canonical(document, *mode, subject)?.text;
    if keys.keys.iter().any(|key| key.verifies(layout.method, info.as_bytes(), &layout.value)) {
        Ok(())
    } else {
        Err(fault("no key of the IdP verifies it"))
    }
}

/// What the digest of a signature has to be of: the element without the signature.
fn content(
    document: &Document<'_>,
    element: NodeId,
    layout: &SignatureLayout,
    inner: Option<Inner>,
) -> Result<Canonical, Rejection> {
    // A bare-name Reference selects the element without its comments (XML-DSig 4.4.3.3), whatever the algorithm.
    let Canonicalization { mode, prefixes } = &layout.content_c14n;
    let without = Some(layout.signature);
    canonical(document, *mode, Subject { apex: element, without, comments: false, prefixes, inner })
}

/// Compares the digest.
fn digested(layout: &SignatureLayout, content: Canonical) -> Result<Covered, Rejection> {
    let Canonical { text, in_place, .. } = content;
    let algorithm = match layout.digest_method {
        algorithm::SHA256 => &digest::SHA256,
        algorithm::SHA384 => &digest::SHA384,
        algorithm::SHA512 => &digest::SHA512,
        _ => return Err(fault("unknown digest")),
    };
    let digest = digest::digest(algorithm, text.as_bytes());
    if text.is_empty() || digest.as_ref() != layout.digest_value.as_slice() {
        return Err(fault("the content is not what was signed"));
    }
    Ok(Covered { text, in_place })
}

/// An element by itself, in exclusive canonical form without comments: for reading it apart from what surrounds it.
pub(super) fn standalone_text(document: &Document<'_>, element: NodeId) -> Result<String, Rejection> {
    let subject = Subject { apex: element, without: None, comments: false, prefixes: &[], inner: None };
    Ok(canonical(document, C14nMode::Exclusive, subject)?.text)
}

/// A canonical form, and whether it is ours, which says what the nodes say.
struct Canonical {
    text: String,
    in_place: bool,
    /// Of the inner element, if it could be had along with the other.
    inner: Option<String>,
}

/// `subject.comments`: for algorithms that write comments at all.
fn canonical(document: &Document<'_>, mode: C14nMode, subject: Subject<'_>) -> Result<Canonical, Rejection> {
    if matches!(mode, C14nMode::Exclusive | C14nMode::ExclusiveWithComments) {
        let comments = subject.comments && mode == C14nMode::ExclusiveWithComments;
        if let Some(written) = exclusive(document, Subject { comments, ..subject }) {
            // In every test, and in the fuzz targets, of which `signed` makes up what is canonicalized.
            debug_assert!(
                by_the_library(document, mode, subject).as_ref() == Ok(&written.text),
                "the library writes another canonical form"
            );
            debug_assert!(
                subject.inner.zip(written.inner.as_ref()).is_none_or(|(Inner { apex, without }, cut)| {
                    let inner = Subject { apex, without: Some(without), inner: None, ..subject };
                    by_the_library(document, mode, inner).as_ref() == Ok(cut)
                }),
                "the library writes another canonical form of the inner element"
            );
            return Ok(Canonical { text: written.text, in_place: true, inner: written.inner });
        }
    }
    let text = by_the_library(document, mode, subject)?;
    Ok(Canonical { text, in_place: false, inner: None })
}

fn by_the_library(
    document: &Document<'_>,
    mode: C14nMode,
    subject: Subject<'_>,
) -> Result<String, Rejection> {
    let Subject { apex, without, comments, prefixes, .. } = subject;
    let mut nodes = if comments {
        NodeSet::tree_with_comments(apex, document)
    } else {
        NodeSet::tree_without_comments(apex, document)
    };
    if let Some(left_out) = without {
        nodes.remove_id(left_out);
        for node in document.descendants(left_out) {
            nodes.remove_id(node);
        }
    }
    let bytes = canonicalize_doc(document, mode, Some(&nodes), prefixes)
        .map_err(|_| fault("cannot be canonicalized"))?;
    String::from_utf8(bytes).map_err(|_| fault("the canonical form is not UTF-8"))
}

fn fault(detail: &str) -> Rejection {
    Rejection::new(Rule::Signature, detail)
}
