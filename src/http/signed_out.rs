//! `GET /signed-out`: where Studio or the IdP may send people whose session has ended. It ends nothing itself: there is no
//! session here.

use super::frame::Frame;
use super::request::Visit;
use super::{pages, refusal};
use crate::sign_in::Gateway;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "signed_out.html")]
struct Page<'p> {
    frame: Frame<'p>,
}

pub(super) async fn page(State(gateway): State<Arc<Gateway>>, visit: Visit) -> Response {
    let page = Page { frame: Frame::new(&gateway, &visit).again("back", "/signed-out") };
    pages::html(&page, visit.language).unwrap_or_else(|fault| refusal::answer(&gateway, &visit, &fault))
}
