//! A browser, as far as a sign-in needs one: it keeps cookies, posts forms, does not follow redirects by itself, and
//! looks closely at every answer.
//!
//! Cookies are handled by hand: they are `Secure`, and browsers send such to loopback over plain HTTP, but HTTP clients
//! do not.

use crate::log_lines::{self, LogLine};
use crate::stage::Stage;
use flate2::read::DeflateDecoder;
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, Url};
use std::collections::BTreeMap;
use std::future::{Future, IntoFuture};
use std::io::Read;
use std::pin::Pin;
use studio_gateway::error::{Code, Fault};
use studio_gateway::language::Language;
use tracing::Level;

/// Cookies of one browser.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Takes over what an answer sets, and forgets what it ends.
    pub(crate) fn absorb(&mut self, answer: &Answer<'_>) {
        for line in answer.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Sets a cookie, whatever a server would say to it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    fn header(&self) -> Option<String> {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// A request that is about to be made. Awaiting it makes it.
pub(crate) struct Ask<'s> {
    stage: &'s Stage,
    request: RequestBuilder,
    /// What the answer must not repeat.
    sent: Vec<String>,
    fields: Option<Vec<(String, String)>>,
}

impl<'s> Ask<'s> {
    pub(crate) fn new(stage: &'s Stage, method: Method, url: &str) -> Self {
        Self {
            stage,
            request: stage.http.request(method, url).header(ACCEPT, "text/html"),
            sent: Vec::new(),
            fields: None,
        }
    }

    /// Adds a form field; a field may be added twice.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.sent.push(value.to_owned());
        self.fields.get_or_insert_default().push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds the relay state that the IdP sends back.
    pub(crate) fn relay_state(self, value: &str) -> Self {
        self.field("RelayState", value)
    }

    /// Sends this body as it is, in place of a form.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.fields = None;
        self.request = self.request.header(CONTENT_TYPE, content_type).body(body.into());
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends the cookies of this browser.
    pub(crate) fn from(mut self, browser: &Browser) -> Self {
        if let Some(cookies) = browser.header() {
            self.request = self.request.header(COOKIE, cookies);
        }
        self
    }

    /// Asks as a program does that wants JSON.
    pub(crate) fn for_a_program(mut self) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, "application/json".parse().unwrap());
        self.request = self.request.headers(headers);
        self
    }

    /// Makes the request, and reads nothing of the answer's body yet.
    pub(crate) async fn open(self) -> Response {
        self.begin().send().await.expect("an answer")
    }

    fn begin(&self) -> RequestBuilder {
        let request = self.request.try_clone().expect("a body that is no stream");
        match &self.fields {
            Some(fields) => request.form(fields),
            None => request,
        }
    }

    async fn send(self) -> Answer<'s> {
        let response = self.begin().send().await.expect("an answer");
        let answer = Answer {
            stage: self.stage,
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            sent: self.sent,
            body: response.text().await.expect("a readable body"),
        };
        for line in answer.set_cookies() {
            let (_, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.stage.keep_secret(value);
        }
        answer
    }
}

impl<'s> IntoFuture for Ask<'s> {
    type Output = Answer<'s>;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer<'s>> + Send + 's>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// An answer of the gateway.
pub(crate) struct Answer<'s> {
    stage: &'s Stage,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    sent: Vec<String>,
}

