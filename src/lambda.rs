//! The same service as a Lambda function: events of an Application Load Balancer, of API Gateway (REST and HTTP APIs) and
//! of function URLs become requests to the same routes.

use crate::http;
use crate::http::Peer;
use crate::sign_in::Gateway;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt, Service, service_fn};
use std::sync::Arc;

/// Name of the variable that the Lambda runtime sets, and so how to know that this process is one.
pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Answers invocations for as long as the runtime gives any.
///
/// # Errors
/// When the runtime API cannot be reached.
pub async fn run(gateway: Arc<Gateway>) -> Result<(), lambda_http::Error> {
    let router = http::router(gateway);
    lambda_http::run(service_fn(move |request: Request| {
        // A router is ready at any time, and a copy of it is a pointer.
        router.clone().call(on_our_paths(request))
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
