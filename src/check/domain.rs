//! A domain: whether it opens by presigned URLs, and keeps what is in it together.

use super::Finding;
use super::endpoint;
use super::ground::Ground;
use crate::aws::{AwsFault, Kind, templates};
use crate::config::Domain;
use aws_sdk_sagemaker::operation::describe_domain::DescribeDomainOutput;
use aws_sdk_sagemaker::types::{AppNetworkAccessType, AuthMode, DomainStatus, ExecutionRoleIdentityConfig};
use std::sync::Arc;

const DESCRIBE: &str = "sagemaker:DescribeDomain";

/// `domain.status`, `domain.auth-mode`, `domain.network`, `domain.encryption`, `domain.identity`,
/// `domain.execution-role`, and `endpoint.private` of its own address.
pub(super) async fn look(ground: Arc<Ground>, domain: Arc<Domain>) -> Vec<Finding> {
    let (id, subject) = ("domain.status", domain.key.as_str());
    let survey = match ground.survey(&domain, id) {
        Ok(survey) => survey,
        Err(finding) => return vec![finding],
    };
    let described = survey.sagemaker.describe_domain().domain_id(&domain.id).send().await;
    let found = match described.map_err(|fault| AwsFault::of(DESCRIBE, &fault)) {
        Ok(found) => found,
        Err(AwsFault { kind: Kind::NotFound, .. }) => {
            let says = format!("there is no domain {} in {}", domain.id, domain.region);
            let fix = "correct domain.domain_id and domain.region, or make the domain";
            return vec![Finding::error(id, subject, says, fix)];
        }
        Err(fault) => return vec![Finding::of_fault(id, subject, &fault)],
    };
    let mut findings = vec![status(subject, &found), auth_mode(subject, &found), network(subject, &found)];
    findings.extend([encryption(subject, &found), identity(subject, &found)]);
    findings.extend(execution_role(&ground, &domain, &found));
    if endpoint::are_private(&ground.config)
        && let Some(url) = found.url()
    {
        findings.push(endpoint::resolve(url).await);
    }
    findings
}

fn status(subject: &str, found: &DescribeDomainOutput) -> Finding {
    let id = "domain.status";
    match found.status() {
        Some(DomainStatus::InService) => Finding::ok(id, subject, "InService"),
        Some(DomainStatus::Updating) => {
            let says = "Updating: profiles cannot be made at this moment";
            Finding::warning(id, subject, says, "wait until it is InService")
        }
        other => {
            let status = other.map_or("no status", DomainStatus::as_str);
            let says = format!("{status} {}", found.failure_reason().unwrap_or_default());
            Finding::error(id, subject, says.trim(), "repair the domain in SageMaker")
        }
    }
}

fn auth_mode(subject: &str, found: &DescribeDomainOutput) -> Finding {
    let id = "domain.auth-mode";
    match found.auth_mode() {
        Some(AuthMode::Iam) => Finding::ok(id, subject, "IAM"),
        other => {
            let says = format!("{}: it opens by no presigned URL", other.map_or("none", AuthMode::as_str));
            let fix = "AuthMode cannot be changed: make a domain with AuthMode IAM";
            Finding::error(id, subject, says, fix)
        }
    }
}

fn network(subject: &str, found: &DescribeDomainOutput) -> Finding {
    let id = "domain.network";
    match found.app_network_access_type() {
        Some(AppNetworkAccessType::VpcOnly) => Finding::ok(id, subject, "VpcOnly"),
        other => {
            let says = format!(
                "{}: notebooks reach the Internet past the VPC",
                other.map_or("PublicInternetOnly", AppNetworkAccessType::as_str)
            );
            let fix = "aws sagemaker update-domain --app-network-access-type VpcOnly, with the endpoints that notebooks need";
            Finding::warning(id, subject, says, fix)
        }
    }
}

fn encryption(subject: &str, found: &DescribeDomainOutput) -> Finding {
    let id = "domain.encryption";
    if let Some(key) = found.kms_key_id() {
        return Finding::ok(id, subject, key);
    }
    let says = "home directories are encrypted with a key of AWS, whose use you cannot deny";
    Finding::warning(id, subject, says, "KmsKeyId cannot be changed: make a domain with a key of yours")
}

fn identity(subject: &str, found: &DescribeDomainOutput) -> Finding {
    let id = "domain.identity";
    let config = found.domain_settings().and_then(|settings| settings.execution_role_identity_config());
    if config == Some(&ExecutionRoleIdentityConfig::UserProfileName) {
        return Finding::ok(id, subject, "CloudTrail names the profile");
    }
    let says =
        "what notebooks do is in CloudTrail under the execution role alone, not under a person's profile";
    let fix = "aws sagemaker update-domain --domain-settings-for-update \
               ExecutionRoleIdentityConfig=USER_PROFILE_NAME, while no app is running";
    Finding::warning(id, subject, says, fix)
}

/// Where no template has a role, the domain's own has to do.
fn execution_role(ground: &Ground, domain: &Domain, found: &DescribeDomainOutput) -> Option<Finding> {
    let own = templates(&ground.config, domain).iter().any(|template| template.execution_role().is_none());
    if !own || domain.execution_role.is_some() {
        return None;
    }
    let (id, default) = ("domain.execution-role", found.default_user_settings());
    Some(match default.and_then(|settings| settings.execution_role()) {
        Some(role) => {
            Finding::ok(id, &domain.key, format!("profiles without a role of their own have {role}"))
        }
        None => Finding::warning(
            id,
            &domain.key,
            "neither the domain nor domain.profile has an execution role",
            "set domain.profile.execution_role",
        ),
    })
}
