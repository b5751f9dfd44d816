//! The replay ledger in DynamoDB, as one gateway meets it. That instances share it is tested with real servers, in
//! `tests/interop/ledger`.

use crate::stage::{Setting, Stage, alice, together};
use chrono::TimeDelta;
use std::time::Duration;
use studio_gateway::config::Breaker;
use studio_gateway::demo::idp::response::Response;

const PUT: &str = "dynamodb:PutItem";

async fn stage() -> Stage {
    Setting::usual().shared_ledger().start().await
}

#[tokio::test]
async fn an_assertion_counts_once() {
    let stage = stage().await;
    let response = stage.response_for(&alice());
    let answers = together((0..8).map(|_| stage.post(&response))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 303).collect();
    assert_eq!(won.len(), 1);
    won[0].expect_studio("alice").await;
    for lost in answers.iter().filter(|answer| answer.status != 303) {
        lost.expect_refused(403, "assertion.replayed").because("used already");
    }
    assert_eq!((stage.times(PUT), stage.times("sts:AssumeRoleWithSAML")), (8, 1));
}

#[tokio::test]
async fn an_assertion_older_than_the_process_is_taken() {
    let stage = stage().await;
    let before = stage.clock.now() - TimeDelta::seconds(30);
    let response = Response::valid(before, &stage.addressing, &alice());
    stage.post(&response).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_lost_answer_is_not_taken_for_a_replay() {
    let stage = stage().await;
    stage.aws.knobs().lose_answer(PUT, 1);
    let response = stage.response_for(&alice());
    stage.post(&response).await.expect_studio("alice").await;
    assert_eq!(stage.times(PUT), 2);
    stage.post(&response).await.expect_refused(403, "assertion.replayed");
}

#[tokio::test]
async fn a_ledger_that_does_not_answer_grants_nothing() {
    let stage = stage().await;
    for code in ["InternalServerError", "AccessDeniedException"] {
        stage.aws.knobs().fail(PUT, 100, 500, code);
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(503, "ledger.unavailable").because(code);
        assert_eq!(stage.times("sts:AssumeRoleWithSAML"), 0);
        stage.aws.knobs().clear();
    }
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_claim_too_many_is_not_made() {
    let stage = Setting::usual().shared_ledger().set("aws.calls_at_once", 1).start().await;
    stage.aws.knobs().latency(PUT, Duration::from_mins(1));
    let responses: Vec<_> = (0..6).map(|_| stage.response_for(&alice())).collect();
    let answers = together(responses.iter().map(|response| stage.post(response))).await;
    let (busy, waited): (Vec<_>, Vec<_>) =
        answers.iter().enumerate().partition(|(_, answer)| answer.body.contains("gateway.busy"));
    for (_, answer) in &waited {
        answer.expect_refused(503, "ledger.unavailable");
    }
    for (_, answer) in &busy {
        answer.expect_refused(503, "gateway.busy").because("aws.calls_at_once");
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert!(!waited.is_empty() && busy.len() >= waited.len(), "{} were turned away", busy.len());
    assert_eq!(stage.times("sts:AssumeRoleWithSAML"), 0);
    let shed = "studio_gateway_aws_shed_total{api=\"dynamodb:PutItem\",limit=\"full\"}";
    assert!(stage.gateway.metrics.text().contains(shed));
    stage.aws.knobs().clear();
    // Nothing of theirs was used up.
    stage.post(&responses[busy[0].0]).await.expect_studio("alice").await;
}

/// A stage that leaves a ledger without an answer alone for so long, after two failures.
async fn brittle(pause: Duration) -> Stage {
    let setting = Setting::usual().shared_ledger().profile("alice", Some("alice"), "");
    setting
        .adjust(move |config| config.aws.bounds.breaker = Some(Breaker { failures: 2, pause }))
        .start()
        .await
}

#[tokio::test]
async fn a_ledger_without_an_answer_is_left_alone_for_a_while() {
    let stage = brittle(Duration::from_mins(1)).await;
    stage.aws.knobs().fail(PUT, 100, 500, "InternalServerError");
    for _ in 0..2 {
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(503, "ledger.unavailable").because("InternalServerError");
    }
    let asked = stage.times(PUT);
    stage.aws.knobs().clear();
    let answer = stage.sign_in(&alice()).await;
    answer.expect_refused(503, "ledger.unavailable").because("not called: no answer lately");
    assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!((stage.times(PUT), stage.times("sts:AssumeRoleWithSAML")), (asked, 0));
}

#[tokio::test]
async fn a_ledger_that_answers_again_is_asked_again() {
    let stage = brittle(Duration::from_millis(50)).await;
    // Each claim has three attempts.
    stage.aws.knobs().reset(PUT, 9);
    let mut refused = 0;
    loop {
        let answer = stage.sign_in(&alice()).await;
        if answer.status == 303 {
            break;
        }
        answer.expect_refused(503, "ledger.unavailable");
        refused += 1;
    }
    assert!(refused >= 3, "{refused}");
    assert_eq!(stage.times(PUT), 10, "nine that failed, and one that was answered");
}

#[tokio::test]
async fn a_replay_and_a_denial_are_answers() {
    let stage = brittle(Duration::from_mins(1)).await;
    let response = stage.response_for(&alice());
    stage.post(&response).await.expect_studio("alice").await;
    for _ in 0..4 {
        stage.post(&response).await.expect_refused(403, "assertion.replayed");
    }
    for _ in 0..4 {
        stage.aws.knobs().fail(PUT, 1, 400, "AccessDeniedException");
        stage.sign_in(&alice()).await.expect_refused(503, "ledger.unavailable").because("AccessDenied");
    }
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}
