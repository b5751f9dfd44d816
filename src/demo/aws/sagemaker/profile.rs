//! User profiles: create, describe, update, delete, list.
//!
//! Names do not mind case. A change of state takes as long as the knobs say.

use super::super::call::{Call, Note};
use super::super::fault::ApiError;
use super::super::policy::{Context, Decision, Principal, decide_trust};
use super::super::shape::{DOMAIN_ID, NAME, NEXT_TOKEN, Problems, Rule, Shape};
use super::super::state::{ProfileKey, State, StoredProfile, Transition, profile_key};
use super::super::views::ProfileView;
use super::super::world::{Domain, Role, account_of};
use super::paging::page;
use super::{add_request_tags, checked, find_domain, resource_context, seconds, settings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const SORT_ORDER: Rule = Rule::one_of(&["Ascending", "Descending"]);
const SORT_BY: Rule = Rule::one_of(&["CreationTime", "LastModifiedTime"]);

pub(super) fn create(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members = [
        "DomainId",
        "UserProfileName",
        "Tags",
        "UserSettings",
        "SingleSignOnUserIdentifier",
        "SingleSignOnUserValue",
    ];
    let (domain_id, name, tags, settings) = checked(input, &problems, &members, |shape| {
        (
            shape.required("DomainId", DOMAIN_ID),
            named(shape),
            shape.tags("Tags"),
            user_settings(shape, state, call),
        )
    })?;
    let arn = arn(state, domain_id, name, call);
    note.resource.clone_from(&arn);
    let mut context = Context::default();
    add_request_tags(&mut context, &tags);
    call.caller.authorize("sagemaker:CreateUserProfile", &arn, &context)?;
    if !tags.is_empty() {
        context.add("sagemaker:TaggingAction", "CreateUserProfile");
        call.caller.authorize("sagemaker:AddTags", &arn, &context)?;
    }
    authorize_pass_role(state, &settings, call)?;

    let domain = find_domain(state, domain_id, call)?;
    check_execution_role(state, &settings, domain)?;
    let key = profile_key(&domain.id, name);
    let efs_uid = state.next_efs_uid;
    let new = |tags, settings| ProfileView {
        domain_id: domain_id.to_owned(),
        name: name.to_owned(),
        arn: arn.clone(),
        status: "Pending".to_owned(),
        failure_reason: None,
        efs_uid,
        tags,
        user_settings: Value::Object(settings),
        created: call.now,
        modified: call.now,
    };
    if let Some(tags) = call.pace.rival.clone().filter(|_| !state.profiles.contains_key(&key)) {
        let transition = Some(Transition::new(&call.pace, call.now, Some(("InService", None))));
        let view = new(tags, Map::new());
        state.put_profile(key.clone(), StoredProfile { view, transition });
    }
    if state.profiles.contains_key(&key) {
        return Err(ApiError::in_use(format!(
            "UserProfile [{name}] already exists in domain [{domain_id}]."
        )));
    }
    let limit = state.world.most_profiles;
    let of_account = || state.profiles.keys().filter(|(domain, _)| state.domain(domain, call).is_some());
    if state.profiles.len() >= limit && of_account().count() >= limit {
        let message = "The account-level service limit for Studio user profiles is reached.";
        return Err(ApiError::new(400, "ResourceLimitExceeded", message));
    }
    let view = new(tags, settings);
    let to = match &call.pace.failure {
        Some(reason) => ("Failed", Some(reason.clone())),
        None => ("InService", None),
    };
    let mut transition = Transition::new(&call.pace, call.now, Some(to));
    transition.unseen = call.pace.unseen_describes;
    state.put_profile(key, StoredProfile { view, transition: Some(transition) });
    Ok(json!({"UserProfileArn": arn}))
}

pub(super) fn describe(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:DescribeUserProfile")?;
    let profile = state.profiles.get_mut(&key).ok_or_else(|| missing(&key))?;
    if Transition::is_unseen(&mut profile.transition) {
        return Err(missing(&key));
    }
    let view = profile.view.clone();
    Transition::count_describe(&mut profile.transition);
    let mut output = json!({
        "DomainId": view.domain_id,
        "UserProfileArn": view.arn,
        "UserProfileName": view.name,
        "HomeEfsFileSystemUid": view.efs_uid.to_string(),
        "Status": view.status,
        "CreationTime": seconds(view.created),
        "LastModifiedTime": seconds(view.modified),
        "UserSettings": view.user_settings,
    });
    if let (Some(reason), Some(output)) = (view.failure_reason, output.as_object_mut()) {
        output.insert("FailureReason".to_owned(), json!(reason));
    }
    Ok(output)
}

pub(super) fn update(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members = ["DomainId", "UserProfileName", "UserSettings"];
    let (domain_id, name, settings) = checked(input, &problems, &members, |shape| {
        (shape.required("DomainId", DOMAIN_ID), named(shape), user_settings(shape, state, call))
    })?;
    let key = authorized(state, domain_id, name, call, note, "sagemaker:UpdateUserProfile")?;
    authorize_pass_role(state, &settings, call)?;
    existing(state, &key)?;
    check_execution_role(state, &settings, find_domain(state, domain_id, call)?)?;
    let Some(profile) = state.profiles.get_mut(&key) else {
        return Err(missing(&key));
    };
    if !matches!(profile.view.status.as_str(), "InService" | "Update_Failed") {
        return Err(ApiError::in_use(format!("UserProfile [{name}] is in state {}.", profile.view.status)));
    }
    let to = match &call.pace.update_failure {
        Some(reason) => ("Update_Failed", Some(reason.clone())),
        None => ("InService", None),
    };
    if let Some(stored) = profile.view.user_settings.as_object_mut().filter(|_| to.1.is_none()) {
        stored.extend(settings);
    }
    "Updating".clone_into(&mut profile.view.status);
    profile.view.failure_reason = None;
    profile.view.modified = call.now;
    profile.transition = Some(Transition::new(&call.pace, call.now, Some(to)));
    let answer = json!({"UserProfileArn": profile.view.arn});
    state.moving.insert(key);
    Ok(answer)
}

pub(super) fn delete(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:DeleteUserProfile")?;
    let Some(profile) = state.profiles.get_mut(&key) else {
        return Err(missing(&key));
    };
    if matches!(profile.view.status.as_str(), "Pending" | "Updating" | "Deleting") {
        return Err(ApiError::in_use(format!(
            "UserProfile [{}] is in state {}.",
            profile.view.name, profile.view.status
        )));
    }
    "Deleting".clone_into(&mut profile.view.status);
    let to = call.pace.deletion_failure.as_ref().map(|reason| ("Delete_Failed", Some(reason.clone())));
    profile.transition = Some(Transition::new(&call.pace, call.now, to));
    state.moving.insert(key);
    Ok(json!({}))
}

pub(super) fn list(state: &State, input: &Map<String, Value>, call: &Call) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members =
        ["NextToken", "MaxResults", "SortOrder", "SortBy", "DomainIdEquals", "UserProfileNameContains"];
    let request = checked(input, &problems, &members, |shape| {
        (
            shape.string("NextToken", NEXT_TOKEN),
            shape.integer("MaxResults", 1..=100),
            shape.string("SortOrder", SORT_ORDER),
            shape.string("SortBy", SORT_BY),
            shape.string("DomainIdEquals", DOMAIN_ID),
            shape.string("UserProfileNameContains", NAME).map(str::to_ascii_lowercase),
        )
    })?;
    let (token, size, order, sort_by, domain_id, part) = request;
    call.caller.authorize("sagemaker:ListUserProfiles", "*", &Context::default())?;
    let mut found: Vec<&ProfileView> = state
        .profiles
        .iter()
        .filter(|((domain, name), _)| {
            domain_id.is_none_or(|id| id == domain)
                && state.domain(domain, call).is_some()
                && part.as_ref().is_none_or(|part| name.contains(part.as_str()))
        })
        .map(|(_, profile)| &profile.view)
        .collect();
    match sort_by {
        Some("LastModifiedTime") => found.sort_by_key(|view| view.modified),
        _ => found.sort_by_key(|view| view.created),
    }
    if order == Some("Descending") {
        found.reverse();
    }
    let details = |view: &ProfileView| {
        json!({
            "DomainId": view.domain_id,
            "UserProfileName": view.name,
            "Status": view.status,
            "CreationTime": seconds(view.created),
            "LastModifiedTime": seconds(view.modified),
        })
    };
    page(&found, |one| details(one), "UserProfiles", size, token)
}

