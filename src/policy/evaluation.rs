//! The rules, asked one after the other. For each destination, the first rule that names it and whose conditions all
//! hold decides; where there is none, the answer is no.

use super::{Grant, NotebookGrant, Way, tags};
use crate::arn::RolePair;
use crate::config::{Allowed, Condition, Config, Destination, Place, Rule, Subject};
use crate::error::{Code, Refusal};
use crate::identity::Claims;
use crate::profile_name::ProfileName;
use std::borrow::Cow;
use std::collections::HashSet;

/// What the rules say about one person, and why.
#[derive(Debug)]
pub struct Evaluation<'c> {
    /// Every rule that was asked, in order.
    pub findings: Vec<Finding<'c>>,
    /// Every destination, in order.
    pub decisions: Vec<Decision<'c>>,
}

/// What came of the conditions of one rule.
#[derive(Debug)]
pub struct Finding<'c> {
    /// The rule.
    pub rule: &'c Rule,
    /// Its conditions, in order.
    pub answers: Vec<Answer<'c>>,
}

impl Finding<'_> {
    /// Whether the rule is for this person.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.answers.iter().all(|answer| answer.met_by.is_some())
    }
}

/// What came of one condition.
#[derive(Debug)]
pub struct Answer<'c> {
    /// The condition.
    pub condition: &'c Condition,
    /// The first value with which it holds; none: it does not.
    pub met_by: Option<String>,
}

/// What was decided about one destination.
#[derive(Debug)]
pub struct Decision<'c> {
    /// The destination.
    pub destination: &'c Destination,
    /// The rule that decided, if one did.
    pub rule: Option<&'c Rule>,
    /// What it decided.
    pub verdict: Verdict<'c>,
}

/// What was decided.
#[derive(Debug)]
pub enum Verdict<'c> {
    /// The person may go there, in one of these ways; there is at least one.
    Granted(Vec<Way<'c>>),
    /// No rule that is for this person names it.
    NotNamed,
    /// The rule denies it.
    Denied,
    /// The rule allows it, but the person holds no role through which it allows it.
    NoRole,
    /// The rule allows it, but a tag that a profile there must have cannot be made.
    NoTag(String),
}

/// Asks all rules about a person.
#[must_use]
pub fn evaluate<'c>(claims: &Claims, config: &'c Config) -> Evaluation<'c> {
    ask(claims, config, config.rules.iter())
}

/// Asks those rules that can be for the person, of however many there are. It decides as [`evaluate`] does: the other rules
/// have a condition on groups that does not hold.
pub(super) fn evaluate_candidates<'c>(claims: &Claims, config: &'c Config) -> Evaluation<'c> {
    let candidates = config.rule_index.candidates(claims.groups().iter());
    ask(claims, config, candidates.into_iter().filter_map(|position| config.rules.get(position)))
}

fn ask<'c>(claims: &Claims, config: &'c Config, rules: impl Iterator<Item = &'c Rule>) -> Evaluation<'c> {
    let findings: Vec<_> = rules.map(|rule| find(claims, rule)).collect();
    let decide = |destination: &'c Destination| {
        let mut holding = findings.iter().filter(|finding| finding.holds()).map(|finding| finding.rule);
        let rule = holding.find(|rule| rule.names(destination));
        let verdict = match rule.map(|rule| (rule, rule.allowed(destination))) {
            None => Verdict::NotNamed,
            Some((_, None)) => Verdict::Denied,
            Some((rule, Some(allowed))) => open(claims, rule, allowed),
        };
        Decision { destination, rule, verdict }
    };
    let decisions = config.destinations.iter().map(|destination| decide(destination)).collect();
    Evaluation { findings, decisions }
}

fn find<'c>(claims: &Claims, rule: &'c Rule) -> Finding<'c> {
    let answer = |condition: &'c Condition| Answer { condition, met_by: met_by(claims, condition) };
    Finding { rule, answers: rule.conditions.iter().map(answer).collect() }
}

