//! Spaces: create, describe, delete, list; and whether a profile may open one.
//!
//! Names do not mind case. A change of state takes as long as the knobs say, as for profiles.

use super::super::call::{Call, Note};
use super::super::fault::ApiError;
use super::super::policy::Context;
use super::super::shape::{DOMAIN_ID, NAME, NEXT_TOKEN, Problems, Rule, Shape};
use super::super::state::{ProfileKey, State, StoredSpace, Transition, profile_key};
use super::super::views::SpaceView;
use super::super::world::account_of;
use super::paging::page;
use super::settings::{SPACE_NAME, check_space};
use super::{add_request_tags, checked, find_domain, profile, resource_context, seconds};
use serde_json::{Map, Value, json};

const SHARING: Rule = Rule::one_of(&["Private", "Shared"]);
const DISPLAY_NAME: Rule = Rule::length(0, 64).form("(?=.*\\S).{1,64}", |text| !text.trim().is_empty());
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
        "SpaceName",
        "Tags",
        "SpaceSettings",
        "OwnershipSettings",
        "SpaceSharingSettings",
        "SpaceDisplayName",
    ];
    let request = checked(input, &problems, &members, |shape| {
        let owner = inside(shape, "OwnershipSettings", "OwnerUserProfileName", NAME);
        let sharing = inside(shape, "SpaceSharingSettings", "SharingType", SHARING);
        if owner.is_some() != sharing.is_some() {
            shape.report("OwnershipSettings", "", "OwnershipSettings and SpaceSharingSettings go together");
        }
        if let Some(settings) = shape.inside("SpaceSettings") {
            check_space(&settings, state, &call.region);
        }
        (
            shape.required("DomainId", DOMAIN_ID),
            shape.required("SpaceName", SPACE_NAME),
            shape.tags("Tags"),
            shape.raw("SpaceSettings").cloned().unwrap_or_else(|| json!({})),
            (owner, sharing),
            shape.string("SpaceDisplayName", DISPLAY_NAME).map(str::to_owned),
        )
    })?;
    let (domain_id, name, tags, settings, (owner, sharing), display_name) = request;
    let arn = arn(state, domain_id, name, call);
    note.resource.clone_from(&arn);
    let mut context = sharing_context(state, domain_id, owner, sharing, call);
    add_request_tags(&mut context, &tags);
    call.caller.authorize("sagemaker:CreateSpace", &arn, &context)?;
    if !tags.is_empty() {
        context.add("sagemaker:TaggingAction", "CreateSpace");
        call.caller.authorize("sagemaker:AddTags", &arn, &context)?;
    }
    find_domain(state, domain_id, call)?;
    if let Some(owner) = owner {
        let status = &profile::existing(state, &profile_key(domain_id, owner))?.view.status;
        if !matches!(status.as_str(), "InService" | "Updating" | "Update_Failed") {
            return Err(ApiError::validation(format!("UserProfile [{owner}] is in state {status}.")));
        }
    }
    let key = profile_key(domain_id, name);
    let efs_uid = state.next_efs_uid;
    let view = |owner: Option<&str>, sharing: Option<&str>| SpaceView {
        domain_id: domain_id.to_owned(),
        name: name.to_owned(),
        arn: arn.clone(),
        display_name: display_name.clone(),
        status: "Pending".to_owned(),
        failure_reason: None,
        owner: owner.map(str::to_owned),
        sharing: sharing.map(str::to_owned),
        efs_uid,
        tags: tags.clone(),
        settings: settings.clone(),
        created: call.now,
    };
    let to = |failure: &Option<String>| match failure {
        Some(reason) => ("Failed", Some(reason.clone())),
        None => ("InService", None),
    };
    if let Some((owner, sharing)) =
        call.pace.space_rival.as_ref().filter(|_| !state.spaces.contains_key(&key))
    {
        let transition = Some(Transition::new(&call.pace, call.now, Some(to(&None))));
        let rival = StoredSpace { view: view(Some(owner), Some(sharing)), transition };
        state.put_space(key.clone(), rival);
    }
    if state.spaces.contains_key(&key) {
        return Err(ApiError::in_use(format!("Space [{name}] already exists in domain [{domain_id}].")));
    }
    let mut transition = Transition::new(&call.pace, call.now, Some(to(&call.pace.space_failure)));
    transition.unseen = call.pace.unseen_describes;
    let made = StoredSpace { view: view(owner, sharing), transition: Some(transition) };
    state.put_space(key, made);
    Ok(json!({"SpaceArn": arn}))
}

