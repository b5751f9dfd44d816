//! Forms that are no SAML response at all, and relay states that are none of ours.

use crate::stage::{DATA_SCIENTIST, Stage, ada, alice, key, together};
use reqwest::Method;
use studio_gateway::demo::idp::signature::Signed;

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn not_base64() {
    let stage = Stage::new().await;
    for value in [
        "<samlp:Response>",
        "this is not base64!",
        "PHNhbWxw*",
        "PHNhbWxwOlJlc3BvbnNl=",
        "PHNhbWxwOlJlc3BvbnNlPg",
        "AAAA\u{0}AAAA",
        "gICAgICAgIA=",
    ] {
        let answer = stage.acs().field("SAMLResponse", value).await;
        answer.expect_refused(400, "request.malformed");
    }
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn not_xml() {
    let stage = Stage::new().await;
    for text in [
        "hello, world",
        "<samlp:Response>",
        "<a/><b/>",
        "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
        "<a xmlns:x='urn:x'><x:b></x:c></a>",
        "{\"SAMLResponse\": true}",
    ] {
        stage.post_xml(text).await.expect_refused(403, "assertion.rejected");
    }
}

#[tokio::test]
async fn empty_or_absent() {
    let stage = Stage::new().await;
    for value in ["", " ", "\r\n\t "] {
        stage
            .acs()
            .field("SAMLResponse", value)
            .await
            .expect_refused(400, "request.malformed")
            .because("empty");
    }
    stage
        .acs()
        .field("RelayState", "a")
        .await
        .expect_refused(400, "request.malformed")
        .because("no SAMLResponse");
    stage.acs().body(FORM, "").await.expect_refused(400, "request.malformed");
    stage.acs().field("samlresponse", "PGE+PC9hPg==").await.expect_refused(400, "request.malformed");
}

#[tokio::test]
async fn too_large() {
    let stage = Stage::new().await;
    let answer = stage.acs().field("SAMLResponse", &"A".repeat(100_001)).await;
    answer.expect_refused(413, "request.too-large").because("100001 base64 characters");
    // Five megabytes, all of which the browser sends before it looks for an answer.
    let answer = stage.acs().body(FORM, format!("SAMLResponse={}", "A".repeat(5_000_000))).await;
    answer.expect_refused(413, "request.too-large").because("the body has more than");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn parameters_twice() {
    let stage = Stage::new().await;
    let xml = stage.response_for(&alice()).sign(key(), Signed::Both).unwrap();
    let value = studio_gateway::demo::idp::response::Response::encode(&xml);
    for again in ["SAMLResponse", "RelayState"] {
        let answer = stage.post_value(&value).field(again, "first-value").field(again, "second-value").await;
        answer.expect_refused(400, "request.malformed").because("occurs twice");
    }
    let many = (0..30).fold(stage.post_value(&value), |ask, number| ask.field(&format!("p{number}"), "x"));
    many.await.expect_refused(400, "request.malformed").because("too many");
    assert_eq!(stage.called(), [""; 0]);
    // The message was not used up by any of this; and what else IdPs send does not matter.
    stage.post_value(&value).field("submit", "Continue").await.expect_studio("alice").await;
}

#[tokio::test]
async fn another_content_type() {
    let stage = Stage::new().await;
    for content_type in
        ["text/plain", "application/json", "application/xml", "multipart/form-data; boundary=x", ""]
    {
        let answer = stage.acs().body(content_type, "SAMLResponse=PGE+PC9hPg==").await;
        answer.expect_refused(415, "request.content-type");
    }
    let answer =
        stage.acs().body(FORM, "SAMLResponse=PGE%2BPC9hPg==").header("content-encoding", "gzip").await;
    answer.expect_refused(415, "request.content-type");
}

#[tokio::test]
async fn another_method() {
    let stage = Stage::new().await;
    let answer = stage.get("/saml/acs").await;
    answer.expect_refused(405, "request.method");
    assert_eq!(answer.header("allow"), "POST");
    for (method, path, allowed) in [
        (Method::PUT, "/saml/acs", "POST"),
        (Method::DELETE, "/choose", "POST"),
        (Method::POST, "/login", "GET,HEAD"),
        (Method::POST, "/saml/metadata", "GET,HEAD"),
        (Method::POST, "/", "GET,HEAD"),
    ] {
        let answer = stage.request(method, path).await;
        answer.expect_refused(405, "request.method");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

#[tokio::test]
async fn another_message() {
    let stage = Stage::new().await;
    for name in ["SAMLRequest", "SAMLart"] {
        let answer = stage.sign_in(&alice()).field(name, "PHNhbWxwOkxvZ291dFJlcXVlc3Q+").await;
        answer.expect_refused(400, "request.malformed").because("another SAML message");
    }
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn hostile_relay_states_mean_nothing() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    for state in [
        "https://evil.example/",
        "//evil.example",
        "to.nowhere",
        "to.research\r\nSet-Cookie: a=b",
        "to.\r\nLocation: https://evil.example",
        "javascript:alert(1)",
        "<script>alert(1)</script>",
        &"x".repeat(5_000),
        "to.",
        "\u{0}\u{1}",
        "to.research%00",
    ] {
        let answer = stage.sign_in(&alice()).relay_state(state).await;
        answer.expect_studio("alice").await;
        assert_eq!(answer.set_cookies(), [""; 0]);
        // Nor does one help to get in.
        let answer =
            stage.post(&stage.broken(|response| response.destination = None)).relay_state(state).await;
        answer.expect_refused(403, "assertion.rejected");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
}

#[tokio::test]
async fn a_relay_state_does_not_open_what_is_not_granted() {
    let stage = Stage::new().await;
    // alice may go to research only, and is told so rather than taken there.
    let answer = stage.sign_in(&alice()).relay_state("to.platform").await;
    assert_eq!(answer.expect_chooser().offers, [format!("research|{DATA_SCIENTIST}")]);
    assert!(answer.body.contains("You have no access to ML Platform"), "{}", answer.body);
    // ada may go to both, and a wrong one leaves her the choice.
    let answer = stage.sign_in(&ada()).relay_state("to.elsewhere").await;
    assert_eq!(answer.expect_chooser().offers.len(), 2);
}

#[tokio::test]
async fn a_page_for_people_and_a_document_for_programs() {
    let stage = Stage::new().await;
    let ask = || stage.post(&stage.broken(|response| response.destination = None));
    let page = ask().await;
    page.expect_refused(403, "assertion.rejected");
    assert!(page.header("content-type").starts_with("text/html"));
    let problem = ask().for_a_program().await;
    problem.expect_refused(403, "assertion.rejected");
    assert_eq!(problem.header("content-type"), "application/problem+json");
    let document: serde_json::Value = serde_json::from_str(&problem.body).unwrap();
    assert_eq!(
        document,
        serde_json::json!({
            "type": "urn:studio-gateway:error:assertion.rejected",
            "title": "Your sign-in could not be verified",
            "status": 403,
            "detail": "Try again. If it happens again, tell your admin the request id.",
            "code": "assertion.rejected",
            "requestId": problem.request_id(),
        })
    );
}

#[tokio::test]
async fn strangers_do_not_keep_others_out() {
    let stage = Stage::new().await;
    let noise = (0..20).map(|_| stage.post_xml("<nonsense/>"));
    for answer in together(noise).await {
        answer.expect_refused(403, "assertion.rejected");
    }
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}
