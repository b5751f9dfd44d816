//! Decryption of assertions and names (saml-core 2.2.4, 2.3.4; XML Encryption 1.1).
//!
//! OpenSSL does the cryptography: AWS-LC has neither RSA-OAEP with a mask hash of its own nor CBC with the padding of
//! XML Encryption. Every fault of a ciphertext has one answer, the same as that of a bad signature, so that nobody learns
//! what was wrong with it. Never takes a plaintext for authentic: a signature has to cover it.

mod envelope;

pub(super) use envelope::Envelope;

use super::rule::{Rejection, Rule};
use super::xml::{self, elements, named};
use super::{ASSERTION, gate};
use envelope::{Cipher, KeyTransport};
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::symm::{Crypter, Mode, decrypt_aead};
use std::fmt;
use uppsala::{Document, NodeId};

/// Our private keys: one, or two during a rollover, or none where nothing is encrypted for us.
pub struct DecryptionKeys {
    keys: Vec<PKey<Private>>,
}

impl DecryptionKeys {
    /// Most keys: a rollover needs two, and each of them costs time with each EncryptedKey.
    const MAX: usize = 2;

    /// No key: encrypted assertions are refused.
    #[must_use]
    pub fn none() -> Self {
        Self { keys: Vec::new() }
    }

    /// Takes RSA private keys in PEM, the one in use first.
    ///
    /// # Errors
    /// A sentence for the admin, without any of the key's content.
    pub fn from_pem(pems: &[&str]) -> Result<Self, String> {
        if pems.len() > Self::MAX {
            return Err(format!("more than {} decryption keys", Self::MAX));
        }
        let read = |(index, pem): (usize, &&str)| {
            let fault = |what: &str| format!("decryption key {}: {what}", index + 1);
            // An empty passphrase keeps OpenSSL from asking for one on the terminal.
            let key = PKey::private_key_from_pem_passphrase(pem.as_bytes(), b"")
                .map_err(|_| fault("not an unencrypted private key in PEM"))?;
            if key.id() != Id::RSA || !(2048..=4096).contains(&key.bits()) {
                return Err(fault("an RSA key of 2048 to 4096 bits is needed"));
            }
            Ok(key)
        };
        let keys = pems.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// What is in an envelope.
    pub(super) fn open(&self, envelope: &Envelope) -> Result<String, Rejection> {
        if self.keys.is_empty() {
            return Err(fault("it is encrypted, and no decryption key is configured"));
        }
        envelope
            .keys
            .iter()
            .flat_map(|transport| self.keys.iter().map(move |key| (key, transport)))
            .filter_map(|(key, transport)| unwrap_key(key, transport).ok())
            .filter_map(|key| decrypt(envelope.cipher, &key, &envelope.data))
            .find_map(|plain| String::from_utf8(plain).ok())
            .ok_or_else(unreadable)
    }
}

impl fmt::Debug for DecryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKeys({})", self.keys.len())
    }
}

/// The EncryptedID that names the subject of an Assertion (saml-core 2.2.4), if one does.
pub(super) fn encrypted_name(document: &Document<'_>, assertion: NodeId) -> Option<NodeId> {
    let subject = named(document, assertion, ASSERTION, "Subject").next()?;
    named(document, subject, ASSERTION, "EncryptedID").next()
}

/// The `text` of an Assertion with the name in the place of its EncryptedID; `None` if it has none. The text, which is that
/// of the document, is known to be signed, the ciphertext with it.
pub(super) fn open_name(
    document: &Document<'_>,
    text: &str,
    keys: &DecryptionKeys,
) -> Result<Option<String>, Rejection> {
    let assertion = document.document_element();
    let Some(holder) = assertion.and_then(|assertion| encrypted_name(document, assertion)) else {
        return Ok(None);
    };
    let envelope = Envelope::read(document, holder)?;
    let plain = keys.open(&envelope)?;
    let plain = xml::collapsed(&plain);
    let opened = envelope.opened(text, plain);
    let document = xml::parse(&opened).map_err(|_| unreadable())?;
    let assertion = gate::check_alone(&document)?;
    let whole = named(&document, assertion.node, ASSERTION, "Subject")
        .flat_map(|subject| named(&document, subject, ASSERTION, "EncryptedID").collect::<Vec<_>>())
        .flat_map(|holder| elements(&document, holder).map(|(name, _)| name).collect::<Vec<_>>())
        .all(|name| document.node_range(name) == Some(envelope.place(plain)));
    if whole { Ok(Some(opened)) } else { Err(unreadable()) }
}

/// The one answer to everything that can be wrong with a ciphertext.
pub(super) fn unreadable() -> Rejection {
    fault("it cannot be decrypted")
}

pub(super) fn fault(detail: impl Into<String>) -> Rejection {
    Rejection::new(Rule::Decryption, detail)
}

/// RSA-OAEP (XML-Enc 5.5.2).
fn unwrap_key(key: &PKey<Private>, transport: &KeyTransport) -> Result<Vec<u8>, ErrorStack> {
    let mut decrypter = Decrypter::new(key)?;
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    decrypter.set_rsa_oaep_md(transport.digest)?;
    decrypter.set_rsa_mgf1_md(transport.mask)?;
    if !transport.label.is_empty() {
        decrypter.set_rsa_oaep_label(&transport.label)?;
    }
    let mut plain = vec![0; decrypter.decrypt_len(&transport.wrapped)?];
    let length = decrypter.decrypt(&transport.wrapped, &mut plain)?;
    plain.truncate(length);
    Ok(plain)
}

/// AES (XML-Enc 5.2): the IV comes first, and for GCM the tag last.
fn decrypt(cipher: Cipher, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let aes = cipher.algorithm();
    let iv_len = aes.iv_len()?;
    if key.len() != aes.key_len() || data.len() < iv_len + 16 {
        return None;
    }
    let (iv, body) = data.split_at(iv_len);
    if cipher.authenticated() {
        let (body, tag) = body.split_at_checked(body.len().checked_sub(16)?)?;
        return decrypt_aead(aes, key, Some(iv), &[], body, tag).ok();
    }
    let mut crypter = Crypter::new(aes, Mode::Decrypt, key, Some(iv)).ok()?;
    crypter.pad(false);
    let mut plain = vec![0; body.len() + 16];
    let written = crypter.update(body, &mut plain).ok()?;
    let rest = crypter.finalize(plain.get_mut(written..)?).ok()?;
    plain.truncate(written + rest);
    // The last byte says how many were added; the others are arbitrary (XML-Enc 5.2.1).
    let added = usize::from(*plain.last()?);
    if !(1..=16).contains(&added) {
        return None;
    }
    plain.truncate(plain.len().checked_sub(added)?);
    Some(plain)
}
