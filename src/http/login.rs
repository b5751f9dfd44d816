//! `GET /open/{destination}` and `GET /login`: start a sign-in here, by sending the browser to the IdP with an
//! AuthnRequest. The first is for links that people share and keep.
//!
//! Parameters: `idp`, the key of an IdP, needed when there are several; `to`, for `/login`, the key of a destination to
//! end in; `again`, when the browser is sent round for the second time (`again=chosen`: to what was chosen the first time);
//! `alone`, when a page comes by itself.

use super::frame::Frame;
use super::relay_state::{Attempt, RelayState};
use super::request::Visit;
use super::{cookies, headers, pages, refusal};
use crate::config::Destination;
use crate::error::{Code, Refusal};
use crate::idps::KnownIdp;
use crate::random::{self, NoRandomness};
use crate::saml::request::{self, RequestSpec};
use crate::sign_in::{Gateway, OutstandingRequest};
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use std::sync::Arc;
use url::Url;

/// Value of `again` for what was chosen the first time.
pub(super) const CHOSEN: &str = "chosen";

/// The page that posts an AuthnRequest by itself, or by a button where scripts are off.
#[derive(Template)]
#[template(path = "post_request.html")]
struct PostPage<'p> {
    frame: Frame<'p>,
    action: &'p str,
    saml_request: &'p str,
    relay_state: Option<&'p str>,
    nonce: &'p str,
}

pub(super) async fn start(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    // A destination that is not there any longer is no reason not to sign in.
    let to = parameter(&query, "to").and_then(|key| gateway.config.destination(&key));
    answer(&gateway, &visit, send(&gateway, &visit, to, &query, &headers))
}

pub(super) async fn open(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    key: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(to) = key.ok().and_then(|Path(key)| gateway.config.destination(&key)) else {
        return super::unrouted(&gateway, &visit, Code::RequestNotFound, "a link to no destination");
    };
    answer(&gateway, &visit, send(&gateway, &visit, Some(to), &query.unwrap_or_default(), &headers))
}

fn answer(gateway: &Gateway, visit: &Visit, sent: Result<Response, Refusal>) -> Response {
    match sent {
        Ok(response) => response,
        Err(fault) => {
            tracing::warn!(
                target: "studio_gateway::login",
                code = fault.code().name(),
                reason = fault.reason(),
                request_id = visit.request_id,
                client = visit.client,
                "no sign-in started"
            );
            refusal::answer(gateway, visit, &fault)
        }
    }
}

/// A parameter of a query; the first, if there are several.
pub(super) fn parameter(query: &str, wanted: &str) -> Option<String> {
    let mut all = form_urlencoded::parse(query.as_bytes());
    all.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

fn send(
    gateway: &Gateway,
    visit: &Visit,
    to: Option<&Destination>,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let Some(idp) = choose_idp(gateway, parameter(query, "idp").as_deref(), to)? else {
        let home = to.map(|to| format!("/?to={}", to.key));
        return pages::see_other(home.as_deref().unwrap_or("/"));
    };
    let destination = idp.sso_location().ok_or_else(|| {
        Refusal::new(
            Code::IdpUnknown,
            format!("the metadata of IdP {:?} has no SingleSignOnService", idp.settings.key),
        )
    })?;
    // Only the key of a destination that exists goes into the relay state.
    let relay_state = RelayState {
        destination: to.map(|to| to.key.clone()),
        attempt: Some(match parameter(query, "again").as_deref() {
            Some(CHOSEN) => Attempt::GoingOn,
            Some(_) => Attempt::Again,
            None => Attempt::First,
        }),
    }
    .write();
    let saml = &gateway.config.saml;
    let options = &idp.settings.request;
    let spec = RequestSpec {
        destination,
        sp_entity_id: &saml.entity_id,
        acs_url: &saml.acs_url,
        relay_state: Some(&relay_state),
        force_authn: options.force_authn,
        authn_context: &options.authn_context,
        name_id_format: options.name_id_format.as_deref(),
        sign_with: saml.keys.first().filter(|_| idp.signs_requests()),
    };
    let now = gateway.clock.now();
    let (id, mut response) = if idp.by_post() {
        let request = request::post(&spec, now)?;
        (request.id, post_page(gateway, visit, &spec, &request.saml_request)?)
    } else {
        let request = request::redirect(&spec, now)?;
        (request.id, pages::see_other(&request.location)?)
    };
    let asked = OutstandingRequest { idp: idp.settings.key.clone(), id };
    let alone = parameter(query, "alone").is_some();
    let cookie = cookies::request(&gateway.seal, &asked, alone, now).map_err(no_randomness)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    for ended in cookies::surplus(headers) {
        response.headers_mut().append(header::SET_COOKIE, ended);
    }
    Ok(response)
}

fn post_page(
    gateway: &Gateway,
    visit: &Visit,
    spec: &RequestSpec<'_>,
    saml_request: &str,
) -> Result<Response, Refusal> {
    let nonce = random::hex::<16>().map_err(no_randomness)?;
    let page = PostPage {
        frame: Frame::new(gateway, visit),
        action: spec.destination,
        saml_request,
        relay_state: spec.relay_state,
        nonce: &nonce,
    };
    let mut response = pages::html(&page, visit.language)?;
    let idp = Url::parse(spec.destination).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let policy = headers::policy(&format!("https: {idp}"), Some(&nonce));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

fn no_randomness(fault: NoRandomness) -> Refusal {
    Refusal::new(Code::GatewayFault, fault.to_string())
}

/// The IdP that is asked for, or the only one whose people may go there; `None` when there are several to choose from.
fn choose_idp(
    gateway: &Gateway,
    key: Option<&str>,
    to: Option<&Destination>,
) -> Result<Option<KnownIdp>, Refusal> {
    let unknown =
        || Refusal::new(Code::IdpUnknown, "no IdP with the key that was asked for, or no metadata of it");
    match (key, gateway.config.idps.as_slice()) {
        (Some(key), _) => gateway.idps.by_key(key).map(Some).ok_or_else(unknown),
        (None, [only]) => gateway.idps.by_key(&only.key).map(Some).ok_or_else(unknown),
        (None, _) => {
            let leading: Vec<_> = to.into_iter().flat_map(|to| gateway.config.idps_to(to)).collect();
            match leading.as_slice() {
                [only] => gateway.idps.by_key(&only.key).map(Some).ok_or_else(unknown),
                _ => Ok(None),
            }
        }
    }
}
