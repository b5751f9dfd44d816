//! STS: `AssumeRoleWithSAML` (unsigned), `AssumeRole` and `GetCallerIdentity`.
//!
//! It gives out credentials for nothing but what a trust policy allows.

mod saml_role;

use super::call::{Call, Form, Note};
use super::fault::{ApiError, escape};
use super::policy::{self, Context, Decision, Principal, decide_trust};
use super::shape::{Problems, ROLE_ARN, Rule, Shape, finish};
use super::state::{Caller, RoleSession, State, assumed_role_arn};
use super::world::{Role, account_of};
use super::{saml, token};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::Value;

/// XML namespace of STS answers.
pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

const SESSION_NAME: Rule = Rule::length(2, 64).form("[\\w+=,.@-]*", saml::is_session_name);
const POLICY: Rule = Rule::length(1, 2048);
const EXTERNAL_ID: Rule = Rule::length(2, 1224).form("[\\w+=,.@:\\/-]*", |text| {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte))
});
/// Members of `AssumeRole` that are understood here; session tags, MFA and managed session policies are not.
const ASSUME_ROLE: [&str; 7] =
    ["Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId", "Policy"];
const DEFAULT_SECONDS: u32 = 3600;
/// Seconds of a session that one assumed role opens for another.
const LONGEST_IN_A_CHAIN: u32 = 3600;

/// Carries out an operation; answers the XML of its result element, without the envelope.
pub(super) fn perform(
    state: &mut State,
    operation: &str,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    match operation {
        "AssumeRoleWithSAML" => saml_role::assume(state, form, call, note),
        "AssumeRole" => assume_role(state, form, call, note),
        "GetCallerIdentity" => Ok(format!(
            "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
            escape(&call.caller.arn),
            escape(&call.caller.user_id),
            account_of(&call.caller.arn),
        )),
        other => Err(ApiError::new(400, "InvalidAction", format!("Could not find operation {other}"))),
    }
}

/// `AssumeRole`: for the gateway's own provisioner roles.
fn assume_role(state: &mut State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let fields = form.fields(&["DurationSeconds"]);
    let problems = Problems::default();
    let shape = Shape::new(&fields, &problems);
    shape.only(&ASSUME_ROLE);
    let role_arn = shape.required("RoleArn", ROLE_ARN);
    let session_name = shape.required("RoleSessionName", SESSION_NAME);
    let external_id = shape.string("ExternalId", EXTERNAL_ID);
    let seconds = shape.integer("DurationSeconds", 900..=43_200).unwrap_or(DEFAULT_SECONDS);
    let session_policy = shape.string("Policy", POLICY);
    finish(&problems, "ValidationError")?;
    role_arn.clone_into(&mut note.resource);

    let denied = || {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            call.caller.arn
        );
        ApiError::new(403, "AccessDenied", message)
    };
    call.caller.authorize("sts:AssumeRole", role_arn, &Context::default()).map_err(|_| denied())?;
    let role = state.role(role_arn).ok_or_else(denied)?.clone();
    let mut context = Context::default();
    context.add("sts:RoleSessionName", session_name);
    context.add("aws:PrincipalArn", &call.caller.arn);
    context.add("aws:PrincipalAccount", account_of(&call.caller.arn));
    if let Some(id) = external_id {
        context.add("sts:ExternalId", id);
    }
    let principal = Principal::Aws(&call.caller.arn);
    if decide_trust(&role.trust_policy, "sts:AssumeRole", principal, &context) != Decision::Allowed {
        return Err(denied());
    }
    check_seconds(seconds, &role)?;
    if seconds > LONGEST_IN_A_CHAIN && call.caller.arn.contains(":assumed-role/") {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(ApiError::new(400, "ValidationError", message));
    }
    let (policies, boundary) = state.permissions(&role);
    let caller = Caller {
        arn: assumed_role_arn(role_arn, session_name),
        user_id: format!("{}:{session_name}", token::unique_id("AROA")?),
        policies,
        boundary,
        tags: role.tags.clone(),
        session_policy: session_policy.map(parse_policy).transpose()?,
        ..Caller::default()
    };
    let (key, session) = state.open_session(caller, call.now + TimeDelta::seconds(seconds.into()))?;
    Ok(session_xml(&key, &session))
}

fn check_seconds(seconds: u32, role: &Role) -> Result<(), ApiError> {
    if seconds <= role.max_session_seconds {
        return Ok(());
    }
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    Err(ApiError::new(400, "ValidationError", message))
}

/// An inline session policy.
fn parse_policy(text: &str) -> Result<Value, ApiError> {
    let malformed = |message: String| ApiError::new(400, "MalformedPolicyDocument", message);
    let policy: Value =
        serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json".into()))?;
    match policy::fault(&policy) {
        None => Ok(policy),
        Some(fault) => Err(malformed(fault)),
    }
}

/// `AssumedRoleUser` and `Credentials`.
fn session_xml(access_key_id: &str, session: &RoleSession) -> String {
    format!(
        "<AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{access_key_id}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>",
        escape(&session.caller.user_id),
        escape(&session.caller.arn),
        escape(&session.secret_access_key),
        escape(&session.session_token),
        session.expires.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}
