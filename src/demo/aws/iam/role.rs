//! Roles: `GetRole`, `CreateRole`, `TagRole`, `ListRoleTags`, `PutRolePermissionsBoundary`.

use super::super::call::{Call, Form, Note};
use super::super::fault::{ApiError, escape};
use super::super::policy::{self, Context};
use super::super::shape::Rule;
use super::super::state::State;
use super::super::world::{Role, account_of};
use super::{
    ARN, CREATED, ROLE_NAME, authorize, authorized, checked, members, no_such_entity, page, position,
    role_name, tag_items,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeMap;

const PATH: Rule = Rule::length(1, 512).form("(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", |text| {
    text == "/"
        || (text.len() > 2
            && text.starts_with('/')
            && text.ends_with('/')
            && text.bytes().all(|byte| byte.is_ascii_graphic()))
});
const DOCUMENT: Rule = Rule::length(1, 131_072);
const DESCRIPTION: Rule = Rule::length(0, 1_000);
const MARKER: Rule = Rule::length(1, 320);

pub(super) fn get(state: &State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let fields = form.fields(&[]);
    let name = checked(&fields, &["RoleName"], |shape| shape.required("RoleName", ROLE_NAME).to_owned())?;
    let position = authorized(state, &name, call, note, "iam:GetRole", &Context::default())?;
    Ok(state.world.roles.get(position).map(role_xml).unwrap_or_default())
}

pub(super) fn create(
    state: &mut State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let fields = form.with_structures("Tags", &["MaxSessionDuration"]);
    let members = [
        "RoleName",
        "Path",
        "AssumeRolePolicyDocument",
        "Description",
        "MaxSessionDuration",
        "PermissionsBoundary",
        "Tags",
    ];
    let (name, path, trust, seconds, boundary, tags) = checked(&fields, &members, |shape| {
        shape.string("Description", DESCRIPTION);
        (
            shape.required("RoleName", ROLE_NAME).to_owned(),
            shape.string("Path", PATH).unwrap_or("/").to_owned(),
            shape.required("AssumeRolePolicyDocument", DOCUMENT).to_owned(),
            shape.integer("MaxSessionDuration", 3_600..=43_200).unwrap_or(3_600),
            shape.string("PermissionsBoundary", ARN).map(str::to_owned),
            shape.tags("Tags"),
        )
    })?;
    let arn = format!("arn:aws:iam::{}:role{path}{name}", account_of(&call.caller.arn));
    note.resource.clone_from(&arn);
    let mut context = request_tags(&tags);
    if let Some(boundary) = &boundary {
        context.add("iam:PermissionsBoundary", boundary);
    }
    authorize(call, "iam:CreateRole", &arn, &context)?;
    if !tags.is_empty() {
        authorize(call, "iam:TagRole", &arn, &context)?;
    }
    let malformed = |message: String| ApiError::new(400, "MalformedPolicyDocument", message);
    let trust_policy: Value =
        serde_json::from_str(&trust).map_err(|_| malformed("This policy contains invalid Json".into()))?;
    if let Some(fault) = policy::trust_fault(&trust_policy) {
        return Err(malformed(fault));
    }
    if position(state, call, &name).is_some() {
        let message = format!("Role with name {name} already exists.");
        return Err(ApiError::new(409, "EntityAlreadyExists", message));
    }
    known_boundary(state, boundary.as_deref())?;
    let role = Role { arn, trust_policy, max_session_seconds: seconds, tags, boundary, ..Role::default() };
    let answer = role_xml(&role);
    state.world.roles.push(role);
    Ok(answer)
}

pub(super) fn tag(state: &mut State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let fields = form.with_structures("Tags", &[]);
    let (name, tags) = checked(&fields, &["RoleName", "Tags"], |shape| {
        (shape.required("RoleName", ROLE_NAME).to_owned(), shape.tags("Tags"))
    })?;
    let position = authorized(state, &name, call, note, "iam:TagRole", &request_tags(&tags))?;
    if let Some(role) = state.world.roles.get_mut(position) {
        // Keys do not mind case.
        role.tags.retain(|key, _| !tags.keys().any(|new| new.eq_ignore_ascii_case(key)));
        role.tags.extend(tags);
        if role.tags.len() > 50 {
            return Err(ApiError::new(409, "LimitExceeded", "A role can have at most 50 tags."));
        }
    }
    Ok(String::new())
}

pub(super) fn list_tags(
    state: &State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let fields = form.fields(&["MaxItems"]);
    let (name, size, marker) = checked(&fields, &["RoleName", "MaxItems", "Marker"], |shape| {
        (
            shape.required("RoleName", ROLE_NAME).to_owned(),
            shape.integer("MaxItems", 1..=1_000),
            shape.string("Marker", MARKER).map(str::to_owned),
        )
    })?;
    let position = authorized(state, &name, call, note, "iam:ListRoleTags", &Context::default())?;
    let tags = state.world.roles.get(position).map(|role| tag_items(&role.tags)).unwrap_or_default();
    page(&tags, "Tags", size, marker.as_deref())
}

pub(super) fn put_boundary(
    state: &mut State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let fields = form.fields(&[]);
    let (name, boundary) = checked(&fields, &["RoleName", "PermissionsBoundary"], |shape| {
        (
            shape.required("RoleName", ROLE_NAME).to_owned(),
            shape.required("PermissionsBoundary", ARN).to_owned(),
        )
    })?;
    let position =
        authorized(state, &name, call, note, "iam:PutRolePermissionsBoundary", &Context::default())?;
    known_boundary(state, Some(&boundary))?;
    if let Some(role) = state.world.roles.get_mut(position) {
        role.boundary = Some(boundary);
    }
    Ok(String::new())
}

fn known_boundary(state: &State, boundary: Option<&str>) -> Result<(), ApiError> {
    match boundary {
        Some(arn) if !state.world.managed_policies.contains_key(arn) => {
            Err(no_such_entity(format!("Scope ARN: {arn} does not exist or is not attachable.")))
        }
        _ => Ok(()),
    }
}

fn request_tags(tags: &BTreeMap<String, String>) -> Context {
    let mut context = Context::default();
    context.add_tags("aws:RequestTag", tags);
    for key in tags.keys() {
        context.add("aws:TagKeys", key);
    }
    context
}

fn role_xml(role: &Role) -> String {
    let name = role_name(&role.arn);
    let path = role.arn.split_once(":role").and_then(|(_, rest)| rest.strip_suffix(name)).unwrap_or("/");
    let boundary = role.boundary.as_ref().map(|arn| {
        format!(
            "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>\
             <PermissionsBoundaryArn>{}</PermissionsBoundaryArn></PermissionsBoundary>",
            escape(arn)
        )
    });
    let tags = members(tag_items(&role.tags).iter());
    format!(
        "<Role><Path>{}</Path><RoleName>{}</RoleName><RoleId>AROAEXAMPLE0000000000</RoleId><Arn>{}</Arn>\
         <CreateDate>{CREATED}</CreateDate><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>\
         <MaxSessionDuration>{}</MaxSessionDuration>{}<Tags>{tags}</Tags></Role>",
        escape(path),
        escape(name),
        escape(&role.arn),
        utf8_percent_encode(&role.trust_policy.to_string(), NON_ALPHANUMERIC),
        role.max_session_seconds,
        boundary.unwrap_or_default(),
    )
}
