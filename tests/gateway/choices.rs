//! The page that offers several destinations: what its token is worth, and to whom.

use crate::browser::{Answer, Browser, between, hidden};
use crate::stage::{DATA_SCIENTIST, ML_ENGINEER, PROVIDER, Setting, Stage, ada, alice, idp_metadata, person};
use chrono::TimeDelta;
use reqwest::Method;
use studio_gateway::demo::idp::people::Person;

/// ada, with the page in front of her.
async fn offered(stage: &Stage) -> (Browser, String) {
    let answer = stage.sign_in(&ada()).await;
    let mut browser = Browser::default();
    browser.absorb(&answer);
    (browser, answer.expect_chooser().token)
}

/// A gateway whose IdP starts sign-ins itself, and takes no requests.
async fn portal_only() -> Stage {
    let metadata = idp_metadata()
        .replace("bindings:HTTP-Redirect", "bindings:SOAP")
        .replace("bindings:HTTP-POST", "bindings:PAOS");
    Setting::usual().replace_file("idp.xml", &metadata).start().await
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
    // The sign-in is renewed through the IdP, and leads to what was chosen.
    assert_eq!((answer.status, answer.header("location")), (303, "/login?idp=corp&to=research"));
    assert_eq!(answer.log().field("outcome"), "renewed");
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn a_token_that_is_too_old_where_the_idp_takes_no_requests() {
    let stage = portal_only().await;
    let (browser, token) = offered(&stage).await;
    stage.clock.advance(TimeDelta::seconds(300));
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

/// The choice of a browser, with the box ticked or not. The browser keeps what the answer sets.
async fn choose<'s>(stage: &'s Stage, browser: &mut Browser, token: &str, directly: bool) -> Answer<'s> {
    let ask = stage.choose(token, &research()).from(browser);
    let answer = if directly { ask.field("directly", "yes").await } else { ask.await };
    assert!(answer.set_cookies().len() <= 1, "some load balancers pass on one only");
    browser.absorb(&answer);
    answer
}

async fn sign_in_again<'s>(stage: &'s Stage, browser: &mut Browser, person: &Person) -> Answer<'s> {
    stage.clock.advance(TimeDelta::seconds(1));
    let answer = stage.sign_in(person).from(browser).await;
    browser.absorb(&answer);
    answer
}

#[tokio::test]
async fn the_last_choice_comes_first() {
    let stage = Stage::new().await;
    let (mut browser, token) = offered(&stage).await;
    let platform = format!("platform|{ML_ENGINEER}");
    browser.absorb(&stage.choose(&token, &platform).from(&browser).await);
    let answer = sign_in_again(&stage, &mut browser, &ada()).await;
    assert_eq!(answer.expect_chooser().offers, [platform, research()]);
    assert!(answer.body.contains("Last time"));
    assert!(!answer.body.contains(" checked"));
}

#[tokio::test]
async fn a_remembered_choice_is_gone_to_directly_until_the_person_switches() {
    let stage = Stage::new().await;
    let (mut browser, token) = offered(&stage).await;
    choose(&stage, &mut browser, &token, true).await.expect_studio("ada").await;
    let direct = sign_in_again(&stage, &mut browser, &ada()).await;
    direct.expect_studio("ada").await;
    assert_eq!(direct.log().field("domain"), "research");
    assert!(stage.get("/").from(&browser).await.body.contains("href=\"/switch\""));

    let switch = stage.get("/switch").from(&browser).await;
    assert_eq!((switch.status, switch.header("location")), (303, "/login?idp=corp"));
    browser.absorb(&switch);
    let answer = sign_in_again(&stage, &mut browser, &ada()).await;
    let chooser = answer.expect_chooser();
    assert_eq!(chooser.offers.len(), 2);
    assert!(answer.body.contains(" checked"), "what they asked for is still there, to be unticked");
    choose(&stage, &mut browser, &chooser.token, false).await.expect_studio("ada").await;
    sign_in_again(&stage, &mut browser, &ada()).await.expect_chooser();
    assert!(!stage.get("/").from(&browser).await.body.contains("/switch"));
}

