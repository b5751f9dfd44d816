//! The IdP over HTTP, as a browser and a gateway see it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Response, StatusCode};

use super::key::tests::rsa;
use super::people::demo_people;
use super::request::tests::{deflate, now, request, sp};
use super::response::names;
use super::signature::tests::covered;
use super::*;

const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/demo";

/// An IdP, and a browser that looks at it.
struct Test {
    idp: EmbeddedIdp,
    browser: Client,
}

impl Test {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let setup = IdpSetup {
            entity_id: format!("{}/metadata", url_of(&listener).unwrap()),
            service_provider: sp(),
            people: demo_people("111122223333", PROVIDER),
            signed: Signed::Both,
        };
        let idp = EmbeddedIdp::start(listener, setup, rsa().clone(), Clock::fixed(now())).unwrap();
        Self { idp, browser: Client::new() }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Response {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.browser.get(format!("{}{path}?{query}", self.idp.url())).send().await.unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.browser.post(format!("{}{path}", self.idp.url())).form(form).send().await.unwrap()
    }

    /// Presses one of the buttons on a page.
    async fn press(&self, page: &str, name: &str, value: &str) -> String {
        let hidden = hidden_fields(page);
        let mut form: Vec<_> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        form.push((name, value));
        let answer = self.post("/answer", &form).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.unwrap()
    }

    fn request(&self) -> String {
        request(self.idp.sso_url())
    }

    /// Sends a request that has to be refused, by both bindings, and gives the page.
    async fn refused(&self, xml: &str) -> String {
        let page = self.get("/sso", &[("SAMLRequest", &deflate(xml))]).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST);
        let posted = self.post("/sso", &[("SAMLRequest", &STANDARD.encode(xml))]).await;
        assert_eq!(posted.status(), StatusCode::BAD_REQUEST);
        page.text().await.unwrap()
    }
}

fn hidden_fields(page: &str) -> Vec<(String, String)> {
    page.split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            let (value, _) = rest.split_once('"').unwrap();
            (name.to_owned(), unescape(value))
        })
        .collect()
}

fn unescape(html: &str) -> String {
    let html = html.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"");
    html.replace("&#39;", "'").replace("&#38;", "&")
}

