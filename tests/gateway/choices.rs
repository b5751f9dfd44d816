//! The page that offers several destinations: what its token is worth, and to whom.

use crate::browser::{Answer, Browser};
use crate::stage::{DATA_SCIENTIST, ML_ENGINEER, Stage, ada, alice};
use chrono::TimeDelta;

/// ada, with the page in front of her.
async fn offered(stage: &Stage) -> (Browser, String) {
    let answer = stage.sign_in(&ada()).await;
    let mut browser = Browser::default();
    browser.absorb(&answer);
    (browser, answer.expect_chooser().token)
}

fn research() -> String {
    format!("research|{DATA_SCIENTIST}")
}

#[track_caller]
fn expect_expired(stage: &Stage, answer: &Answer<'_>) {
    answer.expect_refused(403, "choice.expired");
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn a_token_in_another_browser() {
    let stage = Stage::new().await;
    let (_, token) = offered(&stage).await;
    let (other, _) = offered(&stage).await;
    expect_expired(&stage, &stage.choose(&token, &research()).from(&other).await);
}

#[tokio::test]
async fn a_token_without_its_cookie() {
    let stage = Stage::new().await;
    let (_, token) = offered(&stage).await;
    expect_expired(&stage, &stage.choose(&token, &research()).await);
    let mut odd = Browser::default();
    odd.set("__Host-sg-browser", "short");
    expect_expired(&stage, &stage.choose(&token, &research()).from(&odd).await);
}

#[tokio::test]
async fn a_token_that_is_too_old() {
    let stage = Stage::new().await;
    let (browser, token) = offered(&stage).await;
    // As long as STS takes the assertion, and not a second longer.
    stage.clock.advance(TimeDelta::seconds(299));
    stage.choose(&token, &research()).from(&browser).await.expect_studio("ada").await;
    stage.called();
    stage.clock.advance(TimeDelta::seconds(1));
    let answer = stage.choose(&token, &research()).from(&browser).await;
    answer.expect_refused(403, "choice.expired").because("any longer");
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn a_token_that_was_tampered_with() {
    let stage = Stage::new().await;
    let (browser, token) = offered(&stage).await;
    let middle = token.len() / 2;
    let other = if &token[middle..=middle] == "A" { "B" } else { "A" };
    let flipped = format!("{}{other}{}", &token[..middle], &token[middle + 1..]);
    for token in [
        flipped.as_str(),
        &token[..middle],
        &format!("{token}AAAA"),
        "",
        "not a token",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        expect_expired(&stage, &stage.choose(token, &research()).from(&browser).await);
    }
}

#[tokio::test]
async fn a_login_cookie_is_not_a_token() {
    let stage = Stage::new().await;
    let (browser, _) = offered(&stage).await;
    let (login, _) = stage.login("").await;
    let sealed = login.cookies().values().next().unwrap();
    expect_expired(&stage, &stage.choose(sealed, &research()).from(&browser).await);
}

#[tokio::test]
async fn a_choice_that_was_not_offered() {
    let stage = Stage::new().await;
    let (browser, token) = offered(&stage).await;
    for choice in [
        format!("platform|{DATA_SCIENTIST}"),
        "research".into(),
        String::new(),
        format!("RESEARCH|{ML_ENGINEER}"),
        "<script>alert(1)</script>".into(),
    ] {
        let answer = stage.choose(&token, &choice).from(&browser).await;
        answer.expect_refused(400, "choice.invalid");
        assert_eq!(answer.log().field("user_id"), "ada");
    }
    assert_eq!(stage.called(), [""; 0]);
    // A wrong choice does not take the right ones away.
    stage.choose(&token, &research()).from(&browser).await.expect_studio("ada").await;
}

#[tokio::test]
async fn a_form_without_a_choice() {
    let stage = Stage::new().await;
    let (browser, token) = offered(&stage).await;
    let choose = || stage.request(reqwest::Method::POST, "/choose").from(&browser);
    for ask in [
        choose().field("token", &token),
        choose().field("choice", &research()),
        choose().field("token", &token).field("choice", "a").field("choice", "b"),
    ] {
        ask.await.expect_refused(400, "request.malformed");
    }
    choose().body("text/plain", "token=a").await.expect_refused(415, "request.content-type");
}

#[tokio::test]
async fn the_message_behind_a_choice_cannot_be_used_again() {
    let stage = Stage::new().await;
    let response = stage.response_for(&ada());
    stage.post(&response).await.expect_chooser();
    stage.post(&response).await.expect_refused(403, "assertion.replayed");
}

#[tokio::test]
async fn a_single_destination_needs_no_page() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_studio("alice").await;
    assert_eq!(answer.set_cookies(), [""; 0]);
}
