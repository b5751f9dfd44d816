//! Section `[[idp]]`: an identity provider and what we make of its attributes.

use super::Sources;
use super::problems::{Section, boolean, key, kind, number, string};
use super::sources::referred;
use crate::arn::SamlProviderArn;
use crate::saml::TrustedKeys;
use crate::saml::metadata::IdpMetadata;
use chrono::{DateTime, Utc};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What AWS compares with a profile's owner tag, and so what names a person unless configured otherwise.
const USER_ID: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:studiouserid";

/// An identity provider.
#[derive(Debug)]
pub struct Idp {
    /// Stands for it in URLs and logs.
    pub key: String,
    /// What people read.
    pub name: String,
    /// Where its metadata comes from.
    pub metadata: MetadataSource,
    /// IAM SAML providers that stand for it; never empty.
    pub saml_providers: Vec<SamlProviderArn>,
    /// Whether it may start a sign-in.
    pub idp_initiated: bool,
    /// Whether a CBC ciphertext is opened also where no signature of the Response covers it.
    pub cbc_without_response_signature: bool,
    /// How it is asked to sign somebody in.
    pub request: RequestOptions,
    /// SAML attribute that names the person.
    pub user_id_attribute: String,
    /// SAML attribute that lists groups.
    pub groups_attribute: String,
}

/// Where the metadata of an IdP comes from. At least one of file and URL is there; with both, the file is what counts
/// until the URL has answered.
#[derive(Debug)]
pub struct MetadataSource {
    /// Which of the entities in the document, when it holds several.
    pub entity_id: Option<String>,
    /// Metadata from a file, read with the configuration.
    pub file: Option<Arc<IdpMetadata>>,
    /// Metadata from the web.
    pub url: Option<MetadataUrl>,
}

/// Metadata that is fetched, and fetched again.
#[derive(Debug)]
pub struct MetadataUrl {
    /// An https URL, or http on loopback.
    pub url: Url,
    /// Longest time between two fetches; `cacheDuration` and `validUntil` of the document may shorten it.
    pub refresh: Duration,
    /// Keys of which one has to have signed the document, if that is asked for.
    pub signed_by: Option<TrustedKeys>,
}

impl MetadataUrl {
    /// Whether what was fetched for the one may stand for the other: same URL, signed by the same keys if any.
    #[must_use]
    pub fn is_trusted_like(&self, other: &Self) -> bool {
        let signers = match (&self.signed_by, &other.signed_by) {
            (None, None) => true,
            (Some(one), Some(other)) => one.missing_in(other) == 0 && other.missing_in(one) == 0,
            _ => false,
        };
        self.url == other.url && signers
    }
}

/// How an AuthnRequest to an IdP is made.
#[derive(Debug)]
pub struct RequestOptions {
    /// Whether it is sent with the HTTP-POST binding, rather than HTTP-Redirect; else what the metadata offers.
    pub by_post: Option<bool>,
    /// Whether it is signed; else what the metadata wants.
    pub signed: Option<bool>,
    /// `ForceAuthn`.
    pub force_authn: bool,
    /// `RequestedAuthnContext`: classes of which one has to be used; empty: any.
    pub authn_context: Vec<String>,
    /// `NameIDPolicy` format.
    pub name_id_format: Option<String>,
}

pub(super) fn read(
    mut section: Section<'_>,
    sources: &Sources<'_>,
    can_sign: bool,
    now: DateTime<Utc>,
    warnings: &mut Vec<String>,
) -> Option<Idp> {
    let key = section.required("key", key);
    let name = section.optional("name", string);
    let metadata = metadata(&mut section, sources, now, warnings);
    let saml_providers =
        section.list("saml_providers", kind("the ARN of an IAM SAML provider", SamlProviderArn::parse));
    if saml_providers.is_empty() {
        section.problem("saml_providers", "at least one is needed");
    }
    let idp_initiated = section.optional("idp_initiated", boolean).unwrap_or(true);
    let cbc_without_response_signature =
        section.optional("cbc_without_response_signature", boolean).unwrap_or(false);
    let mut attributes = section.section("attributes");
    let user_id_attribute = attributes.optional("user_id", string).unwrap_or_else(|| USER_ID.into());
    let groups_attribute = attributes.optional("groups", string).unwrap_or_else(|| "groups".into());
    attributes.finish();
    let request = request_options(&mut section);
    if let Some(file) = metadata.as_ref().and_then(|metadata| metadata.file.as_deref()) {
        check_request(&section, file, &request, idp_initiated, can_sign, warnings);
    }
    section.finish();
    let key = key?;
    Some(Idp {
        request,
        cbc_without_response_signature,
        name: name.unwrap_or_else(|| key.clone()),
        key,
        metadata: metadata?,
        saml_providers,
        idp_initiated,
        user_id_attribute,
        groups_attribute,
    })
}

