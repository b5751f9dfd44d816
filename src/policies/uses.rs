//! What a template is filled for: one use for each role, account, region or group, with the domains that it speaks about.

use super::Lack;
use super::catalogue::Scope;
use crate::arn::RoleArn;
use crate::config::{Config, Domain, NotebookPlace, PresignBy};
use std::collections::BTreeSet;

/// One use of a template.
pub(super) struct Use<'c> {
    /// Tells it from the other uses.
    pub(super) subject: Option<String>,
    /// The role or group that the policy belongs to.
    pub(super) holder: Option<String>,
    /// The domains that it speaks about.
    pub(super) domains: Vec<&'c Domain>,
    /// The notebook instances that it speaks about.
    pub(super) notebooks: Vec<&'c NotebookPlace>,
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
pub(super) fn uses<'c>(scope: Scope, config: &'c Config, gateway_role: Option<&'c RoleArn>) -> Vec<Use<'c>> {
    let notebooks: Vec<_> = config.destinations.iter().filter_map(|one| one.notebooks()).collect();
    let all = || config.domains.iter().map(AsRef::as_ref).collect::<Vec<&Domain>>();
    let those = |fits: fn(&Domain) -> bool| all().into_iter().filter(|domain| fits(domain)).collect();
    let account = |(_, account, _): Place<'_>| account.to_owned();
    let (uses, lacking) = match scope {
        Scope::Once => (vec![of(all())], ""),
        Scope::Gateway => (vec![of(those(|domain| domain.provisioner.is_none()))], ""),
        Scope::Account => (split_all(&all(), &notebooks, account), "a domain"),
        Scope::Region => {
            (split_all(&all(), &notebooks, |(_, account, region)| format!("{account}/{region}")), "a domain")
        }
        Scope::Role => (by_role(&all(), &notebooks), ""),
        Scope::Person => {
            let opened = those(|domain| domain.presign_by == PresignBy::Person);
            (by_role(&opened, &[]), "a domain with presign_by = \"person\"")
        }
        Scope::Service => {
            let served: Vec<_> = those(|domain| domain.presign_by == PresignBy::Service);
            (split_all(&served, &[], account), "a domain with presign_by = \"service\"")
        }
        Scope::Provisioner => (by_provisioner(&all(), &notebooks), "domain.provisioner"),
        Scope::People => {
            let with_roles: Vec<_> = those(|domain| domain.execution_role.is_some());
            (split_all(&with_roles, &[], account), "domain.execution_role")
        }
        Scope::Notebooks => (by_notebook_role(&notebooks), "destination.notebook"),
        Scope::NotebookCaller => (by_notebook_caller(&notebooks, gateway_role), "destination.notebook"),
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
    Use {
        subject: None,
        holder: None,
        domains,
        notebooks: Vec::new(),
        role: None,
        gateway_role: None,
        lacks: None,
    }
}

/// Partition, account and region of notebook instances.
pub(super) fn notebook_place(place: &NotebookPlace) -> Option<Place<'_>> {
    let role = place.roles.first()?;
    Some((role.partition(), role.account(), &place.region))
}

fn split_all<'c>(
    domains: &[&'c Domain],
    notebooks: &[&'c NotebookPlace],
    key: fn(Place<'_>) -> String,
) -> Vec<Use<'c>> {
    let of_domain = |domain: &&Domain| place(domain).map(key);
    let of_notebooks = |place: &&NotebookPlace| notebook_place(place).map(key);
    in_order(domains.iter().filter_map(of_domain).chain(notebooks.iter().filter_map(of_notebooks)))
        .into_iter()
        .map(|subject| {
            let subject = Some(subject);
            let inside = domains.iter().copied().filter(|domain| of_domain(domain) == subject).collect();
            let notebooks =
                notebooks.iter().copied().filter(|place| of_notebooks(place) == subject).collect();
            Use { subject, notebooks, ..of(inside) }
        })
        .collect()
}

fn by_role<'c>(domains: &[&'c Domain], notebooks: &[&'c NotebookPlace]) -> Vec<Use<'c>> {
    let of_domains = domains.iter().flat_map(|domain| domain.roles.iter().cloned());
    in_order(of_domains.chain(notebooks.iter().flat_map(|place| place.roles.iter().cloned())))
        .into_iter()
        .map(|role| {
            let opened = domains.iter().copied().filter(|domain| domain.roles.contains(&role)).collect();
            let notebooks = notebooks.iter().copied().filter(|place| place.roles.contains(&role)).collect();
            Use { role: Some(role.clone()), notebooks, ..of_role(&role, opened) }
        })
        .collect()
}

/// Tag of the instance and tag of the session that AWS compares.
type Compared<'c> = (Option<&'c str>, &'c str);

fn compared(place: &NotebookPlace) -> Compared<'_> {
    (place.owner_tag.as_deref(), &place.session_tag)
}

