//! Notebook instances: describe, list, start, stop, delete, and a link into one.
//!
//! Which statuses an operation takes, and that a missing instance is a `ValidationException` with the message
//! `RecordNotFound`, is as AWS answers; the service model has only `ResourceNotFound`, for some of the operations.

use super::super::call::{Call, Note};
use super::super::fault::ApiError;
use super::super::notebook::{NotebookKey, NotebookView, StoredNotebook, notebook_key};
use super::super::policy::Context;
use super::super::shape::{NEXT_TOKEN, Problems, Rule};
use super::super::state::{Link, Place, State, Transition, Visit};
use super::super::token;
use super::super::world::account_of;
use super::paging::page;
use super::{checked, resource_context, seconds};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

/// The action that policies are asked about, now and at every later request to the instance.
pub(in crate::demo::aws) const ACTION: &str = "sagemaker:CreatePresignedNotebookInstanceUrl";

const NAME: Rule = Rule::length(0, 63).form("[a-zA-Z0-9](-*[a-zA-Z0-9])*", |text| {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
});
const NAME_CONTAINS: Rule = Rule::length(0, 63).form("[a-zA-Z0-9-]+", |text| {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
});
const SORT_BY: Rule = Rule::one_of(&["Name", "CreationTime", "Status"]);
const SORT_ORDER: Rule = Rule::one_of(&["Ascending", "Descending"]);
const STATUS: Rule =
    Rule::one_of(&["Pending", "InService", "Stopping", "Stopped", "Failed", "Deleting", "Updating"]);
/// How long a link can be opened (API reference of `CreatePresignedNotebookInstanceUrl`).
const LINK: TimeDelta = TimeDelta::minutes(5);
const DEFAULT_SESSION_SECONDS: u32 = 43_200;

pub(super) fn describe(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:DescribeNotebookInstance")?;
    let notebook = existing(state, &key)?;
    Transition::count_describe(&mut notebook.transition);
    let view = &notebook.view;
    let mut output = summary(view, call);
    if let Some(output) = output.as_object_mut() {
        output.extend([
            ("RoleArn".to_owned(), json!(format!("arn:aws:iam::{}:role/NotebookExecution", key.0))),
            ("DirectInternetAccess".to_owned(), json!("Disabled")),
            ("RootAccess".to_owned(), json!("Disabled")),
            ("VolumeSizeInGB".to_owned(), json!(20)),
        ]);
        if let Some(reason) = &view.failure_reason {
            output.insert("FailureReason".to_owned(), json!(reason));
        }
    }
    Ok(output)
}

pub(super) fn list(state: &State, input: &Map<String, Value>, call: &Call) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members = ["NextToken", "MaxResults", "SortBy", "SortOrder", "NameContains", "StatusEquals"];
    let (token, size, by, order, part, status) = checked(input, &problems, &members, |shape| {
        (
            shape.string("NextToken", NEXT_TOKEN),
            shape.integer("MaxResults", 1..=100),
            shape.string("SortBy", SORT_BY),
            shape.string("SortOrder", SORT_ORDER),
            shape.string("NameContains", NAME_CONTAINS).map(str::to_ascii_lowercase),
            shape.string("StatusEquals", STATUS),
        )
    })?;
    call.caller.authorize("sagemaker:ListNotebookInstances", "*", &Context::default())?;
    let here = (account_of(&call.caller.arn), call.region.as_str());
    let mut found: Vec<&NotebookView> = state
        .notebooks
        .iter()
        .filter(|((account, region, name), _)| {
            (account.as_str(), region.as_str()) == here
                && part.as_ref().is_none_or(|part| name.contains(part.as_str()))
        })
        .map(|(_, notebook)| &notebook.view)
        .filter(|view| status.is_none_or(|status| status == view.status))
        .collect();
    match by {
        Some("CreationTime") => found.sort_by_key(|view| view.created),
        Some("Status") => found.sort_by_key(|view| view.status.clone()),
        _ => {}
    }
    if order == Some("Descending") {
        found.reverse();
    }
    page(&found, |view| summary(view, call), "NotebookInstances", size, token)
}

