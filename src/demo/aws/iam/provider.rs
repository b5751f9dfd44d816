//! `ListSAMLProviders`, `GetSAMLProvider`.

use super::super::call::{Call, Form, Note};
use super::super::fault::{ApiError, escape};
use super::super::policy::Context;
use super::super::state::State;
use super::super::world::account_of;
use super::{CREATED, authorize, no_such_entity};

pub(super) fn list(state: &State, call: &Call) -> Result<String, ApiError> {
    authorize(call, "iam:ListSAMLProviders", "*", &Context::default())?;
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

pub(super) fn get(state: &State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let arn = form.get("SAMLProviderArn").unwrap_or_default();
    arn.clone_into(&mut note.resource);
    authorize(call, "iam:GetSAMLProvider", arn, &Context::default())?;
    let provider = state
        .world
        .saml_providers
        .iter()
        .find(|p| p.arn == arn)
        .ok_or_else(|| no_such_entity(format!("Manifest not found for arn {arn}")))?;
    Ok(format!(
        "<SAMLMetadataDocument>{}</SAMLMetadataDocument><CreateDate>{CREATED}</CreateDate>",
        escape(&provider.metadata_xml),
    ))
}
