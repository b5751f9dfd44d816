//! IAM, as little as reading a set-up needs: `GetRole`, `ListSAMLProviders`, `GetSAMLProvider`.
//!
//! It changes nothing.

use super::call::{Call, Form, Note};
use super::fault::{ApiError, escape};
use super::policy::Context;
use super::state::State;
use super::world::account_of;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// XML namespace of IAM answers.
pub(super) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

const CREATED: &str = "2024-01-01T00:00:00Z";

/// Carries out an operation; answers the XML of its result element, without the envelope.
pub(super) fn perform(
    state: &State,
    operation: &str,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    match operation {
        "GetRole" => get_role(state, form, call, note),
        "ListSAMLProviders" => list_saml_providers(state, call),
        "GetSAMLProvider" => get_saml_provider(state, form, call, note),
        other => Err(ApiError::new(400, "InvalidAction", format!("Could not find operation {other}"))),
    }
}

fn get_role(state: &State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let name = form.get("RoleName").unwrap_or_default();
    let account = account_of(&call.caller.arn);
    let role = state
        .world
        .roles
        .iter()
        .find(|r| account_of(&r.arn) == account && r.arn.rsplit('/').next() == Some(name));
    note.resource = role.map_or_else(|| format!("arn:aws:iam::{account}:role/{name}"), |r| r.arn.clone());
    authorize(call, "iam:GetRole", &note.resource)?;
    let role = role.ok_or_else(|| no_such_entity(&format!("The role with name {name} cannot be found.")))?;
    let path = role.arn.split_once(":role").and_then(|(_, rest)| rest.strip_suffix(name)).unwrap_or("/");
    Ok(format!(
        "<Role><Path>{}</Path><RoleName>{}</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>{}</Arn>\
         <CreateDate>{CREATED}</CreateDate><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>\
         <MaxSessionDuration>{}</MaxSessionDuration></Role>",
        escape(path),
        escape(name),
        escape(&role.arn),
        utf8_percent_encode(&role.trust_policy.to_string(), NON_ALPHANUMERIC),
        role.max_session_seconds,
    ))
}

fn list_saml_providers(state: &State, call: &Call) -> Result<String, ApiError> {
    authorize(call, "iam:ListSAMLProviders", "*")?;
    let account = account_of(&call.caller.arn);
    let mut list = String::from("<SAMLProviderList>");
    for provider in state.world.saml_providers.iter().filter(|p| account_of(&p.arn) == account) {
        list.push_str("<member><Arn>");
        list.push_str(&escape(&provider.arn));
        list.push_str("</Arn><CreateDate>");
        list.push_str(CREATED);
        list.push_str("</CreateDate></member>");
    }
    list.push_str("</SAMLProviderList>");
    Ok(list)
}

fn get_saml_provider(state: &State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let arn = form.get("SAMLProviderArn").unwrap_or_default();
    arn.clone_into(&mut note.resource);
    authorize(call, "iam:GetSAMLProvider", arn)?;
    let provider = state
        .world
        .saml_providers
        .iter()
        .find(|p| p.arn == arn)
        .ok_or_else(|| no_such_entity(&format!("Manifest not found for arn {arn}")))?;
    Ok(format!(
        "<SAMLMetadataDocument>{}</SAMLMetadataDocument><CreateDate>{CREATED}</CreateDate>",
        escape(&provider.metadata_xml),
    ))
}

fn authorize(call: &Call, action: &str, resource: &str) -> Result<(), ApiError> {
    let query_words = |error: ApiError| ApiError::new(403, "AccessDenied", error.message);
    call.caller.authorize(action, resource, &Context::default()).map_err(query_words)
}

fn no_such_entity(message: &str) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}
