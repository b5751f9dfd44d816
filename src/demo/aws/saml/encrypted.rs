//! Encrypted assertions, for providers that hold a decryption key.
//!
//! Whatever fails is answered alike. It decrypts nothing with RSA 1.5 or 3DES, and CBC only where a signature that was
//! already checked covers the ciphertext.

use super::super::fault::ApiError;
use super::super::world::SamlProvider;
use super::{ASSERTION, is, required};
use bergshamra::core::algorithm;
use bergshamra::keys::loader::load_pem_auto;
use bergshamra::{EncContext, KeysManager};
use uppsala::{Document, NodeId};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const AUTHENTICATED: [&str; 3] = [algorithm::AES128_GCM, algorithm::AES192_GCM, algorithm::AES256_GCM];
const UNAUTHENTICATED: [&str; 3] = [algorithm::AES128_CBC, algorithm::AES192_CBC, algorithm::AES256_CBC];
const KEY_TRANSPORT: [&str; 2] = [algorithm::RSA_OAEP, algorithm::RSA_OAEP_ENC11];

/// Whether the document holds an encrypted assertion.
pub(super) fn is_in(document: &Document<'_>) -> bool {
    !document.get_elements_by_tag_name_ns(ASSERTION, "EncryptedAssertion").is_empty()
}

/// The document with its one encrypted assertion in the clear; `covered` if a checked signature covers the ciphertext.
pub(super) fn decrypt(
    document: &Document<'_>,
    response: NodeId,
    xml: &str,
    provider: &SamlProvider,
    covered: bool,
) -> Result<String, ApiError> {
    let pem = provider.decryption_key_pem.as_ref().ok_or_else(undecryptable)?;
    let wrapper = required(document, response, ASSERTION, "EncryptedAssertion")?;
    let data = required(document, wrapper, XENC, "EncryptedData")?;
    let keys = document.get_elements_by_tag_name_ns(XENC, "EncryptedKey");
    let sole = document.get_elements_by_tag_name_ns(XENC, "EncryptedData").len() == 1
        && document.get_elements_by_tag_name_ns(ASSERTION, "Assertion").is_empty();
    let data_method = method(document, data)?;
    let data_allowed =
        AUTHENTICATED.contains(&data_method) || covered && UNAUTHENTICATED.contains(&data_method);
    let keys_allowed = !keys.is_empty()
        && keys.iter().all(|key| method(document, *key).is_ok_and(|m| KEY_TRANSPORT.contains(&m)));
    if !(sole && data_allowed && keys_allowed) {
        return Err(undecryptable());
    }
    let mut manager = KeysManager::new();
    manager.add_key(load_pem_auto(pem.as_bytes(), None).map_err(|_| undecryptable())?);
    let mut context = EncContext::new(manager).with_disable_cipher_reference(true);
    context.max_pbkdf2_iterations = 0;
    bergshamra::decrypt(&context, xml).map_err(|_| undecryptable())
}

/// The only assertion of a decrypted document: the sole content of what was encrypted.
pub(super) fn sole_assertion(document: &Document<'_>, response: NodeId) -> Result<NodeId, ApiError> {
    let assertions = document.get_elements_by_tag_name_ns(ASSERTION, "Assertion");
    let [assertion] = assertions.as_slice() else {
        return Err(undecryptable());
    };
    let wrapper = document.parent(*assertion).filter(|w| is(document, *w, ASSERTION, "EncryptedAssertion"));
    match wrapper.and_then(|w| document.parent(w)) {
        Some(parent) if parent == response => Ok(*assertion),
        _ => Err(undecryptable()),
    }
}

fn method<'d>(document: &'d Document<'_>, encrypted: NodeId) -> Result<&'d str, ApiError> {
    let method = required(document, encrypted, XENC, "EncryptionMethod")?;
    document.get_attribute(method, "Algorithm").ok_or_else(undecryptable)
}

fn undecryptable() -> ApiError {
    ApiError::identity_token("The SAML provider cannot decrypt the encrypted assertion")
}
