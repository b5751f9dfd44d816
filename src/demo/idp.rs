//! Embedded identity provider: a real SAML 2.0 IdP over HTTP, for the demo and the tests. It signs for people who never
//! proved who they are, so it listens on loopback only, and `serve` cannot reach it. Its parts are public because the
//! integration tests use them: [`response`] makes valid responses and breaks them one thing at a time.

pub mod encryption;
pub mod key;
pub mod metadata;
mod pages;
pub mod people;
mod request;
pub mod response;
mod server;
pub mod signature;
mod xml;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::key::SigningKey;
use self::people::Person;
use self::response::Addressing;
use self::server::Idp;
use self::signature::Signed;
use crate::clock::Clock;

/// What an IdP has to know before it can start.
#[derive(Debug, Clone)]
pub struct IdpSetup {
    /// Its own entity ID: the issuer of everything that it signs.
    pub entity_id: String,
    /// The one service provider that it serves.
    pub service_provider: ServiceProvider,
    /// Who can sign in.
    pub people: Vec<Person>,
    /// Which elements of its responses it signs.
    pub signed: Signed,
}

/// A service provider, as it would be registered from its metadata.
#[derive(Debug, Clone)]
pub struct ServiceProvider {
    /// Issuer of its requests.
    pub entity_id: String,
    /// The only URL that responses are sent to.
    pub acs_url: String,
    /// The audiences of its assertions: usually its entity ID, and one that AWS knows.
    pub audiences: Vec<String>,
}

/// A running IdP. It stops when it is dropped.
#[derive(Debug)]
pub struct EmbeddedIdp {
    url: String,
    idp: Arc<Idp>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl EmbeddedIdp {
    /// Starts an IdP on `listener`. The caller binds it first (to port 0, say), because the gateway's configuration has
    /// to name the IdP's URL, and the IdP the gateway's, before either of them starts. Fails if the listener's address
    /// is not a loopback address.
    pub fn start(listener: TcpListener, setup: IdpSetup, key: SigningKey, clock: Clock) -> io::Result<Self> {
        let url = url_of(&listener)?;
        let idp = Arc::new(Idp { sso_url: sso_url(&url), setup, key, clock });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving =
            axum::serve(listener, server::router(Arc::clone(&idp))).with_graceful_shutdown(async move {
                // Both a message and a dropped sender mean stop.
                let _ = stopped.await;
            });
        let task = tokio::spawn(async move { serving.await });
        Ok(Self { url, idp, stop, task })
    }

    /// Its URL, without a slash at the end. The page there is the portal, where IdP-initiated sign-ins start.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its entity ID.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        &self.idp.setup.entity_id
    }

    /// Where it takes requests, by HTTP-Redirect and HTTP-POST.
    #[must_use]
    pub fn sso_url(&self) -> &str {
        &self.idp.sso_url
    }

    /// Who speaks to whom in its responses: for tests that make responses of their own with the same key.
    #[must_use]
    pub fn addressing(&self) -> Addressing {
        self.idp.addressing()
    }

    /// Its metadata, as `GET /metadata` answers. Fails only if OpenSSL cannot write the certificate.
    pub fn metadata_xml(&self) -> Result<String, openssl::error::ErrorStack> {
        metadata::metadata_xml(&self.idp.setup.entity_id, &self.idp.sso_url, &[&self.idp.key])
    }

    /// Stops it and waits until it has stopped. Fails if serving had failed before.
    pub async fn stop(self) -> io::Result<()> {
        drop(self.stop);
        self.task.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// The URL of an IdP that is going to listen there. Fails if the address is not a loopback address.
pub fn url_of(listener: &TcpListener) -> io::Result<String> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let message =
            format!("the embedded IdP signs for anybody and listens on loopback only, not on {address}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(format!("http://{address}"))
}

/// Where an IdP with this URL takes requests.
#[must_use]
pub fn sso_url(url: &str) -> String {
    format!("{url}/sso")
}

#[cfg(test)]
mod tests;
