//! Answers that are pages or redirects.

use crate::error::{Code, Refusal};
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = include_str!("../../templates/style.css");
/// Address of the style sheet. The version changes with its content, so that browsers may keep it for good.
pub(super) const STYLE_PATH: &str = "/assets/style-1.css";

const ICON: &str = include_str!("../../templates/icon.svg");
/// Address of the icon, kept like the style sheet.
pub(super) const ICON_PATH: &str = "/assets/icon-1.svg";
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

/// The style sheet.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), KEEP], STYLE).into_response()
}

/// The icon.
pub(super) async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml"), KEEP], ICON).into_response()
}
