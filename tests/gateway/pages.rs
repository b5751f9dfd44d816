//! The pages and documents beside a sign-in, and the headers of every answer.

use crate::browser::{Browser, between, hidden};
use crate::stage::{SSO, Setting, Stage, alice, idp_metadata};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use std::sync::Arc;
use studio_gateway::config::Config;
use studio_gateway::saml::metadata::IdpMetadata;

/// What routes need beside their method and path: a value for a path parameter.
fn example(route: &str, home: &str) -> String {
    let asset = between(home, "rel=\"stylesheet\" href=\"/assets/", "\"").unwrap();
    route.replace("{name}", &asset).replace("{key}", "research").replace("{destination}", "research")
}

/// Every route of the service: those that are described, which a unit test compares with those that there are.
fn routes() -> Vec<String> {
    let described: serde_json::Value =
        serde_json::from_str(include_str!("../../src/http/openapi.json")).unwrap();
    let routes: Vec<_> = described["paths"].as_object().unwrap().keys().cloned().collect();
    assert!(routes.len() >= 12 && routes.contains(&"/saml/acs".to_owned()), "{routes:?}");
    routes
}

#[tokio::test]
async fn every_answer_of_every_route_carries_the_security_headers() {
    let stage = Setting::usual()
        .adjust(|config| config.gateway.public_url = "https://studio.example.com".into())
        .start()
        .await;
    let home = stage.get("/").await.body;
    let mut asks = vec![
        stage.get("/login?idp=nobody"),
        stage.get("/nowhere"),
        stage.get("/assets/nothing.css"),
        stage.sign_in(&alice()),
        stage.post_xml("<nonsense/>"),
        stage.choose("a", "b"),
        stage.request(Method::POST, "/language").field("language", "ko"),
    ];
    for route in routes() {
        let path = example(&route, &home);
        assert!(!path.contains('{'), "no example for {route}");
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::DELETE] {
            asks.push(stage.request(method, &path));
        }
    }
    let mut ids = std::collections::HashSet::new();
    for ask in asks {
        let answer = ask.await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex, nofollow"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        let kept = answer.header("cache-control");
        let asset = answer.header("content-type").starts_with("text/css");
        assert_eq!(kept, if asset { "public, max-age=31536000, immutable" } else { "no-store" });
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
async fn an_old_address_of_a_file_is_not_another_file() {
    let stage = Stage::new().await;
    let home = stage.get("/").await.body;
    let style = between(&home, "rel=\"stylesheet\" href=\"", "\"").unwrap();
    stage.get(&style.replace("style-", "style-0")).await.expect_refused(404, "request.not-found");
}

#[tokio::test]
async fn the_brand_is_on_every_page() {
    const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let stage = Setting::usual()
        .file("logo.svg", LOGO)
        .set("brand.name", "Example <ML>")
        .set("brand.logo", "logo.svg")
        .set("brand.colour", "#ffd400")
        .start()
        .await;
    let home = stage.get("/").await;
    assert!(home.body.contains("<span>Example &#60;ML&#62;</span>"), "{}", home.body);
    let style = between(&home.body, "rel=\"stylesheet\" href=\"", "\"").unwrap();
    let style = stage.get(&style).await.body;
    // Yellow takes black text, and links in a shade that can be read on white.
    assert!(style.contains("--fill: #ffd400; --on-fill: #000000;"), "{style}");
    assert!(!style.contains("--accent: #ffd400; }\n@media"), "{style}");
    let plain = Stage::new().await.get("/").await.body;
    assert!(!plain.contains(&between(&home.body, "/assets/style-", ".css").unwrap()), "another file");

    let logo = between(&home.body, "<img src=\"", "\"").unwrap();
    let logo = stage.get(&logo).await;
    assert_eq!((logo.body.as_str(), logo.header("content-type")), (LOGO, "image/svg+xml"));
    let policy = logo.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("; sandbox"),
        "nothing in it runs: {policy}"
    );
    assert!(stage.gateway.config.warnings.iter().any(|warning| warning.starts_with("brand.colour: ")));
}

#[tokio::test]
async fn a_page_for_those_whose_session_has_ended() {
    let stage = Stage::new().await;
    let answer = stage.get("/signed-out").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("You are signed out") && answer.body.contains("href=\"/\""));
    let switch = stage.request(Method::POST, "/language").field("language", "ko");
    let switched = switch.field("back", &hidden(&answer.body, "back")).await;
    assert_eq!(switched.header("location"), "/signed-out");
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
    assert!(policy.contains(&format!("script-src 'self' 'nonce-{nonce}';")), "{policy}");
    assert!(policy.contains("https://idp.example.com"), "{policy}");

    let mut browser = Browser::default();
    browser.absorb(&page);
    let answer = stage.post(&stage.response_for(&alice()).answering(&id)).from(&browser).await;
    answer.expect_studio("alice").await;
}

#[tokio::test]
async fn forms_lead_on_to_an_idp_without_tls_where_the_gateway_has_none_either() {
    let plain = |port: u16| {
        let location = format!("http://127.0.0.1:{port}/sso");
        idp_metadata().replace(&format!("Location=\"{SSO}\""), &format!("Location=\"{location}\""))
    };
    let stage = Setting::usual().replace_file("idp.xml", &plain(9)).start().await;
    let forms = async |stage: &Stage| {
        let policy = stage.get("/").await.header("content-security-policy").to_owned();
        between(&policy, "form-action ", ";").unwrap()
    };
    assert!(forms(&stage).await.ends_with(" http://127.0.0.1:9"), "{}", forms(&stage).await);

    // What is remembered of the IdPs ends with a new copy of their metadata.
    let known = stage.gateway.idps.by_key("corp").unwrap();
    let moved = IdpMetadata::parse(&plain(10), None, None, stage.clock.now()).unwrap();
    stage.gateway.idps.install(&known.settings, Arc::new(moved)).unwrap();
    assert!(forms(&stage).await.ends_with(" http://127.0.0.1:10"), "{}", forms(&stage).await);

    // One with TLS stays with it.
    let over_tls = |config: &mut Config| config.gateway.public_url = "https://studio.example.com".into();
    let stage = Setting::usual().replace_file("idp.xml", &plain(9)).adjust(over_tls).start().await;
    assert!(!forms(&stage).await.contains("127.0.0.1:9"));
}

#[tokio::test]
async fn nobody_can_be_asked_who_is_not_there() {
    let stage = Stage::new().await;
    let answer = stage.get("/login?idp=%3Cscript%3E").await;
    answer.expect_refused(404, "idp.unknown");
    assert!(!answer.body.contains("<script>"));
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
