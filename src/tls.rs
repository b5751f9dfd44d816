//! A certificate and its private key for the listener, from PEM to what rustls serves with. Shows neither in Debug output,
//! logs or messages.

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::Arc;

/// A certificate chain and a private key as they were read: two texts, about which nothing is known yet.
#[derive(Clone, PartialEq, Eq)]
pub struct PemPair {
    /// The certificate of the service first, then those that lead to the authority.
    pub certificate: String,
    /// PKCS#8, PKCS#1 or SEC1, without a passphrase.
    pub private_key: String,
}

impl PemPair {
    /// What a listener serves with: TLS 1.2 and 1.3, HTTP/1.1.
    ///
    /// # Errors
    /// A sentence for the admin when the two cannot be read, or do not belong together. It never repeats the key.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, String> {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|chain| !chain.is_empty())
            .ok_or("the certificate is not PEM")?;
        let key = PrivateKeyDer::from_pem_slice(self.private_key.as_bytes())
            .map_err(|_| "the private key is not PEM without a passphrase")?;
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|fault| fault.to_string())?;
        let mut config =
            builder.with_no_client_auth().with_single_cert(chain, key).map_err(|fault| match fault {
                rustls::Error::InconsistentKeys(_) => {
                    "the certificate and the private key do not belong together".to_owned()
                }
                other => other.to_string(),
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for PemPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PemPair")
    }
}
