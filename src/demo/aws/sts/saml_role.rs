//! `AssumeRoleWithSAML`: from a SAML response to a role session.
//!
//! The order is STS's: shape, provider, message, role attribute, trust policy, duration, session policy. It does not
//! make an assertion single-use, because STS does not.

use super::{DEFAULT_SECONDS, POLICY, check_seconds, parse_policy, session_xml};
use crate::demo::aws::call::{Call, Form, Note};
use crate::demo::aws::fault::{ApiError, escape};
use crate::demo::aws::policy::{Context, Decision, Principal, decide_trust};
use crate::demo::aws::saml::{self, Claims};
use crate::demo::aws::shape::{Problems, ROLE_ARN, Rule, Shape, finish};
use crate::demo::aws::state::{Caller, State, assumed_role_arn};
use crate::demo::aws::token;
use crate::demo::aws::world::{Role, account_of};
use aws_lc_rs::digest;
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::TimeDelta;

const ACTION: &str = "sts:AssumeRoleWithSAML";
const ARN: Rule = Rule::length(20, 2048);
const ASSERTION: Rule = Rule::length(4, 100_000);
/// Characters that the packed policy and tags may take.
const PACKED_LIMIT: usize = 4096;

/// Carries out the call; answers the XML of the result.
pub(super) fn assume(
    state: &mut State,
    form: &Form,
    call: &Call,
    note: &mut Note,
) -> Result<String, ApiError> {
    let fields = form.fields(&["DurationSeconds"]);
    let problems = Problems::default();
    let shape = Shape::new(&fields, &problems);
    let role_arn = shape.required("RoleArn", ROLE_ARN);
    let provider_arn = shape.required("PrincipalArn", ARN);
    let assertion = shape.required("SAMLAssertion", ASSERTION);
    let seconds = shape.integer("DurationSeconds", 900..=43_200);
    let session_policy = shape.string("Policy", POLICY);
    if form.members("PolicyArns").len() > 10 {
        shape.report("PolicyArns", "[...]", "Member must have length less than or equal to 10");
    } else if !form.members("PolicyArns").is_empty() {
        shape.report("PolicyArns", "[...]", "the embedded AWS knows no managed policies");
    }
    finish(&problems, "ValidationError")?;
    role_arn.clone_into(&mut note.resource);

    let provider = state
        .world
        .saml_providers
        .iter()
        .find(|p| p.arn == provider_arn)
        .ok_or_else(|| ApiError::identity_token("Specified provider doesn't exist"))?;
    let claims = saml::read(assertion, provider, &state.world.accepted_audiences, call.now)?;
    if !claims.roles.iter().any(|(role, provider)| role == role_arn && provider == provider_arn) {
        return Err(ApiError::sts_denied(ACTION));
    }
    let role = state.role(role_arn).ok_or_else(|| ApiError::sts_denied(ACTION))?.clone();
    let name_qualifier = name_qualifier(&claims.issuer, provider_arn);
    let recipient = trusted_recipient(&role, provider_arn, &claims, &name_qualifier)?;

    let seconds = seconds.unwrap_or(DEFAULT_SECONDS);
    check_seconds(seconds, &role)?;
    let seconds = claims.session_seconds.map_or(seconds, |claimed| claimed.min(seconds));
    let until = call.now + TimeDelta::seconds(seconds.into());
    let expires = claims.session_until.map_or(until, |end| end.min(until));
    let packed = packed_percent(session_policy, &claims)?;

    let (policies, boundary) = state.permissions(&role);
    let caller = Caller {
        arn: assumed_role_arn(role_arn, &claims.session_name),
        user_id: format!("{}:{}", token::unique_id("AROA")?, claims.session_name),
        policies,
        boundary,
        session_policy: session_policy.map(parse_policy).transpose()?,
        tags: claims.tags.clone(),
        source_identity: claims.source_identity.clone(),
        context: session_context(&claims, recipient, &name_qualifier, provider_arn),
    };
    let (key, session) = state.open_session(caller, expires)?;
    let source_identity = claims
        .source_identity
        .as_ref()
        .map(|name| format!("<SourceIdentity>{}</SourceIdentity>", escape(name)))
        .unwrap_or_default();
    Ok(format!(
        "{}<Subject>{}</Subject><SubjectType>{}</SubjectType><Issuer>{}</Issuer><Audience>{}</Audience>\
         <NameQualifier>{name_qualifier}</NameQualifier>{source_identity}<PackedPolicySize>{packed}</PackedPolicySize>",
        session_xml(&key, &session),
        escape(&claims.subject),
        escape(&claims.subject_type),
        escape(&claims.issuer),
        escape(recipient),
    ))
}

