//! Too much at once, and AWS without an answer: who is turned away hears so at once, and the others do not suffer.

use crate::listener::until_closed;
use crate::stage::{Setting, Stage, alice, person};
use chrono::TimeDelta;
use std::num::NonZeroU32;
use std::time::Duration;
use studio_gateway::config::{Breaker, RateLimit};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const STS: &str = "sts:AssumeRoleWithSAML";
const SOON: Duration = Duration::from_millis(300);

/// One request a second for each address, which no test waits for.
fn scarce() -> Setting {
    Setting::usual().adjust(|config| {
        let one = RateLimit { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN };
        let (address, _) = config.limits.rates.as_mut().unwrap();
        *address = one;
    })
}

/// Asks until it was too often.
async fn too_often(stage: &Stage, client: &str) {
    while stage.get("/").header("x-forwarded-for", client).await.status != 429 {}
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait_and_nobody_else_is() {
    let stage = scarce().set("gateway.proxies", 1).start().await;
    too_often(&stage, "203.0.113.9").await;
    let page = stage.get("/").header("x-forwarded-for", "203.0.113.9").await;
    // A second may have passed on a slow machine.
    if page.status == 429 {
        assert_eq!(page.header("retry-after"), "1");
        assert!(page.body.contains("Too many people are coming in at once"), "{}", page.body);
        assert!(page.body.contains("request.limited") && page.body.contains(page.request_id()));
        assert_eq!(page.header("content-security-policy").split(' ').next(), Some("default-src"));
    }
    let answer = stage.get("/").header("x-forwarded-for", "203.0.113.10").await;
    assert_eq!(answer.status, 200, "another address");
    too_often(&stage, "203.0.113.9").await;
    for path in ["/healthz", "/readyz"] {
        for _ in 0..10 {
            assert_eq!(stage.get(path).header("x-forwarded-for", "203.0.113.9").await.status, 200);
        }
    }
    assert!(stage.gateway.metrics.text().contains("studio_gateway_limited_total{limit=\"address\"}"));
}

#[tokio::test]
async fn programs_are_told_so_too() {
    let stage = scarce().start().await;
    let refused = loop {
        let answer = stage.get("/").for_a_program().await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(429), Some("request.limited")));
}

#[tokio::test]
async fn a_message_that_comes_too_often_is_not_looked_at_and_can_be_sent_again() {
    let stage = scarce().start().await;
    let response = stage.response_for(&alice());
    let mut turned_away = 0;
    loop {
        let answer = stage.post(&response).await;
        if answer.status != 429 {
            // The first one to be looked at is the first one to count.
            answer.expect_studio("alice").await;
            break;
        }
        turned_away += 1;
    }
    // One token was there; with it gone, a form of full size is read to its end before it is refused.
    let long = "A".repeat(300_000);
    while stage.acs().field("SAMLResponse", &long).await.status != 429 {
        turned_away += 1;
    }
    assert!(turned_away < 100);
}