fn metadata(
    section: &mut Section<'_>,
    sources: &Sources<'_>,
    now: DateTime<Utc>,
    warnings: &mut Vec<String>,
) -> Option<MetadataSource> {
    let entity_id = section.optional("entity_id", string);
    let has_url = section.has("metadata_url");
    let path = section.path("metadata_file");
    let file = section.optional("metadata_file", |value| {
        let file = string(value)?;
        let text =
            (sources.file)(Path::new(&file)).map_err(|fault| format!("cannot read {file:?}: {fault}"))?;
        match IdpMetadata::parse(&text, entity_id.as_deref(), None, now) {
            Ok(metadata) => Ok(Some(metadata)),
            // Such as a copy past its validUntil: the web has a newer one, without which nothing starts.
            Err(fault) if has_url => {
                warnings.push(format!("{path}: {file:?}: {fault}; metadata_url has to answer"));
                Ok(None)
            }
            Err(fault) => Err(format!("{file:?}: {fault}")),
        }
    });
    let file = file.flatten();
    if section.has("metadata_certificate") && !has_url {
        let path = section.path("metadata_certificate");
        warnings.push(format!("{path}: it is for the document at metadata_url; a file is taken as it is"));
    }
    let url = section.optional("metadata_url", kind("an https URL", fetchable));
    let refresh = section.optional("metadata_refresh_seconds", number(60..=604_800)).unwrap_or(3_600);
    let signed_by = section.optional("metadata_certificate", |value| {
        let pem = referred(value, sources)?;
        let der = openssl::x509::X509::from_pem(pem.as_bytes()).and_then(|certificate| certificate.to_der());
        let der = der.map_err(|_| "not a PEM certificate")?;
        TrustedKeys::from_certificates(&[der]).map(|(keys, _)| keys)
    });
    if let Some(file) = &file {
        let path = section.path("metadata_file");
        warnings.extend(file.warnings.iter().map(|warning| format!("{path}: {warning}")));
    }
    if !section.has("metadata_file") && !section.has("metadata_url") {
        section.problem("metadata_file", "missing (or metadata_url)");
    }
    let url = url.map(|url| MetadataUrl { url, refresh: Duration::from_secs(refresh.into()), signed_by });
    (file.is_some() || url.is_some()).then(|| MetadataSource { entity_id, file: file.map(Arc::new), url })
}

/// https, or http on loopback: whoever can change the metadata can sign in as anyone.
fn fetchable(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    (url.scheme() == "https" || (url.scheme() == "http" && loopback)).then_some(url)
}

fn request_options(section: &mut Section<'_>) -> RequestOptions {
    let by_post = section.optional("request_binding", |value| match value.as_str() {
        Some("redirect") => Ok(false),
        Some("post") => Ok(true),
        _ => Err("expected \"redirect\" or \"post\"".to_owned()),
    });
    RequestOptions {
        by_post,
        signed: section.optional("sign_requests", boolean),
        force_authn: section.optional("force_authn", boolean).unwrap_or(false),
        authn_context: section.list("authn_context", string),
        name_id_format: section.optional("name_id_format", string),
    }
}

/// What can be said of the requests at start-up, where the metadata is known.
fn check_request(
    section: &Section<'_>,
    metadata: &IdpMetadata,
    request: &RequestOptions,
    idp_initiated: bool,
    can_sign: bool,
    warnings: &mut Vec<String>,
) {
    if !idp_initiated && metadata.sso_redirect.is_none() && metadata.sso_post.is_none() {
        section.problem(
            "idp_initiated",
            "false, but the metadata has no SingleSignOnService to start a sign-in with",
        );
    }
    if request.signed == Some(true) && !can_sign {
        section.problem("sign_requests", "saml.key has no key to sign with");
    } else if request.signed.is_none() && metadata.wants_signed_requests && !can_sign {
        // Some IdPs say so in their metadata and take unsigned requests all the same.
        warnings.push(format!(
            "{}: the metadata wants signed requests, but saml.key has no key: they are sent unsigned",
            section.path("sign_requests")
        ));
    }
    if let Some(by_post) = request.by_post {
        let offered = if by_post { &metadata.sso_post } else { &metadata.sso_redirect };
        if offered.is_none() {
            section.problem("request_binding", "the metadata has no SingleSignOnService with this binding");
        }
    }
}