impl Answer<'_> {
    /// A header; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The request id that the header tells.
    pub(crate) fn request_id(&self) -> &str {
        self.header("x-request-id")
    }

    /// The one log line about this request.
    #[track_caller]
    pub(crate) fn log(&self) -> LogLine {
        let lines = log_lines::of_request(self.request_id());
        assert_eq!(lines.len(), 1, "one line for one request: {lines:?}");
        lines[0].clone()
    }

    /// Checks for the way into Studio, goes there, and finds the right profile. `profile` is its name.
    pub(crate) async fn expect_studio(&self, profile: &str) -> StudioPage {
        let log = self.expect_granted();
        assert_eq!(log.field("profile"), profile);
        let page = self.stage.open(self.header("location")).await;
        assert_eq!(page.heading(), profile);
        page
    }

    /// Checks for the way into a notebook instance, goes there, and finds the right one. `instance` is its name.
    pub(crate) async fn expect_notebook(&self, instance: &str) -> StudioPage {
        let log = self.expect_way_in();
        assert_eq!((log.field("notebook"), log.field("profile"), log.field("domain")), (instance, "", ""));
        let page = self.stage.open(self.header("location")).await;
        assert_eq!(page.heading(), instance);
        page
    }

    /// Checks for the redirect into Studio and its log line, without going there.
    #[track_caller]
    pub(crate) fn expect_granted(&self) -> LogLine {
        let log = self.expect_way_in();
        for field in ["domain", "profile"] {
            assert_ne!(log.field(field), "", "the log line has no {field}: {log:?}");
        }
        log
    }

    #[track_caller]
    fn expect_way_in(&self) -> LogLine {
        assert_eq!(self.status, 303, "{}\n{:?}", self.body, self.logged());
        let location = self.header("location");
        let prefix = format!("{}/studio/auth?token=", self.stage.aws.url());
        assert!(location.starts_with(&prefix), "{location}");
        self.stage.keep_secret(location.strip_prefix(&prefix).unwrap());
        let log = self.log();
        assert_eq!(log.target, "studio_gateway::sign_in");
        assert_eq!(log.level, Level::INFO);
        assert_eq!(log.field("outcome"), "granted");
        for field in
            ["client", "ms", "idp", "user_id", "session_name", "destination", "rule", "role", "role_session"]
        {
            assert_ne!(log.field(field), "", "the log line has no {field}: {log:?}");
        }
        log
    }

    /// Checks for the page that offers several destinations.
    #[track_caller]
    pub(crate) fn expect_chooser(&self) -> Chooser {
        assert_eq!(self.status, 200, "{}\n{:?}", self.body, self.logged());
        let log = self.log();
        assert_eq!(log.field("outcome"), "offered");
        assert_ne!(log.field("user_id"), "");
        let token = hidden(&self.body, "token");
        self.stage.keep_secret(&token);
        let offers = between_all(&self.body, "name=\"choice\" value=\"", "\"")
            .into_iter()
            .map(|key| unescape(&key))
            .collect();
        Chooser { token, offers }
    }

    /// Checks for the page that watches, and takes the form out of it.
    #[track_caller]
    pub(crate) fn expect_preparing(&self) -> Waiting {
        assert_eq!(self.status, 200, "{}\n{:?}", self.body, self.logged());
        let log = self.log();
        assert_eq!((log.field("outcome"), log.level), ("preparing", Level::INFO));
        assert!(!log.field("user_id").is_empty() && !log.field("destination").is_empty(), "{log:?}");
        assert!(!self.body.contains("/studio/auth"), "no URL of Studio is in the page");
        let mut browser = Browser::default();
        browser.absorb(self);
        let waiting =
            Waiting { browser, token: hidden(&self.body, "token"), choice: hidden(&self.body, "choice") };
        self.stage.keep_secret(&waiting.token);
        assert_eq!(hidden(&self.body, "patient"), "yes");
        waiting
    }

    /// The events in the body: name and data of each, oldest first.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        assert_eq!(self.status, 200, "{}\n{:?}", self.body, self.logged());
        assert_eq!(self.header("content-type"), "text/event-stream");
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.body.contains("/studio/auth"), "no URL of Studio is in the events");
        events_in(&self.body)
    }

    /// The one event that ends a watch.
    #[track_caller]
    pub(crate) fn last_event(&self) -> (String, String) {
        let events = self.events();
        let ends = events.iter().filter(|(name, _)| name != "step").count();
        assert_eq!(ends, 1, "{events:?}");
        events.last().unwrap().clone()
    }

    /// Checks a refusal from all sides: status and code; a page with title, request id, code and a way to try again
    /// where that can help; no echo of what was sent; one log line with the reason, at the right level.
    #[track_caller]
    pub(crate) fn expect_refused(&self, status: u16, code: &str) -> LogLine {
        let known = Code::ALL.iter().find(|known| known.name() == code).unwrap();
        assert!(
            self.body.contains(code) && self.status == status,
            "expected {status} {code}, got {}\n{}\n{:?}",
            self.status,
            self.body,
            self.logged()
        );
        assert_eq!(known.status(), status);
        let request_id = self.request_id();
        assert!(!request_id.is_empty() && self.body.contains(request_id));
        if self.header("content-type").starts_with("text/html") {
            assert!(self.body.contains(&escape(&Language::default().title(*known))), "{}", self.body);
            assert!(self.body.contains(&escape(&Language::default().advice(*known))), "{}", self.body);
            assert_eq!(self.body.contains(">Try again</a>"), known.retry(), "{}", self.body);
            assert!(self.body.contains("the ML platform team"), "{}", self.body);
            assert!(self.body.contains("<html lang=\"en\">"), "{}", self.body);
        }
        assert_eq!(self.header("location"), "");
        assert_eq!(self.header("cache-control"), "no-store");
        // 502: while no call is made, it is known when the next one is.
        assert!(status == 502 || (status == 503) != self.header("retry-after").is_empty());
        for sent in self.sent.iter().filter(|sent| sent.len() > 5) {
            assert!(!self.body.contains(sent.as_str()), "an echo of {sent:?}");
            for value in self.headers.values() {
                assert!(!value.to_str().unwrap_or_default().contains(sent.as_str()), "an echo of {sent:?}");
            }
        }
        let log = self.log();
        assert_eq!(log.field("code"), code);
        assert_ne!(log.field("reason"), "");
        assert_ne!(log.field("client"), "");
        let level = match known.fault() {
            // Not worth a warning: whoever scans the Internet asks for such.
            _ if ["request.not-found", "request.method"].contains(&code) => Level::INFO,
            Fault::Visitor | Fault::Idp => Level::WARN,
            Fault::Aws | Fault::Gateway => Level::ERROR,
        };
        assert_eq!(log.level, level, "{log:?}");
        log
    }

    fn logged(&self) -> Vec<LogLine> {
        log_lines::of_request(self.request_id())
    }

    /// The `AuthnRequest` in the redirect to the IdP: its ID and its XML.
    pub(crate) fn authn_request(&self) -> (String, String) {
        let location = Url::parse(self.headers[LOCATION].to_str().unwrap()).unwrap();
        let (_, packed) =
            location.query_pairs().find(|(name, _)| name == "SAMLRequest").expect("a SAMLRequest");
        let deflated = base64_bytes(&packed);
        let mut xml = String::new();
        DeflateDecoder::new(deflated.as_slice()).read_to_string(&mut xml).unwrap();
        (between(&xml, " ID=\"", "\"").unwrap(), xml)
    }

    /// The relay state in the redirect to the IdP.
    pub(crate) fn sent_relay_state(&self) -> Option<String> {
        let location = Url::parse(self.headers[LOCATION].to_str().unwrap()).unwrap();
        let mut pairs = location.query_pairs();
        pairs.find(|(name, _)| name == "RelayState").map(|(_, value)| value.into_owned())
    }
}

