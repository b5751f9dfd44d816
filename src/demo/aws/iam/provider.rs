//! `CreateSAMLProvider`, `ListSAMLProviders`, `GetSAMLProvider`.

use super::super::call::{Call, Form, Note};
use super::super::fault::{ApiError, escape};
use super::super::policy::Context;
use super::super::saml::metadata_fault;
use super::super::shape::Rule;
use super::super::state::State;
use super::super::world::{SamlProvider, account_of};
use super::{CREATED, authorize, checked, no_such_entity};

const NAME: Rule = Rule::length(1, 128).form("[\\w._-]+", |text| {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
});
const METADATA: Rule = Rule::length(1_000, 10_000_000);

pub(super) fn create(
    state: &mut State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let fields = form.fields(&[]);
    let (name, metadata_xml) = checked(&fields, &["Name", "SAMLMetadataDocument"], |shape| {
        (shape.required("Name", NAME).to_owned(), shape.required("SAMLMetadataDocument", METADATA).to_owned())
    })?;
    let arn = format!("arn:aws:iam::{}:saml-provider/{name}", account_of(&call.caller.arn));
    note.resource.clone_from(&arn);
    authorize(call, "iam:CreateSAMLProvider", &arn, &Context::default())?;
    if state.world.saml_providers.iter().any(|provider| provider.arn == arn) {
        let message = format!("SAMLProvider {arn} already exists.");
        return Err(ApiError::new(409, "EntityAlreadyExists", message));
    }
    if let Some(fault) = metadata_fault(&metadata_xml) {
        return Err(ApiError::new(400, "InvalidInput", format!("Could not parse metadata: {fault}")));
    }
    let answer = format!("<SAMLProviderArn>{}</SAMLProviderArn>", escape(&arn));
    state.world.saml_providers.push(SamlProvider { arn, metadata_xml, ..SamlProvider::default() });
    Ok(answer)
}

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
