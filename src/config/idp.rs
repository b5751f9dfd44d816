//! Section `[[idp]]`: an identity provider and what we make of its attributes.

use super::problems::{Section, boolean, kind, string};
use super::{Sources, key};
use crate::arn::SamlProviderArn;
use crate::saml::metadata::IdpMetadata;
use chrono::{DateTime, Utc};
use std::path::Path;

/// What AWS compares with a profile's owner tag, and so what names a person unless configured otherwise.
const USER_ID: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:studiouserid";

/// An identity provider.
#[derive(Debug)]
pub struct Idp {
    /// Stands for it in URLs and logs.
    pub key: String,
    /// What people read.
    pub name: String,
    /// Who it is and what it signs with.
    pub metadata: IdpMetadata,
    /// IAM SAML providers that stand for it; never empty.
    pub saml_providers: Vec<SamlProviderArn>,
    /// Whether it may start a sign-in.
    pub idp_initiated: bool,
    /// How it is asked to sign somebody in.
    pub request: RequestOptions,
    /// SAML attribute that names the person.
    pub user_id_attribute: String,
    /// SAML attribute that lists groups.
    pub groups_attribute: String,
}

/// How an AuthnRequest to an IdP is made.
#[derive(Debug)]
pub struct RequestOptions {
    /// Whether it is sent with the HTTP-POST binding, rather than HTTP-Redirect.
    pub by_post: bool,
    /// Whether it is signed.
    pub signed: bool,
    /// `ForceAuthn`.
    pub force_authn: bool,
    /// `RequestedAuthnContext`: classes of which one has to be used; empty: any.
    pub authn_context: Vec<String>,
    /// `NameIDPolicy` format.
    pub name_id_format: Option<String>,
}

impl Idp {
    /// Where an AuthnRequest is sent, by the binding that is configured; `None` if the IdP takes none.
    #[must_use]
    pub fn sso_location(&self) -> Option<&str> {
        let metadata = &self.metadata;
        if self.request.by_post {
            metadata.sso_post.as_deref()
        } else {
            metadata.sso_redirect.as_deref()
        }
    }
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
    let entity_id = section.optional("entity_id", string);
    let metadata = section.required("metadata_file", |value| {
        let path = string(value)?;
        let text =
            (sources.file)(Path::new(&path)).map_err(|fault| format!("cannot read {path:?}: {fault}"))?;
        IdpMetadata::parse(&text, entity_id.as_deref(), now).map_err(|fault| format!("{path:?}: {fault}"))
    });
    let saml_providers = section.list(
        "saml_providers",
        kind("the ARN of an IAM SAML provider", SamlProviderArn::parse),
    );
    if saml_providers.is_empty() {
        section.problem("saml_providers", "at least one is needed");
    }
    let idp_initiated = section.optional("idp_initiated", boolean).unwrap_or(true);
    let mut attributes = section.section("attributes");
    let user_id_attribute = attributes
        .optional("user_id", string)
        .unwrap_or_else(|| USER_ID.into());
    let groups_attribute = attributes
        .optional("groups", string)
        .unwrap_or_else(|| "groups".into());
    attributes.finish();
    if let Some(metadata) = &metadata {
        warnings.extend(
            metadata
                .warnings
                .iter()
                .map(|warning| format!("{}: {warning}", section.path("metadata_file"))),
        );
        if !idp_initiated && metadata.sso_redirect.is_none() && metadata.sso_post.is_none() {
            section.problem(
                "idp_initiated",
                "false, but the metadata has no SingleSignOnService to start a sign-in with",
            );
        }
    }
    let request = request_options(&mut section, metadata.as_ref(), can_sign);
    section.finish();
    let key = key?;
    Some(Idp {
        request,
        name: name.unwrap_or_else(|| key.clone()),
        key,
        metadata: metadata?,
        saml_providers,
        idp_initiated,
        user_id_attribute,
        groups_attribute,
    })
}

fn request_options(
    section: &mut Section<'_>,
    metadata: Option<&IdpMetadata>,
    can_sign: bool,
) -> RequestOptions {
    let binding = section.optional("request_binding", |value| match value.as_str() {
        Some("redirect") => Ok(false),
        Some("post") => Ok(true),
        _ => Err("expected \"redirect\" or \"post\"".to_owned()),
    });
    let signed = section.optional("sign_requests", boolean);
    let force_authn = section.optional("force_authn", boolean).unwrap_or(false);
    let authn_context = section.list("authn_context", string);
    let name_id_format = section.optional("name_id_format", string);
    let wanted = metadata.is_some_and(|metadata| metadata.wants_signed_requests);
    let signed = signed.unwrap_or(wanted);
    if signed && !can_sign {
        section.problem(
            "sign_requests",
            "requests are to be signed (the metadata may say so), but saml.key has no key",
        );
    }
    let redirect_only_by_post =
        metadata.is_some_and(|metadata| metadata.sso_redirect.is_none() && metadata.sso_post.is_some());
    if let (Some(by_post), Some(metadata)) = (binding, metadata) {
        let offered = if by_post {
            &metadata.sso_post
        } else {
            &metadata.sso_redirect
        };
        if offered.is_none() {
            section.problem(
                "request_binding",
                "the metadata has no SingleSignOnService with this binding",
            );
        }
    }
    RequestOptions {
        by_post: binding.unwrap_or(redirect_only_by_post),
        signed,
        force_authn,
        authn_context,
        name_id_format,
    }
}
