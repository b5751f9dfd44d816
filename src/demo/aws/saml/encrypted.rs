//! Encrypted assertions and names, for providers that hold decryption keys (XML Encryption 1.1).
//!
//! Whatever fails is answered alike. It decrypts nothing with RSA 1.5 or 3DES, and CBC only where a signature that was
//! already checked covers the ciphertext, or the provider was told to.

use super::super::fault::ApiError;
use super::super::world::SamlProvider;
use super::dom::{attribute, compact, elements, is, optional, required, text, trim};
use super::{ENCRYPTION, SIGNATURE};
use base64::prelude::{BASE64_STANDARD, Engine};
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode, decrypt_aead};
use std::ops::Range;
use uppsala::{Document, NodeId};

const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// Of more keys for more recipients only the first are tried, and a great many are refused.
const TRIED_KEYS: usize = 4;
const MOST_KEYS: usize = 16;
/// Bytes of a GCM tag and of a CBC block.
const BLOCK: usize = 16;

/// The decryption keys of a provider.
pub(super) struct Keys(Vec<PKey<Private>>);

impl Keys {
    pub(super) fn of(provider: &SamlProvider) -> Result<Self, ApiError> {
        // An empty passphrase keeps OpenSSL from asking for one on the terminal.
        let read = |pem: &String| {
            PKey::private_key_from_pem_passphrase(pem.as_bytes(), b"").map_err(|_| undecryptable())
        };
        let keys = provider.decryption_key_pems.iter().map(read);
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// `xml` with the plaintext in place of what is in `holder`, an element of its document.
    pub(super) fn open(
        &self,
        document: &Document<'_>,
        holder: NodeId,
        xml: &str,
        unauthenticated: bool,
    ) -> Result<Opened, ApiError> {
        let sealed = Sealed::read(document, holder, unauthenticated).ok_or_else(undecryptable)?;
        let plain = sealed.open(&self.0).ok_or_else(undecryptable)?;
        let plain = trim(&plain);
        let (before, after) = (xml.get(..sealed.range.start), xml.get(sealed.range.end..));
        let (Some(before), Some(after)) = (before, after) else {
            return Err(undecryptable());
        };
        Ok(Opened { xml: [before, plain, after].concat(), range: before.len()..before.len() + plain.len() })
    }
}

/// A document whose ciphertext has been replaced.
pub(super) struct Opened {
    pub(super) xml: String,
    range: Range<usize>,
}

impl Opened {
    /// What was encrypted, by itself.
    pub(super) fn plain(&self) -> &str {
        self.xml.get(self.range.clone()).unwrap_or_default()
    }

    /// Whether a node is all that was encrypted.
    pub(super) fn is_whole(&self, document: &Document<'_>, id: NodeId) -> bool {
        document.node_range(id).as_ref() == Some(&self.range)
    }
}

/// The one answer to whatever is wrong with a ciphertext.
pub(super) fn undecryptable() -> ApiError {
    ApiError::identity_token("The SAML provider cannot decrypt the encrypted assertion")
}

/// A ciphertext with its keys.
struct Sealed {
    cipher: Cipher,
    authenticated: bool,
    data: Vec<u8>,
    keys: Vec<WrappedKey>,
    /// From the first to the last byte of `EncryptedData` and what is beside it.
    range: Range<usize>,
}

impl Sealed {
    fn read(document: &Document<'_>, holder: NodeId, unauthenticated: bool) -> Option<Self> {
        let data = sole(document, holder, ENCRYPTION, "EncryptedData")?;
        let beside: Vec<NodeId> = elements(document, holder).into_iter().filter(|id| *id != data).collect();
        let is_key = |id: &NodeId| is(document, *id, ENCRYPTION, "EncryptedKey");
        if !beside.iter().all(is_key) || attribute(document, data, "Type").is_some_and(|t| t != ELEMENT) {
            return None;
        }
        let mut keys = match optional(document, data, SIGNATURE, "KeyInfo").ok()? {
            Some(info) => elements(document, info),
            None => Vec::new(),
        };
        keys.retain(is_key);
        keys.extend(&beside);
        if keys.len() > MOST_KEYS {
            return None;
        }
        let method = sole(document, data, ENCRYPTION, "EncryptionMethod")?;
        let (cipher, authenticated) = match attribute(document, method, "Algorithm")? {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => (Cipher::aes_128_gcm(), true),
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => (Cipher::aes_192_gcm(), true),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => (Cipher::aes_256_gcm(), true),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => (Cipher::aes_128_cbc(), false),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => (Cipher::aes_192_cbc(), false),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => (Cipher::aes_256_cbc(), false),
            _ => return None,
        };
        let ranges = elements(document, holder)
            .into_iter()
            .map(|id| document.node_range(id))
            .collect::<Option<Vec<_>>>()?;
        let range = ranges.iter().map(|r| r.start).min()?..ranges.iter().map(|r| r.end).max()?;
        (authenticated || unauthenticated).then_some(())?;
        Some(Self {
            cipher,
            authenticated,
            data: cipher_value(document, data)?,
            keys: keys
                .into_iter()
                .take(TRIED_KEYS)
                .map(|id| WrappedKey::read(document, id))
                .collect::<Option<_>>()?,
            range,
        })
    }

