//! The control surface: what was called, the knobs, what others have made in a domain, sessions that another STS issued and
//! roles that another IAM has. JSON, loopback only.
//!
//! It changes how the embedded AWS behaves, never what it accepts, except that a registered session or role is believed.

use super::knobs::Turn;
use super::policy::Context;
use super::server::Server;
use super::state::{Caller, RoleSession, assumed_role_arn};
use super::views::ProfileView;
use super::world::{Profile, Role, Space};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A role session that another STS issued.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignSession {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    role_arn: String,
    session_name: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    source_identity: Option<String>,
    #[serde(default)]
    session_policy: Option<Value>,
    /// An hour from now, if absent.
    #[serde(default)]
    expires: Option<DateTime<Utc>>,
}

/// A role that another IAM has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignRole {
    arn: String,
    trust_policy: Value,
}

/// What others have made in domains.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Seeds {
    /// The new quota, if there is one.
    most_profiles: Option<usize>,
    profiles: Vec<Profile>,
    spaces: Vec<Space>,
}

/// One knob or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Turns {
    Several(Vec<Turn>),
    One(Turn),
}

pub(super) async fn received(State(server): State<Arc<Server>>) -> Response {
    answer(StatusCode::OK, &server.state().received)
}

pub(super) async fn events(State(server): State<Arc<Server>>) -> Response {
    answer(StatusCode::OK, &server.state().trail.events())
}

pub(super) async fn calls(State(server): State<Arc<Server>>) -> Response {
    answer(StatusCode::OK, &server.state().trail.calls())
}

pub(super) async fn counts(State(server): State<Arc<Server>>) -> Response {
    answer(StatusCode::OK, &server.knobs.counts())
}

pub(super) async fn profiles(State(server): State<Arc<Server>>) -> Response {
    let now = server.clock.now();
    let mut state = server.state();
    state.settle(now);
    let views: Vec<&ProfileView> = state.profiles.values().map(|p| &p.view).collect();
    answer(StatusCode::OK, &views)
}

pub(super) async fn turn_knobs(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match read(&headers, &body) {
        Ok(Turns::One(turn)) => server.knobs.turn(turn),
        Ok(Turns::Several(turns)) => turns.into_iter().for_each(|turn| server.knobs.turn(turn)),
        Err(refusal) => return refusal,
    }
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn seed(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Response {
    let seeds: Seeds = match read(&headers, &body) {
        Ok(seeds) => seeds,
        Err(refusal) => return refusal,
    };
    let now = server.clock.now();
    let mut state = server.state();
    if let Some(quota) = seeds.most_profiles {
        state.world.most_profiles = quota;
    }
    state.seed(seeds.profiles, seeds.spaces, now);
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn register_session(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let foreign: ForeignSession = match read(&headers, &body) {
        Ok(foreign) => foreign,
        Err(refusal) => return refusal,
    };
    let now = server.clock.now();
    let mut state = server.state();
    let Some(role) = state.role(&foreign.role_arn) else {
        return refuse(StatusCode::BAD_REQUEST, "no such role");
    };
    let mut context = Context::default();
    if let Some(name) = &foreign.source_identity {
        context.add("aws:SourceIdentity", name);
    }
    let (policies, boundary) = state.permissions(role);
    let caller = Caller {
        arn: assumed_role_arn(&role.arn, &foreign.session_name),
        user_id: format!("AROAFOREIGN:{}", foreign.session_name),
        policies,
        boundary,
        session_policy: foreign.session_policy,
        tags: foreign.tags,
        source_identity: foreign.source_identity,
        context,
    };
    let session = RoleSession {
        secret_access_key: foreign.secret_access_key,
        session_token: foreign.session_token,
        expires: foreign.expires.unwrap_or(now + TimeDelta::hours(1)),
        caller,
    };
    state.sessions.insert(foreign.access_key_id, session);
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn register_role(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let ForeignRole { arn, trust_policy } = match read(&headers, &body) {
        Ok(foreign) => foreign,
        Err(refusal) => return refusal,
    };
    let mut state = server.state();
    if state.role(&arn).is_some() {
        return refuse(StatusCode::CONFLICT, "there is such a role");
    }
    state.world.roles.push(Role { arn, trust_policy, ..Role::default() });
    StatusCode::NO_CONTENT.into_response()
}

/// Reads a JSON body. Its content type must say so, which no form of a foreign page can.
#[allow(clippy::result_large_err, reason = "the refusal is the response")]
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Response> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|v| v != "application/json") {
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
    }
    serde_json::from_slice(body).map_err(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string()))
}

fn refuse(status: StatusCode, why: &str) -> Response {
    answer(status, &json!({"error": why}))
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(json) => (status, [(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
