//! `GET /login`: starts a sign-in here, by sending the browser to the IdP with an AuthnRequest.
//!
//! Parameters: `idp`, the key of an IdP, needed when there are several; `to`, the key of a domain to end in; `again`,
//! when the browser is sent round for the second time.

use super::frame::Frame;
use super::relay_state::{Attempt, RelayState};
use super::request::Visit;
use super::{cookies, headers, pages, refusal};
use crate::error::{Code, Refusal};
use crate::idps::KnownIdp;
use crate::random::{self, NoRandomness};
use crate::saml::request::{self, RequestSpec};
use crate::sign_in::{Gateway, OutstandingRequest};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use std::sync::Arc;
use url::Url;

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
    match send(&gateway, &visit, query.as_deref().unwrap_or_default(), &headers) {
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
            refusal::answer(&gateway, &visit, &fault)
        }
    }
}

fn send(gateway: &Gateway, visit: &Visit, query: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let parameter = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let Some(idp) = choose_idp(gateway, parameter("idp").as_deref())? else {
        return pages::see_other("/");
    };
    let destination = idp.sso_location().ok_or_else(|| {
        Refusal::new(
            Code::IdpUnknown,
            format!("the metadata of IdP {:?} has no SingleSignOnService", idp.settings.key),
        )
    })?;
    // Only the key of a domain that exists goes into the relay state.
    let domain = parameter("to").and_then(|key| gateway.config.domain(&key));
    let relay_state = RelayState {
        destination: domain.map(|domain| domain.key.clone()),
        attempt: Some(if parameter("again").is_some() { Attempt::Again } else { Attempt::First }),
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
    let cookie = cookies::request(&gateway.seal, &asked, now).map_err(no_randomness)?;
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

/// The IdP that is asked for, or the only one; `None` when there are several to choose from.
fn choose_idp(gateway: &Gateway, key: Option<&str>) -> Result<Option<KnownIdp>, Refusal> {
    let unknown =
        || Refusal::new(Code::IdpUnknown, "no IdP with the key that was asked for, or no metadata of it");
    match (key, gateway.config.idps.as_slice()) {
        (Some(key), _) => gateway.idps.by_key(key).map(Some).ok_or_else(unknown),
        (None, [only]) => gateway.idps.by_key(&only.key).map(Some).ok_or_else(unknown),
        (None, _) => Ok(None),
    }
}
