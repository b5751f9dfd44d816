//! Who the gateway is at AWS, what it may do there, and whether their clocks agree.

use super::Finding;
use super::clock::Stopwatch;
use super::ground::Ground;
use crate::aws::AwsFault;
use crate::aws::survey::Survey;
use crate::config::Domain;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use chrono::TimeDelta;
use std::sync::Arc;

const IDENTITY: &str = "sts:GetCallerIdentity";
const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// The region, and the role that is taken there.
pub(super) fn subject(domain: &Domain) -> String {
    match &domain.provisioner {
        Some(provisioner) => provisioner.role.to_string(),
        None => domain.region.clone(),
    }
}

/// `gateway.seal-keys`.
pub(super) fn seal_keys(ground: &Ground) -> Finding {
    let (id, subject) = ("gateway.seal-keys", "gateway.seal_keys");
    match ground.config.gateway.seal_keys.len() {
        0 => Finding::warning(
            id,
            subject,
            "none: each process makes its own, so that sign-ins under way end with it",
            "openssl rand -base64 32, the same for all instances",
        ),
        count => Finding::ok(id, subject, format!("{count} key(s)")),
    }
}

/// `gateway.credentials` and `gateway.clock`.
pub(super) async fn look(ground: Arc<Ground>, domain: Arc<Domain>) -> Vec<Finding> {
    let subject = subject(&domain);
    let survey = match ground.survey(&domain, "gateway.credentials") {
        Ok(survey) => survey,
        Err(finding) => return vec![finding],
    };
    let stopwatch = Stopwatch::new(ground.clock.clone());
    let asked = survey.sts.get_caller_identity().customize().interceptor(stopwatch.clone()).send().await;
    let who = match asked {
        Ok(output) => {
            let arn = output.arn().unwrap_or("nobody");
            Finding::ok("gateway.credentials", &subject, format!("the gateway is {arn}"))
        }
        Err(fault) => Finding::error(
            "gateway.credentials",
            &subject,
            AwsFault::of(IDENTITY, &fault).to_string(),
            "give the process credentials and a way to STS, and let it take domain.provisioner.role_arn if there is one",
        ),
    };
    vec![who, clock(&ground, subject, stopwatch.apart())]
}

fn clock(ground: &Ground, subject: String, apart: Option<TimeDelta>) -> Finding {
    let id = "gateway.clock";
    let Some(apart) = apart else {
        return Finding::unknown(id, subject, "no answer of AWS with a date", "see gateway.credentials");
    };
    let says = format!(
        "{}.{:03} s {} AWS",
        apart.num_seconds().abs(),
        apart.subsec_nanos().abs() / 1_000_000,
        if apart < TimeDelta::zero() { "ahead of" } else { "behind" }
    );
    let fix = "keep the machine's clock with NTP (Amazon Time Sync: 169.254.169.123)";
    if apart.abs() > ground.config.saml.skew.max(TimeDelta::seconds(1)) {
        Finding::error(id, subject, format!("{says}, more than saml.clock_skew_seconds"), fix)
    } else if apart.abs() > TimeDelta::seconds(1) {
        Finding::warning(id, subject, says, fix)
    } else {
        Finding::ok(id, subject, "within a second of AWS")
    }
}

/// `gateway.permissions`: looking profiles up and making them.
pub(super) async fn permissions(ground: Arc<Ground>, domain: Arc<Domain>) -> Vec<Finding> {
    let (id, subject) = ("gateway.permissions", domain.key.clone());
    let actions = ["sagemaker:DescribeUserProfile", "sagemaker:ListTags", "sagemaker:CreateUserProfile"];
    let Some(role) = domain.roles.first() else { return Vec::new() };
    let profile = format!(
        "arn:{}:sagemaker:{}:{}:user-profile/{}/check",
        role.partition(),
        domain.region,
        role.account(),
        domain.id
    );
    let tag = format!("aws:RequestTag/{}", domain.owner_tag);
    let context = [(tag.as_str(), "check"), ("aws:TagKeys", domain.owner_tag.as_str())];
    let denied = match simulated(&ground, &domain, id, &actions, &profile, &context).await {
        Ok(denied) => denied,
        Err(finding) => return vec![Finding { subject, ..finding }],
    };
    vec![if denied.is_empty() {
        Finding::ok(id, subject, "profiles can be looked up and made")
    } else {
        let name = if domain.provisioner.is_some() { "provisioner-policy" } else { "gateway-policy" };
        let says = format!("not allowed: {}", denied.join(", "));
        Finding::error(id, subject, says, format!("attach it: studio-gateway policies --only {name}"))
    }]
}

/// Which of these actions the gateway's own policies, or those of the domain's provisioner role, do not allow.
pub(super) async fn simulated(
    ground: &Ground,
    domain: &Domain,
    id: &'static str,
    actions: &[&str],
    resource: &str,
    context: &[(&str, &str)],
) -> Result<Vec<String>, Finding> {
    let survey = ground.survey(domain, id)?;
    let source = principal(ground, domain, &survey, id).await?;
    let mut entries = Vec::new();
    for (key, value) in context {
        entries.push(
            ContextEntry::builder()
                .context_key_name(*key)
                .context_key_values(*value)
                .context_key_type(ContextKeyTypeEnum::StringList)
                .build(),
        );
    }
    let asked = survey
        .iam
        .simulate_principal_policy()
        .policy_source_arn(source)
        .set_action_names(Some(actions.iter().map(|action| (*action).to_owned()).collect()))
        .resource_arns(resource)
        .set_context_entries(Some(entries))
        .send()
        .await;
    let output = asked.map_err(|fault| Finding::of_fault(id, resource, &AwsFault::of(SIMULATE, &fault)))?;
    let allowed = |action: &str| {
        let mut of_action = output.evaluation_results().iter().filter(|one| one.eval_action_name() == action);
        of_action.any(|one| one.eval_decision() == &PolicyEvaluationDecisionType::Allowed)
    };
    Ok(actions.iter().filter(|action| !allowed(action)).map(|action| (*action).to_owned()).collect())
}

/// The role, or the user, whose policies count for the gateway there.
async fn principal(
    ground: &Ground,
    domain: &Domain,
    survey: &Survey,
    id: &'static str,
) -> Result<String, Finding> {
    if let Some(provisioner) = &domain.provisioner {
        return Ok(provisioner.role.to_string());
    }
    let asked = survey.sts.get_caller_identity().send().await;
    let output =
        asked.map_err(|fault| Finding::of_fault(id, &domain.key, &AwsFault::of(IDENTITY, &fault)))?;
    let arn = output.arn().unwrap_or_default();
    // Of a session's role the ARN has the name only, and not the path that IAM wants.
    let Some((_, session)) = arn.split_once(":assumed-role/") else { return Ok(arn.to_owned()) };
    let name = session.split('/').next().unwrap_or_default();
    let named = ground.config.policies.gateway_role.as_ref().filter(|role| role.name() == name);
    if let Some(role) = named {
        return Ok(role.to_string());
    }
    let role = survey.iam.get_role().role_name(name).send().await;
    let role =
        role.map_err(|fault| Finding::of_fault(id, &domain.key, &AwsFault::of("iam:GetRole", &fault)))?;
    Ok(role.role().map(|role| role.arn().to_owned()).unwrap_or_default())
}