    fn open(&self, keys: &[PKey<Private>]) -> Option<String> {
        let pairs = self.keys.iter().flat_map(|w| keys.iter().map(move |key| (w, key)));
        pairs
            .filter_map(|(wrapped, key)| wrapped.unwrap_with(key).ok())
            .find_map(|key| String::from_utf8(self.decrypt(&key)?).ok())
    }

    /// AES: the initialisation vector stands before the ciphertext, and the tag of GCM behind it (XML Encryption 5.2).
    fn decrypt(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (vector, body) = self.data.split_at_checked(self.cipher.iv_len()?)?;
        // OpenSSL must not see a key of another length: the binding asserts it.
        if key.len() != self.cipher.key_len() {
            return None;
        }
        if self.authenticated {
            let (body, tag) = body.split_at_checked(body.len().checked_sub(BLOCK)?)?;
            return decrypt_aead(self.cipher, key, Some(vector), &[], body, tag).ok();
        }
        let mut crypter = Crypter::new(self.cipher, Mode::Decrypt, key, Some(vector)).ok()?;
        crypter.pad(false);
        let mut plain = vec![0; body.len() + BLOCK];
        let written = crypter.update(body, &mut plain).ok()?;
        let all = written + crypter.finalize(plain.get_mut(written..)?).ok()?;
        // Only the last byte of the padding has a meaning.
        let padding = usize::from(*plain.get(..all)?.last()?);
        (1..=BLOCK).contains(&padding).then_some(())?;
        plain.truncate(all.checked_sub(padding)?);
        Some(plain)
    }
}

/// A content key under RSA-OAEP (XML Encryption 5.5.2).
struct WrappedKey {
    digest: MessageDigest,
    mask: MessageDigest,
    label: Vec<u8>,
    value: Vec<u8>,
}

impl WrappedKey {
    fn read(document: &Document<'_>, id: NodeId) -> Option<Self> {
        let method = sole(document, id, ENCRYPTION, "EncryptionMethod")?;
        let parameter = |namespace, name| -> Option<&str> {
            let all = document.child_elements_by_name_ns(method, namespace, name);
            let first = all.first()?;
            Some(attribute(document, *first, "Algorithm").unwrap_or_default())
        };
        let digest = match parameter(SIGNATURE, "DigestMethod") {
            None | Some("http://www.w3.org/2000/09/xmldsig#sha1") => MessageDigest::sha1(),
            Some("http://www.w3.org/2001/04/xmlenc#sha256") => MessageDigest::sha256(),
            Some("http://www.w3.org/2001/04/xmldsig-more#sha384") => MessageDigest::sha384(),
            Some("http://www.w3.org/2001/04/xmlenc#sha512") => MessageDigest::sha512(),
            Some(_) => return None,
        };
        let any_mask = match attribute(document, method, "Algorithm")? {
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" => false,
            "http://www.w3.org/2009/xmlenc11#rsa-oaep" => true,
            _ => return None,
        };
        let mask = match parameter(ENCRYPTION_11, "MGF") {
            None | Some("http://www.w3.org/2009/xmlenc11#mgf1sha1") => MessageDigest::sha1(),
            Some("http://www.w3.org/2009/xmlenc11#mgf1sha256") if any_mask => MessageDigest::sha256(),
            Some("http://www.w3.org/2009/xmlenc11#mgf1sha384") if any_mask => MessageDigest::sha384(),
            Some("http://www.w3.org/2009/xmlenc11#mgf1sha512") if any_mask => MessageDigest::sha512(),
            Some(_) => return None,
        };
        let label = optional(document, method, ENCRYPTION, "OAEPparams").ok()?;
        Some(Self {
            digest,
            mask,
            label: label.map_or(Some(Vec::new()), |id| base64(document, id))?,
            value: cipher_value(document, id)?,
        })
    }

    fn unwrap_with(&self, key: &PKey<Private>) -> Result<Vec<u8>, ErrorStack> {
        let mut decrypter = Decrypter::new(key)?;
        decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
        decrypter.set_rsa_oaep_md(self.digest)?;
        decrypter.set_rsa_mgf1_md(self.mask)?;
        if !self.label.is_empty() {
            decrypter.set_rsa_oaep_label(&self.label)?;
        }
        let mut plain = vec![0; decrypter.decrypt_len(&self.value)?];
        let length = decrypter.decrypt(&self.value, &mut plain)?;
        plain.truncate(length);
        Ok(plain)
    }
}

fn sole(document: &Document<'_>, parent: NodeId, namespace: &str, name: &str) -> Option<NodeId> {
    required(document, parent, namespace, name).ok()
}

/// The bytes of a `CipherData`, in the message itself.
fn cipher_value(document: &Document<'_>, parent: NodeId) -> Option<Vec<u8>> {
    let data = sole(document, parent, ENCRYPTION, "CipherData")?;
    match elements(document, data).as_slice() {
        [value] if is(document, *value, ENCRYPTION, "CipherValue") => base64(document, *value),
        _ => None,
    }
}

fn base64(document: &Document<'_>, id: NodeId) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(compact(&text(document, id)?)).ok()
}
