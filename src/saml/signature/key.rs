//! One public key of an IdP, and which signature algorithms it is good for. Never takes a key that is weak or of a kind
//! that is not listed.

use aws_lc_rs::signature::{self as aws, ParsedPublicKey, VerificationAlgorithm};
use bergshamra::core::algorithm as uri;
use std::sync::OnceLock;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey as Parsed;

/// RSA moduli accepted, in bits: the strength that is needed, and the cost that is bearable.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A public key that was checked once and can be used for any message.
pub(super) struct PublicKey {
    kind: Kind,
    /// SubjectPublicKeyInfo in DER.
    spki: Vec<u8>,
    methods: Vec<Method>,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

/// A `SignatureMethod` that a key can be used with. Parsed for its first message, so that AWS-LC keeps what it works out
/// for a key; an IdP uses one or two methods of the many.
struct Method {
    name: &'static str,
    algorithm: &'static dyn VerificationAlgorithm,
    parsed: OnceLock<Option<ParsedPublicKey>>,
}

impl Method {
    fn parsed(&self, spki: &[u8]) -> Option<&ParsedPublicKey> {
        self.parsed.get_or_init(|| ParsedPublicKey::new(self.algorithm, spki).ok()).as_ref()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
}

impl PublicKey {
    /// The public key of a certificate (DER), if it is of an allowed kind and size.
    pub(super) fn of_certificate(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|fault| format!("not X.509: {fault}"))?;
        let spki = certificate.public_key();
        let kind = match spki.parsed() {
            Ok(Parsed::RSA(key)) if RSA_BITS.contains(&key.key_size()) => Kind::Rsa,
            Ok(Parsed::RSA(key)) => {
                return Err(format!(
                    "an RSA key of {} bits; {} to {} are needed",
                    key.key_size(),
                    RSA_BITS.start(),
                    RSA_BITS.end()
                ));
            }
            Ok(Parsed::EC(_)) => {
                let curve = spki.algorithm.parameters.as_ref();
                let curve = curve.and_then(|curve| curve.as_oid().ok());
                match curve.map(|curve| curve.to_id_string()).as_deref() {
                    Some("1.2.840.10045.3.1.7") => Kind::P256,
                    Some("1.3.132.0.34") => Kind::P384,
                    Some("1.3.132.0.35") => Kind::P521,
                    _ => return Err("an EC key on another curve than P-256, P-384 or P-521".into()),
                }
            }
            Ok(_) => return Err("neither an RSA key nor an EC key".into()),
            Err(fault) => return Err(format!("unreadable public key: {fault}")),
        };
        let methods = algorithms(kind).into_iter().map(|(name, algorithm)| Method {
            name,
            algorithm,
            parsed: OnceLock::new(),
        });
        let methods: Vec<_> = methods.collect();
        // A key that AWS-LC takes for one method it takes for all of its kind.
        if methods.first().is_none_or(|method| method.parsed(spki.raw).is_none()) {
            return Err("an invalid public key".into());
        }
        Ok(Self { kind, spki: spki.raw.to_vec(), methods })
    }

    /// Whether `value` is this key's signature of `message`. A method for another kind of key never is.
    pub(super) fn verifies(&self, method: &str, message: &[u8], value: &[u8]) -> bool {
        let method = self.methods.iter().find(|known| known.name == method);
        let Some(key) = method.and_then(|method| method.parsed(&self.spki)) else { return false };
        let width = match self.kind {
            Kind::Rsa => return key.verify_sig(message, value).is_ok(),
            Kind::P256 => 32,
            Kind::P384 => 48,
            Kind::P521 => 66,
        };
        ecdsa_der(value, width).is_some_and(|der| key.verify_sig(message, &der).is_ok())
    }
}

/// The algorithms for a kind of key, by `SignatureMethod`. For ECDSA any hash goes with any curve (RFC 6931 2.3.6).
fn algorithms(kind: Kind) -> Vec<(&'static str, &'static dyn VerificationAlgorithm)> {
    match kind {
        Kind::Rsa => vec![
            (uri::RSA_SHA256, &aws::RSA_PKCS1_2048_8192_SHA256),
            (uri::RSA_SHA384, &aws::RSA_PKCS1_2048_8192_SHA384),
            (uri::RSA_SHA512, &aws::RSA_PKCS1_2048_8192_SHA512),
            (uri::RSA_PSS_SHA256, &aws::RSA_PSS_2048_8192_SHA256),
            (uri::RSA_PSS_SHA384, &aws::RSA_PSS_2048_8192_SHA384),
            (uri::RSA_PSS_SHA512, &aws::RSA_PSS_2048_8192_SHA512),
        ],
        Kind::P256 => vec![
            (uri::ECDSA_SHA256, &aws::ECDSA_P256_SHA256_ASN1),
            (uri::ECDSA_SHA384, &aws::ECDSA_P256_SHA384_ASN1),
            (uri::ECDSA_SHA512, &aws::ECDSA_P256_SHA512_ASN1),
        ],
        Kind::P384 => vec![
            (uri::ECDSA_SHA256, &aws::ECDSA_P384_SHA256_ASN1),
            (uri::ECDSA_SHA384, &aws::ECDSA_P384_SHA384_ASN1),
            (uri::ECDSA_SHA512, &aws::ECDSA_P384_SHA512_ASN1),
        ],
        Kind::P521 => vec![
            (uri::ECDSA_SHA256, &aws::ECDSA_P521_SHA256_ASN1),
            (uri::ECDSA_SHA384, &aws::ECDSA_P521_SHA384_ASN1),
            (uri::ECDSA_SHA512, &aws::ECDSA_P521_SHA512_ASN1),
        ],
    }
}

/// XML signatures carry r and s side by side (XML-DSig 6.4.3); AWS-LC takes that for some pairs of curve and hash only,
/// and the SEQUENCE of two INTEGERs for all.
fn ecdsa_der(value: &[u8], width: usize) -> Option<Vec<u8>> {
    if value.len() != 2 * width {
        return None;
    }
    let (r, s) = value.split_at(width);
    let mut body = Vec::with_capacity(2 * width + 6);
    for integer in [r, s] {
        let zeros = integer.iter().take_while(|byte| **byte == 0).count();
        let digits = integer.get(zeros..)?;
        let first = *digits.first()?;
        let sign = usize::from(first >= 0x80);
        body.extend([0x02, u8::try_from(digits.len() + sign).ok()?]);
        body.extend(std::iter::repeat_n(0, sign));
        body.extend(digits);
    }
    let mut der = vec![0x30];
    if body.len() >= 0x80 {
        der.push(0x81);
    }
    der.push(u8::try_from(body.len()).ok()?);
    der.extend(body);
    Some(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_and_s_become_two_positive_integers() {
        let mut value = [0; 8];
        value[3] = 0x7f;
        value[7] = 0x80;
        assert_eq!(ecdsa_der(&value, 4).unwrap(), [0x30, 0x07, 0x02, 0x01, 0x7f, 0x02, 0x02, 0x00, 0x80]);
        assert_eq!(ecdsa_der(&[0xff; 132], 66).unwrap()[..3], [0x30, 0x81, 138]);
    }

    #[test]
    fn a_zero_or_a_wrong_length_is_no_signature() {
        assert_eq!(ecdsa_der(&[0; 8], 4), None);
        assert_eq!(ecdsa_der(&[1; 7], 4), None);
        assert_eq!(ecdsa_der(&[1; 9], 4), None);
        assert_eq!(ecdsa_der(&[], 4), None);
    }
}
