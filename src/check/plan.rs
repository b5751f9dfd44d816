//! What there is to look at in a configuration: each thing once.

use super::ground::Ground;
use super::{Finding, caller, domain, endpoint, execution_role, idp, ledger, lifecycle, quota, role};
use crate::arn::RoleArn;
use crate::aws::templates;
use crate::config::Domain;
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

/// One look, which may come to several findings.
pub(super) struct Job {
    /// Id and subject of what is said if it does not end in time.
    pub(super) id: &'static str,
    pub(super) subject: String,
    pub(super) work: Pin<Box<dyn Future<Output = Vec<Finding>> + Send>>,
}

impl Job {
    fn new(
        id: &'static str,
        subject: impl Into<String>,
        work: impl Future<Output = Vec<Finding>> + Send + 'static,
    ) -> Self {
        Self { id, subject: subject.into(), work: Box::pin(work) }
    }
}

/// All looks, in the order in which a sign-in meets what they are about.
pub(super) fn jobs(ground: &Arc<Ground>) -> Vec<Job> {
    let config = &ground.config;
    let keys = caller::seal_keys(ground);
    let mut jobs = vec![Job::new(keys.id, keys.subject.clone(), ready(vec![keys]))];
    for domain in places(&config.domains) {
        let subject = caller::subject(&domain);
        jobs.push(Job::new("gateway.credentials", subject, caller::look(Arc::clone(ground), domain)));
    }
    jobs.push(Job::new("ledger.claim", "replay", ledger::look(Arc::clone(ground))));
    if endpoint::are_private(config) {
        for domain in places(&config.domains) {
            jobs.push(Job::new(
                "endpoint.private",
                domain.region.clone(),
                endpoint::look(Arc::clone(ground), domain),
            ));
        }
    }
    for settings in &config.idps {
        let look = idp::look(Arc::clone(ground), Arc::clone(settings));
        jobs.push(Job::new("idp.metadata", &settings.key, look));
    }
    for (arn, domain) in federated_roles(&config.domains) {
        jobs.push(Job::new("role.exists", arn.to_string(), role::look(Arc::clone(ground), arn, domain)));
    }
    for domain in &config.domains {
        let (one, other) = (Arc::clone(domain), Arc::clone(domain));
        jobs.push(Job::new("domain.status", &domain.key, domain::look(Arc::clone(ground), one)));
        jobs.push(Job::new(
            "gateway.permissions",
            &domain.key,
            caller::permissions(Arc::clone(ground), other),
        ));
    }
    for (arn, domain) in execution_roles(ground) {
        let look = execution_role::look(Arc::clone(ground), arn.clone(), domain);
        jobs.push(Job::new("execution-role.exists", arn, look));
    }
    jobs.push(Job::new("lifecycle-config", "all domains", lifecycle::look(Arc::clone(ground))));
    for domain in places(&config.domains) {
        let subject = caller::subject(&domain);
        jobs.push(Job::new("quota.user-profiles", subject, quota::look(Arc::clone(ground), domain)));
    }
    jobs
}

/// A domain for each region and each role that the gateway calls there as.
fn places(domains: &[Arc<Domain>]) -> Vec<Arc<Domain>> {
    let mut seen = BTreeSet::new();
    let new = |domain: &&Arc<Domain>| seen.insert((domain.region.clone(), domain.provisioner.clone()));
    domains.iter().filter(new).cloned().collect()
}

/// The federated roles, each with a domain that it opens.
fn federated_roles(domains: &[Arc<Domain>]) -> BTreeMap<RoleArn, Arc<Domain>> {
    let pairs = domains.iter().rev().flat_map(|domain| domain.roles.iter().map(move |role| (role, domain)));
    pairs.map(|(role, domain)| (role.clone(), Arc::clone(domain))).collect()
}

/// The execution roles that profiles are made with, each with a domain that has such a profile.
fn execution_roles(ground: &Ground) -> BTreeMap<String, Arc<Domain>> {
    let mut found = BTreeMap::new();
    for domain in &ground.config.domains {
        for template in templates(&ground.config, domain) {
            if let Some(arn) = template.execution_role() {
                found.entry(arn.to_owned()).or_insert_with(|| Arc::clone(domain));
            }
        }
    }
    found
}
