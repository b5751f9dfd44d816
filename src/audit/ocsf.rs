//! Events in the words of the Open Cybersecurity Schema Framework, version 1.3.0, as Amazon Security Lake takes it.
//!
//! A sign-in is *Authentication* (3002), a change of a user profile or of an execution role *Account Change* (3001), a new
//! space or lifecycle config *Entity Management* (3004). What has no place there is `unmapped`, under our own names.

use super::act::{Act, ActKind};
use super::event::{Call, Event, SignIn, What, without_nulls};
use super::facts::Facts;
use crate::error::{Code, Fault};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// `metadata.version`.
const VERSION: &str = "1.3.0";
/// `category_uid`: Identity & Access Management.
const CATEGORY: u32 = 3;
const ACCOUNT_CHANGE: u32 = 3001;
const AUTHENTICATION: u32 = 3002;
const ENTITY_MANAGEMENT: u32 = 3004;
/// `activity_id` of what has no activity of its own.
const OTHER: u32 = 99;

/// An event as OCSF.
pub(super) fn write(event: &Event) -> Value {
    let (class, own) = match &event.what {
        What::SignIn(sign_in) => (AUTHENTICATION, authentication(&event.facts, sign_in)),
        What::Act(act, call) if act.kind.is_entity() => (ENTITY_MANAGEMENT, entity(event, act, call)),
        What::Act(act, call) => (ACCOUNT_CHANGE, account_change(event, act, call)),
    };
    let activity = own.get("activity_id").and_then(Value::as_u64).unwrap_or_default();
    let mut written = json!({
        "class_uid": class,
        "category_uid": CATEGORY,
        "type_uid": u64::from(class) * 100 + activity,
        "time": event.timestamp(),
        "metadata": {
            "version": VERSION,
            "uid": event.id,
            "correlation_uid": text(&event.origin.request_id),
            "product": {
                "name": "studio-gateway",
                "vendor_name": "studio-gateway",
                "version": env!("CARGO_PKG_VERSION"),
            },
        },
        "http_request": text(&event.origin.user_agent).map(|agent| json!({ "user_agent": agent })),
        "src_endpoint": text(&event.origin.client).map(endpoint),
        "unmapped": unmapped(event),
    });
    if let (Value::Object(written), Value::Object(own)) = (&mut written, own) {
        written.extend(own);
    }
    without_nulls(written)
}

fn authentication(facts: &Facts, sign_in: &SignIn) -> Value {
    let (activity, status) = match sign_in.outcome.as_str() {
        "granted" => (1, 1),
        "refused" => (1, 2),
        // The browser goes on with it.
        _ => (OTHER, OTHER),
    };
    json!({
        "activity_id": activity,
        "activity_name": if activity == 1 { "Logon" } else { sign_in.outcome.as_str() },
        "severity_id": sign_in.code.map_or(1, severity),
        "status_id": status,
        "status": match status { 1 => "Success", 2 => "Failure", _ => sign_in.outcome.as_str() },
        "status_code": sign_in.code.map(Code::name),
        "status_detail": sign_in.reason,
        "duration": sign_in.milliseconds,
        "auth_protocol_id": 5,
        "auth_protocol": "SAML",
        "is_remote": true,
        "user": person(facts),
        "session": facts.role_session.as_ref().map(|arn| json!({ "uid": arn, "issuer": facts.idp })),
        "service": { "name": "Amazon SageMaker Studio", "uid": facts.domain_id },
    })
}

/// Whom an event is about. A person who is not known has no name here, but the schema asks for one.
fn person(facts: &Facts) -> Value {
    match facts.user_id.as_ref().or(facts.subject.as_ref()) {
        Some(uid) => json!({
            "uid": uid,
            "uid_alt": facts.source_identity,
            "name": facts.session_name.as_ref().unwrap_or(uid),
            "type_id": 1,
            "account": facts.account.as_ref().map(|uid| json!({ "uid": uid, "type_id": 10 })),
        }),
        None => json!({ "name": "unknown", "type_id": 0 }),
    }
}

fn account_change(event: &Event, act: &Act, call: &Call) -> Value {
    let activity = match act.kind {
        ActKind::ProfileCreated | ActKind::ExecutionRoleCreated => 1,
        ActKind::ExecutionRolePolicyAttached => 7,
        ActKind::ExecutionRolePolicyDetached => 8,
        _ => OTHER,
    };
    let mut own = changed(event, act, call, activity);
    own.insert(
        "user".into(),
        json!({ "name": act.resource, "type_id": OTHER, "type": resource_kind(act.kind) }),
    );
    own.insert("policy".into(), json!(act.policy.as_ref().map(|arn| json!({ "uid": arn }))));
    Value::Object(own)
}

fn entity(event: &Event, act: &Act, call: &Call) -> Value {
    let mut own = changed(event, act, call, 1);
    // The class has no actor in this version; who it was is unmapped.
    own.remove("actor");
    own.insert("entity".into(), json!({ "name": act.resource, "type": resource_kind(act.kind) }));
    Value::Object(own)
}

/// What all changes have in common.
fn changed(event: &Event, act: &Act, call: &Call, activity: u32) -> Map<String, Value> {
    let (status, severity) = match call.act_outcome() {
        "done" => (1, 1),
        "failed" => (2, 3),
        _ => (0, 2),
    };
    let who = match event.command {
        Some(command) => json!({ "app_name": format!("studio-gateway {command}") }),
        None => json!({ "app_name": "studio-gateway", "user": person(&event.facts) }),
    };
    let own = json!({
        "activity_id": activity,
        "activity_name": act.kind.name(),
        "severity_id": severity,
        "status_id": status,
        "duration": call.milliseconds,
        "actor": who,
    });
    own.as_object().cloned().unwrap_or_default()
}

/// `severity_id`: 2 low, 3 medium, 4 high.
fn severity(code: Code) -> u32 {
    match code {
        Code::AwsDisagrees
        | Code::AssertionRejected
        | Code::ProfileConflict
        | Code::SpaceConflict
        | Code::ExecutionRoleConflict => 4,
        _ if code.fault() == Fault::Visitor => 2,
        _ => 3,
    }
}

fn resource_kind(kind: ActKind) -> &'static str {
    match kind {
        ActKind::ProfileCreated
        | ActKind::ProfileUpdated
        | ActKind::ProfileTagged
        | ActKind::ProfileUntagged => "SageMaker user profile",
        ActKind::SpaceCreated => "SageMaker space",
        ActKind::ExecutionRoleCreated
        | ActKind::ExecutionRolePolicyAttached
        | ActKind::ExecutionRolePolicyDetached => "IAM role",
        ActKind::LifecycleConfigCreated => "SageMaker lifecycle config",
    }
}

/// The client: an address, or what stands for one.
fn endpoint(client: &str) -> Value {
    if client.parse::<IpAddr>().is_ok() { json!({ "ip": client }) } else { json!({ "uid": client }) }
}

/// Our own fields that OCSF has no place for.
fn unmapped(event: &Event) -> Value {
    const MAPPED: [&str; 9] =
        ["audit", "id", "time", "gateway_version", "client", "user_agent", "reason", "milliseconds", "code"];
    let native = event.native();
    let own = native.as_object().into_iter().flatten();
    own.filter(|(key, _)| !MAPPED.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
