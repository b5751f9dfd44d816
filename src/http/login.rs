//! `GET /login`: starts a sign-in here, by sending the browser to the IdP with an AuthnRequest.
//!
//! Parameters: `idp`, the key of an IdP, needed when there are several; `to`, the key of a domain to end in.

use super::acs::DESTINATION;
use super::request::Visit;
use super::{cookies, pages, refusal};
use crate::config::Idp;
use crate::error::{Code, Refusal};
use crate::saml::request;
use crate::sign_in::Gateway;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn start(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match redirect(&gateway, query.as_deref().unwrap_or_default(), &headers) {
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

fn redirect(gateway: &Gateway, query: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let parameter = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let Some(idp) = choose_idp(gateway, parameter("idp").as_deref())? else {
        return pages::see_other("/");
    };
    let sso = idp.metadata.sso_redirect.as_deref().ok_or_else(|| {
        Refusal::new(
            Code::IdpUnknown,
            format!("the metadata of IdP {:?} has no HTTP-Redirect location", idp.key),
        )
    })?;
    // Only the key of a domain that exists goes into the relay state.
    let relay_state = parameter("to")
        .and_then(|key| gateway.config.domain(&key))
        .map(|domain| format!("{DESTINATION}{}", domain.key));
    let now = gateway.clock.now();
    let saml = &gateway.config.saml;
    let request = request::redirect(sso, &saml.entity_id, &saml.acs_url, relay_state.as_deref(), now)?;
    let fault = |error: crate::random::NoRandomness| Refusal::new(Code::GatewayFault, error.to_string());
    let cookie = cookies::request(&gateway.seal, &request.id, now).map_err(fault)?;
    let mut response = pages::see_other(request.redirect_to.as_str())?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    for ended in cookies::surplus(headers) {
        response.headers_mut().append(header::SET_COOKIE, ended);
    }
    Ok(response)
}

/// The IdP that is asked for, or the only one; `None` when there are several to choose from.
fn choose_idp<'g>(gateway: &'g Gateway, key: Option<&str>) -> Result<Option<&'g Idp>, Refusal> {
    match (key, gateway.config.idps.as_slice()) {
        (Some(key), _) => gateway
            .config
            .idp(key)
            .map(Some)
            .ok_or_else(|| Refusal::new(Code::IdpUnknown, "no IdP with the key that was asked for")),
        (None, [only]) => Ok(Some(only)),
        (None, _) => Ok(None),
    }
}