#[tokio::test]
async fn limits_can_be_turned_off() {
    let stage = Setting::usual()
        .append("[limits]\nrates = false\naddress_per_second = 1\naddress_burst = 1\n")
        .start()
        .await;
    for _ in 0..20 {
        assert_eq!(stage.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn one_call_too_many_is_not_made() {
    let stage = Setting::usual().set("aws.calls_at_once", 1).start().await;
    stage.aws.knobs().latency(STS, Duration::from_mins(1));
    let (alice, bob) = (alice(), person("bob"));
    let first = stage.sign_in(&alice);
    let second = async {
        while stage.times("sagemaker:DescribeUserProfile") == 0 {
            tokio::task::yield_now().await;
        }
        let answer = stage.sign_in(&bob).await;
        answer.expect_refused(503, "gateway.busy").because("aws.calls_at_once");
        assert_eq!(answer.header("retry-after"), "5");
    };
    tokio::select! {
        answer = first => panic!("it is answered: {}", answer.status),
        () = second => {}
    }
    let metrics = stage.gateway.metrics.text();
    assert!(
        metrics.contains("studio_gateway_aws_shed_total{api=\"sts:AssumeRoleWithSAML\",limit=\"full\"} 1")
    );
    // Who has left makes room.
    stage.aws.knobs().clear();
    loop {
        let answer = stage.sign_in(&bob).await;
        if answer.status == 303 {
            break;
        }
        answer.expect_refused(503, "gateway.busy");
    }
}

/// A stage whose breakers open after two failures, for so long.
async fn brittle(pause: Duration) -> Stage {
    let setting = Setting::usual().set("aws.attempts", 1).profile("alice", Some("alice"), "");
    setting
        .adjust(move |config| config.aws.bounds.breaker = Some(Breaker { failures: 2, pause }))
        .start()
        .await
}

fn breaker(stage: &Stage, api: &str) -> Option<u8> {
    let text = stage.gateway.metrics.text();
    let series = format!("studio_gateway_aws_breaker_open{{api=\"{api}\",account=\"111122223333\"");
    let line = text.lines().find(|line| line.starts_with(&series))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn an_api_without_an_answer_is_left_alone_for_a_while() {
    type Trouble = fn(&Stage);
    let troubles: [(&str, u16, &str, Trouble); 3] = [
        ("resetting", 502, "aws.unavailable", |stage| stage.aws.knobs().reset(STS, 1_000)),
        ("failing", 502, "aws.unavailable", |stage| {
            stage.aws.knobs().fail(STS, 1_000, 500, "InternalFailure");
        }),
        ("slow", 504, "aws.timeout", |stage| stage.aws.knobs().latency(STS, Duration::from_mins(1))),
    ];
    for (name, status, code, trouble) in troubles {
        let setting = Setting::usual().set("aws.attempts", 1).set("aws.attempt_milliseconds", 100);
        let pause = Duration::from_mins(1);
        let stage = setting
            .adjust(move |config| config.aws.bounds.breaker = Some(Breaker { failures: 2, pause }))
            .start()
            .await;
        trouble(&stage);
        for _ in 0..2 {
            assert_eq!(breaker(&stage, STS), None, "{name}");
            stage.sign_in(&alice()).await.expect_refused(status, code);
        }
        assert_eq!(breaker(&stage, STS), Some(1), "{name}");
        let called = stage.times(STS);
        stage.aws.knobs().clear();
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(502, "aws.unavailable").because("not called: no answer lately");
        assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()), "{name}");
        assert_eq!(stage.times(STS), called, "{name}");
        assert!(stage.times("sagemaker:DescribeUserProfile") > 0, "the other APIs are called");
    }
}

#[tokio::test]
async fn an_api_that_answers_again_is_called_again() {
    let stage = brittle(Duration::from_millis(50)).await;
    stage.aws.knobs().reset(STS, 4);
    while stage.sign_in(&alice()).await.status != 303 {}
    assert_eq!(breaker(&stage, STS), Some(0));
    assert_eq!(stage.times(STS), 5, "two that failed, two that were to see, and one that was answered");
}

#[tokio::test]
async fn throttling_and_faults_of_ours_are_answers() {
    let stage = brittle(Duration::from_mins(1)).await;
    let throttles = [(400, "Throttling"), (503, "ThrottlingException"), (403, "AccessDenied")];
    for (status, code) in throttles {
        for _ in 0..4 {
            stage.aws.knobs().fail(STS, 1, status, code);
            stage.sign_in(&alice()).await;
        }
        assert_eq!(breaker(&stage, STS), None, "{code}");
    }
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn nothing_is_asked_of_sts_for_longer_than_it_takes_the_assertion() {
    let stage = Setting::usual().set("saml.clock_skew_seconds", 60).start().await;
    let response = stage.response_for(&alice());
    stage.clock.advance(TimeDelta::seconds(299));
    stage.aws.knobs().latency(STS, Duration::from_mins(1));
    let answer = stage.post(&response).await;
    answer.expect_refused(403, "assertion.expired").because("as long as STS takes the assertion");
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
}

async fn connect(stage: &Stage) -> TcpStream {
    TcpStream::connect(stage.url.split_once("://").unwrap().1).await.unwrap()
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let stage = Setting::usual().adjust(|config| config.gateway.connections.body = SOON).start().await;
    let mut slow = connect(&stage).await;
    let head = "POST /saml/acs HTTP/1.1\r\nHost: studio.example.com\r\nContent-Length: 100000\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\nSAMLResponse=";
    slow.write_all(head.as_bytes()).await.unwrap();
    // A byte now and then, until there is an answer.
    let mut seen = [0; 12];
    while timeout(Duration::from_millis(20), slow.peek(&mut seen)).await.is_err() {
        slow.write_all(b"A").await.unwrap();
    }
    let answer = until_closed(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("request.malformed"), "{answer}");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_head_that_trickles_is_not_waited_for() {
    let stage =
        Setting::usual().adjust(|config| config.gateway.connections.first_request = SOON).start().await;
    let mut slow = connect(&stage).await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: studio.example.com\r\n").await.unwrap();
    let mut seen = [0; 12];
    // Each byte is a sign of life, and none of them counts.
    while timeout(Duration::from_millis(20), slow.peek(&mut seen)).await.is_err() {
        if slow.write_all(b"X: y\r\n").await.is_err() {
            break;
        }
    }
    assert_eq!(until_closed(&mut slow).await, "");
}

#[tokio::test]
async fn a_head_beyond_all_measure_is_refused() {
    let stage = Stage::new().await;
    let begin = "GET /readyz HTTP/1.1\r\nHost: studio.example.com\r\nConnection: close\r\n";
    let large = format!("X: {}\r\n", "y".repeat(1_000_000));
    for more in [large, "X: y\r\n".repeat(200)] {
        let head = format!("{begin}{more}\r\n");
        let mut stream = connect(&stage).await;
        // It may be cut off before it is through.
        let _ = stream.write_all(head.as_bytes()).await;
        let answer = until_closed(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{} bytes: {answer}", head.len());
    }
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}
