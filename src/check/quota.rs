//! Quotas that grow with the number of people: profiles and spaces.
//!
//! Service Quotas documents no codes for these, and names differ: a quota is known by the words in its name. One for each
//! domain and one for the whole account are held against what there is in this domain alone.

use super::Finding;
use super::ground::Ground;
use crate::aws::AwsFault;
use crate::aws::survey::Survey;
use crate::config::Domain;
use std::sync::Arc;

/// From how many hundredths of a quota on an admin is told.
const NEAR: usize = 80;

/// `quota.user-profiles`, `quota.spaces`.
pub(super) async fn look(ground: Arc<Ground>, domain: Arc<Domain>) -> Vec<Finding> {
    let survey = match ground.survey(&domain, "quota.user-profiles") {
        Ok(survey) => survey,
        Err(finding) => return vec![finding],
    };
    let quotas = match quotas(&survey).await {
        Ok(quotas) => quotas,
        Err(fault) => return vec![Finding::of_fault("quota.user-profiles", &domain.key, &fault)],
    };
    let mut findings = vec![match smallest(&quotas, "user profiles") {
        Some(quota) => compared("quota.user-profiles", &domain, quota, profiles(&survey, &domain).await),
        None => none("quota.user-profiles", &domain),
    }];
    let mut places = ground.config.destinations.iter().filter_map(|destination| destination.studio());
    let has_spaces = places.any(|place| place.domain.key == domain.key && place.space.is_some());
    if has_spaces {
        findings.push(match smallest(&quotas, "spaces") {
            Some(quota) => compared("quota.spaces", &domain, quota, spaces(&survey, &domain).await),
            None => none("quota.spaces", &domain),
        });
    }
    findings
}

fn none(id: &'static str, domain: &Domain) -> Finding {
    let fix = "look in the console of Service Quotas, under Amazon SageMaker";
    Finding::unknown(id, &domain.key, "Service Quotas lists none of this kind", fix)
}

type Quota = (String, usize);

/// The quotas of SageMaker by name.
async fn quotas(survey: &Survey) -> Result<Vec<Quota>, AwsFault> {
    let mut pages = survey
        .quotas
        .list_service_quotas()
        .service_code("sagemaker")
        .max_results(100)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|fault| AwsFault::of("servicequotas:ListServiceQuotas", &fault))?;
        for quota in page.quotas() {
            if let (Some(name), Some(value)) = (quota.quota_name(), quota.value()) {
                found.push((name.to_owned(), whole(value)));
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

fn smallest<'q>(quotas: &'q [Quota], words: &str) -> Option<&'q Quota> {
    let named = quotas.iter().filter(|(name, _)| name.to_lowercase().contains(words));
    named.min_by_key(|(_, value)| *value)
}

async fn profiles(survey: &Survey, domain: &Domain) -> Result<usize, AwsFault> {
    let list = survey.sagemaker.list_user_profiles().domain_id_equals(&domain.id).max_results(100);
    let mut pages = list.into_paginator().send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|fault| AwsFault::of("sagemaker:ListUserProfiles", &fault))?;
        count += page.user_profiles().len();
    }
    Ok(count)
}

async fn spaces(survey: &Survey, domain: &Domain) -> Result<usize, AwsFault> {
    let list = survey.sagemaker.list_spaces().domain_id_equals(&domain.id).max_results(100);
    let mut pages = list.into_paginator().send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|fault| AwsFault::of("sagemaker:ListSpaces", &fault))?;
        count += page.spaces().len();
    }
    Ok(count)
}

fn compared(id: &'static str, domain: &Domain, quota: &Quota, count: Result<usize, AwsFault>) -> Finding {
    let count = match count {
        Ok(count) => count,
        Err(fault) => return Finding::of_fault(id, &domain.key, &fault),
    };
    let (name, most) = quota;
    let says = format!("{count} of {most} ({name})");
    let fix = "ask for more in Service Quotas, or remove what nobody uses";
    if count >= *most {
        Finding::error(id, &domain.key, format!("{says}: nobody new gets in"), fix)
    } else if count * 100 >= most * NEAR {
        Finding::warning(id, &domain.key, says, fix)
    } else {
        Finding::ok(id, &domain.key, says)
    }
}
