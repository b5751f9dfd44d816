//! Section `[[rule]]`: who may go where. A rule holds conditions and what follows when all of them hold; what a person
//! may do is worked out by [`crate::policy`]. What can never come true is a problem here.

mod index;
mod matcher;
mod overlay;

pub use index::RuleIndex;
pub use matcher::Matcher;

use super::entitlements::Named;
use super::problems::{Collector, Section, boolean, one_or_more, string};
use super::profile::{self, ProfileTemplate};
use super::{Destination, Domain, Idp, Sources};
use crate::arn::RoleArn;
use overlay::laid_over;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use toml::{Table, Value};

/// Who may go where.
#[derive(Debug)]
pub struct Rule {
    /// Its position in the file, from 1.
    pub number: usize,
    /// What people read; no two rules have the same.
    pub name: String,
    /// All have to hold. None: it is for everyone, and the file says so.
    pub conditions: Vec<Condition>,
    /// Where whoever it is for may go.
    pub allow: Vec<Allowed>,
    /// Where they may not, whatever the rules after it say.
    pub deny: Vec<Arc<Destination>>,
}

/// A destination that a rule opens.
#[derive(Debug)]
pub struct Allowed {
    /// The destination.
    pub destination: Arc<Destination>,
    /// What a missing profile is created as: the domain's template, with the rule's laid over it. `None` where there is no
    /// domain.
    pub template: Option<Arc<ProfileTemplate>>,
}

/// One condition: at least one value of the subject fits at least one of the matchers.
#[derive(Debug)]
pub struct Condition {
    /// What is looked at.
    pub subject: Subject,
    /// What it has to be; never empty.
    pub any_of: Vec<Matcher>,
}

/// What a condition looks at.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject {
    /// Key of the IdP that vouches for the person.
    Idp,
    /// ARNs of the roles that they hold.
    Roles,
    /// Their groups.
    Groups,
    /// The values of a SAML attribute.
    Attribute(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idp => f.write_str("idps"),
            Self::Roles => f.write_str("roles"),
            Self::Groups => f.write_str("groups"),
            Self::Attribute(name) => write!(f, "attribute {name:?}"),
        }
    }
}

impl Condition {
    /// Whether this one value is enough for it to hold.
    #[must_use]
    pub fn takes(&self, value: &str) -> bool {
        self.any_of.iter().any(|matcher| matcher.matches(value))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any_of: Vec<_> = self.any_of.iter().map(ToString::to_string).collect();
        write!(f, "{}: {}", self.subject, any_of.join(" or "))
    }
}

impl Rule {
    /// What it opens a destination to somebody with; `None` if it does not.
    #[must_use]
    pub fn allowed(&self, destination: &Destination) -> Option<&Allowed> {
        self.allow.iter().find(|allowed| allowed.destination.key == destination.key)
    }

    /// Whether it says anything about a destination.
    #[must_use]
    pub fn names(&self, destination: &Destination) -> bool {
        self.all().any(|named| named.key == destination.key) || self.denies_domain_of(destination)
    }

    /// Whether it denies the domain in which the destination is, and with it everything there: from any place in a domain
    /// it is one click to all others.
    fn denies_domain_of(&self, destination: &Destination) -> bool {
        let domain = destination.domain().map(|domain| &domain.key);
        self.deny.iter().any(|denied| Some(&denied.key) == domain)
    }

    /// Whether what it opens may be opened through this role: what it says of roles holds for each role by itself.
    #[must_use]
    pub fn takes_role(&self, role: &RoleArn) -> bool {
        self.takes(&Subject::Roles, role.as_str())
    }

    /// Whether it can be for people of this IdP.
    #[must_use]
    pub fn takes_idp(&self, key: &str) -> bool {
        self.takes(&Subject::Idp, key)
    }

    fn takes(&self, subject: &Subject, value: &str) -> bool {
        self.conditions.iter().filter(|one| one.subject == *subject).all(|one| one.takes(value))
    }

