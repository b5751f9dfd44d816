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
    /// SAML attribute that names the person.
    pub user_id_attribute: String,
    /// SAML attribute that lists groups.
    pub groups_attribute: String,
}

pub(super) fn read(
    mut section: Section<'_>,
    sources: &Sources<'_>,
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
        if !idp_initiated && metadata.sso_redirect.is_none() {
            section.problem(
                "idp_initiated",
                "false, but the metadata has no HTTP-Redirect SingleSignOnService to start a sign-in with",
            );
        }
    }
    section.finish();
    let key = key?;
    Some(Idp {
        name: name.unwrap_or_else(|| key.clone()),
        key,
        metadata: metadata?,
        saml_providers,
        idp_initiated,
        user_id_attribute,
        groups_attribute,
    })
}
