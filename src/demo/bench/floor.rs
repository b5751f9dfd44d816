//! The least that a web service can do with a sign-in: an axum handler that reads the form and answers 303. What the
//! gateway takes is divided by what this takes.

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::io;
use tokio::net::TcpListener;

/// Answers on that listener until the process ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    axum::serve(listener, Router::new().route("/saml/acs", post(redirect))).await
}

async fn redirect(body: Bytes) -> Response {
    let has_message =
        form_urlencoded::parse(&body).any(|(name, value)| name == "SAMLResponse" && !value.is_empty());
    if has_message {
        (StatusCode::SEE_OTHER, [(header::LOCATION, "https://example.com/")]).into_response()
    } else {
        StatusCode::BAD_REQUEST.into_response()
    }
}
