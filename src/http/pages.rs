//! Answers that are pages or redirects.

use super::request::Visit;
use crate::error::{Code, Refusal};
use crate::sign_in::Gateway;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use std::sync::Arc;

const STYLE: &str = include_str!("../../templates/style.css");
/// Address of the style sheet. The version changes with its content, so that browsers may keep it for good.
pub(super) const STYLE_PATH: &str = "/assets/style-1.css";

const ICON: &str = include_str!("../../templates/icon.svg");
/// Address of the icon, kept like the style sheet.
pub(super) const ICON_PATH: &str = "/assets/icon-1.svg";

const PREPARING: &str = include_str!("../../templates/preparing.js");
/// Address of the script that watches, kept like the style sheet.
pub(super) const PREPARING_PATH: &str = "/assets/preparing-1.js";
const KEEP: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

/// Renders a page.
pub(super) fn html(page: &impl Template) -> Result<Response, Refusal> {
    let html = page.render().map_err(|fault| Refusal::new(Code::GatewayFault, format!("page: {fault}")))?;
    Ok(Html(html).into_response())
}

/// `303 See Other`: whatever the method was, the next request is a GET without our form.
pub(super) fn see_other(location: &str) -> Result<Response, Refusal> {
    let location = HeaderValue::from_str(location).map_err(|_| {
        Refusal::new(Code::GatewayFault, "a redirect to an address that is not a header value")
    })?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// A file that pages refer to.
pub(super) async fn asset(State(gateway): State<Arc<Gateway>>, visit: Visit, uri: Uri) -> Response {
    let (media_type, content) = match uri.path() {
        STYLE_PATH => ("text/css; charset=utf-8", STYLE),
        ICON_PATH => ("image/svg+xml", ICON),
        PREPARING_PATH => ("text/javascript; charset=utf-8", PREPARING),
        _ => return super::unrouted(&gateway, &visit, Code::RequestNotFound, "no such file"),
    };
    ([(header::CONTENT_TYPE, media_type), KEEP], content).into_response()
}
