//! An identity provider: its metadata as it is now, and whether the SAML providers in IAM know the same keys.

use super::Finding;
use super::ground::Ground;
use crate::arn::SamlProviderArn;
use crate::aws::{AwsFault, Kind};
use crate::config::{Domain, Idp};
use crate::idps::MetadataClient;
use crate::saml::metadata::IdpMetadata;
use std::sync::Arc;

const GET: &str = "iam:GetSAMLProvider";

/// `idp.metadata`, and the findings of its SAML providers.
pub(super) async fn look(ground: Arc<Ground>, settings: Arc<Idp>) -> Vec<Finding> {
    let id = "idp.metadata";
    let mut findings = Vec::new();
    if settings.metadata.url.is_some() {
        findings.push(match fetch(&ground, &settings).await {
            Ok(()) => Finding::ok(id, &settings.key, "fetched"),
            Err(fault) => {
                let fix = "make idp.metadata_url reachable from here, or correct it";
                if ground.idps.by_key(&settings.key).is_some() {
                    Finding::warning(id, &settings.key, format!("{fault}; the file counts"), fix)
                } else {
                    Finding::error(id, &settings.key, fault, fix)
                }
            }
        });
    } else {
        findings.push(Finding::ok(id, &settings.key, "read from a file"));
    }
    let Some(known) = ground.idps.by_key(&settings.key) else { return findings };
    for warning in &known.metadata.warnings {
        let fix = "get new metadata from the IdP, and update the SAML provider in IAM with it";
        findings.push(Finding::warning(id, &settings.key, warning, fix));
    }
    for provider in &settings.saml_providers {
        if let Some(domain) = ground.domain_of(provider.account()) {
            findings.extend(look_at(&ground, provider, domain, &settings, &known.metadata).await);
        }
    }
    findings
}

async fn fetch(ground: &Ground, settings: &Arc<Idp>) -> Result<(), String> {
    let client = MetadataClient::new(!ground.config.saml.keys.is_empty())?;
    client.refresh(&ground.idps, settings, ground.clock.now()).await.map(|_| ())
}

/// `saml-provider.exists`, `saml-provider.entity-id`, `saml-provider.certificates`.
async fn look_at(
    ground: &Ground,
    arn: &SamlProviderArn,
    domain: &Domain,
    settings: &Idp,
    ours: &IdpMetadata,
) -> Vec<Finding> {
    let (id, subject) = ("saml-provider.exists", arn.as_str());
    let survey = match ground.survey(domain, id) {
        Ok(survey) => survey,
        Err(finding) => return vec![finding],
    };
    let got = survey.iam.get_saml_provider().saml_provider_arn(subject).send().await;
    let output = match got.map_err(|fault| AwsFault::of(GET, &fault)) {
        Ok(output) => output,
        Err(AwsFault { kind: Kind::NotFound, .. }) => {
            let fix = "aws iam create-saml-provider, or correct idp.saml_providers";
            return vec![Finding::error(id, subject, "there is no such provider", fix)];
        }
        Err(fault) => return vec![Finding::of_fault(id, subject, &fault)],
    };
    let document = output.saml_metadata_document().unwrap_or_default();
    let update =
        format!("aws iam update-saml-provider --saml-provider-arn {subject} --saml-metadata-document ...");
    let theirs = match IdpMetadata::parse(
        document,
        settings.metadata.entity_id.as_deref(),
        None,
        ground.clock.now(),
    ) {
        Ok(theirs) => theirs,
        Err(fault) => {
            return vec![Finding::error(
                id,
                subject,
                format!("its metadata cannot be used: {fault}"),
                update,
            )];
        }
    };
    vec![
        Finding::ok(id, subject, "there"),
        if theirs.entity_id == ours.entity_id {
            Finding::ok("saml-provider.entity-id", subject, "the IdP's")
        } else {
            let says = format!("it stands for {}, and the IdP is {}", theirs.entity_id, ours.entity_id);
            Finding::error("saml-provider.entity-id", subject, says, &update)
        },
        certificates(subject, ours, &theirs, update),
    ]
}

fn certificates(subject: &str, ours: &IdpMetadata, theirs: &IdpMetadata, update: String) -> Finding {
    let id = "saml-provider.certificates";
    let (all, missing) = (ours.keys.count(), ours.keys.missing_in(&theirs.keys));
    if missing == 0 {
        return Finding::ok(id, subject, format!("it has the IdP's {all} signing key(s)"));
    }
    let says =
        format!("{missing} of the IdP's {all} signing key(s) are not in it: STS refuses what they sign");
    if missing == all {
        Finding::error(id, subject, says, update)
    } else {
        Finding::warning(id, subject, says, update)
    }
}
