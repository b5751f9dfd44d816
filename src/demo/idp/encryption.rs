//! Encrypted assertions (SAML core 2.3.4, XML Encryption 1.1), made the way an IdP makes them, and with the algorithms
//! that a gateway has to refuse as well. Never decrypts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::core::algorithm;
use openssl::encrypt::Encrypter;
use openssl::hash::MessageDigest;
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, encrypt, encrypt_aead};
use openssl::x509::X509;
use uppsala::Parser;

use super::key::SigningKey;
use super::response::Response;
use super::signature::{Algorithms, Signed, SigningError, digest_for, sign_xml};
use super::xml::escape;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// The algorithms of an encryption, as the URIs in [`bergshamra::core::algorithm`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// How the assertion is encrypted.
    pub data_method: String,
    /// How its key is encrypted.
    pub key_transport: String,
    /// `DigestMethod` of OAEP; SHA-1 if there is none.
    pub digest: Option<String>,
    /// `MGF` of OAEP (XML Encryption 1.1 only); MGF1 with SHA-1 if there is none.
    pub mgf: Option<String>,
}

impl Encryption {
    /// AES-256-GCM with OAEP and SHA-256 throughout.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            data_method: algorithm::AES256_GCM.to_owned(),
            key_transport: algorithm::RSA_OAEP_ENC11.to_owned(),
            digest: Some(algorithm::SHA256.to_owned()),
            mgf: Some(algorithm::MGF1_SHA256.to_owned()),
        }
    }
}

impl Response {
    /// The message with its assertion encrypted for the recipient's certificate (PEM): signed inside, around, or both,
    /// as `what` says.
    pub fn sign_encrypted(
        &self,
        key: &SigningKey,
        what: Signed,
        recipient_certificate: &str,
        encryption: &Encryption,
    ) -> Result<String, SigningError> {
        let inside = if matches!(what, Signed::Assertion | Signed::Both) {
            Signed::Assertion
        } else {
            Signed::Nothing
        };
        let xml = encrypt_assertion(&self.sign(key, inside)?, recipient_certificate, encryption)?;
        if matches!(what, Signed::Response | Signed::Both) {
            return sign_xml(&xml, &self.id, key, &Algorithms::usual(key));
        }
        Ok(xml)
    }
}

/// Puts an `EncryptedAssertion` for the recipient's certificate (PEM) in the place of the first Assertion in `xml`. Sign
/// the assertion before, and the response after.
pub fn encrypt_assertion(
    xml: &str,
    recipient_certificate: &str,
    encryption: &Encryption,
) -> Result<String, SigningError> {
    let range = {
        let document =
            Parser::new().parse(xml).map_err(|error| SigningError::Malformed(error.to_string()))?;
        let assertions = document.get_elements_by_tag_name_ns(ASSERTION, "Assertion");
        assertions
            .first()
            .and_then(|assertion| document.node_range(*assertion))
            .ok_or_else(|| SigningError::NoSuchElement("Assertion".to_owned()))?
    };
    let (before, rest) = xml.split_at(range.start);
    let (assertion, after) = rest.split_at(range.len());
    let encrypted = encrypted_data(assertion.as_bytes(), recipient_certificate, encryption)?;
    Ok(format!(
        "{before}<saml:EncryptedAssertion xmlns:saml=\"{ASSERTION}\">{encrypted}</saml:EncryptedAssertion>{after}"
    ))
}

fn encrypted_data(plain: &[u8], certificate: &str, encryption: &Encryption) -> Result<String, SigningError> {
    let (key, data) = encrypt_data(&encryption.data_method, plain)?;
    let key = transport_key(certificate, encryption, &key)?;
    let parameter = |name: &str, namespace: &str, uri: &Option<String>| {
        let prefix = name.split(':').next().unwrap_or_default();
        uri.as_ref().map_or_else(String::new, |uri| {
            format!("<{name} xmlns:{prefix}=\"{namespace}\" Algorithm=\"{}\"/>", escape(uri))
        })
    };
    let digest = parameter("ds:DigestMethod", DSIG, &encryption.digest);
    let mgf = parameter("xenc11:MGF", XENC11, &encryption.mgf);
    Ok(format!(
        "<xenc:EncryptedData xmlns:xenc=\"{XENC}\" Type=\"{XENC}Element\">\
         <xenc:EncryptionMethod Algorithm=\"{data_method}\"/>\
         <ds:KeyInfo xmlns:ds=\"{DSIG}\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"{key_transport}\">{digest}{mgf}</xenc:EncryptionMethod>\
         <xenc:CipherData><xenc:CipherValue>{key}</xenc:CipherValue></xenc:CipherData>\
         </xenc:EncryptedKey></ds:KeyInfo>\
         <xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>",
        data_method = escape(&encryption.data_method),
        key_transport = escape(&encryption.key_transport),
        key = STANDARD.encode(key),
        data = STANDARD.encode(data),
    ))
}