/// The page that offers several destinations.
#[derive(Debug)]
pub(crate) struct Chooser {
    pub(crate) token: String,
    pub(crate) offers: Vec<String>,
}

impl Chooser {
    /// The offer of a domain.
    #[track_caller]
    pub(crate) fn offer(&self, domain: &str) -> &str {
        let prefix = format!("{domain}|");
        self.offers
            .iter()
            .find(|offer| offer.starts_with(&prefix))
            .unwrap_or_else(|| panic!("no offer of {domain} among {:?}", self.offers))
    }
}

/// The page that watches a Studio being prepared.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) browser: Browser,
    pub(crate) token: String,
    pub(crate) choice: String,
}

impl Waiting {
    /// Posts its form: where its button and its script do, or for the events.
    pub(crate) fn post<'s>(&self, ask: Ask<'s>) -> Ask<'s> {
        ask.field("token", &self.token)
            .field("choice", &self.choice)
            .field("patient", "yes")
            .from(&self.browser)
    }

    /// Watches on.
    pub(crate) fn watch<'s>(&self, stage: &'s Stage) -> Ask<'s> {
        self.post(stage.request(Method::POST, "/preparing/events"))
    }

    /// Goes on, for as long as it takes.
    pub(crate) fn go_on<'s>(&self, stage: &'s Stage) -> Ask<'s> {
        self.post(stage.request(Method::POST, "/choose"))
    }
}

/// The events in a text: name and data of each.
pub(crate) fn events_in(text: &str) -> Vec<(String, String)> {
    text.split("\n\n")
        .filter_map(|block| {
            let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            let data = line("data:").unwrap_or_default().trim();
            Some((line("event:")?.trim().to_owned(), data.to_owned()))
        })
        .collect()
}

/// The embedded Studio's page.
pub(crate) struct StudioPage {
    pub(crate) html: String,
}

impl StudioPage {
    fn heading(&self) -> String {
        between(&self.html, "<h1>", "</h1>").unwrap_or_else(|| panic!("no heading: {}", self.html))
    }

    /// A fact or tag on the page, by its name.
    #[track_caller]
    pub(crate) fn fact(&self, name: &str) -> String {
        let from = format!("<dt>{name}</dt><dd><code>");
        let value = between(&self.html, &from, "</code>");
        unescape(&value.unwrap_or_else(|| panic!("the page says nothing of {name}: {}", self.html)))
    }
}

/// The value of a hidden field.
#[track_caller]
pub(crate) fn hidden(html: &str, name: &str) -> String {
    let from = format!("name=\"{name}\" value=\"");
    unescape(&between(html, &from, "\"").unwrap_or_else(|| panic!("no field {name}: {html}")))
}

pub(crate) fn between(text: &str, from: &str, to: &str) -> Option<String> {
    between_all(text, from, to).into_iter().next()
}

fn between_all(text: &str, from: &str, to: &str) -> Vec<String> {
    text.split(from).skip(1).filter_map(|rest| Some(rest.split_once(to)?.0.to_owned())).collect()
}

fn base64_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// Text as a template writes it.
fn escape(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

pub(crate) fn unescape(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#x2F;", "/")
        .replace("&#38;", "&")
}
