//! Pages in the language of whoever reads them, and the switch between languages.

use crate::browser::{Answer, Browser, hidden};
use crate::stage::{Stage, alice};
use reqwest::Method;
use studio_gateway::error::Code;
use studio_gateway::language::Language;

fn korean() -> Language {
    Language::by_tag("ko").unwrap()
}

#[track_caller]
fn expect_language(answer: &Answer<'_>, tag: &str) {
    assert!(answer.body.contains(&format!("<html lang=\"{tag}\">")), "{}", answer.body);
    assert_eq!(answer.header("content-language"), tag);
    assert_eq!(answer.header("vary"), "Accept, Accept-Language, Cookie");
}

#[tokio::test]
async fn the_browser_says_which_language() {
    let stage = Stage::new().await;
    for (accepted, tag) in [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-GB,ko;q=0.5", "en"), ("de, fr", "en")] {
        expect_language(&stage.get("/").header("accept-language", accepted).await, tag);
    }
    expect_language(&stage.get("/").await, "en");
}

#[tokio::test]
async fn the_person_says_it_better() {
    let stage = Stage::new().await;
    let mut browser = Browser::default();
    let home = stage.get("/").await;
    let back = hidden(&home.body, "back");
    let switch = stage.request(Method::POST, "/language").field("language", "ko").field("back", &back);
    let switched = switch.await;
    assert_eq!((switched.status, switched.header("location")), (303, "/"));
    let [cookie] = switched.set_cookies()[..] else { panic!("one cookie") };
    assert!(cookie.starts_with("__Host-sg-language=ko; ") && cookie.contains("SameSite=None"), "{cookie}");
    browser.absorb(&switched);
    expect_language(&stage.get("/").header("accept-language", "en").from(&browser).await, "ko");
    // The ACS is reached by a cross-site POST, and its pages are in that language too.
    let refused = stage.post_xml("<nonsense/>").from(&browser).await;
    expect_language(&refused, "ko");
    assert!(refused.body.contains(&*korean().advice(Code::AssertionRejected)), "{}", refused.body);
}

#[tokio::test]
async fn a_cookie_that_names_no_language_counts_for_nothing() {
    let stage = Stage::new().await;
    for value in ["tlh", "", "KO", "en-US", "<script>"] {
        let mut browser = Browser::default();
        browser.set("__Host-sg-language", value);
        expect_language(&stage.get("/").header("accept-language", "ko").from(&browser).await, "ko");
    }
}

#[tokio::test]
async fn an_error_page_is_shown_again_in_another_language() {
    let stage = Stage::new().await;
    let refused = stage.post_xml("<nonsense/>").await;
    refused.expect_refused(403, "assertion.rejected");
    let page = hidden(&refused.body, "page");
    let again = stage.request(Method::POST, "/language").field("language", "ko").field("page", &page).await;
    assert_eq!(again.status, 403);
    expect_language(&again, "ko");
    assert!(again.body.contains(refused.request_id()), "the id under which the log has the reason");
    assert!(again.body.contains("href=\"/login\""), "{}", again.body);
    let once_more = hidden(&again.body, "page");
    let back =
        stage.request(Method::POST, "/language").field("language", "en").field("page", &once_more).await;
    expect_language(&back, "en");
    assert!(back.body.contains(refused.request_id()));
}

#[tokio::test]
async fn a_page_that_is_not_ours_is_not_shown() {
    let stage = Stage::new().await;
    for page in ["assertion.rejected 0123456789abcdef /login", "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let ask = stage.request(Method::POST, "/language").field("language", "ko").field("page", page);
        let answer = ask.await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("request.malformed"), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_switch_leads_nowhere_else() {
    let stage = Stage::new().await;
    for back in ["https://evil.example/", "//evil.example", "/login", "/saml/acs", ""] {
        let ask = stage.request(Method::POST, "/language").field("language", "ko").field("back", back);
        let answer = ask.await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{back}");
    }
    for language in ["tlh", "ko\r\nSet-Cookie: x=y", ""] {
        let answer = stage.request(Method::POST, "/language").field("language", language).await;
        answer.expect_refused(400, "request.malformed");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
}

#[tokio::test]
async fn a_program_reads_its_language_too() {
    let stage = Stage::new().await;
    let answer = stage.get("/nowhere").header("accept-language", "ko").for_a_program().await;
    assert_eq!(answer.header("content-language"), "ko");
    assert!(answer.body.contains(&*korean().title(Code::RequestNotFound)), "{}", answer.body);
}

#[tokio::test]
async fn the_language_changes_nothing_about_a_sign_in() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&alice()).header("accept-language", "ko").await;
    answer.expect_studio("alice").await;
}
