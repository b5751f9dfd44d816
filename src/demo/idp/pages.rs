//! The IdP's pages: who are you, the form that carries the response to the gateway, and refusals. Every value is escaped
//! by the templates. Never loads anything from anywhere.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::people::Person;
use super::xml::fresh_id;

/// The people to choose from. Without a request it is the portal, where IdP-initiated sign-ins start.
pub(super) struct PeoplePage<'a> {
    pub(super) people: &'a [Person],
    /// Entity ID of the SP that the person goes to.
    pub(super) service_provider: &'a str,
    /// The request in base64, carried along and checked again when the form comes back.
    pub(super) request: Option<String>,
    pub(super) relay_state: Option<&'a str>,
}

/// The form that the browser posts to the ACS (SAML bindings 3.5.4).
pub(super) struct PostPage<'a> {
    pub(super) acs_url: &'a str,
    /// The response in base64.
    pub(super) response: String,
    pub(super) relay_state: Option<&'a str>,
}

/// What the IdP does not do, and why.
pub(super) struct RefusedPage {
    pub(super) status: StatusCode,
    pub(super) reason: String,
}

#[derive(Template)]
#[template(path = "demo/idp_people.html")]
struct People<'a> {
    nonce: &'a str,
    page: &'a PeoplePage<'a>,
}

#[derive(Template)]
#[template(path = "demo/idp_post.html")]
struct Post<'a> {
    nonce: &'a str,
    page: &'a PostPage<'a>,
}

#[derive(Template)]
#[template(path = "demo/idp_refused.html")]
struct Refused<'a> {
    nonce: &'a str,
    page: &'a RefusedPage,
}

impl IntoResponse for PeoplePage<'_> {
    fn into_response(self) -> Response {
        let nonce = fresh_id();
        page(StatusCode::OK, &nonce, "form-action 'self'", &People { nonce: &nonce, page: &self })
    }
}

impl IntoResponse for PostPage<'_> {
    fn into_response(self) -> Response {
        let nonce = fresh_id();
        // Browsers apply form-action to every redirect that follows the form as well, and the gateway's last one leads
        // to Studio, at a name that is not known here.
        page(StatusCode::OK, &nonce, "form-action *", &Post { nonce: &nonce, page: &self })
    }
}

impl IntoResponse for RefusedPage {
    fn into_response(self) -> Response {
        let nonce = fresh_id();
        page(self.status, &nonce, "form-action 'none'", &Refused { nonce: &nonce, page: &self })
    }
}

fn page(status: StatusCode, nonce: &str, form_action: &str, template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; base-uri 'none'; \
         frame-ancestors 'none'; {form_action}"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Html(html)).into_response()
}
