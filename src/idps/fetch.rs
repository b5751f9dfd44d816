//! Metadata from the web: fetched at start-up and kept fresh. A copy that cannot be used changes nothing: the last good
//! one stays until its own `validUntil`.

use super::Idps;
use crate::clock::Clock;
use crate::config::{Idp, MetadataUrl};
use crate::saml::metadata::IdpMetadata;
use chrono::{DateTime, Utc};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Longest time for one fetch.
const FETCH_LIMIT: Duration = Duration::from_secs(20);
/// Largest document: a federation's metadata may hold thousands of entities.
const MAX_DOCUMENT: usize = 64 * 1024 * 1024;
/// Shortest time between two fetches, whatever a document says, and the first pause after a failed one.
const SHORTEST: Duration = Duration::from_mins(1);

/// Fetches metadata over HTTPS.
#[derive(Debug)]
pub struct MetadataClient {
    client: Client,
    can_sign: bool,
}

impl MetadataClient {
    /// A client that follows no redirects: the configuration says where the metadata is. `can_sign`: whether there is a key
    /// to sign requests with.
    pub fn new(can_sign: bool) -> Result<Self, String> {
        Client::builder()
            .timeout(FETCH_LIMIT)
            .redirect(Policy::none())
            .build()
            .map(|client| Self { client, can_sign })
            .map_err(|fault| format!("no HTTP client: {fault}"))
    }

    /// Fetches the metadata of one IdP and installs it.
    ///
    /// # Errors
    /// A sentence for the admin. What was known before is unchanged.
    pub async fn refresh(
        &self,
        idps: &Idps,
        settings: &Arc<Idp>,
        now: DateTime<Utc>,
    ) -> Result<Duration, String> {
        let Some(source) = &settings.metadata.url else {
            return Err("no metadata_url".into());
        };
        let document = self.fetch(source).await.map_err(|fault| format!("{}: {fault}", source.url))?;
        let entity_id = settings.metadata.entity_id.as_deref();
        let metadata = IdpMetadata::parse(&document, entity_id, source.signed_by.as_ref(), now)
            .map_err(|fault| format!("{}: {fault}", source.url))?;
        let pause = pause(source, &metadata, now);
        for warning in metadata.warnings.iter().chain(&self.request_warnings(settings, &metadata)) {
            tracing::warn!(target: "studio_gateway::idps", idp = settings.key, "{warning}");
        }
        idps.install(settings, Arc::new(metadata))?;
        Ok(pause)
    }

    /// What a file would be refused for at start-up, and a document from the web is not: the IdP can change it at any time.
    fn request_warnings(&self, settings: &Idp, metadata: &IdpMetadata) -> Vec<String> {
        let mut warnings = Vec::new();
        if metadata.wants_signed_requests && settings.request.signed.is_none() && !self.can_sign {
            warnings.push(
                "the metadata wants signed requests, but saml.key has no key: they are sent unsigned".into(),
            );
        }
        let offered = match settings.request.by_post {
            Some(true) => metadata.sso_post.is_some(),
            Some(false) => metadata.sso_redirect.is_some(),
            None => metadata.sso_post.is_some() || metadata.sso_redirect.is_some(),
        };
        if !offered && (settings.request.by_post.is_some() || !settings.idp_initiated) {
            warnings.push("the metadata has no SingleSignOnService to send requests to".into());
        }
        warnings
    }

    async fn fetch(&self, source: &MetadataUrl) -> Result<String, String> {
        let answer = self.client.get(source.url.clone()).send().await.map_err(|fault| cause(&fault))?;
        if !answer.status().is_success() {
            return Err(format!("answered {}", answer.status()));
        }
        String::from_utf8(collect(answer).await?).map_err(|_| "not UTF-8".into())
    }
}

async fn collect(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut document = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|fault| cause(&fault))? {
        if document.len() + chunk.len() > MAX_DOCUMENT {
            return Err(format!("more than {MAX_DOCUMENT} bytes"));
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

/// The innermost cause, which says more than "error sending request".
fn cause(fault: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = fault;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// How long a copy is kept: as configured, not longer than its `cacheDuration`, and fetched again well before its
/// `validUntil`.
fn pause(source: &MetadataUrl, metadata: &IdpMetadata, now: DateTime<Utc>) -> Duration {
    let cache = metadata.cache_for.and_then(|cache| cache.to_std().ok());
    let valid = metadata.valid_until.and_then(|until| (until - now).to_std().ok()).map(|left| left / 2);
    [Some(source.refresh), cache, valid].into_iter().flatten().min().unwrap_or(source.refresh).max(SHORTEST)
}

/// Keeps the metadata of one IdP fresh, for as long as anybody asks these `idps`. `sleep` is how it waits between two fetches.
pub async fn keep_fresh<S: Future<Output = ()>>(
    client: Arc<MetadataClient>,
    idps: Weak<Idps>,
    settings: Arc<Idp>,
    clock: Clock,
    first_pause: Duration,
    sleep: impl Fn(Duration) -> S,
) {
    let mut wait = first_pause;
    let mut failures = 0u32;
    loop {
        sleep(wait).await;
        let Some(idps) = idps.upgrade() else { return };
        match client.refresh(&idps, &settings, clock.now()).await {
            Ok(pause) => {
                failures = 0;
                wait = pause;
                tracing::info!(target: "studio_gateway::idps", idp = settings.key, "metadata refreshed");
            }
            Err(fault) => {
                wait = SHORTEST.saturating_mul(1 << failures.min(6));
                failures += 1;
                tracing::error!(
                    target: "studio_gateway::idps",
                    idp = settings.key,
                    failures,
                    "metadata not refreshed, the last good copy stays: {fault}"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use url::Url;

    #[test]
    fn a_copy_is_fetched_again_before_it_is_stale() {
        let now = DateTime::UNIX_EPOCH;
        let source = MetadataUrl {
            url: Url::parse("https://idp.test/metadata").unwrap(),
            refresh: Duration::from_hours(1),
            signed_by: None,
        };
        let key =
            crate::demo::idp::key::SigningKey::generate(crate::demo::idp::key::KeyKind::P256, "idp").unwrap();
        let xml =
            crate::demo::idp::metadata::metadata_xml("https://idp.test", "https://idp.test/sso", &[&key])
                .unwrap();
        let mut metadata = IdpMetadata::parse(&xml, None, None, now).unwrap();
        assert_eq!(pause(&source, &metadata, now), Duration::from_hours(1));
        metadata.cache_for = Some(TimeDelta::minutes(10));
        assert_eq!(pause(&source, &metadata, now), Duration::from_mins(10));
        metadata.valid_until = Some(now + TimeDelta::minutes(6));
        assert_eq!(pause(&source, &metadata, now), Duration::from_mins(3));
        metadata.cache_for = Some(TimeDelta::zero());
        assert_eq!(pause(&source, &metadata, now), SHORTEST);
    }
}
