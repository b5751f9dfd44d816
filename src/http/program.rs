//! Answers for programs, as JSON. A program goes through the same sign-in as a browser, with the same token and cookie;
//! it is only told differently.

use super::chooser::Offer;
use crate::aws::PresignedUrl;
use crate::policy::Way;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// Where to open Studio, or a notebook instance.
pub(super) fn opened(url: &PresignedUrl, way: &Way<'_>, instance: Option<&str>) -> Response {
    let url_of = url.expose_for_answer();
    let expires = url.expires().to_rfc3339_opts(SecondsFormat::Secs, true);
    let answer = match way {
        Way::Studio(grant) => json!({
            "url": url_of,
            "expiresAt": expires,
            "profile": grant.profile().as_str(),
            "domain": grant.domain().id,
        }),
        Way::Notebooks(grant) => json!({
            "url": url_of,
            "expiresAt": expires,
            "notebookInstance": instance,
            "account": grant.place().account(),
            "region": grant.place().region,
        }),
    };
    respond(StatusCode::OK, &answer)
}

/// Several destinations: one of them goes into the form as `choice`.
pub(super) fn choices(token: &str, offers: &[Offer<'_>]) -> Response {
    let choices: Vec<_> = offers
        .iter()
        .map(|offer| {
            json!({
                "choice": offer.key,
                "name": offer.name,
                "description": offer.description,
                "role": offer.role,
                "account": offer.account,
                "region": offer.region,
            })
        })
        .collect();
    respond(StatusCode::OK, &json!({ "choices": choices, "post": "/choose", "form": { "token": token } }))
}

/// What to post where, to wait for the rest.
pub(super) fn preparing(token: &str, key: &str) -> Response {
    let form = json!({ "token": token, "choice": key, "patient": "yes" });
    let mut response = respond(StatusCode::ACCEPTED, &json!({ "post": "/choose", "form": form }));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn respond(status: StatusCode, answer: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}
