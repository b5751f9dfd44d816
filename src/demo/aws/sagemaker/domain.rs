//! `DescribeDomain`. Domains are part of the world: they are never created or changed here.

use super::super::call::{Call, Note};
use super::super::fault::ApiError;
use super::super::policy::Context;
use super::super::shape::{DOMAIN_ID, Problems};
use super::super::state::State;
use super::super::world::account_of;
use super::{checked, find_domain};
use chrono::DateTime;
use serde_json::{Map, Value, json};

pub(super) fn describe(
    state: &State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let id = checked(input, &problems, &["DomainId"], |shape| shape.required("DomainId", DOMAIN_ID))?;
    let arn = format!("arn:aws:sagemaker:{}:{}:domain/{id}", call.region, account_of(&call.caller.arn));
    note.resource.clone_from(&arn);
    call.caller.authorize("sagemaker:DescribeDomain", &arn, &Context::default())?;
    let domain = find_domain(state, id, call)?;
    let mut settings = domain.default_user_settings.as_object().cloned().unwrap_or_default();
    if let Some(role) = &domain.execution_role {
        settings.insert("ExecutionRole".to_owned(), json!(role));
    }
    let identity = if domain.names_people { "USER_PROFILE_NAME" } else { "DISABLED" };
    let mut domain_settings = domain.settings.as_object().cloned().unwrap_or_default();
    domain_settings.entry("ExecutionRoleIdentityConfig").or_insert_with(|| json!(identity));
    // Each domain has a file system of its own.
    let place = state.world.domains.iter().position(|one| one.id == domain.id).unwrap_or_default();
    let created = super::seconds(DateTime::UNIX_EPOCH);
    let mut output = json!({
        "DomainArn": domain.arn(),
        "DomainId": domain.id,
        "DomainName": domain.id,
        "Status": if domain.status.is_empty() { "InService" } else { &domain.status },
        "AuthMode": domain.auth_mode.as_str(),
        "DefaultUserSettings": settings,
        "DomainSettings": domain_settings,
        "AppNetworkAccessType": if domain.public_internet { "PublicInternetOnly" } else { "VpcOnly" },
        "HomeEfsFileSystemId": format!("fs-{place:08x}"),
        "SubnetIds": ["subnet-00000000"],
        "VpcId": "vpc-00000000",
        "Url": format!("https://{}.studio.{}.sagemaker.aws", domain.id, domain.region),
        "CreationTime": created,
        "LastModifiedTime": created,
    });
    if let Some(output) = output.as_object_mut() {
        output.extend(domain.kms_key.iter().map(|key| ("KmsKeyId".to_owned(), json!(key))));
        let spaces = Some(&domain.default_space_settings).filter(|settings| settings.is_object());
        output.extend(spaces.map(|settings| ("DefaultSpaceSettings".to_owned(), settings.clone())));
    }
    Ok(output)
}