/// A fresh key, and the data under it as XML Encryption 5.2 lays it out: the IV first, and for GCM the tag last.
fn encrypt_data(method: &str, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), SigningError> {
    let (cipher, authenticated) = match method {
        algorithm::AES128_CBC => (Cipher::aes_128_cbc(), false),
        algorithm::AES192_CBC => (Cipher::aes_192_cbc(), false),
        algorithm::AES256_CBC => (Cipher::aes_256_cbc(), false),
        algorithm::TRIPLEDES_CBC => (Cipher::des_ede3_cbc(), false),
        algorithm::AES128_GCM => (Cipher::aes_128_gcm(), true),
        algorithm::AES192_GCM => (Cipher::aes_192_gcm(), true),
        algorithm::AES256_GCM => (Cipher::aes_256_gcm(), true),
        other => return Err(SigningError::UnknownAlgorithm(other.to_owned())),
    };
    let mut key = vec![0; cipher.key_len()];
    rand_bytes(&mut key)?;
    let mut data = vec![0; cipher.iv_len().unwrap_or_default()];
    rand_bytes(&mut data)?;
    let mut tag = [0; 16];
    let sealed = if authenticated {
        encrypt_aead(cipher, &key, Some(&data), &[], plain, &mut tag)?
    } else {
        encrypt(cipher, &key, Some(&data), plain)?
    };
    data.extend(sealed);
    if authenticated {
        data.extend(tag);
    }
    Ok((key, data))
}

/// The key under the recipient's public key (XML Encryption 5.5).
fn transport_key(certificate: &str, encryption: &Encryption, key: &[u8]) -> Result<Vec<u8>, SigningError> {
    let recipient = X509::from_pem(certificate.as_bytes())?.public_key()?;
    let mut encrypter = Encrypter::new(&recipient)?;
    match encryption.key_transport.as_str() {
        algorithm::RSA_PKCS1 => encrypter.set_rsa_padding(Padding::PKCS1)?,
        algorithm::RSA_OAEP | algorithm::RSA_OAEP_ENC11 => {
            encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
            encrypter
                .set_rsa_oaep_md(digest_for(encryption.digest.as_deref().unwrap_or(algorithm::SHA1))?)?;
            encrypter.set_rsa_mgf1_md(mgf_digest(encryption.mgf.as_deref())?)?;
        }
        other => return Err(SigningError::UnknownAlgorithm(other.to_owned())),
    }
    let mut out = vec![0; encrypter.encrypt_len(key)?];
    let length = encrypter.encrypt(key, &mut out)?;
    out.truncate(length);
    Ok(out)
}

fn mgf_digest(mgf: Option<&str>) -> Result<MessageDigest, SigningError> {
    Ok(match mgf {
        None | Some(algorithm::MGF1_SHA1) => MessageDigest::sha1(),
        Some(algorithm::MGF1_SHA256) => MessageDigest::sha256(),
        Some(algorithm::MGF1_SHA384) => MessageDigest::sha384(),
        Some(algorithm::MGF1_SHA512) => MessageDigest::sha512(),
        Some(other) => return Err(SigningError::UnknownAlgorithm(other.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use bergshamra::{EncContext, Key, KeyUsage, KeysManager, decrypt};

    use super::super::key::tests::rsa;
    use super::super::signature::tests::{covered, response};
    use super::*;

    fn opened(xml: &str) -> Result<String, bergshamra::Error> {
        let pem = rsa().private_key_pem().unwrap();
        let loaded = bergshamra::keys::loader::load_pem_auto(pem.as_bytes(), None)?;
        let mut keys = KeysManager::new();
        keys.add_key(Key::new(loaded.data, KeyUsage::Any));
        decrypt(&EncContext::new(keys), xml)
    }

    fn with(data: &str, transport: &str, digest: Option<&str>, mgf: Option<&str>) -> Encryption {
        Encryption {
            data_method: data.to_owned(),
            key_transport: transport.to_owned(),
            digest: digest.map(str::to_owned),
            mgf: mgf.map(str::to_owned),
        }
    }

    fn encrypted(encryption: &Encryption) -> Result<String, SigningError> {
        let signed = response().sign(rsa(), Signed::Assertion)?;
        encrypt_assertion(&signed, &rsa().certificate_pem()?, encryption)
    }

    #[test]
    fn another_library_decrypts_it_and_the_signature_inside_holds() {
        use algorithm as a;
        for encryption in [
            Encryption::usual(),
            with(a::AES128_GCM, a::RSA_OAEP, None, None),
            with(a::AES128_CBC, a::RSA_OAEP, None, None),
            with(a::AES256_CBC, a::RSA_OAEP, Some(a::SHA1), None),
            with(a::AES256_CBC, a::RSA_OAEP_ENC11, Some(a::SHA512), Some(a::MGF1_SHA512)),
        ] {
            let xml = encrypted(&encryption).unwrap();
            assert!(!xml.contains("AttributeStatement"), "{encryption:?}");
            let plain = opened(&xml).unwrap_or_else(|error| panic!("{encryption:?}: {error}"));
            assert_eq!(covered(&plain, rsa()).map(|ids| ids.len()), Some(1), "{encryption:?}");
        }
    }

    #[test]
    fn the_response_can_be_signed_around_it() {
        let response = response();
        let certificate = rsa().certificate_pem().unwrap();
        let xml = response.sign_encrypted(rsa(), Signed::Both, &certificate, &Encryption::usual()).unwrap();
        assert_eq!(covered(&xml, rsa()), Some(vec![response.id]));
    }

    #[test]
    fn what_has_to_be_refused_can_be_made() {
        use algorithm as a;
        assert!(encrypted(&with(a::TRIPLEDES_CBC, a::RSA_OAEP, None, None)).is_ok());
        assert!(encrypted(&with(a::AES256_GCM, a::RSA_PKCS1, None, None)).is_ok());
    }
}
