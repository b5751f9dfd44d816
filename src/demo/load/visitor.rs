//! A browser as the gateway sees it: it posts the message, and goes on as it is told, at whichever gateway has its turn.

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use url::Url;

/// Longest time for an answer: more than a sign-in may take.
const LIMIT: Duration = Duration::from_secs(150);
/// Most requests of a sign-in; a choice and a page that prepares are two.
const STEPS: usize = 5;

/// How a try ended.
pub(super) enum End {
    /// With a way into Studio.
    Granted,
    /// With this code; `connection` if there was no answer at all.
    Refused {
        /// Such as `aws.timeout`.
        code: String,
        /// When to try again, if that was told.
        wait: Option<Duration>,
    },
}

/// All visitors: they share connections, as behind a load balancer.
pub(super) struct Visitor {
    client: Client,
    targets: Vec<Url>,
    turn: AtomicUsize,
}

impl Visitor {
    pub(super) fn new(targets: Vec<Url>) -> reqwest::Result<Self> {
        let client =
            Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(LIMIT).build()?;
        Ok(Self { client, targets, turn: AtomicUsize::new(0) })
    }

    pub(super) async fn sign_in(&self, message: &str) -> End {
        let mut path = "/saml/acs".to_owned();
        let mut form = vec![("SAMLResponse".to_owned(), message.to_owned())];
        let mut cookies = String::new();
        for _ in 0..STEPS {
            let Ok(answer) = self.post(&path, &form, &cookies).await else { return cut_off() };
            let status = answer.status().as_u16();
            let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
            absorb(&answer, &mut cookies);
            let Ok(body) = answer.text().await else { return cut_off() };
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            if status == 200 && body.get("url").is_some_and(Value::is_string) {
                return End::Granted;
            }
            let Some((next_path, next_form)) = next(&body) else {
                let code = body.get("code").and_then(Value::as_str);
                let code = code.map_or_else(|| format!("status {status}"), str::to_owned);
                return End::Refused { code, wait: wait.map(Duration::from_secs) };
            };
            (path, form) = (next_path, next_form);
        }
        End::Refused { code: "no end".into(), wait: None }
    }

    async fn post(&self, path: &str, form: &[(String, String)], cookies: &str) -> reqwest::Result<Response> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.targets.len().max(1);
        let target = self.targets.get(turn).map_or("", |target| target.as_str().trim_end_matches('/'));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.client
            .post(format!("{target}{path}"))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(COOKIE, cookies)
            .body(body)
            .send()
            .await
    }
}

fn cut_off() -> End {
    End::Refused { code: "connection".into(), wait: None }
}

/// Keeps the answer's cookies, in place of what there was.
fn absorb(answer: &Response, cookies: &mut String) {
    let set = answer.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let pairs: Vec<_> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    if !pairs.is_empty() {
        *cookies = pairs.join("; ");
    }
}

/// Where to go on and with what, if the answer says so; the first of several choices.
fn next(body: &Value) -> Option<(String, Vec<(String, String)>)> {
    let path = body.get("post")?.as_str()?.to_owned();
    let fields = body.get("form")?.as_object()?;
    let mut form: Vec<_> =
        fields.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    if let Some(choice) = body.pointer("/choices/0/choice").and_then(Value::as_str) {
        form.push(("choice".to_owned(), choice.to_owned()));
    }
    Some((path, form))
}
