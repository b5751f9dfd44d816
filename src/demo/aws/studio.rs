//! What a presigned link opens: a stand-in for Studio, or for a notebook instance, that shows who arrived, where, and as
//! whom.
//!
//! A link opens once and not after its time; every later request is held against the policies of the principal that
//! made the link, as AWS does.

use super::notebook::NotebookView;
use super::policy::Context;
use super::sagemaker::{NOTEBOOK_ACTION, PRESIGN_ACTION};
use super::server::Server;
use super::state::{Place, ProfileKey, State, Visit};
use super::token;
use super::trail::Outcome;
use super::views::ProfileView;
use askama::Template;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

const COOKIE: &str = "EmbeddedStudio";
const EVENTS_SHOWN: usize = 30;

/// Query of a presigned link.
#[derive(Deserialize)]
pub(super) struct LinkQuery {
    #[serde(default)]
    token: String,
}

#[derive(Template)]
#[template(path = "demo/studio.html")]
pub(super) struct StudioPage {
    /// What it stands in for, and what has the tags.
    kind: (&'static str, &'static str),
    name: String,
    facts: Vec<(&'static str, String)>,
    tags: Vec<(String, String)>,
    principal_tags: Vec<(String, String)>,
    /// `None` for a notebook instance.
    configs: Option<Vec<ConfigRow>>,
    events: Vec<EventRow>,
}

struct ConfigRow {
    app: String,
    name: String,
    default: bool,
}

struct EventRow {
    at: String,
    api: String,
    principal: String,
    resource: String,
    outcome: String,
    ok: bool,
}

#[derive(Template)]
#[template(path = "demo/sign_in.html")]
struct SignInPage {
    reason: &'static str,
}

/// `GET /studio/auth?token=...`: opens a link, once.
pub(super) async fn open_link(
    Shared(server): Shared<Arc<Server>>,
    Query(query): Query<LinkQuery>,
) -> Response {
    let now = server.clock.now();
    let Ok(cookie) = token::secret() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let opened = open(&mut server.state(), &query.token, &cookie, now);
    if let Err(reason) = opened {
        return sign_in(reason);
    }
    let cookie = format!("{COOKIE}={cookie}; Path=/studio; HttpOnly; SameSite=Lax");
    let mut response = (StatusCode::FOUND, [(header::LOCATION, "/studio/page")]).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    guarded(response)
}

/// `GET /studio/page`: Studio, for who has opened a link.
pub(super) async fn page(Shared(server): Shared<Arc<Server>>, headers: HeaderMap) -> Response {
    let now = server.clock.now();
    let cookies = headers.get(header::COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let cookie =
        cookies.split(';').filter_map(|c| c.trim().split_once('=')).find(|(name, _)| *name == COOKIE);
    let page = arrived(&mut server.state(), cookie.map_or("", |(_, value)| value), now);
    match page.map(|page| page.render()) {
        Ok(Ok(html)) => guarded(Html(html).into_response()),
        Ok(Err(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(reason) => sign_in(reason),
    }
}

/// Uses a link up; `cookie` is what stands for the visit from now on.
pub(super) fn open(
    state: &mut State,
    token: &str,
    cookie: &str,
    now: DateTime<Utc>,
) -> Result<(), &'static str> {
    let link = state.links.get_mut(token).ok_or("This link is not known.")?;
    if link.used {
        return Err("This link was used before.");
    }
    if now >= link.expires {
        return Err("This link has expired.");
    }
    link.used = true;
    let expires = now + TimeDelta::seconds(link.session_seconds.into());
    let visit = Visit { expires, ..link.visit.clone() };
    state.visits.insert(cookie.to_owned(), visit);
    Ok(())
}

/// The page of an open visit.
pub(super) fn arrived(
    state: &mut State,
    cookie: &str,
    now: DateTime<Utc>,
) -> Result<StudioPage, &'static str> {
    state.settle(now);
    let visit = state.visits.get(cookie).ok_or("You are not signed in.")?;
    if now >= visit.expires {
        return Err("Your Studio session has ended.");
    }
    let place = Arrived::at(state, &visit.place)?;
    let (action, arn, tags) = match &place {
        Arrived::Studio(profile, ..) => (PRESIGN_ACTION, &profile.arn, &profile.tags),
        Arrived::Notebook(notebook) => (NOTEBOOK_ACTION, &notebook.arn, &notebook.tags),
    };
    let mut context = Context::default();
    context.add_tags("sagemaker:ResourceTag", tags);
    context.add_tags("aws:ResourceTag", tags);
    if visit.caller.authorize(action, arn, &context).is_err() {
        return Err("You are no longer authorized.");
    }
    let events = state.trail.latest(EVENTS_SHOWN).into_iter().map(|event| EventRow {
        at: event.at.format("%H:%M:%S%.3f").to_string(),
        api: event.api,
        principal: event.principal,
        resource: event.resource,
        ok: event.outcome == Outcome::Ok,
        outcome: event.outcome.to_string(),
    });
    let (kind, name, configs) = match &place {
        Arrived::Studio(profile, ..) => {
            let configs = configs(state, &profile.user_settings);
            (("SageMaker Studio", "user profile"), &profile.name, Some(configs))
        }
        Arrived::Notebook(notebook) => {
            (("a SageMaker notebook instance", "notebook instance"), &notebook.name, None)
        }
    };
    Ok(StudioPage {
        kind,
        name: name.clone(),
        facts: facts(visit, &place),
        tags: pairs(tags),
        principal_tags: pairs(&visit.caller.tags),
        configs,
        events: events.collect(),
    })
}

/// Where somebody is, as it is now.
enum Arrived<'s> {
    /// With landing URI and space.
    Studio(&'s ProfileView, Option<&'s str>, Option<&'s str>),
    Notebook(&'s NotebookView),
}

impl<'s> Arrived<'s> {
    fn at(state: &'s State, place: &'s Place) -> Result<Self, &'static str> {
        match place {
            Place::Studio { profile, landing_uri, space } => {
                let view = studio(state, profile)?;
                Ok(Self::Studio(view, landing_uri.as_deref(), space.as_deref()))
            }
            Place::Notebook(key) => match state.notebooks.get(key).map(|notebook| &notebook.view) {
                Some(view) if view.status == "InService" => Ok(Self::Notebook(view)),
                Some(_) => Err("The notebook instance is not in service."),
                None => Err("The notebook instance does not exist."),
            },
        }
    }
}

fn studio<'s>(state: &'s State, key: &ProfileKey) -> Result<&'s ProfileView, &'static str> {
    state.profiles.get(key).map(|profile| &profile.view).ok_or("The user profile does not exist.")
}

fn facts(visit: &Visit, place: &Arrived<'_>) -> Vec<(&'static str, String)> {
    let text = |value: Option<&str>| value.unwrap_or("none").to_owned();
    let session_name = visit.caller.arn.rsplit('/').next().unwrap_or_default().to_owned();
    let mut facts = match place {
        Arrived::Studio(profile, landing_uri, space) => vec![
            ("Domain", profile.domain_id.clone()),
            ("User profile", profile.arn.clone()),
            ("Status", profile.status.clone()),
            ("Landing", text(*landing_uri)),
            ("Space", text(*space)),
        ],
        Arrived::Notebook(notebook) => {
            vec![("Notebook instance", notebook.arn.clone()), ("Status", notebook.status.clone())]
        }
    };
    facts.extend([
        ("Role session", visit.caller.arn.clone()),
        ("Session name", session_name),
        ("Source identity", text(visit.caller.source_identity.as_deref())),
    ]);
    if let Arrived::Studio(profile, ..) = place {
        let execution_role = profile.user_settings.get("ExecutionRole").and_then(Value::as_str);
        facts.push(("Execution role", execution_role.unwrap_or("the domain's").to_owned()));
    }
    facts.push(("Studio session until", visit.expires.to_rfc3339_opts(SecondsFormat::Secs, true)));
    facts
}

fn pairs(tags: &std::collections::BTreeMap<String, String>) -> Vec<(String, String)> {
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Lifecycle configs attached in `UserSettings`, app by app.
fn configs(state: &State, settings: &Value) -> Vec<ConfigRow> {
    let mut rows = Vec::new();
    for app in ["JupyterLab", "CodeEditor", "JupyterServer", "KernelGateway"] {
        let Some(app_settings) = settings.get(format!("{app}AppSettings")) else {
            continue;
        };
        let default = app_settings.pointer("/DefaultResourceSpec/LifecycleConfigArn");
        let arns = app_settings.get("LifecycleConfigArns").and_then(Value::as_array);
        for arn in arns.into_iter().flatten() {
            let text = arn.as_str().unwrap_or_default();
            let name = state.configs.get(text).map_or_else(|| text.to_owned(), |config| config.name.clone());
            rows.push(ConfigRow { app: app.to_owned(), name, default: default == Some(arn) });
        }
    }
    rows
}

fn sign_in(reason: &'static str) -> Response {
    match (SignInPage { reason }).render() {
        Ok(html) => guarded((StatusCode::FORBIDDEN, Html(html)).into_response()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Headers of every page: nothing external, nothing cached, no referrer with a token in it.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
