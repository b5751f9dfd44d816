//! Domains, destinations and rules together: what refers to what, and what looks like a mistake once all is known.

use super::Provisioning;
use super::presign_by::PresignBy;
use super::problems::{Collector, Section};
use super::{Config, Destination, Domain, Idp, Rule, Sources, Subject, TagSource};
use super::{destination, repeated, rule};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use toml::{Table, Value};

/// What the file has under each key of an array of tables; `None` for a table with a problem of its own.
pub(super) type Named<T> = BTreeMap<String, Option<Arc<T>>>;

/// What destinations and rules refer to.
pub(super) struct Read<'a> {
    pub(super) table: &'a Table,
    pub(super) idps: &'a [Option<Arc<Idp>>],
    pub(super) domains: &'a [Option<Arc<Domain>>],
    pub(super) sources: &'a Sources<'a>,
}

impl Read<'_> {
    /// Every domain as a destination, then the other destinations; and the rules.
    pub(super) fn entitlements(
        &self,
        destination_sections: Vec<Section<'_>>,
        rule_sections: Vec<Section<'_>>,
        problems: &Collector,
        warnings: &mut Vec<String>,
    ) -> Option<(Vec<Arc<Destination>>, Vec<Rule>)> {
        let domains = self.named("domain", self.domains);
        let of_domains: Vec<_> =
            self.domains.iter().map(|domain| Some(Arc::new(Destination::of(domain.as_ref()?)))).collect();
        let further: Vec<_> = destination_sections
            .into_iter()
            .map(|section| destination::read(section, &domains).map(Arc::new))
            .collect();
        let keys: Vec<_> = further.iter().map(|one| Some(one.as_ref()?.key.as_str())).collect();
        repeated(problems, "destination", "key", &keys);
        for (index, key) in keys.iter().enumerate() {
            if let Some(key) = key.filter(|key| domains.contains_key(*key)) {
                problems.add(&format!("destination[{index}].key"), format!("{key:?} is the key of a domain"));
            }
        }
        let mut destinations = self.named("destination", &further);
        destinations.extend(self.named("domain", &of_domains));
        let around = rule::Surroundings {
            idps: &self.named("idp", self.idps),
            destinations: &destinations,
            profiles: &self.profiles(),
            sources: self.sources,
        };
        let rules = rule::read_all(rule_sections, &around, problems, warnings);
        let destinations: Option<Vec<_>> = of_domains.into_iter().chain(further).collect();
        destinations.zip(rules)
    }

    fn named<T>(&self, array: &str, parsed: &[Option<Arc<T>>]) -> Named<T> {
        named(self.table, array, parsed)
    }

    /// `[domain.profile]` of each domain as it is written, by the domain's key.
    fn profiles(&self) -> BTreeMap<String, Table> {
        tables(self.table, "domain")
            .filter_map(|domain| {
                let profile = domain.get("profile").and_then(Value::as_table).cloned();
                Some((domain.get("key")?.as_str()?.to_owned(), profile.unwrap_or_default()))
            })
            .collect()
    }
}

/// What was made of an array of tables, by the keys that the file has.
pub(super) fn named<T>(table: &Table, array: &str, parsed: &[Option<Arc<T>>]) -> Named<T> {
    let keys = tables(table, array).map(|table| table.get("key").and_then(Value::as_str));
    keys.zip(parsed).filter_map(|(key, parsed)| Some((key?.to_owned(), parsed.clone()))).collect()
}

fn tables<'a>(table: &'a Table, array: &str) -> impl Iterator<Item = &'a Value> {
    table.get(array).and_then(Value::as_array).into_iter().flatten()
}

