//! `POST /language`: the person chose a language. The cookie remembers it, and the page that they were on is shown again.
//!
//! That page may itself answer a form, such as the ACS: what it needs to be shown again comes along, sealed, so that
//! nobody has to sign in again to read it.

use super::form::Form;
use super::refusal::Shown;
use super::request::Visit;
use super::{choose, cookies, pages, preparing, refusal};
use crate::error::{Code, Refusal};
use crate::language::Language;
use crate::sign_in::Gateway;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use std::sync::Arc;

/// Pages that can simply be opened again.
const PAGES: &[&str] = &["/", "/signed-out"];

pub(super) async fn switch(
    State(gateway): State<Arc<Gateway>>,
    mut visit: Visit,
    request: Request,
) -> Response {
    match process(&gateway, &mut visit, request).await {
        Ok(response) => response,
        Err(fault) => {
            tracing::warn!(
                target: "studio_gateway::http",
                code = fault.code().name(),
                reason = fault.reason(),
                request_id = visit.request_id,
                client = visit.client,
                "no switch of language"
            );
            refusal::answer(&gateway, &visit, &fault)
        }
    }
}

async fn process(gateway: &Gateway, visit: &mut Visit, request: Request) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    let mut form = Form::read(request, gateway.config.gateway.connections.body).await?;
    let chosen = form.take("language").and_then(|tag| Language::by_tag(&tag));
    let chosen = chosen.ok_or_else(|| Refusal::new(Code::RequestMalformed, "no language that there is"))?;
    visit.language = chosen;
    let mut response = if let Some(token) = form.take("page") {
        let shown = Shown::open(&gateway.seal, &token);
        let shown = shown.ok_or_else(|| Refusal::new(Code::RequestMalformed, "a page that is not ours"))?;
        refusal::again(gateway, visit, &shown)
    } else if let Some(token) = form.take("token") {
        // The page that prepares has chosen already.
        match form.take("choice") {
            Some(key) => preparing::again(gateway, visit, &headers, &token, &key)?,
            None => choose::again(gateway, visit, &headers, &token, form.take("to").as_deref())?,
        }
    } else {
        let back = form.take("back");
        let back = PAGES.iter().find(|page| back.as_deref() == Some(page)).unwrap_or(&"/");
        let to = form.take("to").and_then(|key| gateway.config.destination(&key));
        let to = to.map(|to| format!("?to={}", to.key)).unwrap_or_default();
        pages::see_other(&format!("{back}{to}"))?
    };
    let cookie = cookies::language(chosen.tag())
        .map_err(|fault| Refusal::new(Code::GatewayFault, fault.to_string()))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
