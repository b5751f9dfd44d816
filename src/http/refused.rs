//! `GET /refused`: the error page of something that was refused behind a page, where an answer has no page of its own.
//!
//! What it shows is sealed in its address: nobody else can make up an error.

use super::pages;
use super::refusal::{self, Shown};
use super::request::Visit;
use crate::sign_in::Gateway;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use std::sync::Arc;

/// Address of the page.
pub(super) fn address(gateway: &Gateway, shown: &Shown) -> Option<String> {
    shown.seal(&gateway.seal).map(|token| format!("/refused?{token}"))
}

/// The page; what is not the address of one leads to the beginning.
pub(super) async fn page(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Response {
    match Shown::open(&gateway.seal, query.as_deref().unwrap_or_default()) {
        Some(shown) => refusal::again(&gateway, &visit, &shown),
        None => pages::see_other("/").unwrap_or_else(|fault| refusal::answer(&gateway, &visit, &fault)),
    }
}
