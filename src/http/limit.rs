//! Refuses what is one request too many, before anything of it is read. Health checks and files of pages are not counted:
//! a load balancer that hears "no" takes the instance away, and the files cost nothing.

use super::request::Visit;
use super::{client, form, refusal};
use crate::error::{Code, Refusal};
use crate::sign_in::Gateway;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Routes that are not counted.
const FREE: [&str; 3] = ["/healthz", "/readyz", "/assets/{name}"];

pub(super) async fn limit(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    request: Request,
    next: Next,
) -> Response {
    let Some(limits) = &gateway.rate_limits else { return next.run(request).await };
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if route.is_some_and(|route| FREE.contains(&route)) {
        return next.run(request).await;
    }
    let address = client::address(&request, gateway.config.gateway.proxies);
    let Err(too_many) = limits.admit(address) else { return next.run(request).await };
    gateway.metrics.limited(too_many.limit);
    if too_many.tell {
        // Once a minute: it is the flood that this is about.
        tracing::warn!(
            target: "studio_gateway::http",
            code = Code::RequestLimited.name(),
            limit = too_many.limit.name(),
            request_id = visit.request_id,
            client = visit.client,
            "more requests than [limits] lets in; if this client is your own proxy, see gateway.proxies"
        );
    }
    // A browser that is cut off while it sends its form shows a page of its own instead of ours.
    form::discard(request.into_body(), gateway.config.gateway.connections.body).await;
    let reason = format!("more requests than limits.{} lets in", too_many.limit.name());
    refusal::answer(&gateway, &visit, &Refusal::new(Code::RequestLimited, reason).after(too_many.wait))
}
