//! `GET /`: where a person who has only the address begins, and where one with a link chooses their IdP. Parameter: `to`,
//! the key of the destination that the link names.

use super::frame::Frame;
use super::request::Visit;
use super::{login, pages, refusal};
use crate::sign_in::Gateway;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'p> {
    frame: Frame<'p>,
    /// Where each begins, and its name.
    idps: Vec<(String, &'p str)>,
}

pub(super) async fn page(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Response {
    let to = login::parameter(&query.unwrap_or_default(), "to");
    let to = to.and_then(|key| gateway.config.destination(&key));
    let idps = gateway.idps.all();
    let leads = |key: &str| to.is_none_or(|to| gateway.config.idps_to(to).any(|idp| idp.key == key));
    let startable = idps.iter().filter(|idp| idp.sso_location().is_some() && leads(&idp.settings.key));
    let begin = |idp: &str| match to {
        Some(to) => format!("/open/{}?idp={idp}", to.key),
        None => format!("/login?idp={idp}"),
    };
    let mut frame = Frame::new(&gateway, &visit).again("back", "/");
    if let Some(to) = to {
        frame = frame.again("to", &*to.key);
    }
    let page = Page {
        frame,
        idps: startable.map(|idp| (begin(&idp.settings.key), idp.settings.name.as_str())).collect(),
    };
    pages::html(&page, visit.language).unwrap_or_else(|fault| refusal::answer(&gateway, &visit, &fault))
}