/// The tags of a profile, none if it does not exist: what its resource tags are to a policy.
pub(super) fn tags_of(state: &State, key: &ProfileKey) -> BTreeMap<String, String> {
    state.profiles.get(key).map(|p| p.view.tags.clone()).unwrap_or_default()
}

pub(super) fn existing<'a>(state: &'a State, key: &ProfileKey) -> Result<&'a StoredProfile, ApiError> {
    state.profiles.get(key).ok_or_else(|| missing(key))
}

/// The stored profile's ARN, or the one that it would have.
pub(super) fn arn(state: &State, domain_id: &str, name: &str, call: &Call) -> String {
    let stored = state.profiles.get(&profile_key(domain_id, name)).map(|p| p.view.arn.clone());
    stored.unwrap_or_else(|| {
        let account = account_of(&call.caller.arn);
        format!("arn:aws:sagemaker:{}:{account}:user-profile/{domain_id}/{name}", call.region)
    })
}

fn missing((domain_id, name): &ProfileKey) -> ApiError {
    ApiError::not_found(format!("UserProfile [{name}] does not exist in domain [{domain_id}]."))
}

/// The profile that a request with only `DomainId` and `UserProfileName` is about.
fn target(
    state: &State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<ProfileKey, ApiError> {
    let problems = Problems::default();
    let (domain_id, name) = checked(input, &problems, &["DomainId", "UserProfileName"], |shape| {
        (shape.required("DomainId", DOMAIN_ID), named(shape))
    })?;
    authorized(state, domain_id, name, call, note, action)
}

fn authorized(
    state: &State,
    domain_id: &str,
    name: &str,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<ProfileKey, ApiError> {
    let key = profile_key(domain_id, name);
    note.resource = arn(state, domain_id, name, call);
    call.caller.authorize(action, &note.resource, &resource_context(&tags_of(state, &key)))?;
    find_domain(state, domain_id, call)?;
    Ok(key)
}

fn named<'a>(shape: &Shape<'a>) -> &'a str {
    shape.required("UserProfileName", NAME)
}