#[tokio::test]
async fn a_destination_that_was_asked_for_goes_before_a_remembered_one() {
    let stage = Stage::new().await;
    let (mut browser, token) = offered(&stage).await;
    choose(&stage, &mut browser, &token, true).await.expect_studio("ada").await;
    stage.clock.advance(TimeDelta::seconds(1));
    let answer = stage.sign_in(&ada()).relay_state("to.platform").from(&browser).await;
    answer.expect_studio("ada").await;
    assert_eq!(answer.log().field("domain"), "platform");
}

#[tokio::test]
async fn a_remembered_choice_grants_nothing() {
    let stage = Stage::new().await;
    let (mut browser, token) = offered(&stage).await;
    choose(&stage, &mut browser, &token, true).await.expect_studio("ada").await;
    // Out of the group meanwhile: what is left is one other destination, and nothing of the remembered one.
    let mut moved = ada();
    moved.groups.clear();
    let answer = sign_in_again(&stage, &mut browser, &moved).await;
    answer.expect_studio("ada").await;
    assert_eq!(answer.log().field("domain"), "platform");
    // Nothing at all is left.
    moved.roles.clear();
    moved.roles.push(format!("arn:aws:iam::111122223333:role/Nobody,{PROVIDER}"));
    sign_in_again(&stage, &mut browser, &moved).await.expect_refused(403, "entitlement.none");
}

#[tokio::test]
async fn a_choice_that_somebody_else_made_in_this_browser() {
    let stage = Stage::new().await;
    let (mut browser, token) = offered(&stage).await;
    choose(&stage, &mut browser, &token, true).await.expect_studio("ada").await;
    let mut other = person("grace");
    other.roles = ada().roles;
    let answer = sign_in_again(&stage, &mut browser, &other).await;
    answer.expect_chooser();
    assert!(!answer.body.contains("Last time"));
}

#[tokio::test]
async fn a_remembered_choice_that_is_not_ours() {
    let stage = Stage::new().await;
    let (browser, token) = offered(&stage).await;
    for forged in ["", "research", token.as_str()] {
        let mut browser = browser.clone();
        browser.set("__Host-sg-remembered", forged);
        sign_in_again(&stage, &mut browser, &ada()).await.expect_chooser();
        assert_eq!(stage.get("/switch").from(&browser).await.set_cookies(), [""; 0]);
    }
}

#[tokio::test]
async fn switching_where_the_idp_takes_no_requests() {
    let stage = portal_only().await;
    let (mut browser, token) = offered(&stage).await;
    choose(&stage, &mut browser, &token, true).await.expect_studio("ada").await;
    let switch = stage.get("/switch").from(&browser).await;
    assert_eq!(switch.header("location"), "/");
    browser.absorb(&switch);
    assert!(stage.get("/").from(&browser).await.body.contains("sign-in portal"));
    sign_in_again(&stage, &mut browser, &ada()).await.expect_chooser();
}

#[tokio::test]
async fn the_page_knows_how_long_it_lasts() {
    let stage = Stage::new().await;
    let response = stage.response_for(&ada());
    stage.clock.advance(TimeDelta::seconds(100));
    let answer = stage.post(&response).await;
    // Five minutes less those that are over, and some seconds to spare.
    assert_eq!(between(&answer.body, "data-seconds=\"", "\"").as_deref(), Some("180"));
    assert_eq!(between(&answer.body, "data-renew=\"", "\"").as_deref(), Some("/login?idp=corp&#38;alone=1"));
    assert!(answer.body.contains(
        "<noscript><meta http-equiv=\"refresh\" content=\"180; url=/login?idp=corp&#38;alone=1\">"
    ));
    // With next to nothing left, only the person renews it: else the browser could go round for ever.
    let late = stage.response_for(&ada());
    stage.clock.advance(TimeDelta::seconds(241));
    let answer = stage.post(&late).await;
    answer.expect_chooser();
    assert!(!answer.body.contains("data-seconds") && !answer.body.contains("refresh"));
}

