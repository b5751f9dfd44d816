//! `AssumeRoleWithSAML`: encrypted assertions, and algorithms that are too weak.

use super::fixture::{Bench, element, keys, response, world};
use super::saml_sessions::refusal;
use crate::demo::aws::fault::ApiError;
use crate::demo::idp::encryption::Encryption;
use crate::demo::idp::response::Response;
use crate::demo::idp::signature::{Algorithms, Signed};
use bergshamra::core::algorithm;

/// How STS answers to an encrypted assertion, with or without the key for it.
fn encrypted(what: Signed, encryption: &Encryption, with_key: bool) -> Result<String, ApiError> {
    let (idp, recipient) = keys();
    let certificate = recipient.certificate_pem().unwrap();
    let xml = response("alice").sign_encrypted(idp, what, &certificate, encryption).unwrap();
    let mut world = world();
    if with_key {
        world.saml_providers[0].decryption_key_pems = vec![recipient.private_key_pem().unwrap()];
    }
    Bench::new(world).assume(&Response::encode(&xml), &[])
}

#[test]
fn encrypted_assertions_need_the_providers_key_and_a_signature() {
    let gcm = Encryption::usual();
    for what in [Signed::Assertion, Signed::Response, Signed::Both] {
        let xml = encrypted(what, &gcm, true).unwrap();
        assert_eq!(element(&xml, "Subject"), "alice", "{what:?}");
    }
    assert_eq!(refusal(encrypted(Signed::Nothing, &gcm, true)).1, "InvalidIdentityToken");
    assert_eq!(refusal(encrypted(Signed::Both, &gcm, false)).1, "InvalidIdentityToken");
}

#[test]
fn weak_encryption_is_refused_and_cbc_needs_a_signature_around_it() {
    let with = |data: &str, key: &str| Encryption {
        data_method: data.into(),
        key_transport: key.into(),
        digest: None,
        mgf: None,
    };
    let cbc = with(algorithm::AES256_CBC, algorithm::RSA_OAEP);
    assert!(encrypted(Signed::Both, &cbc, true).is_ok());
    assert_eq!(refusal(encrypted(Signed::Assertion, &cbc, true)).1, "InvalidIdentityToken");
    let rsa15 = with(algorithm::AES256_GCM, algorithm::RSA_PKCS1);
    assert_eq!(refusal(encrypted(Signed::Both, &rsa15, true)).1, "InvalidIdentityToken");
    let triple = with(algorithm::TRIPLEDES_CBC, algorithm::RSA_OAEP);
    assert_eq!(refusal(encrypted(Signed::Both, &triple, true)).1, "InvalidIdentityToken");
}

#[test]
fn a_genuine_signature_with_weak_algorithms_is_refused() {
    let usual = Algorithms::usual(&keys().0);
    let weak_signature = Algorithms { signature_method: algorithm::RSA_SHA1.into(), ..usual.clone() };
    let weak_digest = Algorithms { digest_method: algorithm::SHA1.into(), ..usual.clone() };
    let answer = |algorithms: &Algorithms| {
        let xml = response("alice").sign_with(&keys().0, Signed::Assertion, algorithms).unwrap();
        Bench::new(world()).assume(&Response::encode(&xml), &[])
    };
    assert!(answer(&usual).is_ok());
    assert_eq!(refusal(answer(&weak_signature)).1, "InvalidIdentityToken");
    assert_eq!(refusal(answer(&weak_digest)).1, "InvalidIdentityToken");
}
