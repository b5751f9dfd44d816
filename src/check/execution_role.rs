//! An execution role that profiles are made with: whether SageMaker can take it, and the gateway may pass it on.

use super::Finding;
use super::caller::simulated;
use super::ground::Ground;
use super::trust::{Trust, Trusted};
use crate::arn::RoleArn;
use crate::aws::{AwsFault, Kind};
use crate::config::Domain;
use std::sync::Arc;

const GET: &str = "iam:GetRole";
const SAGEMAKER: &str = "sagemaker.amazonaws.com";

/// `execution-role.exists`, `execution-role.trust`, `execution-role.pass`.
pub(super) async fn look(ground: Arc<Ground>, arn: String, domain: Arc<Domain>) -> Vec<Finding> {
    let id = "execution-role.exists";
    let survey = match ground.survey(&domain, id) {
        Ok(survey) => survey,
        Err(finding) => return vec![finding],
    };
    let Some(role) = RoleArn::parse(&arn) else {
        return vec![Finding::unknown(
            id,
            arn,
            "not the ARN of a role",
            "correct domain.profile.execution_role",
        )];
    };
    let got = survey.iam.get_role().role_name(role.name()).send().await;
    let found = match got.map_err(|fault| AwsFault::of(GET, &fault)) {
        Ok(output) => output
            .role()
            .map(|role| (role.arn().to_owned(), role.assume_role_policy_document().and_then(Trust::read))),
        Err(AwsFault { kind: Kind::NotFound, .. }) => None,
        Err(fault) => {
            return vec![Finding::of_fault(id, arn, &fault), pass(&ground, arn_of(&role), &domain).await];
        }
    };
    let Some((_, trust)) = found.filter(|(found, _)| *found == arn) else {
        let fix = "make the role, or correct domain.profile.execution_role";
        return vec![Finding::error(id, arn, "there is no such role", fix)];
    };
    let there = Finding::ok(id, arn.as_str(), "there");
    vec![there, trusts(&arn, trust), pass(&ground, arn, &domain).await]
}

fn arn_of(role: &RoleArn) -> String {
    role.to_string()
}

fn trusts(arn: &str, trust: Option<Trust>) -> Finding {
    let id = "execution-role.trust";
    match trust {
        Some(trust) if trust.allows(Trusted::Service(SAGEMAKER), "sts:AssumeRole") => {
            Finding::ok(id, arn, format!("trusts {SAGEMAKER}"))
        }
        _ => Finding::error(
            id,
            arn,
            format!("does not let {SAGEMAKER} take it: notebooks do not start"),
            format!("allow sts:AssumeRole for {SAGEMAKER} in its trust policy"),
        ),
    }
}

async fn pass(ground: &Ground, arn: String, domain: &Domain) -> Finding {
    let id = "execution-role.pass";
    let context = [("iam:PassedToService", SAGEMAKER)];
    match simulated(ground, domain, id, &["iam:PassRole"], &arn, &context).await {
        Ok(denied) if denied.is_empty() => Finding::ok(id, arn, "the gateway may pass it to SageMaker"),
        Ok(_) => Finding::error(
            id,
            arn,
            "the gateway may not pass it to SageMaker: no profile is made",
            "attach it: studio-gateway policies --only gateway-policy (or provisioner-policy)",
        ),
        Err(finding) => Finding { subject: arn, ..finding },
    }
}