/// The tags of the instances that have owners, each pair once; where all are shared, one use is for these.
fn pairs<'c>(notebooks: &[&'c NotebookPlace]) -> Vec<Compared<'c>> {
    let owned = in_order(notebooks.iter().map(|place| compared(place)).filter(|(owner, _)| owner.is_some()));
    if owned.is_empty() { notebooks.iter().map(|place| compared(place)).take(1).collect() } else { owned }
}

/// The uses of a policy of one role: one for each pair of tags. What is shared goes with each.
fn by_pairs<'c>(role: Option<&RoleArn>, notebooks: &[&'c NotebookPlace]) -> Vec<Use<'c>> {
    let pairs = pairs(notebooks);
    let several = pairs.len() > 1;
    let of_pair = |pair: Compared<'c>| {
        let same = |place: &&NotebookPlace| compared(place) == pair || place.owner_tag.is_none();
        let base = role.map_or_else(|| of(Vec::new()), |role| of_role(role, Vec::new()));
        let tag = pair.0.filter(|_| several);
        let subject = match (base.subject.clone(), tag) {
            (Some(role), Some(tag)) => Some(format!("{role}/{tag}")),
            (subject, tag) => subject.or_else(|| tag.map(str::to_owned)),
        };
        Use { subject, notebooks: notebooks.iter().copied().filter(same).collect(), ..base }
    };
    pairs.into_iter().map(of_pair).collect()
}

fn by_notebook_role<'c>(notebooks: &[&'c NotebookPlace]) -> Vec<Use<'c>> {
    in_order(notebooks.iter().flat_map(|place| place.roles.iter().cloned()))
        .into_iter()
        .flat_map(|role| {
            let opened: Vec<_> =
                notebooks.iter().copied().filter(|place| place.roles.contains(&role)).collect();
            by_pairs(Some(&role), &opened)
        })
        .collect()
}

fn by_notebook_caller<'c>(
    notebooks: &[&'c NotebookPlace],
    gateway_role: Option<&'c RoleArn>,
) -> Vec<Use<'c>> {
    let caller = |place: &'c NotebookPlace| place.provisioner.as_ref().map(|one| &one.role).or(gateway_role);
    in_order(notebooks.iter().copied().map(caller))
        .into_iter()
        .flat_map(|role| {
            let served: Vec<_> = notebooks.iter().copied().filter(|place| caller(place) == role).collect();
            by_pairs(role, &served)
        })
        .collect()
}

fn by_provisioner<'c>(domains: &[&'c Domain], notebooks: &[&'c NotebookPlace]) -> Vec<Use<'c>> {
    let of_domain = |domain: &'c Domain| Some(&domain.provisioner.as_ref()?.role);
    let of_notebooks = |place: &'c NotebookPlace| Some(&place.provisioner.as_ref()?.role);
    let all = domains.iter().copied().filter_map(of_domain);
    in_order(all.chain(notebooks.iter().copied().filter_map(of_notebooks)))
        .into_iter()
        .map(|role| {
            let served = domains.iter().copied().filter(|domain| of_domain(domain) == Some(role)).collect();
            let notebooks =
                notebooks.iter().copied().filter(|place| of_notebooks(place) == Some(role)).collect();
            Use { notebooks, ..of_role(role, served) }
        })
        .collect()
}

fn of_role<'c>(role: &RoleArn, domains: Vec<&'c Domain>) -> Use<'c> {
    let subject = Some(format!("{}/{}", role.account(), role.name()));
    Use { subject, holder: Some(role.name().to_owned()), ..of(domains) }
}
