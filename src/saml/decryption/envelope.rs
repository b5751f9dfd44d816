//! EncryptedData with its EncryptedKeys, read strictly. Nothing is fetched and no reference is followed: the keys are
//! those inside KeyInfo and those beside EncryptedData (saml-core 2.2.4, 2.3.4; XML-Enc 3). Never decrypts.

use super::super::rule::{Rejection, quoted};
use super::super::xml::{self, attribute, elements, is, named};
use super::super::{DSIG, XENC, base64_text};
use super::{fault, unreadable};
use bergshamra::core::algorithm;
use openssl::hash::MessageDigest;
use openssl::symm;
use std::ops::Range;
use uppsala::{Document, NodeId};

const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// Most EncryptedKeys that are tried, in document order. One message is for one recipient, seldom for a few.
const MAX_TRIED: usize = 4;
/// More EncryptedKeys than that are an attack.
const MAX_KEYS: usize = 16;

/// A ciphertext and the keys that it may be readable with.
pub(in crate::saml) struct Envelope {
    pub(super) cipher: Cipher,
    pub(super) data: Vec<u8>,
    pub(super) keys: Vec<KeyTransport>,
    /// Where the ciphertext and its keys stand in the document's text.
    range: Range<usize>,
}

/// How the data is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
}

impl Cipher {
    pub(super) fn algorithm(self) -> symm::Cipher {
        match self {
            Self::Aes128Gcm => symm::Cipher::aes_128_gcm(),
            Self::Aes192Gcm => symm::Cipher::aes_192_gcm(),
            Self::Aes256Gcm => symm::Cipher::aes_256_gcm(),
            Self::Aes128Cbc => symm::Cipher::aes_128_cbc(),
            Self::Aes192Cbc => symm::Cipher::aes_192_cbc(),
            Self::Aes256Cbc => symm::Cipher::aes_256_cbc(),
        }
    }

    pub(super) fn authenticated(self) -> bool {
        matches!(self, Self::Aes128Gcm | Self::Aes192Gcm | Self::Aes256Gcm)
    }
}

/// A key of the ciphertext, under RSA-OAEP for one of our keys or somebody else's.
pub(super) struct KeyTransport {
    pub(super) digest: MessageDigest,
    /// Hash of the mask generation function.
    pub(super) mask: MessageDigest,
    pub(super) label: Vec<u8>,
    pub(super) wrapped: Vec<u8>,
}

impl Envelope {
    /// Reads the content of an EncryptedAssertion or EncryptedID.
    pub(in crate::saml) fn read(document: &Document<'_>, holder: NodeId) -> Result<Self, Rejection> {
        let mut data = None;
        let mut keys = Vec::new();
        let mut range: Option<Range<usize>> = None;
        for (node, element) in elements(document, holder) {
            if element.matches_name_ns(XENC, "EncryptedData") && data.is_none() {
                data = Some(node);
            } else if element.matches_name_ns(XENC, "EncryptedKey") {
                keys.push(node);
            } else {
                return Err(fault("not one EncryptedData with its EncryptedKeys"));
            }
            let own = document.node_range(node).ok_or_else(unreadable)?;
            range = Some(range.map_or(own.start, |range| range.start)..own.end);
        }
        let (Some(data), Some(range)) = (data, range) else {
            return Err(fault("no EncryptedData"));
        };
        if attribute(document, data, "Type")
            .is_some_and(|kind| kind != "http://www.w3.org/2001/04/xmlenc#Element")
        {
            return Err(fault("EncryptedData is not of type Element"));
        }
        let inside = named(document, data, DSIG, "KeyInfo")
            .flat_map(|info| named(document, info, XENC, "EncryptedKey").collect::<Vec<_>>());
        let keys: Vec<_> = inside.chain(keys).collect();
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(fault(format!("{} EncryptedKeys", keys.len())));
        }
        let (_, method) = method(document, data)?;
        let cipher = match method {
            algorithm::AES128_GCM => Cipher::Aes128Gcm,
            algorithm::AES192_GCM => Cipher::Aes192Gcm,
            algorithm::AES256_GCM => Cipher::Aes256Gcm,
            algorithm::AES128_CBC => Cipher::Aes128Cbc,
            algorithm::AES192_CBC => Cipher::Aes192Cbc,
            algorithm::AES256_CBC => Cipher::Aes256Cbc,
            other => {
                return Err(fault(format!("the data encryption {} is not allowed", quoted(other))));
            }
        };
        Ok(Self {
            cipher,
            data: cipher_value(document, data)?,
            keys: keys
                .into_iter()
                .take(MAX_TRIED)
                .map(|key| KeyTransport::read(document, key))
                .collect::<Result<_, _>>()?,
            range,
        })
    }

    /// Whether the cipher itself says when the ciphertext was changed.
    pub(in crate::saml) fn authenticated(&self) -> bool {
        self.cipher.authenticated()
    }

    /// The document's text with the plaintext in the place of the ciphertext (XML-Enc 4.2).
    pub(in crate::saml) fn opened(&self, text: &str, plain: &str) -> String {
        let before = text.get(..self.range.start).unwrap_or_default();
        let after = text.get(self.range.end..).unwrap_or_default();
        [before, plain, after].concat()
    }

    /// Where the plaintext stands in the text that [`Self::opened`] makes.
    pub(in crate::saml) fn place(&self, plain: &str) -> Range<usize> {
        self.range.start..self.range.start + plain.len()
    }
}