    /// Everywhere that it allows or denies.
    fn all(&self) -> impl Iterator<Item = &Destination> {
        self.allow.iter().map(|allowed| &*allowed.destination).chain(self.deny.iter().map(|denied| &**denied))
    }
}

/// What rules refer to.
pub(super) struct Surroundings<'a> {
    pub(super) idps: &'a Named<Idp>,
    pub(super) destinations: &'a Named<Destination>,
    /// `[domain.profile]` as it is written, by the domain's key.
    pub(super) profiles: &'a BTreeMap<String, Table>,
    pub(super) sources: &'a Sources<'a>,
}

/// Reads all rules. `None`: at least one has a problem.
pub(super) fn read_all(
    sections: Vec<Section<'_>>,
    around: &Surroundings<'_>,
    problems: &Collector,
    warnings: &mut Vec<String>,
) -> Option<Vec<Rule>> {
    let rules: Vec<_> = sections
        .into_iter()
        .enumerate()
        .map(|(index, section)| read(index + 1, section, around, problems, warnings))
        .collect();
    let names: Vec<_> = rules.iter().map(|rule| rule.as_ref().map(|rule| rule.name.as_str())).collect();
    super::repeated(problems, "rule", "name", &names);
    let rules: Vec<_> = rules.into_iter().collect::<Option<_>>()?;
    warnings.extend(shadowed(&rules));
    Some(rules)
}

fn read(
    number: usize,
    mut section: Section<'_>,
    around: &Surroundings<'_>,
    problems: &Collector,
    warnings: &mut Vec<String>,
) -> Option<Rule> {
    let name = section.required("name", string);
    let conditions = conditions(&mut section, around.idps, warnings);
    let everyone = section.optional("everyone", boolean).unwrap_or(false);
    match (everyone, conditions.is_empty()) {
        (false, true) => section.problem("everyone", "a rule without a condition has to say everyone = true"),
        (true, false) => section.problem("everyone", "true, but the rule has conditions"),
        _ => {}
    }
    let mut named = BTreeSet::new();
    let mut destinations = |section: &mut Section<'_>, key| {
        let path = section.path(key);
        let found = section.one_or_more(key, |value| {
            let key = string(value)?;
            around
                .destinations
                .get(&key)
                .cloned()
                .ok_or_else(|| format!("no destination has the key {key:?}"))
        });
        let found: Vec<_> = found.unwrap_or_default().into_iter().flatten().collect();
        for destination in &found {
            if !named.insert(destination.key.clone()) {
                problems.add(&path, format!("{:?} is named by this rule already", destination.key));
            }
        }
        found
    };
    let allow = destinations(&mut section, "allow");
    let deny = destinations(&mut section, "deny");
    if !section.has("allow") && !section.has("deny") {
        section.problem("allow", "missing (or deny)");
    }
    let has_profile = section.has("profile");
    let over = section.section("profile");
    let no_studio = !allow.is_empty() && allow.iter().all(|one| one.studio().is_none());
    if has_profile && (no_studio || !section.has("allow")) {
        section.problem("profile", "the rule allows nothing that a profile would be made for");
    }
    let templates = templates(&over, &allow, around, problems);
    let path = section.path("allow");
    section.finish();
    let allow = allow.into_iter().map(|destination| {
        let template = destination.domain().map(|domain| {
            let laid = templates.get(&domain.key).cloned();
            laid.unwrap_or_else(|| Arc::clone(&domain.profile))
        });
        Allowed { destination, template }
    });
    let rule = Rule { number, name: name?, conditions, allow: allow.collect(), deny };
    check_ways_in(&rule, &path, around.idps, problems);
    Some(rule)
}

