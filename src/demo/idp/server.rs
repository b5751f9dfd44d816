//! The IdP's HTTP side. It keeps no state between requests: the page carries the pending `AuthnRequest`, which is checked
//! anew when the form comes back. Responses go to the registered ACS URL and nowhere else.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::SigningKey;
use super::pages::{PeoplePage, PostPage, RefusedPage};
use super::request::{self, AcceptedRequest, RequestRefused};
use super::response::{Addressing, Response};
use super::{IdpSetup, metadata};
use crate::clock::Clock;

/// Longest form that is read.
const MAX_FORM: usize = 256 * 1024;
/// The only value of `SAMLEncoding` that exists (SAML bindings 3.4.4.1).
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// What every handler knows.
#[derive(Debug)]
pub(super) struct Idp {
    pub(super) setup: IdpSetup,
    pub(super) key: SigningKey,
    pub(super) clock: Clock,
    pub(super) sso_url: String,
}

impl Idp {
    pub(super) fn addressing(&self) -> Addressing {
        let sp = &self.setup.service_provider;
        Addressing {
            acs_url: sp.acs_url.clone(),
            audiences: sp.audiences.clone(),
            idp_entity_id: self.setup.entity_id.clone(),
        }
    }

    fn check(&self, xml: String) -> Result<AcceptedRequest, RequestRefused> {
        request::check(xml, &self.setup.service_provider, &self.sso_url, self.clock.now())
    }
}

pub(super) fn router(idp: Arc<Idp>) -> Router {
    Router::new()
        .route("/", get(portal))
        .route("/sso", get(sso_redirect).post(sso_post))
        .route("/answer", post(answer))
        .route("/metadata", get(metadata))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .with_state(idp)
}

/// The portal: nobody asked for a sign-in, the person starts it. A `RelayState` in the query is passed on, as the tiles
/// of real portals do.
async fn portal(State(idp): State<Arc<Idp>>, RawQuery(query): RawQuery) -> Result<HttpResponse, RefusedPage> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let relay_state = fields.at_most_one("RelayState")?;
    Ok(people_page(&idp, None, relay_state))
}

/// A request by HTTP-Redirect (SAML bindings 3.4.4.1).
async fn sso_redirect(
    State(idp): State<Arc<Idp>>,
    RawQuery(query): RawQuery,
) -> Result<HttpResponse, RefusedPage> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    if fields.at_most_one("SAMLEncoding")?.is_some_and(|encoding| encoding != DEFLATE) {
        return Err(RequestRefused::Unsupported("this SAMLEncoding").into());
    }
    let request = idp.check(request::from_redirect(fields.one("SAMLRequest")?)?)?;
    Ok(people_page(&idp, Some(&request), fields.at_most_one("RelayState")?))
}

/// A request by HTTP-POST (SAML bindings 3.5.4).
async fn sso_post(State(idp): State<Arc<Idp>>, body: Bytes) -> Result<HttpResponse, RefusedPage> {
    let fields = Fields::parse(&body);
    let request = idp.check(request::from_post(fields.one("SAMLRequest")?)?)?;
    Ok(people_page(&idp, Some(&request), fields.at_most_one("RelayState")?))
}

/// The form of the people page came back: a person, or the refusal to be one.
async fn answer(State(idp): State<Arc<Idp>>, body: Bytes) -> Result<HttpResponse, RefusedPage> {
    let fields = Fields::parse(&body);
    let request = match fields.at_most_one("SAMLRequest")? {
        Some(field) => Some(idp.check(request::from_post(field)?)?),
        None => None,
    };
    let declined = fields.at_most_one("decline")?.is_some();
    let person = match fields.at_most_one("person")? {
        Some(key) => idp.setup.people.iter().find(|person| person.key == key),
        // A refusal names nobody, and its response says nothing of whom it might have been.
        None if declined => idp.setup.people.first(),
        None => None,
    };
    let person = person.ok_or(RequestRefused::Field("person"))?;

    let mut response = Response::valid(idp.clock.now(), &idp.addressing(), person);
    if let Some(request) = request {
        response = response.answering(&request.id);
    }
    if declined {
        response = response.declined("The person declined to sign in.");
    }
    // A refusal has no assertion to sign, so the response is signed however the IdP is set up.
    let what = if declined { super::Signed::Response } else { idp.setup.signed };
    let xml = response.sign(&idp.key, what).map_err(|error| failed(&error))?;
    let page = PostPage {
        acs_url: &idp.setup.service_provider.acs_url,
        response: Response::encode(&xml),
        relay_state: fields.at_most_one("RelayState")?,
    };
    Ok(page.into_response())
}

async fn metadata(State(idp): State<Arc<Idp>>) -> Result<HttpResponse, RefusedPage> {
    let xml = metadata::metadata_xml(&idp.setup.entity_id, &idp.sso_url, &[&idp.key])
        .map_err(|error| failed(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response())
}

fn people_page(idp: &Idp, request: Option<&AcceptedRequest>, relay_state: Option<&str>) -> HttpResponse {
    PeoplePage {
        people: &idp.setup.people,
        service_provider: &idp.setup.service_provider.entity_id,
        request: request.map(|request| STANDARD.encode(&request.xml)),
        relay_state,
    }
    .into_response()
}

fn failed(error: &dyn std::fmt::Display) -> RefusedPage {
    RefusedPage { status: StatusCode::INTERNAL_SERVER_ERROR, reason: error.to_string() }
}

impl From<RequestRefused> for RefusedPage {
    fn from(refused: RequestRefused) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason: refused.to_string() }
    }
}

/// The fields of a query or a form, repeated ones included.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    fn at_most_one(&self, name: &'static str) -> Result<Option<&str>, RequestRefused> {
        let mut values = self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() { Err(RequestRefused::Field(name)) } else { Ok(first) }
    }

    fn one(&self, name: &'static str) -> Result<&str, RequestRefused> {
        self.at_most_one(name)?.ok_or(RequestRefused::Field(name))
    }
}
