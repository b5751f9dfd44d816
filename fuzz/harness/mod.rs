//! What the fuzz targets do with an input, apart from the fuzzer: `tests/regressions.rs` replays seeds and findings with
//! the same functions. A function returns or panics; a panic is a finding.
//!
//! There is one world: an IdP with two keys, a gateway with one, and one moment. Keys and seeds are files, so that a
//! finding stays one on another machine. These keys protect nothing.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a panic is how a harness reports, and no target uses all of it"
)]

pub(crate) mod decode;
pub(crate) mod metadata;
pub(crate) mod mutate;
pub(crate) mod signed;
pub(crate) mod unseal;
pub(crate) mod verify;

use chrono::{DateTime, TimeDelta, Utc};
use gateway::demo::idp::key::SigningKey;
use gateway::saml::{DecryptionKeys, Expected, TrustedKeys};
use openssl::encrypt::Encrypter;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, encrypt_aead};
use openssl::x509::X509;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

pub(crate) const IDP: &str = "https://idp.example.com/metadata";
pub(crate) const ACS: &str = "https://studio.example.com/saml/acs";
pub(crate) const AUDIENCE: &str = "https://studio.example.com/saml/metadata";
/// The one request that the browser waits for.
pub(crate) const REQUEST: &str = "_request";
/// No input may take longer.
const LONGEST: Duration = Duration::from_secs(1);
/// What stands between two of these is encrypted for the gateway before anything else happens: anybody can do that, and
/// no fuzzer would find it out. XML cannot contain the character.
pub(crate) const ENCRYPT: char = '\u{1}';

pub(crate) struct World {
    pub(crate) rsa: SigningKey,
    pub(crate) ec: SigningKey,
    pub(crate) keys: TrustedKeys,
    pub(crate) decryption: DecryptionKeys,
    audiences: Vec<String>,
    outstanding: Vec<String>,
    wrapped_key: String,
}

pub(crate) fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| {
        let pem = |name| fs::read_to_string(folder("keys").join(name)).expect(name);
        let key = |name| SigningKey::from_pem(&pem(name), &pem(name)).expect(name);
        let (rsa, ec, sp) = (key("idp-rsa.pem"), key("idp-ec.pem"), pem("sp.pem"));
        let certificates = [&rsa, &ec].map(|key| key.certificate_der().expect("a certificate"));
        World {
            keys: TrustedKeys::from_certificates(&certificates).expect("strong keys").0,
            decryption: DecryptionKeys::from_pem(&[&sp]).expect("an RSA key"),
            audiences: vec![AUDIENCE.to_owned()],
            outstanding: vec![REQUEST.to_owned()],
            wrapped_key: openssl::base64::encode_block(&wrapped(&sp)),
            rsa,
            ec,
        }
    });
    &WORLD
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_355_600, 0).expect("2026-03-01T09:00:00Z")
}

/// Everything that a gateway can be made to allow is allowed: most is reached that way, and nothing forged may pass.
pub(crate) fn expected() -> Expected<'static> {
    Expected {
        idp_entity_id: IDP,
        acs_url: ACS,
        audiences: &world().audiences,
        outstanding: &world().outstanding,
        idp_initiated: true,
        skew: TimeDelta::seconds(60),
        cbc_without_response_signature: true,
    }
}

/// A folder next to the harness, whichever crate it is compiled into.
pub(crate) fn folder(name: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fuzz = [package.join("fuzz"), package.to_owned()];
    let fuzz = fuzz.into_iter().find(|path| path.join("harness").is_dir());
    fuzz.expect("the folder fuzz").join(name)
}

/// The files of a folder; none if there is no such folder.
pub(crate) fn files(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

/// Runs an input and panics if it takes too long each time: once may be the machine's fault.
pub(crate) fn bounded(run: impl Fn()) {
    let slow = || {
        let start = Instant::now();
        run();
        start.elapsed() > LONGEST
    };
    assert!(!(slow() && slow() && slow()), "it takes more than a second");
}

/// The input with everything between pairs of [`ENCRYPT`] encrypted, with one key and one IV, so that an input always
/// means the same.
pub(crate) fn encrypted(input: &str) -> String {
    let mut parts = input.split(ENCRYPT);
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(plain) = parts.next() {
        out += &envelope(plain);
        out += parts.next().unwrap_or_default();
    }
    out
}

const CONTENT_KEY: [u8; 16] = [7; 16];

fn envelope(plain: &str) -> String {
    let iv = [1; 12];
    let mut tag = [0; 16];
    let sealed =
        encrypt_aead(Cipher::aes_128_gcm(), &CONTENT_KEY, Some(&iv), &[], plain.as_bytes(), &mut tag);
    let data = [&iv[..], &sealed.expect("AES works"), &tag].concat();
    format!(
        "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\">\
         <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\
         <xenc:CipherData><xenc:CipherValue>{key}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>\
         <xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>",
        key = world().wrapped_key,
        data = openssl::base64::encode_block(&data),
    )
}

fn wrapped(certificate: &str) -> Vec<u8> {
    let certificate = X509::from_pem(certificate.as_bytes()).expect("a certificate");
    let key = certificate.public_key().expect("a public key");
    let mut encrypter = Encrypter::new(&key).expect("an encrypter");
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("OAEP");
    let mut out = vec![0; encrypter.encrypt_len(&CONTENT_KEY).expect("a length")];
    let length = encrypter.encrypt(&CONTENT_KEY, &mut out).expect("RSA works");
    out.truncate(length);
    out
}

/// Puts a changed input where the fuzzer wants it, and says how long it is. `None` if there is no room.
pub(crate) fn store(data: &mut [u8], room: usize, changed: &[u8]) -> Option<usize> {
    let place = data.get_mut(..changed.len()).filter(|place| place.len() <= room)?;
    place.copy_from_slice(changed);
    Some(changed.len())
}
