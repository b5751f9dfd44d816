//! Programs instead of browsers: the same sign-in, told in JSON.

use crate::browser::{Answer, Browser};
use crate::stage::{Setting, Stage, ada, alice};
use chrono::TimeDelta;
use serde_json::{Value, json};

fn read(answer: &Answer<'_>, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("location"), "");
    serde_json::from_str(&answer.body).unwrap()
}

/// Opens what the answer leads to, and checks the rest of it.
async fn expect_opened(stage: &Stage, answer: &Answer<'_>, profile: &str, domain: &str) {
    let opened = read(answer, 200);
    let url = opened["url"].as_str().unwrap();
    stage.keep_secret(url.rsplit_once("token=").unwrap().1);
    let page = stage.open(url).await;
    assert!(page.html.contains(&format!("<h1>{profile}</h1>")));
    let expires = (stage.clock.now() + TimeDelta::seconds(60)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert_eq!(opened, json!({ "url": url, "expiresAt": expires, "profile": profile, "domain": domain }));
    assert_eq!(answer.log().field("outcome"), "granted");
}

/// Posts the form that an answer gives, where it says.
async fn follow<'s>(stage: &'s Stage, browser: &Browser, next: &Value, choice: Option<&str>) -> Answer<'s> {
    let mut ask = stage.request(reqwest::Method::POST, next["post"].as_str().unwrap()).from(browser);
    for (name, value) in next["form"].as_object().unwrap() {
        ask = ask.field(name, value.as_str().unwrap());
    }
    if let Some(choice) = choice {
        ask = ask.field("choice", choice);
    }
    ask.for_a_program().await
}

#[tokio::test]
async fn a_sign_in_gives_the_url() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&alice()).for_a_program().await;
    expect_opened(&stage, &answer, "alice", "d-research").await;
}

#[tokio::test]
async fn a_choice_is_made_and_waited_for() {
    let stage = Setting::usual().impatient().start().await;
    stage.aws.knobs().pending_describes(2);
    let answer = stage.sign_in(&ada()).for_a_program().await;
    let offered = read(&answer, 200);
    assert_eq!(offered["choices"].as_array().unwrap().len(), 2);
    let second = &offered["choices"][1];
    assert_eq!(
        (&second["name"], &second["account"], &second["region"]),
        (&json!("ML Platform"), &json!("111122223333"), &json!("ap-northeast-2"))
    );
    let mut browser = Browser::default();
    browser.absorb(&answer);

    let answer = follow(&stage, &browser, &offered, second["choice"].as_str()).await;
    let preparing = read(&answer, 202);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(preparing["form"]["choice"], second["choice"]);
    let answer = follow(&stage, &browser, &preparing, None).await;
    expect_opened(&stage, &answer, "ada", "d-platform").await;
}

#[tokio::test]
async fn a_refusal_is_a_problem_document() {
    let stage = Stage::new().await;
    for (answer, status, code) in [
        (stage.post_xml("<nonsense/>").for_a_program().await, 403, "assertion.rejected"),
        (stage.choose("a", "b").for_a_program().await, 403, "choice.expired"),
        (
            stage.request(reqwest::Method::POST, "/preparing/events").for_a_program().await,
            403,
            "choice.expired",
        ),
    ] {
        answer.expect_refused(status, code);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)));
    }
}

#[tokio::test]
async fn a_browser_that_takes_json_too_gets_a_page() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&alice()).header("accept", "application/json").await;
    answer.expect_granted();
}

#[tokio::test]
async fn the_service_describes_itself() {
    let stage = Stage::new().await;
    let document = read(&stage.get("/openapi.json").await, 200);
    assert_eq!(document["openapi"], "3.1.0");
    assert!(!document.to_string().contains("corp"), "it says nothing of the configuration");
}
