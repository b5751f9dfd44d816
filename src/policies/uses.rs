//! What a template is filled for: one use for each role, account, region or group, with the domains that it speaks about.

use super::Lack;
use super::catalogue::Scope;
use crate::arn::RoleArn;
use crate::config::{Config, Domain, PresignBy};
use std::collections::BTreeSet;

/// One use of a template.
pub(super) struct Use<'c> {
    /// Tells it from the other uses.
    pub(super) subject: Option<String>,
    /// The role or group that the policy belongs to.
    pub(super) holder: Option<String>,
    /// The domains that it speaks about.
    pub(super) domains: Vec<&'c Domain>,
    /// The federated role that it speaks about.
    pub(super) role: Option<RoleArn>,
    /// The role that the gateway runs as, if that is known.
    pub(super) gateway_role: Option<&'c RoleArn>,
    /// What the configuration would need for there to be any use.
    pub(super) lacks: Option<Lack>,
}

/// Where a domain is: partition, account, region.
pub(super) type Place<'c> = (&'c str, &'c str, &'c str);

/// The uses of a template with this scope, in the order of the configuration; at least one.
pub(super) fn uses(scope: Scope, config: &Config) -> Vec<Use<'_>> {
    let all = || config.domains.iter().map(AsRef::as_ref).collect::<Vec<&Domain>>();
    let those = |fits: fn(&Domain) -> bool| all().into_iter().filter(|domain| fits(domain)).collect();
    let account = |(_, account, _): Place<'_>| account.to_owned();
    let (uses, lacking) = match scope {
        Scope::Once => (vec![of(all())], ""),
        Scope::Gateway => (vec![of(those(|domain| domain.provisioner.is_none()))], ""),
        Scope::Account => (split(&all(), account), ""),
        Scope::Region => (split(&all(), |(_, account, region)| format!("{account}/{region}")), ""),
        Scope::Role => (by_role(&all()), ""),
        Scope::Person => {
            let opened = those(|domain| domain.presign_by == PresignBy::Person);
            (by_role(&opened), "a domain with presign_by = \"person\"")
        }
        Scope::Service => {
            let served: Vec<_> = those(|domain| domain.presign_by == PresignBy::Service);
            (split(&served, account), "a domain with presign_by = \"service\"")
        }
        Scope::Provisioner => (by_provisioner(&all()), "domain.provisioner"),
        Scope::People => {
            let with_roles: Vec<_> = those(|domain| domain.execution_role.is_some());
            (split(&with_roles, account), "domain.execution_role")
        }
        Scope::Group => {
            let groups = config.policies.notebook_groups.iter();
            let of_group = |group: &String| Use {
                subject: Some(group.clone()),
                holder: Some(group.clone()),
                ..of(all())
            };
            (groups.map(of_group).collect(), "policies.notebook_groups")
        }
    };
    if uses.is_empty() { vec![Use { lacks: Some(Lack(lacking.into())), ..of(Vec::new()) }] } else { uses }
}

/// Partition, account and region of a domain.
pub(super) fn place(domain: &Domain) -> Option<Place<'_>> {
    let role = domain.roles.first()?;
    Some((role.partition(), role.account(), &domain.region))
}

/// Each item once, where it occurs first.
pub(super) fn in_order<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

fn of(domains: Vec<&Domain>) -> Use<'_> {
    Use { subject: None, holder: None, domains, role: None, gateway_role: None, lacks: None }
}

fn split<'c>(domains: &[&'c Domain], key: fn(Place<'_>) -> String) -> Vec<Use<'c>> {
    let key_of = |domain: &&Domain| place(domain).map(key);
    in_order(domains.iter().filter_map(key_of))
        .into_iter()
        .map(|subject| {
            let same = |domain: &&Domain| key_of(domain).as_ref() == Some(&subject);
            let domains = domains.iter().copied().filter(same).collect();
            Use { subject: Some(subject), ..of(domains) }
        })
        .collect()
}

fn by_role<'c>(domains: &[&'c Domain]) -> Vec<Use<'c>> {
    in_order(domains.iter().flat_map(|domain| domain.roles.iter().cloned()))
        .into_iter()
        .map(|role| {
            let opened = domains.iter().copied().filter(|domain| domain.roles.contains(&role)).collect();
            Use { role: Some(role.clone()), ..of_role(&role, opened) }
        })
        .collect()
}

fn by_provisioner<'c>(domains: &[&'c Domain]) -> Vec<Use<'c>> {
    let role_of = |domain: &'c Domain| Some(&domain.provisioner.as_ref()?.role);
    in_order(domains.iter().copied().filter_map(role_of))
        .into_iter()
        .map(|role| {
            let served = domains.iter().copied().filter(|domain| role_of(domain) == Some(role)).collect();
            of_role(role, served)
        })
        .collect()
}

fn of_role<'c>(role: &RoleArn, domains: Vec<&'c Domain>) -> Use<'c> {
    let subject = Some(format!("{}/{}", role.account(), role.name()));
    Use { subject, holder: Some(role.name().to_owned()), ..of(domains) }
}
