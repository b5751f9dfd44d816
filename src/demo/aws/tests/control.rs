//! Over HTTP too: what a test can tell the embedded AWS to do, what it shows of itself, and its beginning and end.

use super::fixture::{DOMAIN, PROVIDER, REGION, ROLE, now, world};
use super::over_http::{code, gateway, sagemaker_as, start, start_now, sts};
use crate::clock::Clock;
use crate::demo::aws::{Effect, EmbeddedAws, Fault};
use aws_credential_types::Credentials;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn knobs_throttle_fail_and_cut_connections() {
    let aws = start_now().await;
    let client = gateway(&aws);
    let describe = || client.describe_domain().domain_id(DOMAIN).send();
    aws.knobs().throttle("DescribeDomain", 1);
    assert_eq!(code(describe().await), (400, "ThrottlingException".into()));
    aws.knobs().fail("sagemaker:DescribeDomain", 1, 503, "ServiceUnavailable");
    assert_eq!(code(describe().await), (503, "ServiceUnavailable".into()));
    aws.knobs().reset("DescribeDomain", 1);
    let error = describe().await.unwrap_err();
    assert!(error.raw_response().is_none(), "{error:?}");
    assert!(describe().await.is_ok());
    aws.knobs().throttle("AssumeRoleWithSAML", 1);
    let call =
        sts(&aws).assume_role_with_saml().role_arn(ROLE).principal_arn(PROVIDER).saml_assertion("abcd");
    assert_eq!(code(call.send().await), (400, "Throttling".into()));

    aws.knobs().schedule(vec![Fault { api: "*".into(), call: 1, effect: Effect::LoseAnswer }]);
    let create = |name: &str| client.create_user_profile().domain_id(DOMAIN).user_profile_name(name).send();
    assert!(create("carol").await.is_ok());
    assert!(create("dave").await.unwrap_err().raw_response().is_none());
    assert!(aws.profiles().iter().any(|p| p.name == "dave"), "carried out before the answer was lost");
}

#[tokio::test]
async fn latency_delays_the_answer() {
    let aws = start_now().await;
    aws.knobs().latency("DescribeDomain", Duration::from_hours(1));
    let client = gateway(&aws);
    let slow = client.describe_domain().domain_id(DOMAIN).send();
    assert!(tokio::time::timeout(Duration::from_millis(50), slow).await.is_err());
    aws.knobs().clear();
    assert!(client.describe_domain().domain_id(DOMAIN).send().await.is_ok());
}

#[tokio::test]
async fn the_control_surface_turns_knobs_and_shows_what_happened() {
    let aws = start_now().await;
    let http = reqwest::Client::new();
    let at = |path: &str| format!("{}/_control/{path}", aws.url());
    let knobs = json!([{"knob": "throttle", "api": "DescribeDomain", "count": 1}, {"knob": "pending_describes", "count": 3}]);
    let turned = http.post(at("knobs")).json(&knobs).send().await.unwrap();
    assert_eq!(turned.status(), 204);
    let unknown = http.post(at("knobs")).json(&json!({"knob": "laxness"})).send().await.unwrap();
    assert_eq!(unknown.status(), 400);
    let form = http.post(at("knobs")).body(r#"{"knob":"clear"}"#).send().await.unwrap();
    assert_eq!(form.status(), 415, "a form of a foreign page must not turn knobs");

    let client = gateway(&aws);
    let throttled = client.describe_domain().domain_id(DOMAIN).send().await;
    assert_eq!(code(throttled), (400, "ThrottlingException".into()));
    client.describe_domain().domain_id(DOMAIN).send().await.unwrap();
    let get = |path: &str| {
        let url = at(path);
        async { reqwest::get(url).await.unwrap().json::<Value>().await.unwrap() }
    };
    let events = get("events").await;
    assert_eq!(events[0]["outcome"], json!({"error": "ThrottlingException"}));
    assert_eq!(events[1]["outcome"], "ok");
    assert_eq!(events[1]["principal"], "arn:aws:iam::111122223333:role/Gateway");
    let calls = get("calls").await;
    assert_eq!(calls[1]["operation"], "DescribeDomain");
    assert_eq!(calls[1]["request"], json!({"DomainId": DOMAIN}));
    assert_eq!(calls[1]["response"]["AuthMode"], "IAM");
    assert_eq!(get("profiles").await[0]["name"], "alice");
}

#[tokio::test]
async fn a_session_of_another_sts_can_be_registered() {
    let aws = start_now().await;
    let session = json!({
        "access_key_id": "ASIAFOREIGN", "secret_access_key": "s", "session_token": "t", "role_arn": ROLE,
        "session_name": "alice", "tags": {"studiouserid": "alice"},
    });
    let http = reqwest::Client::new();
    let url = format!("{}/_control/sessions", aws.url());
    assert_eq!(http.post(url).json(&session).send().await.unwrap().status(), 204);
    let client =
        sagemaker_as(&aws, Credentials::new("ASIAFOREIGN", "s", Some("t".into()), None, "test"), REGION);
    let call =
        |name: &str| client.create_presigned_domain_url().domain_id(DOMAIN).user_profile_name(name).send();
    assert!(call("alice").await.is_ok());
    assert_eq!(code(call("bob").await), (400, "AccessDeniedException".into()));
}

#[tokio::test]
async fn only_loopback_is_served() {
    let start = |bind: &str| EmbeddedAws::start(world(), Clock::fixed(now()), bind.parse().unwrap());
    let refused = start("0.0.0.0:0").await.err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    assert!(start("[::1]:0").await.is_ok());
}

#[tokio::test]
async fn it_ends_when_it_is_stopped_or_dropped() {
    let aws = start().await;
    let url = format!("{}/_control/events", aws.url());
    assert!(reqwest::get(&url).await.is_ok());
    aws.stop().await;
    assert!(reqwest::get(&url).await.is_err());
}
