//! A federated role: whether STS gives it to people who come through the gateway.

use super::Finding;
use super::ground::Ground;
use super::trust::{Audience, Trust, Trusted};
use crate::arn::{RoleArn, SamlProviderArn};
use crate::aws::{AwsFault, Kind};
use crate::config::Domain;
use std::sync::Arc;

const GET: &str = "iam:GetRole";
const ASSUME: &str = "sts:AssumeRoleWithSAML";
const FIX_TRUST: &str = "studio-gateway policies --only trust-policy prints the trust policy that it needs";

/// `role.exists`, `role.trust`, `role.saml-aud`, `role.session-duration`.
pub(super) async fn look(ground: Arc<Ground>, arn: RoleArn, domain: Arc<Domain>) -> Vec<Finding> {
    let id = "role.exists";
    let survey = match ground.survey(&domain, id) {
        Ok(survey) => survey,
        Err(finding) => return vec![finding],
    };
    let got = survey.iam.get_role().role_name(arn.name()).send().await;
    let output = match got.map_err(|fault| AwsFault::of(GET, &fault)) {
        Ok(output) => output,
        Err(AwsFault { kind: Kind::NotFound, .. }) => {
            let fix = "make the role, or correct domain.roles";
            return vec![Finding::error(id, arn.as_str(), "there is no such role", fix)];
        }
        Err(fault) => return vec![Finding::of_fault(id, arn.as_str(), &fault)],
    };
    let Some(role) = output.role() else {
        return vec![Finding::unknown(
            id,
            arn.as_str(),
            format!("{GET}: an answer without a role"),
            "try again",
        )];
    };
    if role.arn() != arn.as_str() {
        let says = format!("the role of this name is {}", role.arn());
        return vec![Finding::error(
            id,
            arn.as_str(),
            says,
            "correct its path in domain.roles and at the IdP",
        )];
    }
    let mut findings = vec![Finding::ok(id, arn.as_str(), "there")];
    match role.assume_role_policy_document().and_then(Trust::read) {
        Some(trust) => {
            for provider in providers(&ground, &arn) {
                findings.extend(trusts(&ground, &arn, &trust, provider));
            }
        }
        None => findings.push(Finding::unknown(
            "role.trust",
            arn.as_str(),
            "its trust policy cannot be read",
            FIX_TRUST,
        )),
    }
    findings.push(duration(&ground, &arn, role.max_session_duration().unwrap_or(3_600)));
    findings
}

/// The SAML providers of the role's account.
fn providers<'g>(ground: &'g Ground, arn: &'g RoleArn) -> impl Iterator<Item = &'g SamlProviderArn> {
    let all = ground.config.idps.iter().flat_map(|idp| &idp.saml_providers);
    all.filter(|provider| provider.account() == arn.account())
}

fn trusts(ground: &Ground, arn: &RoleArn, trust: &Trust, provider: &SamlProviderArn) -> Vec<Finding> {
    let trusted = Trusted::Federated(provider.as_str());
    let missing = |actions: &[&str]| {
        let missing = actions.iter().filter(|action| !trust.allows(trusted, action));
        missing.copied().collect::<Vec<_>>().join(", ")
    };
    let needed = missing(&[ASSUME, "sts:TagSession"]);
    let wanted = missing(&["sts:SetSourceIdentity"]);
    let of = provider.as_str();
    let denied = [ASSUME, "sts:TagSession"].iter().any(|action| trust.denies(trusted, action));
    let found = if !needed.is_empty() {
        Finding::error("role.trust", arn.as_str(), format!("does not allow {needed} for {of}"), FIX_TRUST)
    } else if denied {
        let says = format!("denies {of} some sessions: whose depends on its conditions");
        Finding::warning("role.trust", arn.as_str(), says, "look at the Deny statements of its trust policy")
    } else if !wanted.is_empty() {
        let says = format!("does not allow {wanted} for {of}: responses with a SourceIdentity are refused");
        Finding::warning("role.trust", arn.as_str(), says, FIX_TRUST)
    } else {
        Finding::ok("role.trust", arn.as_str(), format!("trusts {of}"))
    };
    let mut findings = vec![found];
    if trust.allows(trusted, ASSUME) {
        findings.push(audience(arn, trust.audience(trusted, ASSUME, &ground.config.saml.acs_url)));
    }
    findings
}

fn audience(arn: &RoleArn, audience: Audience) -> Finding {
    let id = "role.saml-aud";
    match audience {
        Audience::Ours => Finding::ok(id, arn.as_str(), "SAML:aud is our ACS URL"),
        Audience::Others(others) => {
            let says = format!("SAML:aud has to be {}: that is not our ACS URL", others.join(" or "));
            Finding::error(id, arn.as_str(), says, FIX_TRUST)
        }
        Audience::Any => {
            let says = "no condition on SAML:aud: responses that the IdP made for others open it, too";
            Finding::warning(id, arn.as_str(), says, FIX_TRUST)
        }
    }
}

fn duration(ground: &Ground, arn: &RoleArn, longest: i32) -> Finding {
    let id = "role.session-duration";
    let opened = ground.config.domains.iter().filter(|domain| domain.roles.contains(arn));
    let asked = opened.map(|domain| domain.session_seconds).max().unwrap_or_default();
    if longest >= asked {
        return Finding::ok(id, arn.as_str(), format!("MaxSessionDuration is {longest} s"));
    }
    let says = format!(
        "MaxSessionDuration is {longest} s, less than domain.session_seconds ({asked}): a SessionDuration above it becomes one hour"
    );
    let fix = format!("aws iam update-role --role-name {} --max-session-duration {asked}", arn.name());
    Finding::warning(id, arn.as_str(), says, fix)
}
