//! Something between the gateway and AWS that changes answers: what a parser differential, a bug of AWS or an attacker
//! in the middle would look like.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpListener;

/// Takes the request's body, and status and body of AWS's answer; gives another status and body.
type Change = Box<dyn Fn(&str, u16, String) -> (u16, String) + Send + Sync>;

/// A running forger. It forwards everything once it knows where to.
pub(crate) struct Forger {
    pub(crate) url: String,
    desk: Arc<Desk>,
}

struct Desk {
    upstream: OnceLock<String>,
    http: reqwest::Client,
    change: Change,
}

impl Forger {
    pub(crate) async fn start(
        change: impl Fn(&str, u16, String) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let desk = Arc::new(Desk {
            upstream: OnceLock::new(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            change: Box::new(change),
        });
        let service = Router::new().route("/", post(forward)).with_state(Arc::clone(&desk));
        tokio::spawn(async { axum::serve(listener, service).await });
        Self { url, desk }
    }

    pub(crate) fn forward_to(&self, upstream: &str) {
        self.desk.upstream.set(upstream.to_owned()).unwrap();
    }
}

async fn forward(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let answer =
        desk.http.post(desk.upstream.get().unwrap()).headers(headers).body(body).send().await.unwrap();
    let content_type = answer.headers()["content-type"].clone();
    let status = answer.status().as_u16();
    let (status, body) = (desk.change)(&text, status, answer.text().await.unwrap());
    (StatusCode::from_u16(status).unwrap(), [("content-type", content_type)], body).into_response()
}
