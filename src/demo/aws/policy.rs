//! IAM policy evaluation: which statements of a policy document speak about a call, and what they say.
//!
//! It never guesses: an operator, a key or a shape that it does not know makes an Allow silent and a Deny speak.

mod condition;
mod context;
mod pattern;

pub(super) use context::Context;

use pattern::Pattern;
use serde_json::Value;

/// What a set of policies says about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    /// No statement allows it.
    ImplicitDeny,
    /// A statement denies it.
    ExplicitDeny,
}

/// Who stands in the `Principal` element of a trust policy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Principal<'a> {
    /// `Federated`: the ARN of a SAML provider.
    Federated(&'a str),
    /// `AWS`: the ARN of a role or session.
    Aws(&'a str),
    /// `Service`: an AWS service, such as `sagemaker.amazonaws.com`.
    Service(&'a str),
}

/// One call, as policies see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// `service:Operation`.
    pub(super) action: &'a str,
    /// ARN, or `*` for an operation without a resource type.
    pub(super) resource: &'a str,
    /// Values of the condition keys.
    pub(super) context: &'a Context,
}

/// What identity policies or session policies say.
pub(super) fn decide(policies: &[Value], question: Question<'_>) -> Decision {
    combine(policies, |statement, fail| {
        speaks_of_action(statement, question.action, fail)
            && speaks_of_resource(statement, question, fail)
            && condition::holds(statement.get("Condition"), question.context, fail)
    })
}

/// What a role's trust policy says about `principal`.
pub(super) fn decide_trust(
    policy: &Value,
    action: &str,
    principal: Principal<'_>,
    context: &Context,
) -> Decision {
    combine(std::slice::from_ref(policy), |statement, fail| {
        speaks_of_action(statement, action, fail)
            && statement.get("Principal").map_or(fail, |element| is_principal(element, principal))
            && condition::holds(statement.get("Condition"), context, fail)
    })
}

/// `speaks(statement, fail)` tells whether the statement applies; `fail` is its answer where it cannot know.
fn combine(policies: &[Value], speaks: impl Fn(&Value, bool) -> bool) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for statement in policies.iter().flat_map(statements) {
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") if speaks(statement, false) => decision = Decision::Allowed,
            Some("Allow") => {}
            _ if speaks(statement, true) => return Decision::ExplicitDeny,
            _ => {}
        }
    }
    decision
}

/// A fault of a policy document, in the words of `MalformedPolicyDocument`; `None` if it is well-formed.
pub(super) fn fault(policy: &Value) -> Option<String> {
    document_fault(policy).or_else(|| statements(policy).iter().find_map(statement_fault))
}

fn document_fault(policy: &Value) -> Option<String> {
    let Some(document) = policy.as_object() else {
        return Some("Syntax errors in policy.".to_owned());
    };
    match document.get("Version").and_then(Value::as_str) {
        Some("2012-10-17" | "2008-10-17") => {}
        _ => return Some("The policy has no valid Version.".to_owned()),
    }
    if let Some(key) = document.keys().find(|k| !matches!(k.as_str(), "Version" | "Id" | "Statement")) {
        return Some(format!("Syntax errors in policy: unknown element {key}."));
    }
    if statements(policy).is_empty() {
        return Some("Syntax errors in policy: no Statement.".to_owned());
    }
    None
}

/// The same of a trust policy, whose statements have principals and no resources.
pub(super) fn trust_fault(policy: &Value) -> Option<String> {
    document_fault(policy)
        .or_else(|| statements(policy).iter().find_map(|statement| element_fault(statement, "Principal")))
        .or_else(|| {
            let without = statements(policy).iter().any(|statement| statement.get("Principal").is_none());
            without.then(|| "Missing required field Principal.".to_owned())
        })
}

fn statement_fault(statement: &Value) -> Option<String> {
    element_fault(statement, "Resource").or_else(|| {
        let element = statement.as_object()?;
        (element.contains_key("Resource") == element.contains_key("NotResource"))
            .then(|| "Policy statement must contain resources.".to_owned())
    })
}

/// `about` is the element that says what a statement is about: `Resource`, or `Principal` in a trust policy.
fn element_fault(statement: &Value, about: &str) -> Option<String> {
    let Some(element) = statement.as_object() else {
        return Some("Syntax errors in policy: a statement is not an object.".to_owned());
    };
    let known = |key: &str| {
        let not_about = key.strip_prefix("Not").is_some_and(|rest| rest == about && rest == "Resource");
        matches!(key, "Sid" | "Effect" | "Action" | "NotAction" | "Condition") || key == about || not_about
    };
    if let Some(key) = element.keys().find(|k| !known(k)) {
        return Some(format!("Syntax errors in policy: unknown or forbidden element {key}."));
    }
    if !matches!(element.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Some("Syntax errors in policy: Effect is neither Allow nor Deny.".to_owned());
    }
    if element.contains_key("Action") == element.contains_key("NotAction") {
        return Some("Policy statement must contain actions.".to_owned());
    }
    condition::fault(element.get("Condition"))
}

fn statements(policy: &Value) -> &[Value] {
    match policy.get("Statement") {
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

fn speaks_of_action(statement: &Value, action: &str, fail: bool) -> bool {
    let matches = |text: &&str| {
        // Most of them name one operation.
        if text.contains(['*', '?']) {
            Pattern::plain(&text.to_lowercase()).matches(&action.to_lowercase())
        } else {
            text.eq_ignore_ascii_case(action)
        }
    };
    let among = |element: &Value| strings(element).iter().any(matches);
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(element), None) => among(element),
        (None, Some(element)) => !among(element),
        _ => fail,
    }
}

fn speaks_of_resource(statement: &Value, question: Question<'_>, fail: bool) -> bool {
    let among = |element: &Value| {
        strings(element).iter().any(|text| match Pattern::new(text, question.context) {
            Some(pattern) => pattern.matches(question.resource),
            None => false,
        })
    };
    match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(element), None) => among(element),
        (None, Some(element)) => !among(element),
        _ => fail,
    }
}

fn is_principal(element: &Value, principal: Principal<'_>) -> bool {
    if element.as_str() == Some("*") {
        return true;
    }
    match principal {
        Principal::Federated(arn) => element.get("Federated").is_some_and(|e| strings(e).contains(&arn)),
        Principal::Service(name) => element.get("Service").is_some_and(|e| strings(e).contains(&name)),
        Principal::Aws(arn) => element.get("AWS").is_some_and(|e| {
            let account = super::world::account_of(arn);
            strings(e).iter().any(|p| {
                *p == arn || *p == "*" || *p == account || *p == format!("arn:aws:iam::{account}:root")
            })
        }),
    }
}

/// A string, or a list of strings.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
