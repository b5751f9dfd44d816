//! `SimulatePrincipalPolicy`: what the policies of a role would say about calls. Resource policies and trust policies are
//! left out, as IAM leaves them out.

use super::super::call::{Call, Form, Note};
use super::super::fault::{ApiError, escape};
use super::super::policy::{Context, Decision, Question, decide};
use super::super::state::State;
use super::{authorize, no_such_entity};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) fn principal(
    state: &State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let source = form.get("PolicySourceArn").unwrap_or_default();
    source.clone_into(&mut note.resource);
    authorize(call, "iam:SimulatePrincipalPolicy", source, &Context::default())?;
    let invalid = |why: &str| ApiError::new(400, "InvalidInput", why.to_owned());
    if source.contains(":assumed-role/") {
        return Err(invalid("Invalid Entity Arn: it must be a user, group, or role"));
    }
    let keys = state.world.gateway_keys.iter().find(|keys| keys.principal_arn == source);
    let (policies, boundary) = match (keys, state.role(source)) {
        (Some(keys), _) => (keys.policies.clone(), None),
        (None, Some(role)) => state.permissions(role),
        (None, None) => return Err(no_such_entity(format!("{source} cannot be found."))),
    };
    let actions = form.members("ActionNames");
    if actions.is_empty() {
        return Err(invalid("ActionNames must not be empty"));
    }
    let resources = match form.members("ResourceArns") {
        none if none.is_empty() => vec!["*"],
        some => some,
    };
    let context = context(form);
    let mut results = String::new();
    for action in actions {
        for resource in &resources {
            let question = Question { action, resource, context: &context };
            let decision = match decide(&policies, question) {
                Decision::Allowed => boundary
                    .as_ref()
                    .map_or(Decision::Allowed, |boundary| decide(std::slice::from_ref(boundary), question)),
                other => other,
            };
            let word = match decision {
                Decision::Allowed => "allowed",
                Decision::ImplicitDeny => "implicitDeny",
                Decision::ExplicitDeny => "explicitDeny",
            };
            let _ = write!(
                results,
                "<member><EvalActionName>{}</EvalActionName><EvalResourceName>{}</EvalResourceName>\
                 <EvalDecision>{word}</EvalDecision></member>",
                escape(action),
                escape(resource)
            );
        }
    }
    Ok(format!("<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>"))
}

/// `ContextEntries.member.N` with `ContextKeyName` and `ContextKeyValues.member.M`.
fn context(form: &Form) -> Context {
    let mut entries: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for (name, value) in form.fields(&[]) {
        let place = name.strip_prefix("ContextEntries.member.").and_then(|rest| rest.split_once('.'));
        let (Some((number, part)), Value::String(text)) = (place, value) else { continue };
        let entry = entries.entry(number.to_owned()).or_default();
        if part == "ContextKeyName" {
            entry.0 = text;
        } else if part.starts_with("ContextKeyValues.member.") {
            entry.1.push(text);
        }
    }
    let mut context = Context::default();
    for (key, values) in entries.into_values() {
        for value in values {
            context.add(&key, value);
        }
    }
    context
}