/// The first value with which a condition holds; none: it does not.
pub(crate) fn met_by(claims: &Claims, condition: &Condition) -> Option<String> {
    seen(claims, &condition.subject).into_iter().find(|value| condition.takes(value)).map(Cow::into_owned)
}

/// What a condition looks at, for this person.
#[must_use]
pub(crate) fn seen<'a>(claims: &'a Claims, subject: &Subject) -> Vec<Cow<'a, str>> {
    match subject {
        Subject::Idp => vec![Cow::Borrowed(claims.idp())],
        Subject::Roles => claims.role_pairs().map(|pair| Cow::Owned(pair.role.to_string())).collect(),
        Subject::Groups => claims.groups().iter().map(|group| Cow::Borrowed(group.as_str())).collect(),
        Subject::Attribute(name) => {
            claims.attribute(name).iter().map(|value| Cow::Borrowed(value.as_str())).collect()
        }
    }
}

fn open<'c>(claims: &Claims, rule: &'c Rule, allowed: &'c Allowed) -> Verdict<'c> {
    let destination = &*allowed.destination;
    let mut seen = HashSet::new();
    let roles: Vec<RolePair> = claims
        .role_pairs()
        .filter(|pair| destination.roles().contains(&pair.role) && rule.takes_role(&pair.role))
        // One role through two providers of the IdP is one way: the first that the assertion names.
        .filter(|pair| seen.insert(pair.role.to_string()))
        .collect();
    let ways: Vec<_> = match (&destination.place, &allowed.template) {
        (Place::Studio(place), Some(template)) => {
            let (tags, left_out) = match tags::of(claims, &place.domain.owner_tag, template) {
                Ok(tags) => tags,
                Err(missing) => return Verdict::NoTag(missing.to_string()),
            };
            let grant = |role| Grant {
                rule,
                destination,
                place,
                template,
                role,
                profile: ProfileName::of(claims.user_id()),
                tags: tags.clone(),
                left_out: left_out.clone(),
            };
            roles.into_iter().map(grant).map(Way::Studio).collect()
        }
        (Place::Notebooks(place), _) => {
            let to = (destination, place);
            let each = roles.iter().flat_map(|role| NotebookGrant::all(rule, to, role, claims.user_id()));
            each.map(Way::Notebooks).collect()
        }
        // No place in a domain is allowed without a template.
        (Place::Studio(_), None) => Vec::new(),
    };
    if ways.is_empty() { Verdict::NoRole } else { Verdict::Granted(ways) }
}

impl<'c> Evaluation<'c> {
    /// All ways; never empty.
    pub(super) fn into_ways(self, claims: &Claims) -> Result<Vec<Way<'c>>, Refusal> {
        let some = self.decisions.iter().any(|decision| matches!(decision.verdict, Verdict::Granted(_)));
        let reason = if some { String::new() } else { self.reason(claims) };
        let mut grants = Vec::new();
        let mut no_tag = None;
        for decision in self.decisions {
            match decision.verdict {
                Verdict::Granted(more) => grants.extend(more),
                Verdict::NoTag(missing) => no_tag = no_tag.or(Some(missing)),
                Verdict::NotNamed | Verdict::Denied | Verdict::NoRole => {}
            }
        }
        match (grants.is_empty(), no_tag) {
            (false, _) => Ok(grants),
            (true, Some(missing)) => Err(Refusal::new(Code::IdentityInvalid, missing)),
            (true, None) => Err(Refusal::new(Code::EntitlementNone, reason)),
        }
    }

    /// Why there is nowhere to go, for the log.
    fn reason(&self, claims: &Claims) -> String {
        let roles: Vec<_> = claims.role_pairs().map(|pair| pair.role.to_string()).collect();
        let holding = self.findings.iter().filter(|finding| finding.holds());
        let holding: Vec<_> = holding.map(|finding| format!("{:?}", finding.rule.name)).collect();
        format!(
            "no destination is open to {:?} with roles [{}] and {} groups; rules that are for them: {}",
            claims.user_id(),
            roles.join(", "),
            claims.groups().len(),
            if holding.is_empty() { "none".to_owned() } else { holding.join(", ") }
        )
    }
}
