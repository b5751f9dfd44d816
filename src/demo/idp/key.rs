//! The IdP's keys and certificates, made with OpenSSL. The gateway verifies with another library (AWS-LC), so an error
//! in one of the two shows as a failed sign-in and not as a silent agreement; and OpenSSL still makes what the gateway
//! has to refuse: 1,024-bit RSA keys, SHA-1, MD5. Never shows a private key in Debug output or logs.

use std::fmt;

use chrono::{DateTime, Utc};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};
use openssl::x509::{X509, X509NameBuilder};

/// First and last second that the certificates of [`SigningKey::generate`] are valid: 2020 to the end of 2049, so that
/// tests can take place at any time.
const VALID: (i64, i64) = (1_577_836_800, 2_524_607_999);

/// What kind of key to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with so many bits. Below 2,048 only to be refused.
    Rsa(u32),
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// How the bytes of a signature are made (XML Signature 6.4, RFC 6931 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RSA PKCS#1 v1.5.
    Pkcs1,
    /// RSA PSS, MGF1 with the same hash, salt as long as the hash.
    Pss,
    /// ECDSA, as the two integers side by side.
    Ecdsa,
}

/// A private key and its self-signed certificate.
#[derive(Clone)]
pub struct SigningKey {
    key: PKey<Private>,
    certificate: X509,
}

impl SigningKey {
    /// A fresh key with a self-signed certificate for `common_name`. Fails if OpenSSL cannot make such a key.
    pub fn generate(kind: KeyKind, common_name: &str) -> Result<Self, ErrorStack> {
        Self::generate_valid(kind, common_name, VALID)
    }

    /// The same, with a certificate that is valid from `not_before` to `not_after`, in whole seconds.
    pub fn generate_between(
        kind: KeyKind,
        common_name: &str,
        not_before: DateTime<Utc>,
        not_after: DateTime<Utc>,
    ) -> Result<Self, ErrorStack> {
        Self::generate_valid(kind, common_name, (not_before.timestamp(), not_after.timestamp()))
    }

    fn generate_valid(kind: KeyKind, common_name: &str, valid: (i64, i64)) -> Result<Self, ErrorStack> {
        let key = match kind {
            KeyKind::Rsa(bits) => PKey::from_rsa(Rsa::generate(bits)?)?,
            KeyKind::P256 => elliptic(Nid::X9_62_PRIME256V1)?,
            KeyKind::P384 => elliptic(Nid::SECP384R1)?,
            KeyKind::P521 => elliptic(Nid::SECP521R1)?,
        };
        let certificate = self_signed(&key, common_name, valid)?;
        Ok(Self { key, certificate })
    }

    /// A key and its certificate from PEM. Fails if either cannot be read, or they do not belong together.
    pub fn from_pem(private_key: &str, certificate: &str) -> Result<Self, ErrorStack> {
        let key = PKey::private_key_from_pem(private_key.as_bytes())?;
        let certificate = X509::from_pem(certificate.as_bytes())?;
        if !certificate.public_key()?.public_eq(&key) {
            return Err(ErrorStack::get());
        }
        Ok(Self { key, certificate })
    }

    /// The certificate in PEM.
    pub fn certificate_pem(&self) -> Result<String, ErrorStack> {
        self.certificate.to_pem().map(|pem| String::from_utf8_lossy(&pem).into_owned())
    }

    /// The certificate in DER, as metadata carries it in base64.
    pub fn certificate_der(&self) -> Result<Vec<u8>, ErrorStack> {
        self.certificate.to_der()
    }

    /// The private key as PKCS#8 PEM: for keeping the demo's key between runs, and for tests that give the gateway its
    /// decryption key.
    pub fn private_key_pem(&self) -> Result<String, ErrorStack> {
        self.key.private_key_to_pem_pkcs8().map(|pem| String::from_utf8_lossy(&pem).into_owned())
    }

    /// Signs `data`; whether the scheme suits the key is for OpenSSL to say.
    pub(crate) fn sign(
        &self,
        scheme: Scheme,
        digest: MessageDigest,
        data: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let mut signer = Signer::new(digest, &self.key)?;
        if scheme == Scheme::Pss {
            signer.set_rsa_padding(Padding::PKCS1_PSS)?;
            signer.set_rsa_mgf1_md(digest)?;
            signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        signer.update(data)?;
        let signature = signer.sign_to_vec()?;
        if scheme != Scheme::Ecdsa {
            return Ok(signature);
        }
        // XML Signature wants r and s side by side, each as long as the curve's order; OpenSSL answers in DER.
        let parts = EcdsaSig::from_der(&signature)?;
        let width = i32::try_from(self.key.bits().div_ceil(8)).unwrap_or(i32::MAX);
        let mut joined = parts.r().to_vec_padded(width)?;
        joined.extend(parts.s().to_vec_padded(width)?);
        Ok(joined)
    }

    /// The signature method that suits this kind of key when the caller has no wish of its own.
    pub(crate) fn usual_signature_method(&self) -> &'static str {
        use bergshamra::core::algorithm;
        if self.key.id() == Id::EC { algorithm::ECDSA_SHA256 } else { algorithm::RSA_SHA256 }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("bits", &self.key.bits())
            .field("subject", &self.certificate.subject_name())
            .finish_non_exhaustive()
    }
}

fn elliptic(curve: Nid) -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn self_signed(key: &PKey<Private>, common_name: &str, valid: (i64, i64)) -> Result<X509, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    let serial = Asn1Integer::from_bn(&serial)?;
    let not_before = Asn1Time::from_unix(valid.0)?;
    let not_after = Asn1Time::from_unix(valid.1)?;

    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    certificate.set_serial_number(&serial)?;
    certificate.set_subject_name(&name)?;
    certificate.set_issuer_name(&name)?;
    certificate.set_not_before(&not_before)?;
    certificate.set_not_after(&not_after)?;
    certificate.set_pubkey(key)?;
    certificate.sign(key, MessageDigest::sha256())?;
    Ok(certificate.build())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::OnceLock;

    use super::*;

    /// One RSA-2048 key for all unit tests of a process.
    pub(crate) fn rsa() -> &'static SigningKey {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        KEY.get_or_init(|| SigningKey::generate(KeyKind::Rsa(2048), "idp.test").unwrap())
    }

    #[test]
    fn pem_round_trip_keeps_the_certificate() {
        let again =
            SigningKey::from_pem(&rsa().private_key_pem().unwrap(), &rsa().certificate_pem().unwrap())
                .unwrap();
        assert_eq!(again.certificate_der().unwrap(), rsa().certificate_der().unwrap());
    }

    #[test]
    fn a_certificate_of_another_key_is_refused() {
        let other = SigningKey::generate(KeyKind::P256, "other.test").unwrap();
        assert!(
            SigningKey::from_pem(&other.private_key_pem().unwrap(), &rsa().certificate_pem().unwrap())
                .is_err()
        );
    }

    #[test]
    fn debug_shows_no_key_material() {
        let shown = format!("{:?}", rsa());
        assert!(shown.contains("2048"), "{shown}");
        assert!(shown.len() < 200, "{shown}");
    }
}
