//! `GET /switch`: the way back from a remembered destination. The next sign-in shows the page to choose, and where the IdP
//! takes requests, it begins right away.

use super::request::Visit;
use super::{cookies, pages, refusal, renewal};
use crate::error::{Code, Refusal};
use crate::sign_in::{Gateway, Remembered};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn ask_again(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    answer(&gateway, &headers).unwrap_or_else(|fault| refusal::answer(&gateway, &visit, &fault))
}

fn answer(gateway: &Gateway, headers: &HeaderMap) -> Result<Response, Refusal> {
    let remembered = cookies::remembered_of(headers)
        .and_then(|token| Remembered::open(&gateway.seal, token))
        .map(Remembered::asking_once);
    let beginning = match (&remembered, gateway.config.idps.as_slice()) {
        (Some(remembered), _) => renewal::location(gateway, remembered.idp(), None),
        (None, [only]) => renewal::location(gateway, &only.key, None),
        (None, _) => None,
    };
    let mut response = pages::see_other(beginning.as_deref().unwrap_or("/"))?;
    if let Some(remembered) = remembered {
        let fault = |fault: crate::random::NoRandomness| Refusal::new(Code::GatewayFault, fault.to_string());
        let token = remembered.seal(&gateway.seal).map_err(fault)?;
        let cookie = cookies::remembered(&token).map_err(fault)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
