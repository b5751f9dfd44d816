//! The identity providers as they are known now: settings from the configuration, metadata from a file or the web.

mod fetch;

pub use fetch::{MetadataClient, keep_fresh};

use crate::config::{Config, Idp};
use crate::saml::metadata::IdpMetadata;
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use url::Url;

/// An identity provider with its present metadata.
#[derive(Debug, Clone)]
pub struct KnownIdp {
    /// What the configuration says.
    pub settings: Arc<Idp>,
    /// Who it is and what it signs with.
    pub metadata: Arc<IdpMetadata>,
}

impl KnownIdp {
    /// Whether requests go by the HTTP-POST binding: as configured, or where the metadata offers nothing else.
    #[must_use]
    pub fn by_post(&self) -> bool {
        self.settings.request.by_post.unwrap_or(self.metadata.sso_redirect.is_none())
    }

    /// Where an AuthnRequest is sent; `None` if the IdP takes none.
    #[must_use]
    pub fn sso_location(&self) -> Option<&str> {
        if self.by_post() { self.metadata.sso_post.as_deref() } else { self.metadata.sso_redirect.as_deref() }
    }

    /// Whether requests are signed: as configured, or as the metadata wants it.
    #[must_use]
    pub fn signs_requests(&self) -> bool {
        self.settings.request.signed.unwrap_or(self.metadata.wants_signed_requests)
    }

    /// Whether the metadata may still be used.
    #[must_use]
    pub fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.metadata.valid_until.is_none_or(|until| now < until)
    }
}

impl Known {
    fn take(&mut self, settings: &Arc<Idp>, metadata: Arc<IdpMetadata>) -> Result<(), String> {
        if let Some(other) = self.keys.get(&metadata.entity_id).filter(|key| **key != settings.key) {
            return Err(format!("the IdP {other:?} has the same entity ID"));
        }
        if let Some(before) = self.by_key.get(&settings.key) {
            self.keys.remove(&before.metadata.entity_id);
        }
        self.plain_origins = OnceLock::new();
        self.keys.insert(metadata.entity_id.clone(), settings.key.clone());
        self.by_key.insert(settings.key.clone(), KnownIdp { settings: Arc::clone(settings), metadata });
        Ok(())
    }
}

/// All identity providers. Lookups see one consistent state; a new copy of metadata replaces it as a whole.
pub struct Idps {
    settings: Vec<Arc<Idp>>,
    known: RwLock<Arc<Known>>,
}

#[derive(Default, Clone)]
struct Known {
    by_key: HashMap<String, KnownIdp>,
    /// Entity ID to key.
    keys: HashMap<String, String>,
    /// Looked for once, since every answer of a gateway without TLS asks.
    plain_origins: OnceLock<Arc<[String]>>,
}

impl Idps {
    /// Starts with the metadata that files hold.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let mut known = Known::default();
        for settings in &config.idps {
            if let Some(metadata) = &settings.metadata.file {
                // The configuration has no two IdPs with one entity ID.
                let _ = known.take(settings, Arc::clone(metadata));
            }
        }
        Self { settings: config.idps.clone(), known: RwLock::new(Arc::new(known)) }
    }

    /// The same for another configuration. Metadata from the web stays known where the new configuration takes it from the
    /// same place on the same terms.
    #[must_use]
    pub fn with_configuration(&self, config: &Config) -> Self {
        let idps = Self::new(config);
        for settings in &config.idps {
            let known = self.by_key(&settings.key).filter(|known| {
                let (old, new) = (&known.settings.metadata, &settings.metadata);
                let pair = old.url.as_ref().zip(new.url.as_ref());
                old.entity_id == new.entity_id && pair.is_some_and(|(old, new)| old.is_trusted_like(new))
            });
            if let Some(known) = known
                && let Err(fault) = idps.install(settings, known.metadata)
            {
                tracing::error!(target: "studio_gateway::idps", idp = settings.key, "{fault}");
            }
        }
        idps
    }

    /// The IdP with this key, if its metadata is known.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<KnownIdp> {
        self.snapshot().by_key.get(key).cloned()
    }

    /// The IdP with this entity ID.
    #[must_use]
    pub fn by_entity_id(&self, entity_id: &str) -> Option<KnownIdp> {
        let known = self.snapshot();
        known.by_key.get(known.keys.get(entity_id)?).cloned()
    }

    /// All IdPs whose metadata is known, in the order of the configuration.
    #[must_use]
    pub fn all(&self) -> Vec<KnownIdp> {
        let known = self.snapshot();
        self.settings.iter().filter_map(|settings| known.by_key.get(&settings.key).cloned()).collect()
    }

    /// Origins of the endpoints for requests that are without TLS, each once.
    #[must_use]
    pub fn plain_origins(&self) -> Arc<[String]> {
        let known = self.snapshot();
        let look = || {
            let locations = known.by_key.values().filter_map(KnownIdp::sso_location);
            let urls = locations.filter_map(|location| Url::parse(location).ok());
            let plain: BTreeSet<_> = urls
                .filter(|url| url.scheme() == "http")
                .map(|url| url.origin().ascii_serialization())
                .collect();
            plain.into_iter().collect()
        };
        Arc::clone(known.plain_origins.get_or_init(look))
    }

    /// Takes a new copy of an IdP's metadata.
    ///
    /// # Errors
    /// When another IdP has its entity ID: which keys verify an issuer must never be a matter of order.
    pub fn install(&self, settings: &Arc<Idp>, metadata: Arc<IdpMetadata>) -> Result<(), String> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Known::clone(&known);
        next.take(settings, metadata)?;
        *known = Arc::new(next);
        Ok(())
    }

    fn snapshot(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Idps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.settings.iter().map(|settings| &settings.key)).finish()
    }
}
