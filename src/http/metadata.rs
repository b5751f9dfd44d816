//! `GET /saml/metadata`: our metadata as a service provider.

use super::refusal;
use crate::http::request::Visit;
use crate::idps::KnownIdp;
use crate::saml::sp_metadata;
use crate::sign_in::Gateway;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

pub(super) async fn document(State(gateway): State<Arc<Gateway>>, visit: Visit) -> Response {
    let saml = &gateway.config.saml;
    match sp_metadata::document(
        &saml.entity_id,
        &saml.acs_url,
        &saml.keys,
        !saml.keys.is_empty() && gateway.idps.all().iter().any(KnownIdp::signs_requests),
    ) {
        Ok(xml) => ([(header::CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response(),
        Err(fault) => refusal::answer(&gateway, &visit, &fault),
    }
}
