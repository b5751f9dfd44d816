//! `GET /`: where a person who has only the address begins.

use super::frame::Frame;
use super::request::Visit;
use super::{pages, refusal};
use crate::sign_in::Gateway;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'p> {
    frame: Frame<'p>,
    idps: Vec<(&'p str, &'p str)>,
}

pub(super) async fn page(State(gateway): State<Arc<Gateway>>, visit: Visit) -> Response {
    let idps = gateway.idps.all();
    let startable = idps.iter().filter(|idp| idp.sso_location().is_some());
    let page = Page {
        frame: Frame::new(&gateway, &visit).again("back", "/"),
        idps: startable.map(|idp| (idp.settings.key.as_str(), idp.settings.name.as_str())).collect(),
    };
    pages::html(&page, visit.language).unwrap_or_else(|fault| refusal::answer(&gateway, &visit, &fault))
}
