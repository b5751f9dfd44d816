//! Tags of profiles, spaces, notebook instances, lifecycle configs and domains: list, add, delete.

use super::super::call::{Call, Note};
use super::super::fault::ApiError;
use super::super::shape::{NEXT_TOKEN, Problems, SAGEMAKER_ARN, TAG_KEY};
use super::super::state::{State, profile_key};
use super::super::world::account_of;
use super::paging::page;
use super::{add_request_tags, checked, resource_context};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

pub(super) fn list(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let (arn, size, token) =
        checked(input, &problems, &["ResourceArn", "NextToken", "MaxResults"], |shape| {
            let size = shape.integer("MaxResults", 50..=u32::MAX);
            (shape.required("ResourceArn", SAGEMAKER_ARN), size, shape.string("NextToken", NEXT_TOKEN))
        })?;
    arn.clone_into(&mut note.resource);
    let tags = find(state, arn, call).cloned();
    let context = resource_context(tags.as_ref().unwrap_or(&Tags::new()));
    call.caller.authorize("sagemaker:ListTags", arn, &context)?;
    let tags = tags.ok_or_else(|| missing(arn))?;
    page(&as_list(&tags), Value::clone, "Tags", Some(size.unwrap_or(50)), token)
}

pub(super) fn add(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let (arn, added) = checked(input, &problems, &["ResourceArn", "Tags"], |shape| {
        if shape.raw("Tags").is_none() {
            shape.report("Tags", "null", "Member must not be null");
        }
        (shape.required("ResourceArn", SAGEMAKER_ARN), shape.tags("Tags"))
    })?;
    arn.clone_into(&mut note.resource);
    let mut context = resource_context(find(state, arn, call).unwrap_or(&Tags::new()));
    add_request_tags(&mut context, &added);
    call.caller.authorize("sagemaker:AddTags", arn, &context)?;
    let tags = find_mut(state, arn, call).ok_or_else(|| missing(arn))?;
    let mut merged = tags.clone();
    merged.extend(added);
    if merged.len() > 50 {
        return Err(ApiError::validation(format!("The resource [{arn}] can have at most 50 tags.")));
    }
    *tags = merged;
    Ok(json!({"Tags": as_list(tags)}))
}

pub(super) fn delete(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let (arn, keys) = checked(input, &problems, &["ResourceArn", "TagKeys"], |shape| {
        let keys = shape.strings("TagKeys", 50, TAG_KEY).unwrap_or_default();
        if keys.is_empty() {
            shape.report("TagKeys", "[]", "Member must have length greater than or equal to 1");
        }
        (shape.required("ResourceArn", SAGEMAKER_ARN), keys)
    })?;
    arn.clone_into(&mut note.resource);
    let mut context = resource_context(find(state, arn, call).unwrap_or(&Tags::new()));
    for key in &keys {
        context.add("aws:TagKeys", *key);
    }
    call.caller.authorize("sagemaker:DeleteTags", arn, &context)?;
    let tags = find_mut(state, arn, call).ok_or_else(|| missing(arn))?;
    tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

fn as_list(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

fn find<'a>(state: &'a mut State, arn: &str, call: &Call) -> Option<&'a Tags> {
    find_mut(state, arn, call).map(|tags| &*tags)
}

fn find_mut<'a>(state: &'a mut State, arn: &str, call: &Call) -> Option<&'a mut Tags> {
    if arn.split(':').nth(3) != Some(call.region.as_str()) || account_of(arn) != account_of(&call.caller.arn)
    {
        return None;
    }
    // `KIND/DOMAIN/NAME`; names do not mind case.
    let mut parts = arn.rsplit(':').next().unwrap_or_default().split('/');
    let (kind, domain, name) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
    if let Some(name) = name {
        let key = profile_key(domain, name);
        let found = match kind {
            Some("user-profile") => state.profiles.get_mut(&key).map(|p| (&p.view.arn, &mut p.view.tags)),
            Some("space") => state.spaces.get_mut(&key).map(|s| (&s.view.arn, &mut s.view.tags)),
            _ => None,
        };
        return found.filter(|(its, _)| its.eq_ignore_ascii_case(arn)).map(|(_, tags)| tags);
    }
    if let Some(notebook) = state.notebooks.values_mut().find(|one| one.view.arn.eq_ignore_ascii_case(arn)) {
        return Some(&mut notebook.view.tags);
    }
    if state.world.domains.iter().any(|d| d.arn() == arn) {
        return Some(state.other_tags.entry(arn.to_owned()).or_default());
    }
    state.configs.get_mut(arn).map(|config| &mut config.tags)
}

fn missing(arn: &str) -> ApiError {
    ApiError::not_found(format!("The resource [{arn}] does not exist."))
}