/// Names of the attributes that rules and tags ask for.
pub(super) fn attributes(domains: &[Arc<Domain>], rules: &[Rule]) -> BTreeSet<String> {
    let of_roles = domains.iter().filter_map(|domain| domain.execution_role.as_ref());
    let of_roles = of_roles.flat_map(|template| &template.rules).flat_map(|rule| &rule.conditions);
    let conditions = rules.iter().flat_map(|rule| &rule.conditions).chain(of_roles);
    let in_rules = conditions.filter_map(|condition| match &condition.subject {
        Subject::Attribute(name) => Some(name.clone()),
        Subject::Idp | Subject::Roles | Subject::Groups => None,
    });
    let templates = rules.iter().flat_map(|rule| &rule.allow).filter_map(|allowed| allowed.template.as_ref());
    let templates = domains.iter().map(|domain| &domain.profile).chain(templates);
    let in_tags = templates.flat_map(|template| &template.tags).filter_map(|(_, source)| match source {
        TagSource::Attribute { name, .. } => Some(name.clone()),
        TagSource::Fixed(_) => None,
    });
    in_rules.chain(in_tags).collect()
}

impl Domain {
    /// What is allowed, but an admin should know.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.presign_by == PresignBy::Service {
            warnings.push(format!(
                "domain {:?}: presign_by = \"service\": AWS does not compare owner and person, only the gateway does, \
                 and CloudTrail names the gateway",
                self.key
            ));
        }
        // The quota that an account starts with (IAM quotas).
        if let Some(declared) = self.execution_role.as_ref().map(|role| role.declared().len())
            && declared > 10
        {
            warnings.push(format!(
                "domain {:?}: execution_role names {declared} policies; a role can have 10 unless the account's quota \
                 was raised",
                self.key
            ));
        }
        warnings
    }
}

impl Config {
    /// The destination with this key.
    #[must_use]
    pub fn destination(&self, key: &str) -> Option<&Destination> {
        self.destinations.iter().find(|destination| destination.key == key).map(|found| &**found)
    }

    /// The IdPs whose people may go to a destination, as far as can be said without knowing the person.
    pub fn idps_to(&self, destination: &Destination) -> impl Iterator<Item = &Arc<Idp>> {
        let rules: Vec<_> = self.rules.iter().filter(|rule| rule.allowed(destination).is_some()).collect();
        self.idps.iter().filter(move |idp| {
            destination.is_open_to(idp) && rules.iter().any(|rule| rule.takes_idp(&idp.key))
        })
    }

    /// What is allowed, but looks like a mistake once everything is known.
    pub(super) fn doubts(&self) -> Vec<String> {
        let mut found = Vec::new();
        let opened =
            |destination: &Destination| self.rules.iter().any(|rule| rule.allowed(destination).is_some());
        for domain in &self.domains {
            found.extend(domain.warnings());
            let is_here = |one: &Destination| one.domain().is_some_and(|inside| inside.key == domain.key);
            let inside = || self.destinations.iter().filter(|one| is_here(one));
            // A domain that is entered by other destinations only is as it should be.
            if !inside().any(|destination| opened(destination)) {
                found.push(format!("domain {:?}: no rule allows anybody to go there", domain.key));
            }
            let inside_templates = self.rules.iter().flat_map(|rule| &rule.allow);
            let roles: BTreeSet<_> = inside_templates
                .filter(|allowed| is_here(&allowed.destination))
                .filter_map(|allowed| Some(allowed.template.as_ref()?.execution_role()))
                .collect();
            if roles.len() > 1 && domain.provisioning != Provisioning::Reconcile {
                found.push(format!(
                    "domain {:?}: rules give profiles different execution roles, and provisioning is not \"reconcile\": \
                     whoever comes by another rule later keeps the role of the first",
                    domain.key
                ));
            }
            let leading: BTreeSet<_> =
                inside().flat_map(|one| self.idps_to(one)).map(|idp| idp.key.as_str()).collect();
            if leading.len() > 1 {
                found.push(format!(
                    "domain {:?}: the IdPs {} lead here, and whom they give the same user id gets the same profile",
                    domain.key,
                    leading.into_iter().collect::<Vec<_>>().join(", ")
                ));
            }
        }
        for destination in self.destinations.iter().skip(self.domains.len()).filter(|one| !opened(one)) {
            found.push(format!("destination {:?}: no rule allows anybody to go there", destination.key));
        }
        found
    }
}