pub(super) fn describe(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:DescribeSpace")?;
    let space = state.spaces.get_mut(&key).ok_or_else(|| missing(&key))?;
    if Transition::is_unseen(&mut space.transition) {
        return Err(missing(&key));
    }
    Transition::count_describe(&mut space.transition);
    let view = &space.view;
    let mut output = json!({
        "DomainId": view.domain_id,
        "SpaceArn": view.arn,
        "SpaceName": view.name,
        "HomeEfsFileSystemUid": view.efs_uid.to_string(),
        "Status": view.status,
        "CreationTime": seconds(view.created),
        "LastModifiedTime": seconds(view.created),
        "SpaceSettings": view.settings,
        "Url": format!("https://{}.studio.{}.sagemaker.aws", view.domain_id, call.region),
    });
    let more = [
        ("FailureReason", view.failure_reason.as_ref().map(|reason| json!(reason))),
        ("SpaceDisplayName", view.display_name.as_ref().map(|name| json!(name))),
        ("OwnershipSettings", view.owner.as_ref().map(|owner| json!({"OwnerUserProfileName": owner}))),
        ("SpaceSharingSettings", view.sharing.as_ref().map(|sharing| json!({"SharingType": sharing}))),
    ];
    if let Some(output) = output.as_object_mut() {
        output.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    Ok(output)
}

pub(super) fn delete(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let key = target(state, input, call, note, "sagemaker:DeleteSpace")?;
    let space = state.spaces.get_mut(&key).ok_or_else(|| missing(&key))?;
    if matches!(space.view.status.as_str(), "Pending" | "Updating" | "Deleting") {
        return Err(ApiError::in_use(format!(
            "Space [{}] is in state {}.",
            space.view.name, space.view.status
        )));
    }
    "Deleting".clone_into(&mut space.view.status);
    space.transition = Some(Transition::new(&call.pace, call.now, None));
    state.moving_spaces.insert(key);
    Ok(json!({}))
}

pub(super) fn list(state: &State, input: &Map<String, Value>, call: &Call) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let members = ["NextToken", "MaxResults", "SortOrder", "SortBy", "DomainIdEquals", "SpaceNameContains"];
    let request = checked(input, &problems, &members, |shape| {
        (
            shape.string("NextToken", NEXT_TOKEN),
            shape.integer("MaxResults", 1..=100),
            shape.string("SortOrder", SORT_ORDER),
            shape.string("SortBy", SORT_BY),
            shape.string("DomainIdEquals", DOMAIN_ID),
            shape.string("SpaceNameContains", SPACE_NAME).map(str::to_ascii_lowercase),
        )
    })?;
    let (token, size, order, _, domain_id, part) = request;
    call.caller.authorize("sagemaker:ListSpaces", "*", &Context::default())?;
    let mut found: Vec<&SpaceView> = state
        .spaces
        .iter()
        .filter(|((domain, name), _)| {
            domain_id.is_none_or(|id| id == domain)
                && state.domain(domain, call).is_some()
                && part.as_ref().is_none_or(|part| name.contains(part.as_str()))
        })
        .map(|(_, space)| &space.view)
        .collect();
    // Nothing changes a space here, so that either order is the one of creation.
    found.sort_by_key(|view| view.created);
    if order == Some("Descending") {
        found.reverse();
    }
    let details = |view: &SpaceView| {
        json!({
            "DomainId": view.domain_id,
            "SpaceName": view.name,
            "Status": view.status,
            "CreationTime": seconds(view.created),
            "LastModifiedTime": seconds(view.created),
        })
    };
    page(&found, |one| details(one), "Spaces", size, token)
}

/// Whether a profile may be sent into a space: it has to be there and in service, and a private one has to be its own.
pub(super) fn check_opened(
    state: &State,
    domain_id: &str,
    name: &str,
    profile: &str,
) -> Result<(), ApiError> {
    let key = profile_key(domain_id, name);
    let view = &state.spaces.get(&key).ok_or_else(|| missing(&key))?.view;
    let own = view.owner.as_ref().is_some_and(|owner| owner.eq_ignore_ascii_case(profile));
    if view.sharing.as_deref() == Some("Private") && !own {
        return Err(ApiError::validation(format!("Space [{name}] is private to another user profile.")));
    }
    if !matches!(view.status.as_str(), "InService" | "Update_Failed") {
        return Err(ApiError::validation(format!(
            "Space [{name}] is in state {}, not InService.",
            view.status
        )));
    }
    Ok(())
}

/// The member of a structure that has only this one.
fn inside<'a>(shape: &Shape<'a>, structure: &str, member: &str, rule: Rule) -> Option<&'a str> {
    let inner = shape.inside(structure)?;
    inner.only(&[member]);
    Some(inner.required(member, rule))
}

/// `sagemaker:OwnerUserProfileArn` and `sagemaker:SpaceSharingType`.
fn sharing_context(
    state: &State,
    domain_id: &str,
    owner: Option<&str>,
    sharing: Option<&str>,
    call: &Call,
) -> Context {
    let mut context = Context::default();
    if let Some(owner) = owner {
        context.add("sagemaker:OwnerUserProfileArn", profile::arn(state, domain_id, owner, call));
    }
    if let Some(sharing) = sharing {
        context.add("sagemaker:SpaceSharingType", sharing);
    }
    context
}

/// The space that a request with only `DomainId` and `SpaceName` is about.
fn target(
    state: &State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<ProfileKey, ApiError> {
    let problems = Problems::default();
    let (domain_id, name) = checked(input, &problems, &["DomainId", "SpaceName"], |shape| {
        (shape.required("DomainId", DOMAIN_ID), shape.required("SpaceName", SPACE_NAME))
    })?;
    let key = profile_key(domain_id, name);
    note.resource = arn(state, domain_id, name, call);
    let view = state.spaces.get(&key).map(|space| &space.view);
    let mut context = view.map(|view| resource_context(&view.tags)).unwrap_or_default();
    if let Some(view) = view {
        let (owner, sharing) = (view.owner.as_deref(), view.sharing.as_deref());
        context.extend(&sharing_context(state, domain_id, owner, sharing, call));
    }
    call.caller.authorize(action, &note.resource, &context)?;
    find_domain(state, domain_id, call)?;
    Ok(key)
}

/// The stored space's ARN, or the one that it would have.
fn arn(state: &State, domain_id: &str, name: &str, call: &Call) -> String {
    let stored = state.spaces.get(&profile_key(domain_id, name)).map(|space| space.view.arn.clone());
    stored.unwrap_or_else(|| {
        let account = account_of(&call.caller.arn);
        format!("arn:aws:sagemaker:{}:{account}:space/{domain_id}/{name}", call.region)
    })
}

fn missing((domain_id, name): &ProfileKey) -> ApiError {
    ApiError::not_found(format!("Space [{name}] does not exist in domain [{domain_id}]."))
}
