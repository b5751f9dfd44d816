//! Counts and times every request, by route and not by path: paths are a stranger's choice.

use crate::metrics::waiting;
use crate::sign_in::Gateway;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use tokio::time::Instant;

/// Ends the count of requests in flight, also of one that is dropped.
struct InFlight(Arc<Gateway>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.metrics.request_ends();
    }
}

pub(super) async fn measure(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    // A method is a stranger's choice too.
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST") => known.to_owned(),
        _ => "other".to_owned(),
    };
    gateway.metrics.request_begins();
    let in_flight = InFlight(Arc::clone(&gateway));
    let response = waiting::within(next.run(request)).await;
    drop(in_flight);
    gateway.metrics.answered(&route, &method, response.status().as_u16(), started.elapsed());
    response
}
