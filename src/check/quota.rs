//! Quotas that grow with the number of people: profiles and spaces.
//!
//! Both are of the whole account in a region, and so is what is counted.

use super::ground::Ground;
use super::{Finding, caller};
use crate::aws::AwsFault;
use crate::aws::survey::Survey;
use crate::config::Domain;
use std::collections::BTreeMap;
use std::sync::Arc;

/// From how many hundredths of a quota on an admin is told.
const NEAR: usize = 80;

/// "Maximum number of Studio user profiles allowed per account". Names may change, codes do not.
const PROFILES: &str = "L-AC46C40F";
/// "Maximum number of Studio spaces allowed per account".
const SPACES: &str = "L-8E5333B4";

/// `quota.user-profiles`, `quota.spaces`, where this domain is.
pub(super) async fn look(ground: Arc<Ground>, domain: Arc<Domain>) -> Vec<Finding> {
    let subject = caller::subject(&domain);
    let survey = match ground.survey(&domain, "quota.user-profiles") {
        Ok(survey) => survey,
        Err(finding) => return vec![finding],
    };
    let quotas = match quotas(&survey).await {
        Ok(quotas) => quotas,
        Err(fault) => return vec![Finding::of_fault("quota.user-profiles", subject, &fault)],
    };
    let mut findings = vec![match quotas.get(PROFILES) {
        Some(quota) => compared("quota.user-profiles", &subject, quota, profiles(&survey).await),
        None => none("quota.user-profiles", &subject, PROFILES),
    }];
    let mut places = ground.config.destinations.iter().filter_map(|destination| destination.studio());
    let has_spaces = places.any(|place| place.space.is_some() && caller::subject(&place.domain) == subject);
    if has_spaces {
        findings.push(match quotas.get(SPACES) {
            Some(quota) => compared("quota.spaces", &subject, quota, spaces(&survey).await),
            None => none("quota.spaces", &subject, SPACES),
        });
    }
    findings
}

fn none(id: &'static str, subject: &str, code: &str) -> Finding {
    let fix = "look in the console of Service Quotas, under Amazon SageMaker";
    Finding::unknown(id, subject, format!("Service Quotas does not list {code}"), fix)
}

/// Name and value.
type Quota = (String, usize);

/// The quotas of SageMaker by code.
async fn quotas(survey: &Survey) -> Result<BTreeMap<String, Quota>, AwsFault> {
    let mut pages = survey
        .quotas
        .list_service_quotas()
        .service_code("sagemaker")
        .max_results(100)
        .into_paginator()
        .send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|fault| AwsFault::of("servicequotas:ListServiceQuotas", &fault))?;
        for quota in page.quotas() {
            if let (Some(code), Some(value)) = (quota.quota_code(), quota.value()) {
                let name = quota.quota_name().unwrap_or(code);
                found.insert(code.to_owned(), (name.to_owned(), whole(value)));
            }
        }
    }
    Ok(found)
}

/// Service Quotas gives whole numbers as floating point.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of these saturates")]
fn whole(value: f64) -> usize {
    value as usize
}

async fn profiles(survey: &Survey) -> Result<usize, AwsFault> {
    let list = survey.sagemaker.list_user_profiles().max_results(100);
    let mut pages = list.into_paginator().send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|fault| AwsFault::of("sagemaker:ListUserProfiles", &fault))?;
        count += page.user_profiles().len();
    }
    Ok(count)
}

async fn spaces(survey: &Survey) -> Result<usize, AwsFault> {
    let list = survey.sagemaker.list_spaces().max_results(100);
    let mut pages = list.into_paginator().send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|fault| AwsFault::of("sagemaker:ListSpaces", &fault))?;
        count += page.spaces().len();
    }
    Ok(count)
}

fn compared(id: &'static str, subject: &str, quota: &Quota, count: Result<usize, AwsFault>) -> Finding {
    let count = match count {
        Ok(count) => count,
        Err(fault) => return Finding::of_fault(id, subject, &fault),
    };
    let (name, most) = quota;
    let says = format!("{count} of {most} ({name})");
    let fix = "ask for more in Service Quotas, or remove what nobody uses";
    if count >= *most {
        Finding::error(id, subject, format!("{says}: nobody new gets in"), fix)
    } else if count * 100 >= most * NEAR {
        Finding::warning(id, subject, says, fix)
    } else {
        Finding::ok(id, subject, says)
    }
}
