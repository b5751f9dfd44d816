//! The pages and documents beside a sign-in, and the headers of every answer.

use crate::browser::{Browser, between, hidden};
use crate::stage::{SSO, Setting, Stage, alice, idp_metadata};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let stage = Stage::new().await;
    let mut ids = std::collections::HashSet::new();
    for ask in [
        stage.get("/"),
        stage.get("/login"),
        stage.get("/login?idp=nobody"),
        stage.get("/saml/metadata"),
        stage.get("/healthz"),
        stage.get("/readyz"),
        stage.get("/robots.txt"),
        stage.get("/nowhere"),
        stage.get("/saml/acs"),
        stage.sign_in(&alice()),
        stage.post_xml("<nonsense/>"),
        stage.choose("a", "b"),
    ] {
        let answer = ask.await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.request_id().len(), 16);
        assert!(ids.insert(answer.request_id().to_owned()), "every request has an id of its own");
    }
}

#[tokio::test]
async fn browsers_are_told_to_stay_on_https_where_it_is_used() {
    let stage = Stage::new().await;
    assert_eq!(stage.get("/").await.header("strict-transport-security"), "");
    let behind_tls = Setting::usual()
        .adjust(|config| config.gateway.public_url = "https://studio.example.com".into())
        .start()
        .await;
    let home = behind_tls.get("/").await;
    assert_eq!(home.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn a_request_id_of_the_client_is_not_taken_over() {
    let stage = Stage::new().await;
    let answer = stage
        .post_xml("<nonsense/>")
        .header("x-request-id", "forged-by-me")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-for", "203.0.113.7")
        .await;
    assert_ne!(answer.request_id(), "forged-by-me");
    let log = answer.expect_refused(403, "assertion.rejected");
    assert_eq!(log.field("client"), "127.0.0.1");
    assert!(!answer.body.contains("evil.example"));
}

#[tokio::test]
async fn the_host_header_decides_nothing() {
    let stage = Stage::new().await;
    let answer = stage.get("/login").header("host", "evil.example").await;
    let (_, xml) = answer.authn_request();
    assert!(!xml.contains("evil"), "{xml}");
    let metadata = stage.get("/saml/metadata").header("host", "evil.example").await;
    assert!(!metadata.body.contains("evil"));
}

#[tokio::test]
async fn probes_answer() {
    let stage = Stage::new().await;
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = stage.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn the_metadata_is_for_the_idp() {
    let stage = Stage::new().await;
    let answer = stage.get("/saml/metadata").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/samlmetadata+xml");
    assert_eq!(between(&answer.body, "entityID=\"", "\"").unwrap(), format!("{}/saml/metadata", stage.url));
    assert!(answer.body.contains(&format!("Location=\"{}\"", stage.addressing.acs_url)));
    assert!(answer.body.contains("WantAssertionsSigned=\"true\""), "{}", answer.body);
    let parsed: samael::metadata::EntityDescriptor = answer.body.parse().unwrap();
    assert_eq!(parsed.sp_sso_descriptors.unwrap().len(), 1);
}

#[tokio::test]
async fn the_home_page_leads_to_the_sign_in() {
    let stage = Stage::new().await;
    let answer = stage.get("/").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("href=\"/login?idp=corp\""), "{}", answer.body);
    assert!(answer.body.contains("the ML platform team"));
    let style = between(&answer.body, "rel=\"stylesheet\" href=\"", "\"").unwrap();
    let style = stage.get(&style).await;
    assert_eq!(style.status, 200);
    assert!(style.header("content-type").starts_with("text/css"));
    assert!(style.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn an_idp_that_takes_no_requests_is_where_sign_ins_begin() {
    let metadata = idp_metadata()
        .replace("bindings:HTTP-Redirect", "bindings:SOAP")
        .replace("bindings:HTTP-POST", "bindings:PAOS");
    let stage = Setting::usual();
    let stage = stage.replace_file("idp.xml", &metadata).start().await;
    let home = stage.get("/").await;
    assert!(home.body.contains("sign-in portal"), "{}", home.body);
    assert!(!home.body.contains("/login"));
    stage.get("/login").await.expect_refused(404, "idp.unknown");
    let refused = stage.post_xml("<nonsense/>").await;
    refused.expect_refused(403, "assertion.rejected");
    assert!(refused.body.contains("href=\"/\""), "{}", refused.body);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn an_idp_that_is_asked_by_post() {
    let metadata = idp_metadata().replace("bindings:HTTP-Redirect", "bindings:SOAP");
    let stage = Setting::usual().replace_file("idp.xml", &metadata).start().await;
    let page = stage.get("/login?to=research").await;
    assert_eq!(page.status, 200);
    assert_eq!(hidden(&page.body, "RelayState"), "to.research");
    assert!(page.body.contains(&format!("action=\"{SSO}\"")), "{}", page.body);
    let xml = STANDARD.decode(hidden(&page.body, "SAMLRequest")).unwrap();
    let id = between(&String::from_utf8(xml).unwrap(), " ID=\"", "\"").unwrap();
    // The page posts itself with the one script that its policy lets run.
    let nonce = between(&page.body, "<script nonce=\"", "\"").unwrap();
    let policy = page.header("content-security-policy");
    assert!(policy.contains(&format!("script-src 'nonce-{nonce}'")), "{policy}");
    assert!(policy.contains("https://idp.example.com"), "{policy}");

    let mut browser = Browser::default();
    browser.absorb(&page);
    let answer = stage.post(&stage.response_for(&alice()).answering(&id)).from(&browser).await;
    answer.expect_studio("alice").await;
}

#[tokio::test]
async fn nobody_can_be_asked_who_is_not_there() {
    let stage = Stage::new().await;
    let answer = stage.get("/login?idp=%3Cscript%3E").await;
    answer.expect_refused(404, "idp.unknown");
    assert!(!answer.body.contains("script>"));
    assert_eq!(answer.set_cookies(), [""; 0]);
}

#[tokio::test]
async fn an_unknown_destination_is_left_out_of_the_request() {
    let stage = Stage::new().await;
    for to in ["nowhere", "https://evil.example", "research%0d%0aX:%20y", ""] {
        let (_, redirect) = stage.login(&format!("?to={to}")).await;
        assert_eq!(redirect.sent_relay_state().unwrap(), "first", "{to}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there() {
    let stage = Stage::new().await;
    for path in
        ["/nowhere", "/saml", "/saml/acs/", "/assets/../Cargo.toml", "/%3Cscript%3Ealert(1)%3C/script%3E"]
    {
        let answer = stage.get(path).await;
        answer.expect_refused(404, "request.not-found");
        assert!(!answer.body.contains("alert(1)"));
    }
    let answer = stage.get("/nowhere").for_a_program().await;
    answer.expect_refused(404, "request.not-found");
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn robots_are_sent_away() {
    let stage = Stage::new().await;
    let answer = stage.get("/robots.txt").await;
    assert_eq!(answer.body, "User-agent: *\nDisallow: /\n");
    assert!(stage.get("/").await.body.contains("<meta name=\"robots\" content=\"noindex\">"));
}

#[tokio::test]
async fn a_head_has_no_body() {
    let stage = Stage::new().await;
    for path in ["/", "/healthz", "/saml/metadata"] {
        let answer = stage.request(Method::HEAD, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }
}
