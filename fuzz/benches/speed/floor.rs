//! What no implementation can leave out, done as fast as is known: the floor that the gateway is measured against.
//!
//! Decode the form, decode base64, go through the XML once, hash the whole message, verify an RSA signature with a key that
//! is parsed already; for an encrypted message also one operation with the private key. It decides nothing and keeps
//! nothing: no canonical form, no rules, no values.

use super::harness::folder;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use memchr::memchr;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::Signer;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::fs;
use std::hint::black_box;

/// About as long as a canonical SignedInfo.
const SIGNED_INFO: [u8; 800] = [b'x'; 800];

pub(crate) struct Floor {
    key: ParsedPublicKey,
    signature: Vec<u8>,
    ours: Rsa<Private>,
    wrapped: Vec<u8>,
}

impl Floor {
    pub(crate) fn new() -> Self {
        let pem = |name| fs::read(folder("keys").join(name)).expect(name);
        let idp = PKey::private_key_from_pem(&pem("idp-rsa.pem")).expect("a key");
        let mut signer = Signer::new(MessageDigest::sha256(), &idp).expect("a signer");
        signer.update(&SIGNED_INFO).expect("RSA works");
        let spki = idp.public_key_to_der().expect("a public key");
        let ours = Rsa::private_key_from_pem(&pem("sp.pem")).expect("an RSA key");
        let mut wrapped = vec![1; usize::try_from(ours.size()).expect("a size")];
        wrapped[0] = 0;
        Self {
            key: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki).expect("a strong key"),
            signature: signer.sign_to_vec().expect("RSA works"),
            ours,
            wrapped,
        }
    }

    /// The work for the body of a form, with so many signatures to verify.
    pub(crate) fn work(&self, body: &[u8], signatures: usize) {
        let value = percent_decoded(body.strip_prefix(b"SAMLResponse=").expect("a form"));
        let xml = base64_simd::STANDARD.decode_to_vec(value).expect("base64");
        let xml = std::str::from_utf8(&xml).expect("UTF-8");
        black_box(tags(xml));
        black_box(digest(&SHA256, xml.as_bytes()));
        for _ in 0..signatures {
            self.key.verify_sig(&SIGNED_INFO, &self.signature).expect("a signature");
        }
    }

    /// RSA-2048 with the private key, by OpenSSL.
    pub(crate) fn private_operation(&self) {
        let mut plain = vec![0; self.wrapped.len()];
        self.ours.private_decrypt(&self.wrapped, &mut plain, Padding::NONE).expect("RSA works");
        black_box(plain);
    }
}

fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        let hex = std::str::from_utf8(&rest[at + 1..at + 3]).expect("two digits");
        out.push(u8::from_str_radix(hex, 16).expect("two digits"));
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest);
    out
}

/// How many tags there are: a parser that looks at each of them and checks how they nest.
fn tags(xml: &str) -> usize {
    let mut reader = Reader::from_str(xml);
    let mut tags = 0;
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => return tags,
            Event::Start(_) | Event::Empty(_) | Event::End(_) => tags += 1,
            _ => {}
        }
    }
}