fn user_settings(shape: &Shape<'_>, state: &State, call: &Call) -> Map<String, Value> {
    if let Some(inner) = shape.inside("UserSettings") {
        settings::check(&inner, state, &call.region);
    }
    shape.raw("UserSettings").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Who sets an execution role must be allowed to pass it on.
fn authorize_pass_role(state: &State, settings: &Map<String, Value>, call: &Call) -> Result<(), ApiError> {
    let Some(role) = execution_role(settings) else {
        return Ok(());
    };
    let mut context = Context::default();
    if let Some(role) = state.role(role) {
        context.add_tags("iam:ResourceTag", &role.tags);
    }
    context.add("iam:PassedToService", "sagemaker.amazonaws.com");
    call.caller.authorize("iam:PassRole", role, &context)
}

/// SageMaker takes an execution role only if it is there, of the domain's account, and lets SageMaker take it.
fn check_execution_role(
    state: &State,
    settings: &Map<String, Value>,
    domain: &Domain,
) -> Result<(), ApiError> {
    let Some(arn) = execution_role(settings) else {
        return Ok(());
    };
    let mut context = Context::default();
    context.add("aws:SourceAccount", &domain.account);
    context.add("aws:SourceArn", domain.arn());
    let takes = |role: &Role| {
        let service = Principal::Service("sagemaker.amazonaws.com");
        account_of(&role.arn) == domain.account
            && decide_trust(&role.trust_policy, "sts:AssumeRole", service, &context) == Decision::Allowed
    };
    if state.role(arn).is_some_and(takes) {
        return Ok(());
    }
    Err(ApiError::validation(format!("Could not assume the execution role [{arn}].")))
}

fn execution_role(settings: &Map<String, Value>) -> Option<&str> {
    settings.get("ExecutionRole").and_then(Value::as_str)
}
