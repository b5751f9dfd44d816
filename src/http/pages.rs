//! Answers that are pages, their files, or redirects.

use super::request::Visit;
use crate::error::{Code, Refusal};
use crate::language::Language;
use crate::sign_in::Gateway;
use askama::Template;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use std::sync::Arc;

/// What an answer in a language depends on, beside the address.
pub(super) const VARY: (header::HeaderName, &str) = (header::VARY, "Accept, Accept-Language, Cookie");

/// Renders a page that is written in this language.
pub(super) fn html(page: &impl Template, language: Language) -> Result<Response, Refusal> {
    let html = page.render().map_err(|fault| Refusal::new(Code::GatewayFault, format!("page: {fault}")))?;
    Ok(([(header::CONTENT_LANGUAGE, language.tag()), VARY], Html(html)).into_response())
}

/// `303 See Other`: whatever the method was, the next request is a GET without our form.
pub(super) fn see_other(location: &str) -> Result<Response, Refusal> {
    let location = HeaderValue::from_str(location).map_err(|_| {
        Refusal::new(Code::GatewayFault, "a redirect to an address that is not a header value")
    })?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// `GET /assets/...`: a file that pages refer to.
pub(super) async fn asset(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let Some(asset) = gateway.assets.at(uri.path()) else {
        return super::unrouted(&gateway, &visit, Code::RequestNotFound, "no such asset");
    };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    let mut response = (headers, asset.content.clone()).into_response();
    if let Some(policy) = asset.policy() {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    response
}
