//! `CreatePresignedDomainUrl`: a link into Studio for whoever the policies let in.
//!
//! The caller's policies are asked about the profile's ARN with the profile's own tags, so that attribute-based
//! access control really decides.

use super::super::call::{Call, Note};
use super::super::fault::ApiError;
use super::super::shape::{DOMAIN_ID, NAME, Problems};
use super::super::state::{Link, Place, State, Visit, profile_key};
use super::super::token;
use super::super::world::AuthMode;
use super::settings::{LANDING_URI, SPACE_NAME};
use super::{checked, find_domain, profile, resource_context, space};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

/// The action that policies are asked about, now and at every later request to Studio.
pub(in crate::demo::aws) const ACTION: &str = "sagemaker:CreatePresignedDomainUrl";

const DEFAULT_LINK_SECONDS: u32 = 300;
const DEFAULT_SESSION_SECONDS: u32 = 43_200;

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
        "SessionExpirationDurationInSeconds",
        "ExpiresInSeconds",
        "SpaceName",
        "LandingUri",
    ];
    let request = checked(input, &problems, &members, |shape| {
        (
            shape.required("DomainId", DOMAIN_ID),
            shape.required("UserProfileName", NAME),
            shape
                .integer("SessionExpirationDurationInSeconds", 1800..=43_200)
                .unwrap_or(DEFAULT_SESSION_SECONDS),
            shape.integer("ExpiresInSeconds", 5..=300).unwrap_or(DEFAULT_LINK_SECONDS),
            shape.string("SpaceName", SPACE_NAME).map(str::to_owned),
            shape.string("LandingUri", LANDING_URI).map(str::to_owned),
        )
    })?;
    let (domain_id, name, session_seconds, link_seconds, space, landing_uri) = request;
    let key = profile_key(domain_id, name);
    note.resource = profile::arn(state, domain_id, name, call);
    if call.tells_missing {
        profile::existing(state, &key)?;
    }
    authorize(state, call, &key, &note.resource)?;

    let domain = find_domain(state, domain_id, call)?;
    if domain.auth_mode != AuthMode::Iam {
        return Err(ApiError::validation(format!(
            "Presigned URLs need AuthMode IAM; domain [{domain_id}] has {}.",
            domain.auth_mode.as_str()
        )));
    }
    let status = &profile::existing(state, &key)?.view.status;
    let open = match status.as_str() {
        "InService" | "Update_Failed" => true,
        "Updating" => !call.pace.closed_while_updating,
        _ => false,
    };
    if !open {
        return Err(ApiError::validation(format!(
            "UserProfile [{name}] is in state {status}, not InService."
        )));
    }
    if let Some(space) = &space {
        space::check_opened(state, domain_id, space, name)?;
    }
    let token = token::secret()?;
    let expires = call.now + TimeDelta::seconds(link_seconds.into());
    let place = Place::Studio { profile: key, landing_uri, space };
    let visit = Visit { place, caller: call.caller.clone(), expires };
    state.links.insert(token.clone(), Link { expires, used: false, session_seconds, visit });
    Ok(json!({"AuthorizedUrl": format!("{}/studio/auth?token={token}", call.url)}))
}

fn authorize(state: &State, call: &Call, key: &(String, String), arn: &str) -> Result<(), ApiError> {
    call.caller.authorize(ACTION, arn, &resource_context(&profile::tags_of(state, key)))
}
