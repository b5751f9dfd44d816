//! What a browser sends besides: a form, cookies and a relay state, all from one input. Those modules are private to the
//! gateway, so this is the one harness that `tests/regressions.rs` cannot replay.
#![no_main]

#[path = "../harness/mod.rs"]
mod harness;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, header};
use gateway::http;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

fuzz_target!(|input: &[u8]| harness::bounded(|| {
    form(input);
    cookies(input);
    let state = String::from_utf8_lossy(input);
    let written = http::relay_state(&state);
    assert!(written.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)));
    assert_eq!(http::relay_state(&written), written);
}));

fn form(input: &[u8]) {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));
    let request = Request::post("/saml/acs")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(input.to_vec()))
        .expect("a request");
    if let Ok(message) = RUNTIME.block_on(http::saml_response(request)) {
        // Said once and nowhere else in the body.
        assert!(message.is_none_or(|message| message.len() <= input.len() * 3));
    }
}

fn cookies(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
    let seal = harness::unseal::seal();
    assert!(http::outstanding(&seal, &headers, harness::now()).is_empty(), "a request that we did not make");
}