pub(super) fn start(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:StartNotebookInstance")?;
    let to = match &call.pace.start_failure {
        Some(reason) => ("Failed", Some(reason.clone())),
        None => ("InService", None),
    };
    turn(state, &key, call, (&["Stopped", "Failed"], "Pending"), Some(to))
}

pub(super) fn stop(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:StopNotebookInstance")?;
    turn(state, &key, call, (&["InService"], "Stopping"), Some(("Stopped", None)))
}

pub(super) fn delete(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:DeleteNotebookInstance")?;
    turn(state, &key, call, (&["Stopped", "Failed"], "Deleting"), None)
}

pub(super) fn presign(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members = ["NotebookInstanceName", "SessionExpirationDurationInSeconds"];
    let (name, session_seconds) = checked(input, &problems, &members, |shape| {
        let seconds = shape.integer("SessionExpirationDurationInSeconds", 1800..=43_200);
        (shape.required("NotebookInstanceName", NAME), seconds.unwrap_or(DEFAULT_SESSION_SECONDS))
    })?;
    let key = authorized(state, name, call, note, ACTION)?;
    let view = &existing(state, &key)?.view;
    if view.status != "InService" {
        return Err(wrong_status(view, &["InService"], "open"));
    }
    let token = token::secret()?;
    let expires = call.now + LINK;
    let visit = Visit { place: Place::Notebook(key), caller: call.caller.clone(), expires };
    state.links.insert(token.clone(), Link { expires, used: false, session_seconds, visit });
    Ok(json!({"AuthorizedUrl": format!("{}/studio/auth?token={token}", call.url)}))
}

/// What a list tells of an instance.
fn summary(view: &NotebookView, call: &Call) -> Value {
    let name = view.name.to_ascii_lowercase();
    json!({
        "NotebookInstanceName": view.name,
        "NotebookInstanceArn": view.arn,
        "NotebookInstanceStatus": view.status,
        "Url": format!("{name}.notebook.{}.sagemaker.aws", call.region),
        "InstanceType": "ml.t3.medium",
        "CreationTime": seconds(view.created),
        "LastModifiedTime": seconds(view.created),
    })
}

/// Changes the status for a while, and then to `to`; `None`: to nothing.
fn turn(
    state: &mut State,
    key: &NotebookKey,
    call: &Call,
    (from, through): (&[&str], &str),
    to: Option<(&'static str, Option<String>)>,
) -> Result<Value, ApiError> {
    let StoredNotebook { view, transition } = existing(state, key)?;
    if !from.contains(&view.status.as_str()) {
        return Err(wrong_status(view, from, through));
    }
    through.clone_into(&mut view.status);
    view.failure_reason = None;
    *transition = Some(Transition::new(&call.pace, call.now, to));
    Ok(json!({}))
}

fn wrong_status(view: &NotebookView, from: &[&str], to: &str) -> ApiError {
    let (status, from, arn) = (&view.status, from.join(", "), &view.arn);
    ApiError::validation(format!(
        "Status ({status}) not in ([{from}]). Unable to transition to ({to}) for Notebook Instance ({arn})."
    ))
}

/// The instance that a request with nothing but `NotebookInstanceName` is about.
fn target(
    state: &State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<NotebookKey, ApiError> {
    let problems = Problems::default();
    let name = checked(input, &problems, &["NotebookInstanceName"], |shape| {
        shape.required("NotebookInstanceName", NAME)
    })?;
    authorized(state, name, call, note, action)
}

/// The key of an instance that the caller may do this to, if there is one.
fn authorized(
    state: &State,
    name: &str,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<NotebookKey, ApiError> {
    let account = account_of(&call.caller.arn);
    let key = notebook_key(account, &call.region, name);
    note.resource = format!("arn:aws:sagemaker:{}:{account}:notebook-instance/{}", call.region, key.2);
    let tags = state.notebooks.get(&key).map(|notebook| resource_context(&notebook.view.tags));
    call.caller.authorize(action, &note.resource, &tags.unwrap_or_default())?;
    Ok(key)
}

fn existing<'s>(state: &'s mut State, key: &NotebookKey) -> Result<&'s mut StoredNotebook, ApiError> {
    state.notebooks.get_mut(key).ok_or_else(|| ApiError::validation("RecordNotFound"))
}
