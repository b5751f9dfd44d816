//! An explanation in words, for people, and as JSON, for programs. Values of a message are shown without control
//! characters, so that nobody writes on the admin's terminal as they like.

use super::{Explanation, Outcome};
use crate::config::{Rule, Subject, Which};
use crate::identity::Claims;
use crate::inspect::printable;
use crate::policy::{Answer, Decision, Finding, Grant, NotebookGrant, Verdict, Way, seen};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use toml::Table;

/// Most values of a person that a line shows.
const SHOWN: usize = 10;

impl Explanation<'_> {
    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        match &self.outcome {
            Err(refusal) => {
                let _ = writeln!(out, "REFUSED with {}: {}", refusal.code().name(), refusal.reason());
            }
            Ok(outcome) => {
                person(&mut out, &outcome.claims);
                for finding in &outcome.evaluation.findings {
                    rule(&mut out, finding, &outcome.claims);
                }
                out.push_str("\nDestinations:\n");
                for decision in &outcome.evaluation.decisions {
                    destination(&mut out, decision);
                }
            }
        }
        out
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.outcome {
            Err(refusal) => json!({
                "idp": self.idp,
                "code": refusal.code().name(),
                "reason": refusal.reason(),
            }),
            Ok(outcome) => outcome.to_json(),
        }
    }
}

fn person(out: &mut String, claims: &Claims) {
    let roles: Vec<_> = claims.role_pairs().map(|pair| pair.role.to_string()).collect();
    let _ = writeln!(out, "Person: {}, of IdP {}", claims.user_id(), claims.idp());
    let _ = writeln!(out, "Roles: {}", roles.join(", "));
    out.push_str("\nRules:\n");
}

fn rule(out: &mut String, finding: &Finding<'_>, claims: &Claims) {
    let verdict = if finding.holds() { "holds" } else { "  -  " };
    let _ = writeln!(out, "  {verdict}  {}", title(finding.rule));
    if finding.answers.is_empty() {
        out.push_str("           for everyone\n");
    }
    for answer in &finding.answers {
        let _ = match &answer.met_by {
            Some(value) => writeln!(out, "           yes  {}, by {:?}", answer.condition, printable(value)),
            None => writeln!(out, "           no   {}; {}", answer.condition, has(answer, claims)),
        };
    }
}

fn title(rule: &Rule) -> String {
    format!("rule {} {:?}", rule.number, rule.name)
}

/// What the person has in place of what a condition asks for.
fn has(answer: &Answer<'_>, claims: &Claims) -> String {
    let values = seen(claims, &answer.condition.subject);
    if values.is_empty() {
        return "there is none".into();
    }
    let shown: Vec<_> = values.iter().take(SHOWN).map(|value| format!("{:?}", printable(value))).collect();
    let more = values.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("there is {}{more}", shown.join(", "))
}

fn destination(out: &mut String, decision: &Decision<'_>) {
    let destination = decision.destination;
    let open = if matches!(decision.verdict, Verdict::Granted(_)) { "OPEN  " } else { "closed" };
    let _ = writeln!(out, "  {open}  {} ({}): {}", destination.key, destination.name, why(decision));
    if let Verdict::Granted(ways) = &decision.verdict {
        for role in roles(ways) {
            let _ = writeln!(out, "          as {role}");
        }
        match ways.first() {
            Some(Way::Studio(grant)) => profile(out, grant),
            Some(Way::Notebooks(grant)) => notebooks(out, grant, ways),
            None => {}
        }
    }
}

