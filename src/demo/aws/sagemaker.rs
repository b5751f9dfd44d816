//! SageMaker: domains, user profiles, spaces, notebook instances, tags, lifecycle configs and presigned URLs, over JSON 1.1.
//!
//! Every operation checks its request's shape, then the caller's policies, then the state, in that order.

mod domain;
mod lifecycle;
mod notebook;
mod paging;
mod presign;
mod profile;
mod settings;
mod space;
mod tags;

pub(super) use notebook::ACTION as NOTEBOOK_ACTION;
pub(super) use presign::ACTION as PRESIGN_ACTION;

use super::call::{Call, Note};
use super::fault::ApiError;
use super::policy::Context;
use super::shape::{Problems, Shape, finish};
use super::state::State;
use super::world::Domain;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Carries out an operation; answers its output.
pub(super) fn perform(
    state: &mut State,
    operation: &str,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    state.settle(call.now);
    match operation {
        "DescribeDomain" => domain::describe(state, input, call, note),
        "CreateUserProfile" => profile::create(state, input, call, note),
        "DescribeUserProfile" => profile::describe(state, input, call, note),
        "UpdateUserProfile" => profile::update(state, input, call, note),
        "DeleteUserProfile" => profile::delete(state, input, call, note),
        "ListUserProfiles" => profile::list(state, input, call),
        "CreateSpace" => space::create(state, input, call, note),
        "DescribeSpace" => space::describe(state, input, call, note),
        "DeleteSpace" => space::delete(state, input, call, note),
        "ListSpaces" => space::list(state, input, call),
        "CreatePresignedDomainUrl" => presign::create(state, input, call, note),
        "DescribeNotebookInstance" => notebook::describe(state, input, call, note),
        "ListNotebookInstances" => notebook::list(state, input, call),
        "StartNotebookInstance" => notebook::start(state, input, call, note),
        "StopNotebookInstance" => notebook::stop(state, input, call, note),
        "DeleteNotebookInstance" => notebook::delete(state, input, call, note),
        "CreatePresignedNotebookInstanceUrl" => notebook::presign(state, input, call, note),
        "ListTags" => tags::list(state, input, call, note),
        "AddTags" => tags::add(state, input, call, note),
        "DeleteTags" => tags::delete(state, input, call, note),
        "CreateStudioLifecycleConfig" => lifecycle::create(state, input, call, note),
        "DescribeStudioLifecycleConfig" => lifecycle::describe(state, input, call, note),
        "ListStudioLifecycleConfigs" => lifecycle::list(state, input, call),
        "DeleteStudioLifecycleConfig" => lifecycle::delete(state, input, call, note),
        other => Err(ApiError::new(400, "UnknownOperationException", format!("Unknown operation {other}"))),
    }
}

/// Reads members with `read`, and answers every problem at once.
fn checked<'a, T>(
    input: &'a Map<String, Value>,
    problems: &'a Problems,
    members: &[&str],
    read: impl FnOnce(&Shape<'a>) -> T,
) -> Result<T, ApiError> {
    let shape = Shape::new(input, problems);
    shape.only(members);
    let request = read(&shape);
    finish(problems, "ValidationException")?;
    Ok(request)
}

/// `sagemaker:ResourceTag/KEY` and `aws:ResourceTag/KEY` of what is acted on.
fn resource_context(tags: &BTreeMap<String, String>) -> Context {
    let mut context = Context::default();
    context.add_tags("sagemaker:ResourceTag", tags);
    context.add_tags("aws:ResourceTag", tags);
    context
}

/// `aws:RequestTag/KEY` and `aws:TagKeys` of tags that are about to be set.
fn add_request_tags(context: &mut Context, tags: &BTreeMap<String, String>) {
    context.add_tags("aws:RequestTag", tags);
    for key in tags.keys() {
        context.add("aws:TagKeys", key);
    }
}

fn find_domain<'a>(state: &'a State, id: &str, call: &Call) -> Result<&'a Domain, ApiError> {
    state.domain(id, call).ok_or_else(|| ApiError::not_found(format!("Domain [{id}] does not exist.")))
}

/// Times on the JSON wire: seconds since 1970, with milliseconds.
fn seconds(at: chrono::DateTime<chrono::Utc>) -> Value {
    let milliseconds = at.timestamp_subsec_millis();
    let whole = at.timestamp();
    serde_json::from_str(&format!("{whole}.{milliseconds:03}")).unwrap_or_else(|_| Value::from(whole))
}
