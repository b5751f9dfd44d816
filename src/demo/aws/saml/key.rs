//! A public key of an identity provider, checked with OpenSSL; the gateway checks with another library.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509;

/// How the bytes of a signature came about (XML Signature 6.4, RFC 6931 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// RSA PKCS#1 v1.5.
    Pkcs1,
    /// RSA PSS, with the same hash for the mask and a salt as long as the hash.
    Pss,
    /// ECDSA, as two integers side by side.
    Ecdsa,
}

/// A public key that is strong enough.
pub(super) struct VerifyingKey {
    key: PKey<Public>,
    /// Bytes of one integer of an ECDSA signature; none for RSA.
    curve: Option<usize>,
}

impl VerifyingKey {
    /// The key of a certificate (DER): RSA of 2,048 to 8,192 bits, P-256, P-384 or P-521.
    pub(super) fn of_certificate(der: &[u8]) -> Option<Self> {
        let key = X509::from_der(der).ok()?.public_key().ok()?;
        let curve = match key.id() {
            Id::RSA if (2048..=8192).contains(&key.bits()) => None,
            Id::EC => match key.ec_key().ok()?.group().curve_name()? {
                Nid::X9_62_PRIME256V1 => Some(32),
                Nid::SECP384R1 => Some(48),
                Nid::SECP521R1 => Some(66),
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { key, curve })
    }

    /// Whether `value` is this key's signature of `data`.
    pub(super) fn verifies(&self, scheme: Scheme, digest: MessageDigest, data: &[u8], value: &[u8]) -> bool {
        let verified = match (scheme, self.curve) {
            (Scheme::Pkcs1 | Scheme::Pss, None) => self.rsa(scheme, digest, data, value),
            (Scheme::Ecdsa, Some(width)) if value.len() == 2 * width => {
                let (r, s) = value.split_at(width);
                self.ecdsa(digest, data, r, s)
            }
            _ => return false,
        };
        verified.unwrap_or(false)
    }

    fn rsa(
        &self,
        scheme: Scheme,
        digest: MessageDigest,
        data: &[u8],
        value: &[u8],
    ) -> Result<bool, ErrorStack> {
        let mut verifier = Verifier::new(digest, &self.key)?;
        if scheme == Scheme::Pss {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_mgf1_md(digest)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        verifier.verify_oneshot(value, data)
    }

    fn ecdsa(&self, digest: MessageDigest, data: &[u8], r: &[u8], s: &[u8]) -> Result<bool, ErrorStack> {
        let signature = EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
        let mut verifier = Verifier::new(digest, &self.key)?;
        verifier.verify_oneshot(&signature.to_der()?, data)
    }
}