/// The roles of these ways, each once.
fn roles(ways: &[Way<'_>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    ways.iter().map(|way| way.role().role.to_string()).filter(|role| seen.insert(role.clone())).collect()
}

/// The instances that these ways lead to, each once; none where AWS has to be asked.
fn instances<'w>(ways: &'w [Way<'_>]) -> Vec<&'w str> {
    let mut seen = BTreeSet::new();
    ways.iter().filter_map(Way::instance).filter(|name| seen.insert(*name)).collect()
}

fn notebooks(out: &mut String, grant: &NotebookGrant<'_>, ways: &[Way<'_>]) {
    let place = grant.place();
    let _ = writeln!(out, "          notebook instances in account {}, {}", place.account(), place.region);
    for name in instances(ways) {
        let _ = writeln!(out, "          instance {name}");
    }
    if let Which::Owned { name_contains } = &place.which {
        let named = name_contains.as_ref().map(|part| format!(" whose name contains {part:?}"));
        let _ = writeln!(out, "          instances of theirs{}", named.unwrap_or_default());
    }
    let _ = match &place.owner_tag {
        Some(tag) => writeln!(out, "          tag {tag} has to be {:?}", grant.owner()),
        None => writeln!(out, "          shared: no owner is compared"),
    };
}

fn why(decision: &Decision<'_>) -> String {
    let rule = decision.rule.map(title).unwrap_or_default();
    match &decision.verdict {
        Verdict::Granted(_) => format!("allowed by {rule}"),
        Verdict::NotNamed => "no rule that holds names it".into(),
        Verdict::Denied => format!("denied by {rule}"),
        Verdict::NoRole => {
            format!("allowed by {rule}, but the person holds none of the roles that open it so")
        }
        Verdict::NoTag(missing) => format!("allowed by {rule}, but {missing}"),
    }
}

/// What does not depend on the role.
fn profile(out: &mut String, grant: &Grant<'_>) {
    let domain = grant.domain();
    let mut line = |text: std::fmt::Arguments<'_>| {
        let _ = writeln!(out, "          {text}");
    };
    line(format_args!("profile {} in {}, {}", grant.profile(), domain.id, domain.region));
    line(format_args!("lands at {}", grant.place().landing_uri));
    if let Some(space) = &grant.place().space {
        let (sharing, name) = (space.name.sharing(), grant.space_name().unwrap_or_default());
        let missing = if space.create { "created when missing" } else { "has to be there" };
        line(format_args!("in the space {name} ({}): {missing}", sharing.as_str()));
        if let Some(owner) = &space.owner {
            line(format_args!("space owner {owner}"));
        }
    }
    for (key, value) in grant.tags() {
        line(format_args!("tag {key} = {value:?}"));
    }
    for left_out in grant.left_out() {
        line(format_args!("left out: {left_out}"));
    }
    let settings = toml::to_string(&settings(grant)).unwrap_or_default();
    for setting in settings.lines().filter(|setting| !setting.is_empty()) {
        line(format_args!("setting {setting}"));
    }
}

/// What a missing profile is created as, in the words of the configuration. Tags are told as they come out.
fn settings(grant: &Grant<'_>) -> Table {
    let mut settings = grant.template().written.0.clone();
    settings.remove("tags");
    settings
}

impl Outcome<'_> {
    fn to_json(&self) -> Value {
        let claims = &self.claims;
        let rules: Vec<_> =
            self.evaluation.findings.iter().map(|finding| rule_json(finding, claims)).collect();
        let destinations: Vec<_> = self.evaluation.decisions.iter().map(destination_json).collect();
        json!({
            "idp": claims.idp(),
            "userId": claims.user_id(),
            "roles": claims.role_pairs().map(|pair| pair.role.to_string()).collect::<Vec<_>>(),
            "rules": rules,
            "destinations": destinations,
        })
    }
}

fn rule_json(finding: &Finding<'_>, claims: &Claims) -> Value {
    let conditions: Vec<_> = finding
        .answers
        .iter()
        .map(|answer| {
            let (subject, name) = match &answer.condition.subject {
                Subject::Attribute(name) => ("attribute".to_owned(), Some(name)),
                other => (other.to_string(), None),
            };
            json!({
                "subject": subject,
                "attribute": name,
                "anyOf": answer.condition.any_of.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "holds": answer.met_by.is_some(),
                "metBy": answer.met_by,
                "seen": seen(claims, &answer.condition.subject),
            })
        })
        .collect();
    json!({
        "number": finding.rule.number,
        "name": finding.rule.name,
        "holds": finding.holds(),
        "conditions": conditions,
    })
}

/// The space that the destination is in; null if it is in none.
fn space_json(grant: &Grant<'_>) -> Option<Value> {
    let space = grant.place().space.as_ref()?;
    Some(json!({
        "name": grant.space_name(),
        "sharing": space.name.sharing().as_str(),
        "create": space.create,
        "owner": space.owner,
    }))
}

/// The notebook instances that the destination is; null if it is in a domain.
fn notebooks_json(ways: &[Way<'_>]) -> Option<Value> {
    let Some(Way::Notebooks(grant)) = ways.first() else { return None };
    let place = grant.place();
    let names = instances(ways);
    Some(json!({
        "account": place.account(),
        "region": place.region,
        // Null: those that have the tag.
        "instances": (!names.is_empty()).then_some(names),
        "ownerTag": place.owner_tag,
    }))
}

fn destination_json(decision: &Decision<'_>) -> Value {
    let ways = match &decision.verdict {
        Verdict::Granted(ways) => ways.as_slice(),
        Verdict::NotNamed | Verdict::Denied | Verdict::NoRole | Verdict::NoTag(_) => &[],
    };
    let profile = ways.first().and_then(Way::studio).map(|grant| {
        json!({
            "name": grant.profile().as_str(),
            "domainId": grant.domain().id,
            "region": grant.domain().region,
            "landingUri": grant.place().landing_uri.as_str(),
            "space": space_json(grant),
            "tags": grant.tags(),
            "tagsLeftOut": grant.left_out().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "settings": settings(grant),
        })
    });
    json!({
        "key": decision.destination.key,
        "name": decision.destination.name,
        "open": !ways.is_empty(),
        "rule": decision.rule.map(|rule| rule.name.as_str()),
        "why": why(decision),
        "roles": roles(ways),
        "profile": profile,
        "notebooks": notebooks_json(ways),
    })
}
