//! Managed policies of a role: `AttachRolePolicy`, `DetachRolePolicy`, `ListAttachedRolePolicies`.

use super::super::call::{Call, Form, Note};
use super::super::fault::{ApiError, escape};
use super::super::policy::Context;
use super::super::shape::Rule;
use super::super::state::State;
use super::{ARN, ROLE_NAME, authorized, checked, no_such_entity, page, role_name};

/// Managed policies for each role that an account starts with.
const QUOTA: usize = 10;
const MARKER: Rule = Rule::length(1, 320);

pub(super) fn attach(
    state: &mut State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let (position, arn) = target(state, form, call, note, "iam:AttachRolePolicy")?;
    if !state.world.managed_policies.contains_key(&arn) {
        return Err(no_such_entity(format!("Policy {arn} does not exist or is not attachable.")));
    }
    if let Some(role) = state.world.roles.get_mut(position) {
        if role.attached.len() >= QUOTA && !role.attached.contains(&arn) {
            let message = format!("Cannot exceed quota for PoliciesPerRole: {QUOTA}");
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        role.attached.insert(arn);
    }
    Ok(String::new())
}

pub(super) fn detach(
    state: &mut State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let (position, arn) = target(state, form, call, note, "iam:DetachRolePolicy")?;
    let was_there = state.world.roles.get_mut(position).is_some_and(|role| role.attached.remove(&arn));
    if was_there { Ok(String::new()) } else { Err(no_such_entity(format!("Policy {arn} was not found."))) }
}

pub(super) fn list(state: &State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let fields = form.fields(&["MaxItems"]);
    let (name, size, marker) = checked(&fields, &["RoleName", "MaxItems", "Marker"], |shape| {
        (
            shape.required("RoleName", ROLE_NAME).to_owned(),
            shape.integer("MaxItems", 1..=1_000),
            shape.string("Marker", MARKER).map(str::to_owned),
        )
    })?;
    let position = authorized(state, &name, call, note, "iam:ListAttachedRolePolicies", &Context::default())?;
    let role = state.world.roles.get(position);
    let items: Vec<_> = role
        .into_iter()
        .flat_map(|role| &role.attached)
        .map(|arn| {
            format!(
                "<PolicyName>{}</PolicyName><PolicyArn>{}</PolicyArn>",
                escape(role_name(arn)),
                escape(arn)
            )
        })
        .collect();
    page(&items, "AttachedPolicies", size, marker.as_deref())
}

fn target(
    state: &State,
    form: &Form,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<(usize, String), ApiError> {
    let fields = form.fields(&[]);
    let (name, arn) = checked(&fields, &["RoleName", "PolicyArn"], |shape| {
        (shape.required("RoleName", ROLE_NAME).to_owned(), shape.required("PolicyArn", ARN).to_owned())
    })?;
    let mut context = Context::default();
    context.add("iam:PolicyARN", &arn);
    Ok((authorized(state, &name, call, note, action, &context)?, arn))
}
