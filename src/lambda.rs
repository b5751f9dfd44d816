//! The same service as a Lambda function: events of an Application Load Balancer, of API Gateway (REST and HTTP APIs) and
//! of function URLs become requests to the same routes.

use crate::audit;
use crate::http;
use crate::http::Peer;
use crate::sign_in::Gateway;
use crate::traces::Traces;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt, Service, service_fn};
use std::sync::Arc;
use std::time::Duration;

/// Name of the variable that the Lambda runtime sets, and so how to know that this process is one.
pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// How long an answer may be held up by audit events that are on their way, at each sink.
const FLUSH: Duration = Duration::from_secs(2);

/// Answers invocations for as long as the runtime gives any.
///
/// # Errors
/// When the runtime API cannot be reached.
pub async fn run(gateway: Arc<Gateway>, traces: Option<Traces>) -> Result<(), lambda_http::Error> {
    gateway.metrics.keep_for_cloudwatch();
    let router = http::router(Arc::clone(&gateway));
    lambda_http::run(service_fn(move |request: Request| {
        let (gateway, traces) = (Arc::clone(&gateway), traces.clone());
        // A router is ready at any time, and a copy of it is a pointer.
        let answer = router.clone().call(on_our_paths(request));
        async move {
            let (parts, body) = answer.await?.into_parts();
            // Whole, and with it what there is to tell of it: as soon as the answer is out, the process stands still.
            let body = to_bytes(body, usize::MAX).await?;
            gateway.audit.flush(FLUSH).await;
            if let Some(traces) = traces {
                traces.flush().await;
            }
            for line in gateway.metrics.take_lines(gateway.clock.now()) {
                audit::print(&line);
            }
            Ok::<_, lambda_http::Error>(Response::from_parts(parts, Body::from(body)))
        }
    }))
    .await
}

/// Without the name of the stage that REST APIs may put before the path, and with the address that the front end saw.
fn on_our_paths(mut request: Request) -> Request {
    let mut path = request.raw_http_path().to_owned();
    if let Some(query) = request.uri().query() {
        path.push('?');
        path.push_str(query);
    }
    let peer = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.clone(),
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        // The load balancer puts the address into X-Forwarded-For.
        _ => None,
    };
    request.extensions_mut().insert(Peer(peer.and_then(|address| address.parse().ok())));
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request
}
