//! IAM, as much as making a set-up, reading it, and looking after execution roles needs: SAML providers, roles, their tags,
//! boundary, inline and managed policies.
//!
//! Every operation checks its request's shape, then the caller's policies, then the state, in that order. Managed policies
//! are part of the world: they are attached and detached here, never made.

mod attached;
mod inline;
mod provider;
mod role;
mod simulate;

use super::call::{Call, Form, Note};
use super::fault::{ApiError, escape};
use super::policy::Context;
use super::shape::{Problems, Rule, Shape, finish};
use super::state::State;
use super::world::{Role, account_of};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// XML namespace of IAM answers.
pub(super) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

const CREATED: &str = "2024-01-01T00:00:00Z";
const ROLE_NAME: Rule = Rule::length(1, 64).form("[\\w+=,.@-]+", |text| {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
});
const ARN: Rule = Rule::length(20, 2048);

/// Carries out an operation; answers the XML of its result element, without the envelope.
pub(super) fn perform(
    state: &mut State,
    operation: &str,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    match operation {
        "GetRole" => role::get(state, form, call, note),
        "CreateRole" => role::create(state, form, call, note),
        "TagRole" => role::tag(state, form, call, note),
        "ListRoleTags" => role::list_tags(state, form, call, note),
        "PutRolePermissionsBoundary" => role::put_boundary(state, form, call, note),
        "AttachRolePolicy" => attached::attach(state, form, call, note),
        "DetachRolePolicy" => attached::detach(state, form, call, note),
        "ListAttachedRolePolicies" => attached::list(state, form, call, note),
        "SimulatePrincipalPolicy" => simulate::principal(state, form, call, note),
        "PutRolePolicy" => inline::put(state, form, call, note),
        "CreateSAMLProvider" => provider::create(state, form, call, note),
        "ListSAMLProviders" => provider::list(state, call),
        "GetSAMLProvider" => provider::get(state, form, call, note),
        other => Err(ApiError::new(400, "InvalidAction", format!("Could not find operation {other}"))),
    }
}

/// Reads members with `read`, and answers every problem at once.
fn checked<T>(
    fields: &Map<String, Value>,
    members: &[&str],
    read: impl FnOnce(&Shape<'_>) -> T,
) -> Result<T, ApiError> {
    let problems = Problems::default();
    let shape = Shape::new(fields, &problems);
    let known: Vec<_> = members.iter().copied().chain(["Action", "Version"]).collect();
    shape.only(&known);
    let request = read(&shape);
    finish(&problems, "ValidationError")?;
    Ok(request)
}

/// Place of the caller's account's role of this name. Names do not mind case.
fn position(state: &State, call: &Call, name: &str) -> Option<usize> {
    let account = account_of(&call.caller.arn);
    state
        .world
        .roles
        .iter()
        .position(|role| account_of(&role.arn) == account && role_name(&role.arn).eq_ignore_ascii_case(name))
}

/// The role that an operation is about, if the caller's policies allow it. `more` are further condition keys.
fn authorized(
    state: &State,
    name: &str,
    call: &Call,
    note: &mut Note,
    action: &str,
    more: &Context,
) -> Result<usize, ApiError> {
    let position = position(state, call, name);
    let role = position.and_then(|position| state.world.roles.get(position));
    let account = account_of(&call.caller.arn);
    note.resource =
        role.map_or_else(|| format!("arn:aws:iam::{account}:role/{name}"), |role| role.arn.clone());
    let mut context = role.map(resource_context).unwrap_or_default();
    context.extend(more);
    authorize(call, action, &note.resource, &context)?;
    position.ok_or_else(|| no_such_entity(format!("The role with name {name} cannot be found.")))
}

/// `iam:ResourceTag/KEY`, `aws:ResourceTag/KEY` and `iam:PermissionsBoundary` of a role.
fn resource_context(role: &Role) -> Context {
    let mut context = Context::default();
    context.add_tags("iam:ResourceTag", &role.tags);
    context.add_tags("aws:ResourceTag", &role.tags);
    if let Some(boundary) = &role.boundary {
        context.add("iam:PermissionsBoundary", boundary);
    }
    context
}

fn authorize(call: &Call, action: &str, resource: &str, context: &Context) -> Result<(), ApiError> {
    let query_words = |error: ApiError| ApiError::new(403, "AccessDenied", error.message);
    call.caller.authorize(action, resource, context).map_err(query_words)
}

fn no_such_entity(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}

fn role_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

/// One page of `items` as members of `list`, then where the next one begins. A page has 100 items unless asked otherwise.
fn page(items: &[String], list: &str, size: Option<u32>, marker: Option<&str>) -> Result<String, ApiError> {
    let invalid = || ApiError::new(400, "ValidationError", "Invalid marker");
    let start = match marker {
        None => 0,
        Some(text) => text.strip_prefix("from-").and_then(|n| n.parse::<usize>().ok()).ok_or_else(invalid)?,
    };
    let end = start.saturating_add(usize::try_from(size.unwrap_or(100)).unwrap_or(usize::MAX));
    let mut xml = format!("<IsTruncated>{}</IsTruncated>", end < items.len());
    if end < items.len() {
        let _ = write!(xml, "<Marker>from-{end}</Marker>");
    }
    let shown = members(items.iter().skip(start).take(end - start));
    let _ = write!(xml, "<{list}>{shown}</{list}>");
    Ok(xml)
}

/// A list of XML.
fn members<'a>(items: impl Iterator<Item = &'a String>) -> String {
    items.fold(String::new(), |mut xml, item| {
        let _ = write!(xml, "<member>{item}</member>");
        xml
    })
}

fn tag_items(tags: &BTreeMap<String, String>) -> Vec<String> {
    tags.iter()
        .map(|(key, value)| format!("<Key>{}</Key><Value>{}</Value>", escape(key), escape(value)))
        .collect()
}