#[tokio::test]
async fn a_page_that_nobody_touches_is_renewed_twice() {
    let stage = Stage::new().await;
    let mut browser = Browser::default();
    let mut beginning = "/login?idp=corp".to_owned();
    // The IdP gives no relay state back: it is not needed for this.
    for renewals in 0..=2 {
        let redirect = stage.get(&beginning).from(&browser).await;
        browser.absorb(&redirect);
        let (id, _) = redirect.authn_request();
        let answer = stage.post(&stage.response_for(&ada()).answering(&id)).from(&browser).await;
        browser.absorb(&answer);
        answer.expect_chooser();
        let next = between(&answer.body, "data-renew=\"", "\"");
        assert_eq!(next.is_some(), renewals < 2, "after {renewals}");
        assert_eq!(answer.body.contains("http-equiv=\"refresh\""), renewals < 2, "after {renewals}");
        assert!(answer.body.contains("data-seconds"), "it knows when it is over");
        assert!(answer.body.contains("class=\"button\" href=\"/login?idp=corp\""), "{}", answer.body);
        beginning = next.unwrap_or_default().replace("&#38;", "&");
        stage.clock.advance(TimeDelta::seconds(280));
    }
    // In another language it does not begin to count anew.
    let answer = stage.sign_in(&ada()).from(&browser).await;
    let token = answer.expect_chooser().token;
    browser.absorb(&answer);
    let switch = stage.request(Method::POST, "/language").field("language", "ko").field("token", &token);
    let korean = switch.from(&browser).await;
    assert!(korean.body.contains("<html lang=\"ko\">") && !korean.body.contains("data-renew"));
}

#[tokio::test]
async fn another_language_loses_no_choice() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&ada()).await;
    let mut browser = Browser::default();
    browser.absorb(&answer);
    let token = answer.expect_chooser().token;
    let switch = |token: &str| {
        stage.request(Method::POST, "/language").field("language", "ko").field("token", token).from(&browser)
    };
    let korean = switch(&token).await;
    assert_eq!(korean.status, 200);
    assert!(korean.body.contains("<html lang=\"ko\">") && korean.body.contains("어디로 이동할까요?"));
    let token = hidden(&korean.body, "token");
    stage.keep_secret(&token);
    stage.choose(&token, &research()).from(&browser).await.expect_studio("ada").await;
    stage.called();
    stage.clock.advance(TimeDelta::minutes(5));
    assert_eq!(switch(&token).await.header("location"), "/login?idp=corp");
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn many_destinations_are_grouped_and_can_be_searched() {
    let mut setting = Setting::usual();
    for (number, account) in (0..6).zip([1, 1, 2, 2, 2, 1]) {
        setting = setting.append(&format!(
            "[[domain]]\nkey = \"more-{number}\"\ndomain_id = \"d-more{number}\"\nregion = \"us-east-1\"\n\
             roles = [\"arn:aws:iam::44445555666{account}:role/More\"]\n\
             [[rule]]\nname = \"More {number}\"\neveryone = true\nallow = \"more-{number}\"\n"
        ));
    }
    let providers: Vec<_> =
        [1, 2].map(|n| format!("arn:aws:iam::44445555666{n}:saml-provider/corp")).into_iter().collect();
    let mut all = vec![PROVIDER.to_owned()];
    all.extend(providers);
    let stage = setting.set("idp.0.saml_providers", all).start().await;
    let mut person = ada();
    for account in [1, 2] {
        let account = format!("44445555666{account}");
        person
            .roles
            .push(format!("arn:aws:iam::{account}:role/More,arn:aws:iam::{account}:saml-provider/corp"));
    }
    let answer = stage.sign_in(&person).await;
    let offers = answer.expect_chooser().offers;
    assert_eq!(offers.len(), 8);
    let keys: Vec<_> = offers.iter().map(|offer| offer.split('|').next().unwrap()).collect();
    assert_eq!(keys, ["research", "platform", "more-0", "more-1", "more-5", "more-2", "more-3", "more-4"]);
    assert!(answer.body.contains("AWS account 444455556661"), "{}", answer.body);
    assert!(answer.body.contains("type=\"search\""));
    assert!(!stage.sign_in(&ada()).await.body.contains("type=\"search\""));
}
