//! Our own keys as a service provider: they sign AuthnRequests, and open what IdPs encrypt for us.

use super::DSIG;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::core::algorithm;
use bergshamra::crypto::sign;
use bergshamra::keys::loader::load_pem_auto;
use bergshamra::{DsigContext, Key, KeysManager};
use openssl::pkey::{Id, PKey};
use openssl::x509::X509;
use std::fmt;

/// A private key and its certificate, known to belong together. Debug shows neither.
#[derive(Clone)]
pub struct SpKey {
    certificate: Vec<u8>,
    private_key: String,
    encryption: bool,
    algorithm: &'static str,
}

impl SpKey {
    /// Takes a certificate and its private key, both PEM: RSA of 2,048 bits or more, or EC on P-256 or P-384. An RSA key
    /// is for encryption too, if `encryption` says so.
    ///
    /// # Errors
    /// A sentence for the admin. It never repeats the key.
    pub fn from_pem(certificate: &str, private_key: &str, encryption: bool) -> Result<Self, String> {
        // An empty passphrase keeps OpenSSL from asking for one on the terminal.
        let certificate = X509::from_pem(certificate.as_bytes()).map_err(|_| "the certificate is not PEM")?;
        let private = PKey::private_key_from_pem_passphrase(private_key.as_bytes(), b"")
            .map_err(|_| "the private key is not PEM")?;
        let public = certificate.public_key().map_err(|_| "the certificate's public key is unreadable")?;
        if !public.public_eq(&private) {
            return Err("the certificate and the private key do not belong together".into());
        }
        let (rsa, algorithm) = match (private.id(), private.bits()) {
            (Id::RSA, 2_048..) => (true, algorithm::RSA_SHA256),
            (Id::EC, 256) => (false, algorithm::ECDSA_SHA256),
            (Id::EC, 384) => (false, algorithm::ECDSA_SHA384),
            _ => return Err("neither RSA of 2048 bits or more, nor EC on P-256 or P-384".into()),
        };
        let unusable = |_| "the private key cannot be used";
        let private = private.private_key_to_pem_pkcs8().map_err(unusable)?;
        let private_key = String::from_utf8(private).map_err(|_| "the private key cannot be used")?;
        load_pem_auto(private_key.as_bytes(), None).map_err(|_| "the private key cannot be used")?;
        let certificate = certificate.to_der().map_err(|_| "the certificate cannot be used")?;
        Ok(Self { certificate, private_key, encryption: encryption && rsa, algorithm })
    }

    /// Whether it decrypts, and IdPs may encrypt for it.
    #[must_use]
    pub fn decrypts(&self) -> bool {
        self.encryption
    }

    /// The certificate, DER in base64, as metadata carries it.
    #[must_use]
    pub fn certificate_base64(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    /// The private key, PKCS#8 PEM, to decrypt with.
    #[must_use]
    pub fn expose_private_key_pem(&self) -> &str {
        &self.private_key
    }

    /// URI of the algorithm that it signs with.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// Signs the octets of a query string (saml-bindings 3.4.4.1).
    pub fn sign_octets(&self, octets: &[u8]) -> Result<Vec<u8>, String> {
        let key =
            self.load()?.to_signing_key().map_err(|fault| fault.to_string())?.ok_or("no signing key")?;
        sign::from_uri(self.algorithm)
            .and_then(|algorithm| algorithm.sign(&key, octets))
            .map_err(|fault| fault.to_string())
    }

    /// Signs a message whose element with this ID has an Issuer: an enveloped signature right after it, where the schema
    /// has it (saml-core 3.2.1).
    pub fn sign_message(&self, xml: &str, id: &str, issuer_end: &str) -> Result<String, String> {
        let template = format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>\
             <ds:CanonicalizationMethod Algorithm=\"{c14n}\"/><ds:SignatureMethod Algorithm=\"{method}\"/>\
             <ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{enveloped}\"/>\
             <ds:Transform Algorithm=\"{c14n}\"/></ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"/>\
             <ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>\
             <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </ds:Signature>",
            c14n = algorithm::EXC_C14N,
            method = self.algorithm,
            enveloped = algorithm::ENVELOPED_SIGNATURE,
            digest = algorithm::SHA256,
            certificate = self.certificate_base64(),
        );
        let (before, after) = xml.split_once(issuer_end).ok_or("a message without Issuer")?;
        let mut keys = KeysManager::new();
        keys.add_key(self.load()?);
        bergshamra::sign(&DsigContext::new(keys), &format!("{before}{issuer_end}{template}{after}"))
            .map_err(|fault| fault.to_string())
    }

    fn load(&self) -> Result<Key, String> {
        load_pem_auto(self.private_key.as_bytes(), None).map_err(|fault| fault.to_string())
    }
}

impl fmt::Debug for SpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
