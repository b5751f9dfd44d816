//! An explanation in words, for people, and as JSON, for programs. Values of a message are shown without control
//! characters, so that nobody writes on the admin's terminal as they like.

use super::{Explanation, Outcome};
use crate::config::{Rule, Subject};
use crate::identity::Claims;
use crate::inspect::printable;
use crate::policy::{Answer, Decision, Finding, Grant, Verdict, seen};
use serde_json::{Value, json};
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
    if let Verdict::Granted(grants) = &decision.verdict {
        for grant in grants {
            let _ = writeln!(out, "          as {}", grant.role().role);
        }
        if let Some(grant) = grants.first() {
            profile(out, grant);
        }
    }
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
    line(format_args!("lands at {}", grant.destination().landing_uri));
    if let Some(space) = &grant.destination().space {
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
    let space = grant.destination().space.as_ref()?;
    Some(json!({
        "name": grant.space_name(),
        "sharing": space.name.sharing().as_str(),
        "create": space.create,
        "owner": space.owner,
    }))
}

fn destination_json(decision: &Decision<'_>) -> Value {
    let grants = match &decision.verdict {
        Verdict::Granted(grants) => grants.as_slice(),
        Verdict::NotNamed | Verdict::Denied | Verdict::NoRole | Verdict::NoTag(_) => &[],
    };
    let profile = grants.first().map(|grant| {
        json!({
            "name": grant.profile().as_str(),
            "domainId": grant.domain().id,
            "region": grant.domain().region,
            "landingUri": grant.destination().landing_uri.as_str(),
            "space": space_json(grant),
            "tags": grant.tags(),
            "tagsLeftOut": grant.left_out().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "settings": settings(grant),
        })
    });
    json!({
        "key": decision.destination.key,
        "name": decision.destination.name,
        "open": !grants.is_empty(),
        "rule": decision.rule.map(|rule| rule.name.as_str()),
        "why": why(decision),
        "roles": grants.iter().map(|grant| grant.role().role.to_string()).collect::<Vec<_>>(),
        "profile": profile,
    })
}
