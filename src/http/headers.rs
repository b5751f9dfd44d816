//! Headers that every answer carries.

use crate::sign_in::Gateway;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Sets the security headers. A handler's own `Cache-Control` and `Content-Security-Policy` stay.
pub(super) async fn secure(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&gateway)) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    if gateway.config.gateway.public_url.starts_with("https://") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Nothing but our own files. Browsers apply `form-action` to the redirect that answers a form too, so it has to
/// let people on to Studio, and to the IdP if it is too late for that: over HTTPS, or to an endpoint that is configured
/// with plain HTTP, or from a gateway without TLS, which is one on loopback, to an IdP without it.
fn content_security_policy(gateway: &Gateway) -> String {
    let mut form_action = "'self' https:".to_owned();
    let mut allow = |origin: &str| {
        form_action.push(' ');
        form_action.push_str(origin);
    };
    if let Some(url) = gateway.config.aws.sagemaker_endpoint.as_ref().filter(|url| url.scheme() == "http") {
        allow(&url.origin().ascii_serialization());
    }
    if gateway.config.gateway.public_url.starts_with("http://") {
        gateway.idps.plain_origins().iter().for_each(|origin| allow(origin));
    }
    policy(&form_action, None)
}

/// A policy that allows our own files, forms to `form_action`, and one script in the page that carries `nonce`.
pub(super) fn policy(form_action: &str, nonce: Option<&str>) -> String {
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'{nonce}; connect-src 'self'; \
         form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )
}