impl KeyTransport {
    fn read(document: &Document<'_>, key: NodeId) -> Result<Self, Rejection> {
        let (node, method) = method(document, key)?;
        let parameter = |namespace, name| {
            let found = named(document, node, namespace, name).next();
            found.map(|node| attribute(document, node, "Algorithm").unwrap_or_default())
        };
        // SHA-1 is what both stand for when they say nothing; in OAEP it is not a weakness.
        let digest = match parameter(DSIG, "DigestMethod") {
            None | Some(algorithm::SHA1) => MessageDigest::sha1(),
            Some(algorithm::SHA256) => MessageDigest::sha256(),
            Some(algorithm::SHA384) => MessageDigest::sha384(),
            Some(algorithm::SHA512) => MessageDigest::sha512(),
            Some(other) => return Err(fault(format!("the digest {} is not allowed", quoted(other)))),
        };
        let mask = match (method, parameter(XENC11, "MGF")) {
            (algorithm::RSA_OAEP | algorithm::RSA_OAEP_ENC11, None | Some(algorithm::MGF1_SHA1)) => {
                MessageDigest::sha1()
            }
            (algorithm::RSA_OAEP_ENC11, Some(algorithm::MGF1_SHA256)) => MessageDigest::sha256(),
            (algorithm::RSA_OAEP_ENC11, Some(algorithm::MGF1_SHA384)) => MessageDigest::sha384(),
            (algorithm::RSA_OAEP_ENC11, Some(algorithm::MGF1_SHA512)) => MessageDigest::sha512(),
            (method, mgf) => {
                return Err(fault(format!(
                    "the key transport {} {} is not allowed",
                    quoted(method),
                    quoted(mgf.unwrap_or_default())
                )));
            }
        };
        let label = named(document, node, XENC, "OAEPparams").next();
        Ok(Self {
            digest,
            mask,
            label: match label {
                Some(label) => base64_value(document, label)?,
                None => Vec::new(),
            },
            wrapped: cipher_value(document, key)?,
        })
    }
}

/// The EncryptionMethod of EncryptedData or EncryptedKey, and its algorithm.
fn method<'d>(document: &'d Document<'_>, node: NodeId) -> Result<(NodeId, &'d str), Rejection> {
    let mut methods = named(document, node, XENC, "EncryptionMethod");
    match (methods.next(), methods.next()) {
        (Some(method), None) => Ok((method, attribute(document, method, "Algorithm").unwrap_or_default())),
        _ => Err(fault("not exactly one EncryptionMethod")),
    }
}

fn cipher_value(document: &Document<'_>, node: NodeId) -> Result<Vec<u8>, Rejection> {
    let mut values = named(document, node, XENC, "CipherData")
        .flat_map(|data| elements(document, data).map(|(value, _)| value).collect::<Vec<_>>());
    match (values.next(), values.next()) {
        (Some(value), None) if is(document, value, XENC, "CipherValue") => base64_value(document, value),
        _ => Err(fault("not exactly one CipherValue")),
    }
}

fn base64_value(document: &Document<'_>, node: NodeId) -> Result<Vec<u8>, Rejection> {
    xml::text(document, node)
        .and_then(|text| base64_text::decoded(&text).ok())
        .ok_or_else(|| fault("a cipher value that is not base64"))
}
