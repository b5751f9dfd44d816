//! Signature verification with pinned keys. What comes out is the canonical form of an element: the very bytes whose
//! digest the signature covers.

use super::gate::SignatureLayout;
use super::rule::{Rejection, Rule};
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::c14n::{C14nMode, canonicalize_doc};
use bergshamra::core::algorithm;
use bergshamra::dsig::verify::verify_all_document_with_source;
use bergshamra::keys::loader::load_spki_der;
use bergshamra::xml::NodeSet;
use bergshamra::{DsigContext, KeysManager, VerifyResult};
use std::fmt;
use uppsala::{Document, NodeId};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Smallest RSA modulus accepted, in bits.
const MIN_RSA_BITS: usize = 2048;

/// The keys that one IdP signs with, from its metadata: never empty, never from a message.
pub struct TrustedKeys {
    context: DsigContext,
}

impl TrustedKeys {
    /// Takes the signing certificates (DER) of an IdP. Only their public keys count: metadata is the trust, so expiry
    /// and issuer of a certificate do not matter here (saml-metadata 2.4.1.1).
    ///
    /// Certificates with weak or unknown keys are left out and described in the second value.
    ///
    /// # Errors
    /// When no usable key is left.
    pub fn from_certificates(certificates: &[Vec<u8>]) -> Result<(Self, Vec<String>), String> {
        let mut keys = KeysManager::new();
        let mut unusable = Vec::new();
        for (index, der) in certificates.iter().enumerate() {
            match usable_spki(der) {
                Ok(spki) => match load_spki_der(&spki) {
                    Ok(key) => keys.add_key(key),
                    Err(fault) => unusable.push(format!("signing certificate {}: {fault}", index + 1)),
                },
                Err(fault) => unusable.push(format!("signing certificate {}: {fault}", index + 1)),
            }
        }
        if keys.is_empty() {
            unusable.insert(0, "no usable signing certificate".into());
            return Err(unusable.join("; "));
        }
        let context = DsigContext::new(keys)
            .with_trusted_keys_only(true)
            .with_strict_verification(true)
            .with_insecure(true);
        Ok((Self { context }, unusable))
    }

    /// How many keys there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.context.keys_manager.len()
    }
}

impl fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedKeys({})", self.count())
    }
}

/// The public key of a certificate, if it is of an allowed kind and size.
fn usable_spki(der: &[u8]) -> Result<Vec<u8>, String> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|fault| format!("not X.509: {fault}"))?;
    let spki = certificate.public_key();
    match spki.parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() >= MIN_RSA_BITS => Ok(spki.raw.to_vec()),
        Ok(PublicKey::RSA(key)) => Err(format!(
            "an RSA key of {} bits; {MIN_RSA_BITS} are needed",
            key.key_size()
        )),
        Ok(PublicKey::EC(key)) if matches!(key.key_size(), 256 | 384 | 521) => Ok(spki.raw.to_vec()),
        Ok(_) => Err("neither an RSA key nor an EC key on P-256, P-384 or P-521".into()),
        Err(fault) => Err(format!("unreadable public key: {fault}")),
    }
}

/// Verifies every signature of the document with the IdP's keys.
///
/// # Errors
/// When any of them does not verify: a message with one good and one bad signature is no better than a forged one.
pub(super) fn verify_all(
    document: &Document<'_>,
    text: &str,
    signatures: &[&SignatureLayout],
    keys: &TrustedKeys,
) -> Result<(), Rejection> {
    let fault = |detail: String| Rejection::new(Rule::Signature, detail);
    let results = verify_all_document_with_source(&keys.context, document, Some(text))
        .map_err(|error| fault(format!("cannot be checked: {error}")))?;
    let mut verified: Vec<NodeId> = Vec::with_capacity(results.len());
    for result in &results {
        match result {
            VerifyResult::Valid { signature_node, .. } if result.all_reference_digests_verified() => {
                verified.push(*signature_node);
            }
            VerifyResult::Valid { .. } => return Err(fault("covers nothing".into())),
            VerifyResult::Invalid { reason } => return Err(fault(reason.clone())),
        }
    }
    let expected = signatures.iter().map(|layout| layout.signature);
    if verified.len() != signatures.len() || !expected.into_iter().all(|node| verified.contains(&node)) {
        return Err(fault("not every signature was checked".into()));
    }
    Ok(())
}

/// The canonical form of `element`, whose verified enveloped signature is `layout`.
///
/// Its digest is taken here once more and compared with the one in the verified SignedInfo, so that what is read
/// afterwards is what the signature covers, whatever a library resolved a Reference to.
pub(super) fn covered_text(
    document: &Document<'_>,
    element: NodeId,
    layout: &SignatureLayout,
) -> Result<String, Rejection> {
    let fault = |detail: &str| Rejection::new(Rule::Signature, detail);
    let mode = C14nMode::from_uri(layout.c14n).ok_or_else(|| fault("unknown canonicalization"))?;
    // A bare-name Reference selects the element without its comments (XML-DSig 4.4.3.3).
    let mut nodes = NodeSet::tree_without_comments(element, document);
    nodes.remove_id(layout.signature);
    for node in document.descendants(layout.signature) {
        nodes.remove_id(node);
    }
    let canonical = canonicalize_doc(document, mode, Some(&nodes), &layout.prefixes)
        .map_err(|_| fault("cannot be canonicalized"))?;

    let algorithm = match layout.digest_method.as_str() {
        algorithm::SHA256 => &digest::SHA256,
        algorithm::SHA384 => &digest::SHA384,
        algorithm::SHA512 => &digest::SHA512,
        _ => return Err(fault("unknown digest")),
    };
    let stated = STANDARD
        .decode(&layout.digest_value)
        .map_err(|_| fault("the digest is not base64"))?;
    if digest::digest(algorithm, &canonical).as_ref() != stated.as_slice() {
        return Err(fault("the signed bytes are not the bytes to be read"));
    }
    String::from_utf8(canonical).map_err(|_| fault("the canonical form is not UTF-8"))
}
