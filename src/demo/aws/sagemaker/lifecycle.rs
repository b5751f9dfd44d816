//! Studio lifecycle configs: create, describe, list, delete. They are immutable: a name is used once.

use super::super::call::{Call, Note};
use super::super::fault::ApiError;
use super::super::policy::Context;
use super::super::shape::{NAME, NEXT_TOKEN, Problems, Rule};
use super::super::state::State;
use super::super::views::LifecycleConfigView;
use super::super::world::account_of;
use super::paging::page;
use super::{add_request_tags, checked, resource_context, seconds};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value, json};

const APP_TYPE: Rule = Rule::one_of(&["JupyterServer", "KernelGateway", "CodeEditor", "JupyterLab"]);
const CONTENT: Rule = Rule::length(1, 16_384)
    .form("base64", |text| BASE64_STANDARD.decode(text).is_ok_and(|script| !script.is_empty()));

pub(super) fn create(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members =
        ["StudioLifecycleConfigName", "StudioLifecycleConfigContent", "StudioLifecycleConfigAppType", "Tags"];
    let (name, script, app_type, tags) = checked(input, &problems, &members, |shape| {
        (
            shape.required("StudioLifecycleConfigName", NAME),
            shape.required("StudioLifecycleConfigContent", CONTENT),
            shape.required("StudioLifecycleConfigAppType", APP_TYPE),
            shape.tags("Tags"),
        )
    })?;
    let arn = arn(name, call);
    note.resource.clone_from(&arn);
    let mut context = Context::default();
    add_request_tags(&mut context, &tags);
    call.caller.authorize("sagemaker:CreateStudioLifecycleConfig", &arn, &context)?;
    if !tags.is_empty() {
        context.add("sagemaker:TaggingAction", "CreateStudioLifecycleConfig");
        call.caller.authorize("sagemaker:AddTags", &arn, &context)?;
    }
    if state.configs.contains_key(&arn) {
        return Err(ApiError::in_use(format!("StudioLifecycleConfig [{name}] already exists.")));
    }
    let config = LifecycleConfigView {
        name: name.to_owned(),
        arn: arn.clone(),
        app_type: app_type.to_owned(),
        content: script.to_owned(),
        tags,
        created: call.now,
    };
    state.configs.insert(arn.clone(), config);
    Ok(json!({"StudioLifecycleConfigArn": arn}))
}

pub(super) fn describe(
    state: &State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let config = target(state, input, call, note, "sagemaker:DescribeStudioLifecycleConfig")?;
    Ok(json!({
        "StudioLifecycleConfigArn": config.arn,
        "StudioLifecycleConfigName": config.name,
        "StudioLifecycleConfigAppType": config.app_type,
        "StudioLifecycleConfigContent": config.content,
        "CreationTime": seconds(config.created),
        "LastModifiedTime": seconds(config.created),
    }))
}

pub(super) fn delete(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let arn = target(state, input, call, note, "sagemaker:DeleteStudioLifecycleConfig")?.arn.clone();
    let attached = |settings: &Value| settings.to_string().contains(&format!("\"{arn}\""));
    if state.profiles.values().any(|p| attached(&p.view.user_settings)) {
        return Err(ApiError::in_use(format!(
            "StudioLifecycleConfig [{arn}] is attached to a user profile."
        )));
    }
    state.configs.remove(&arn);
    Ok(json!({}))
}

pub(super) fn list(state: &State, input: &Map<String, Value>, call: &Call) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members = ["MaxResults", "NextToken", "NameContains", "AppTypeEquals", "SortBy", "SortOrder"];
    let (size, token, part, app_type, sort_by, order) = checked(input, &problems, &members, |shape| {
        (
            shape.integer("MaxResults", 1..=100),
            shape.string("NextToken", NEXT_TOKEN),
            shape.string("NameContains", NAME),
            shape.string("AppTypeEquals", APP_TYPE),
            shape.string("SortBy", Rule::one_of(&["CreationTime", "LastModifiedTime", "Name"])),
            shape.string("SortOrder", Rule::one_of(&["Ascending", "Descending"])),
        )
    })?;
    call.caller.authorize("sagemaker:ListStudioLifecycleConfigs", "*", &Context::default())?;
    let mut found: Vec<&LifecycleConfigView> = state
        .configs
        .values()
        .filter(|c| {
            c.arn.starts_with(&arn("", call))
                && part.is_none_or(|part| c.name.contains(part))
                && app_type.is_none_or(|app_type| c.app_type == app_type)
        })
        .collect();
    if sort_by != Some("Name") {
        found.sort_by_key(|config| config.created);
    }
    if order == Some("Descending") {
        found.reverse();
    }
    let details = |config: &LifecycleConfigView| {
        json!({
            "StudioLifecycleConfigArn": config.arn,
            "StudioLifecycleConfigName": config.name,
            "StudioLifecycleConfigAppType": config.app_type,
            "CreationTime": seconds(config.created),
            "LastModifiedTime": seconds(config.created),
        })
    };
    page(&found, |one| details(one), "StudioLifecycleConfigs", size, token)
}

fn target<'a>(
    state: &'a State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<&'a LifecycleConfigView, ApiError> {
    let problems = Problems::default();
    let member = "StudioLifecycleConfigName";
    let name = checked(input, &problems, &[member], |shape| shape.required(member, NAME))?;
    let arn = arn(name, call);
    note.resource.clone_from(&arn);
    let config = state.configs.get(&arn);
    let context = config.map(|c| resource_context(&c.tags)).unwrap_or_default();
    call.caller.authorize(action, &arn, &context)?;
    config.ok_or_else(|| ApiError::not_found(format!("StudioLifecycleConfig [{name}] does not exist.")))
}

/// Lifecycle configs belong to the caller's account and region, not to a domain.
fn arn(name: &str, call: &Call) -> String {
    let account = account_of(&call.caller.arn);
    format!("arn:aws:sagemaker:{}:{account}:studio-lifecycle-config/{name}", call.region)
}