fn field(page: &str, name: &str) -> Option<String> {
    hidden_fields(page).into_iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

fn saml_response(page: &str) -> String {
    let decoded = STANDARD.decode(field(page, "SAMLResponse").unwrap()).unwrap();
    String::from_utf8(decoded).unwrap()
}

#[tokio::test]
async fn a_request_by_redirect_is_answered() {
    let test = Test::start().await;
    let query = [("SAMLRequest", deflate(&test.request())), ("RelayState", "r.1-x".to_owned())];
    let page = test.get("/sso", &query.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(page.contains("김하늘"), "{page}");

    let form = test.press(&page, "person", "haneul").await;
    assert!(form.contains(&format!("action=\"{}\"", sp().acs_url)));
    assert_eq!(field(&form, "RelayState").as_deref(), Some("r.1-x"));
    let xml = saml_response(&form);
    assert_eq!(covered(&xml, rsa()).map(|ids| ids.len()), Some(2));
    assert_eq!(xml.matches("InResponseTo=\"_request1\"").count(), 2);
    assert!(xml.contains(&format!("Recipient=\"{}\"", sp().acs_url)));
    assert!(xml.contains(&format!(">arn:aws:iam::111122223333:role/DataScientist,{PROVIDER}<")));
}

#[tokio::test]
async fn a_request_by_post_is_answered() {
    let test = Test::start().await;
    let page = test.post("/sso", &[("SAMLRequest", &STANDARD.encode(test.request()))]).await;
    let form = test.press(&page.text().await.unwrap(), "person", "ada").await;
    assert!(saml_response(&form).contains("InResponseTo=\"_request1\""));
    assert_eq!(field(&form, "RelayState"), None);
}

#[tokio::test]
async fn a_sign_in_can_start_at_the_portal() {
    let test = Test::start().await;
    let page = test.get("/", &[]).await.text().await.unwrap();
    let xml = saml_response(&test.press(&page, "person", "minjun").await);
    assert_eq!(covered(&xml, rsa()).map(|ids| ids.len()), Some(2));
    assert!(!xml.contains("InResponseTo"));
    assert!(xml.contains(">minjun.lee</saml:NameID>"));
}

#[tokio::test]
async fn a_person_can_decline() {
    let test = Test::start().await;
    let page = test.get("/sso", &[("SAMLRequest", &deflate(&test.request()))]).await.text().await.unwrap();
    let xml = saml_response(&test.press(&page, "decline", "yes").await);
    assert_eq!(covered(&xml, rsa()).map(|ids| ids.len()), Some(1));
    assert!(xml.contains(names::AUTHN_FAILED) && xml.contains("InResponseTo=\"_request1\""));
    assert!(!xml.contains("<saml:Assertion"));
}

#[tokio::test]
async fn a_request_for_another_acs_url_is_refused() {
    let test = Test::start().await;
    let page = test.refused(&test.request().replace("/saml/acs", ".evil.example/acs")).await;
    assert!(page.contains("AssertionConsumerServiceURL"), "{page}");
    assert!(!page.contains("action="));
}

#[tokio::test]
async fn an_unknown_issuer_is_refused_and_shown_escaped() {
    let test = Test::start().await;
    let page = test.refused(&test.request().replace("metadata</saml:Issuer>", "&lt;b></saml:Issuer>")).await;
    assert!(page.contains("Issuer"), "{page}");
    assert!(!page.contains("<b>"));
}

#[tokio::test]
async fn a_request_that_the_page_carried_is_checked_again() {
    let test = Test::start().await;
    let changed = STANDARD.encode(test.request().replace("/saml/acs", "/other"));
    let answer = test.post("/answer", &[("person", "ada"), ("SAMLRequest", &changed)]).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_hostile_relay_state_is_echoed_as_text() {
    let test = Test::start().await;
    let hostile = "\"><script>alert('1')</script>&amp; 김";
    let page = test.get("/", &[("RelayState", hostile)]).await.text().await.unwrap();
    assert!(!page.contains("<script>"));
    let form = test.press(&page, "person", "ada").await;
    assert!(!form.contains("<script>"));
    assert_eq!(field(&form, "RelayState").as_deref(), Some(hostile));
}

#[tokio::test]
async fn oddities_of_the_form_are_refused() {
    let test = Test::start().await;
    let good = deflate(&test.request());
    for query in [
        vec![],
        vec![("SAMLRequest", good.as_str()), ("SAMLRequest", good.as_str())],
        vec![("SAMLRequest", good.as_str()), ("RelayState", "a"), ("RelayState", "b")],
        vec![("SAMLRequest", good.as_str()), ("SAMLEncoding", "urn:other")],
        vec![("SAMLRequest", "%%%")],
        vec![("SAMLRequest", "AAAA")],
    ] {
        assert_eq!(test.get("/sso", &query).await.status(), StatusCode::BAD_REQUEST, "{query:?}");
    }
    assert_eq!(test.post("/answer", &[("person", "nobody")]).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn metadata_is_served() {
    let test = Test::start().await;
    let served = test.get("/metadata", &[]).await;
    assert_eq!(served.headers()["content-type"], "application/samlmetadata+xml");
    assert_eq!(served.text().await.unwrap(), test.idp.metadata_xml().unwrap());
}

#[tokio::test]
async fn it_stops_and_frees_its_port() {
    let test = Test::start().await;
    let address = test.idp.url().trim_start_matches("http://").to_owned();
    assert_eq!(test.get("/", &[]).await.status(), StatusCode::OK);
    // A browser that connected ahead of time and says nothing, and one that keeps its connection.
    let _silent = tokio::net::TcpStream::connect(&address).await.unwrap();
    test.idp.stop().await.unwrap();
    TcpListener::bind(&address).await.unwrap();
}

#[tokio::test]
async fn it_does_not_listen_for_other_machines() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    assert_eq!(url_of(&listener).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}