/// The keys `idps`, `roles`, `groups` and `attributes` of a table: its conditions.
pub(super) fn conditions(
    section: &mut Section<'_>,
    idps: &Named<Idp>,
    warnings: &mut Vec<String>,
) -> Vec<Condition> {
    let idp = |value: &Value| {
        let key = string(value)?;
        let known = idps.contains_key(&key).then(|| Matcher::to(&key));
        known.ok_or_else(|| format!("no IdP has the key {key:?}"))
    };
    let mut found = vec![
        (Subject::Idp, section.path("idps"), section.one_or_more("idps", idp)),
        (Subject::Roles, section.path("roles"), section.one_or_more("roles", Matcher::parse_role)),
        (Subject::Groups, section.path("groups"), section.one_or_more("groups", Matcher::parse)),
    ];
    let problems = section.problems();
    for (name, value, path) in section.section("attributes").entries() {
        let any_of = one_or_more(value, &path, problems, Matcher::parse);
        found.push((Subject::Attribute(name.to_owned()), path, Some(any_of)));
    }
    for (_, path, any_of) in &found {
        let literal =
            any_of.iter().flatten().filter_map(Matcher::exact).filter(|text| text.contains(['*', '?']));
        warnings.extend(literal.map(|text| {
            format!("{path}: {text:?} is compared as it stands; a pattern is written {{ like = {text:?} }}")
        }));
    }
    found
        .into_iter()
        .filter_map(|(subject, _, any_of)| Some(Condition { subject, any_of: any_of? }))
        .collect()
}

/// The template of each domain that the rule opens, by the domain's key; none where nothing is laid over it.
fn templates(
    over: &Section<'_>,
    allow: &[Arc<Destination>],
    around: &Surroundings<'_>,
    problems: &Collector,
) -> BTreeMap<String, Arc<ProfileTemplate>> {
    let written = over.written();
    let mut templates = BTreeMap::new();
    if written.is_empty() {
        return templates;
    }
    let lay = |base: &Table, owner_tag: &str| {
        let table = laid_over(base, &written);
        // The same problem may show over each domain, and is one.
        let found = Collector::default();
        let template = profile::read(Section::at(&table, over.own_path(), &found), owner_tag, around.sources);
        problems.absorb(found);
        template.map(Arc::new)
    };
    if allow.is_empty() {
        // Where the domains have problems of their own, these are told all the same.
        lay(&Table::new(), "");
    }
    let domains: BTreeMap<&str, &Domain> =
        allow.iter().filter_map(|one| one.domain()).map(|one| (one.key.as_str(), one)).collect();
    for (key, domain) in domains {
        let base = around.profiles.get(key).cloned().unwrap_or_default();
        if let Some(template) = lay(&base, &domain.owner_tag) {
            templates.insert(key.to_owned(), template);
        }
    }
    templates
}

/// A destination that the rule allows, but that nobody whom it is for can open, is a mistake.
fn check_ways_in(rule: &Rule, path: &str, idps: &Named<Idp>, problems: &Collector) {
    for Allowed { destination, .. } in &rule.allow {
        if !destination.roles().iter().any(|role| rule.takes_role(role)) {
            problems.add(
                path,
                format!("{:?} is opened by none of the roles that the rule is for", destination.key),
            );
        }
        // An IdP with a problem of its own may be the one.
        let leads = |idp: &Option<Arc<Idp>>| idp.as_ref().is_none_or(|idp| destination.is_open_to(idp));
        if !idps.iter().any(|(key, idp)| rule.takes_idp(key) && leads(idp)) {
            let reason = "has no SAML provider of an IdP that the rule is for in its account";
            problems.add(path, format!("{:?} {reason}", destination.key));
        }
    }
}

/// What comes after a rule for everyone that names the same destination is never asked.
fn shadowed(rules: &[Rule]) -> Vec<String> {
    let mut decided: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for rule in rules {
        for destination in rule.all() {
            if let Some(earlier) = decided.get(destination.key.as_str()) {
                found.push(format!(
                    "rule {:?}: it never decides about {:?}, since {earlier:?} is for everyone and comes before it",
                    rule.name, destination.key
                ));
            }
        }
        if rule.conditions.is_empty() {
            for destination in rule.all() {
                decided.entry(&destination.key).or_insert(&rule.name);
            }
        }
    }
    found
}
