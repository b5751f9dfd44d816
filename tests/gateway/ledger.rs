//! The replay ledger in DynamoDB, as one gateway meets it. That instances share it is tested with real servers, in
//! `tests/interop/ledger`.

use crate::stage::{Setting, Stage, alice, together};
use chrono::TimeDelta;
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