/// The first recipient that the trust policy takes; the answer to the last if it takes none.
fn trusted_recipient<'c>(
    role: &Role,
    provider_arn: &str,
    claims: &'c Claims,
    name_qualifier: &str,
) -> Result<&'c str, ApiError> {
    let mut answer = Err(ApiError::sts_denied(ACTION));
    for recipient in &claims.recipients {
        answer =
            check_trust(role, provider_arn, claims, recipient, name_qualifier).map(|()| recipient.as_str());
        if answer.is_ok() {
            break;
        }
    }
    answer
}

/// The trust policy must allow each action that the assertion makes necessary.
fn check_trust(
    role: &Role,
    provider_arn: &str,
    claims: &Claims,
    recipient: &str,
    name_qualifier: &str,
) -> Result<(), ApiError> {
    let reserved = role.arn.rsplit('/').next().is_some_and(|name| name.starts_with("AWSReservedSSO_"));
    if reserved || account_of(&role.arn) != account_of(provider_arn) {
        return Err(ApiError::sts_denied(ACTION));
    }
    let mut context = saml_context(claims, recipient, name_qualifier, provider_arn);
    context.add("sts:RoleSessionName", &claims.session_name);
    context.add_tags("aws:RequestTag", &claims.tags);
    for key in claims.tags.keys() {
        context.add("aws:TagKeys", key);
    }
    for key in &claims.transitive_keys {
        context.add("sts:TransitiveTagKeys", key);
    }
    if let Some(name) = &claims.source_identity {
        context.add("sts:SourceIdentity", name);
    }
    let needed = [
        Some(ACTION),
        (!claims.tags.is_empty()).then_some("sts:TagSession"),
        claims.source_identity.is_some().then_some("sts:SetSourceIdentity"),
    ];
    for action in needed.into_iter().flatten() {
        let principal = Principal::Federated(provider_arn);
        if decide_trust(&role.trust_policy, action, principal, &context) != Decision::Allowed {
            return Err(ApiError::sts_denied(action));
        }
    }
    Ok(())
}

fn saml_context(claims: &Claims, recipient: &str, name_qualifier: &str, provider_arn: &str) -> Context {
    let mut context = Context::default();
    context.add("saml:aud", recipient);
    context.add("saml:iss", &claims.issuer);
    context.add("saml:sub", &claims.subject);
    context.add("saml:sub_type", &claims.subject_type);
    context.add("saml:namequalifier", name_qualifier);
    context.add("saml:doc", format!("{}/{}", account_of(provider_arn), provider_name(provider_arn)));
    context
}

fn session_context(claims: &Claims, recipient: &str, name_qualifier: &str, provider_arn: &str) -> Context {
    let mut context = saml_context(claims, recipient, name_qualifier, provider_arn);
    context.add("aws:FederatedProvider", provider_arn);
    if let Some(name) = &claims.source_identity {
        context.add("aws:SourceIdentity", name);
    }
    context
}

/// `BASE64(SHA1(issuer + account + "/" + provider name))`, as the API reference defines it.
fn name_qualifier(issuer: &str, provider_arn: &str) -> String {
    let text = format!("{issuer}{}/{}", account_of(provider_arn), provider_name(provider_arn));
    BASE64_STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

fn provider_name(provider_arn: &str) -> &str {
    provider_arn.rsplit('/').next().unwrap_or_default()
}

fn packed_percent(session_policy: Option<&str>, claims: &Claims) -> Result<usize, ApiError> {
    let tags: usize = claims.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    let packed = (session_policy.map_or(0, str::len) + tags) * 100 / PACKED_LIMIT;
    if packed > 100 {
        let message = format!("Packed size of session tags consumes {packed}% of allotted space.");
        return Err(ApiError::new(400, "PackedPolicyTooLarge", message));
    }
    Ok(packed)
}
