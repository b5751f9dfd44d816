//! Noise: whatever arrives, nothing but a refusal comes of it, and nobody reaches a profile that is not theirs.

use crate::stage::{Setting, Stage, alice, key, person};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::future::Future;
use std::sync::Arc;
use studio_gateway::demo::idp::response::{Response, names};
use studio_gateway::demo::idp::signature::{Algorithms, KeyInfo, Signed};
use studio_gateway::http;
use studio_gateway::profile_name::ProfileName;
use tokio::runtime::Runtime;
use tower::ServiceExt;

const FORM: &str = "application/x-www-form-urlencoded";

/// A stage, and the runtime that it lives on.
struct Alone {
    runtime: Runtime,
    stage: Option<Stage>,
}

impl Alone {
    fn new() -> Self {
        Self::on(Setting::usual())
    }

    fn on(setting: Setting) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stage = Some(runtime.block_on(setting.start()));
        Self { runtime, stage }
    }

    fn stage(&self) -> &Stage {
        self.stage.as_ref().unwrap()
    }

    fn router(&self) -> Router {
        http::router(Arc::clone(&self.stage().gateway))
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn status(&self, request: Request<Body>) -> (StatusCode, String) {
        self.wait(async {
            let answer = self.router().oneshot(request).await.unwrap();
            let status = answer.status();
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        })
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        drop(self.stage.take());
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

fn post(path: &str, cookie: &[u8], body: Vec<u8>) -> Request<Body> {
    let mut request = Request::post(path).header("content-type", FORM);
    if let Ok(cookie) = axum::http::HeaderValue::from_bytes(cookie) {
        request = request.header("cookie", cookie);
    }
    request.body(Body::from(body)).unwrap()
}

/// Bytes, some of which look like a form.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        "SAMLResponse=[A-Za-z0-9+/=%&]{0,300}".prop_map(String::into_bytes),
        "(token|choice|SAMLResponse|RelayState|SAMLRequest)=[ -~]{0,80}(&[a-zA-Z]{1,12}=[ -~]{0,40}){0,5}"
            .prop_map(String::into_bytes),
        "[ -~]{0,200}".prop_map(|text| format!(
            "SAMLResponse={}",
            form_urlencoded::byte_serialize(Response::encode(&text).as_bytes()).collect::<String>()
        )
        .into_bytes()),
    ]
}

#[test]
fn no_form_is_a_fault_of_ours() {
    let alone = Alone::new();
    let paths = prop::sample::select(vec!["/saml/acs", "/choose"]);
    let cookie = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        "__Host-sg-(browser|request-[a-z0-9]{0,16})=[ -~]{0,64}".prop_map(String::into_bytes),
    ];
    runner(150)
        .run(&(paths, cookie, body()), |(path, cookie, body)| {
            let (status, page) = alone.status(post(path, &cookie, body));
            prop_assert!(status.is_client_error(), "{status}: {page}");
            Ok(())
        })
        .unwrap();
    assert_eq!(alone.stage().called(), [""; 0]);
}

#[test]
fn no_query_and_no_path_is_a_fault_of_ours() {
    let alone = Alone::new();
    let target = prop_oneof![
        "/login\\?[a-zA-Z0-9=&%+._~-]{0,80}",
        "/login\\?(idp|to|again)=[a-zA-Z0-9%]{0,40}",
        "/[a-zA-Z0-9/._%-]{0,60}",
    ];
    runner(120)
        .run(&target, |target| {
            let request = Request::get(&target).body(Body::empty());
            prop_assume!(request.is_ok());
            let (status, page) = alone.status(request.unwrap());
            prop_assert!(!status.is_server_error(), "{target} {status}: {page}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_token_with_anything_changed_opens_nothing() {
    let alone = Alone::new();
    let stage = alone.stage();
    let (cookie, token, choice) = alone.wait(async {
        let answer = stage.sign_in(&crate::stage::ada()).await;
        let chooser = answer.expect_chooser();
        let cookie = answer.set_cookies()[0].split(';').next().unwrap().to_owned();
        (cookie, chooser.token.clone(), chooser.offer("research").to_owned())
    });
    let change = (0..token.len(), "[A-Za-z0-9_-]");
    runner(80)
        .run(&change, |(position, letter)| {
            let changed = format!("{}{letter}{}", &token[..position], &token[position + 1..]);
            prop_assume!(changed != token);
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("token", &changed)
                .append_pair("choice", &choice)
                .finish();
            let (status, page) = alone.status(post("/choose", cookie.as_bytes(), form.into_bytes()));
            prop_assert_eq!(status, StatusCode::FORBIDDEN);
            prop_assert!(page.contains("choice.expired"));
            Ok(())
        })
        .unwrap();
    assert_eq!(stage.called(), [""; 0]);
}

#[test]
fn a_message_with_one_character_changed_opens_nothing() {
    let alone = Alone::new();
    let stage = alone.stage();
    // Without KeyInfo, which is the one part that nobody reads.
    let algorithms = Algorithms { key_info: KeyInfo::Absent, ..Algorithms::usual(key()) };
    let response = stage.response_for(&alice());
    let xml = response.sign_with(key(), Signed::Both, &algorithms).unwrap();
    let letters: Vec<_> = xml.char_indices().map(|(at, _)| at).collect();
    runner(120)
        .run(&(prop::sample::select(letters), "[ -~]"), |(at, letter)| {
            let changed = format!("{}{letter}{}", &xml[..at], &xml[at + 1..]);
            prop_assume!(changed != xml);
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("SAMLResponse", &Response::encode(&changed))
                .finish();
            let (status, page) = alone.status(post("/saml/acs", b"", form.into_bytes()));
            // What canonical XML leaves out may change: namespaces that nobody uses, and white space in tags.
            if status == StatusCode::SEE_OTHER || page.contains("assertion.replayed") {
                let unused = in_namespace_declaration(&xml, at) || letter.trim().is_empty();
                prop_assert!(unused, "{at} {letter}");
            } else {
                prop_assert!(status.is_client_error(), "{status}: {page}");
            }
            Ok(())
        })
        .unwrap();
}

fn in_namespace_declaration(xml: &str, at: usize) -> bool {
    xml.match_indices(" xmlns:").any(|(start, name)| {
        let value = start + xml[start..].find('"').unwrap() + 1;
        let end = value + xml[value..].find('"').unwrap();
        (start + name.len()..end).contains(&at)
    })
}

/// Ids that come close to alice's, and ids of all sorts.
fn user_id() -> impl Strategy<Value = String> {
    prop_oneof![
        "[aA][lL][iI][cC][eE]",
        " ?alice[ ._@/:=+-]{0,3}",
        "(alice|bob)--[0-9a-f]{20}",
        "alice@[a-z]{1,10}\\.example",
        "аlice",
        "alice\u{200b}?[ -~]{0,4}",
        "[ -~]{0,80}",
        "\\PC{0,40}",
    ]
}

#[test]
fn nobody_gets_the_profile_of_another() {
    let alone = Alone::new();
    let stage = alone.stage();
    alone.wait(async {
        stage.sign_in(&alice()).await.expect_studio("alice").await;
    });
    runner(40)
        .run(&user_id(), |id| {
            let mut response = stage.response_for(&person("mallory"));
            response.assertion.set_attribute(names::STUDIO_USER_ID, [id.clone()]);
            let xml = response.sign(key(), Signed::Both).unwrap();
            let (status, profile) = alone.wait(async {
                let answer = stage.post_xml(&xml).await;
                (answer.status, answer.log().field("profile").to_owned())
            });
            prop_assert!(status == 303 || status == 403, "{status} for {id:?}");
            if status == 303 {
                let name = ProfileName::of(&id).to_string();
                prop_assert_eq!(&profile, &name);
                prop_assert_eq!(profile == "alice", id == "alice", "{}", id);
                prop_assert_eq!(&stage.profile(&profile).tags["studiouserid"], &id);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn attributes_of_any_text_are_taken_or_refused() {
    let alone = Alone::new();
    let stage = alone.stage();
    let name = prop::sample::select(vec![
        names::ROLE.to_owned(),
        names::ROLE_SESSION_NAME.to_owned(),
        names::SESSION_DURATION.to_owned(),
        names::SOURCE_IDENTITY.to_owned(),
        names::TRANSITIVE_TAG_KEYS.to_owned(),
        names::GROUPS.to_owned(),
        format!("{}costcenter", names::PRINCIPAL_TAG),
    ]);
    let values = prop::collection::vec("\\PC{0,70}", 0..3);
    runner(40)
        .run(&(name, values), |(name, values)| {
            let mut response = stage.response_for(&alice());
            response.assertion.set_attribute(&name, values);
            let xml = response.sign(key(), Signed::Both).unwrap();
            let (status, profile) = alone.wait(async {
                let answer = stage.post_xml(&xml).await;
                (answer.status, answer.log().field("profile").to_owned())
            });
            prop_assert!(status == 303 || status == 403, "{status}");
            prop_assert!(status == 403 || profile == "alice");
            Ok(())
        })
        .unwrap();
}

/// Values that are meant to be something else by the time somebody reads them.
fn hostile() -> impl Strategy<Value = String> {
    let reserved =
        ["default", "aws", "aws:", "AWS:reserved", "aws:userid", "sagemaker", ".", "..", "-", "con", "null"];
    let paths =
        ["../victim", "/victim", "victim/", "victim/../victim", "..\\victim", "victim%2f..", "%00victim"];
    prop_oneof![
        prop::sample::select(reserved.to_vec()).prop_map(str::to_owned),
        prop::sample::select(paths.to_vec()).prop_map(str::to_owned),
        // Control characters that XML has, line separators, and what shows nothing or turns the text around.
        "victim?[\t\n\r\u{7f}\u{80}\u{85}\u{9f}\u{a0}\u{ad}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}\u{feff}]{1,3}v?",
        // The edges of the tag alphabet, and of its length.
        "[a-z_.:/=+@,;!#$%&*?<>\"'(){}|~^\u{60} -]{1,12}",
        (250..260_usize).prop_map(|length| "x".repeat(length)),
        (250..260_usize).prop_map(|length| "가".repeat(length)),
        Just("victim".repeat(1_700)),
        // Other scripts, their digits, and letters that look like those of another.
        "[가-힣ぁ-んא-תء-ي٠-٩０-９Ａ-ｚа-яͰ-Ͽ𝐀-𝐳😀-😂]{1,20}",
        "[vVｖѵ][iIｉіıİ][cCｃс]tim",
        "vi\u{301}ctim",
        "\\$\\{(aws:userid|aws:PrincipalTag/studiouserid|jndi:x)\\}",
    ]
}

/// Letters, digits and spaces of any script and `_.:/=+-@`, as the tagging APIs have it; never `aws:` in front of a key.
fn is_tag(key: &str, value: &str) -> bool {
    let known = |text: &str| {
        let of =
            |c: char| c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c);
        text.chars().all(of)
    };
    let (long, short) = (key.chars().count(), value.chars().count());
    (1..=128).contains(&long)
        && short <= 256
        && !key.to_lowercase().starts_with("aws:")
        && known(key)
        && known(value)
}

/// Whatever any of its attributes holds, a sign-in ends in the profile of that person with tags that AWS takes, under a name
/// that AWS takes, or in a refusal that says why.
#[test]
fn hostile_values_end_in_what_is_valid_or_in_a_refusal() {
    let alone = Alone::on(Setting::usual().profile("victim", Some("victim"), "InService"));
    let stage = alone.stage();
    let tag = |key: &str| format!("{}{key}", names::PRINCIPAL_TAG);
    let field = prop_oneof![
        Just(names::STUDIO_USER_ID.to_owned()),
        Just(names::GROUPS.to_owned()),
        Just(names::ROLE_SESSION_NAME.to_owned()),
        Just(names::SOURCE_IDENTITY.to_owned()),
        Just(names::TRANSITIVE_TAG_KEYS.to_owned()),
        Just(tag("costcenter")),
        hostile().prop_map(move |key| tag(&key)),
    ];
    runner(150)
        .run(&(field, hostile()), |(field, value)| {
            let mut response = stage.response_for(&person("mallory"));
            let mut values = vec![value.clone()];
            if field == names::GROUPS {
                values.push("data-science".into());
            }
            response.assertion.set_attribute(&field, values);
            let xml = response.sign(key(), Signed::Both).unwrap();
            let (status, code, profile) = alone.wait(async {
                let answer = stage.post_xml(&xml).await;
                let log = answer.log();
                (answer.status, log.field("code").to_owned(), log.field("profile").to_owned())
            });
            let id = if field == names::STUDIO_USER_ID { &*value } else { "mallory" };
            if status != 303 {
                prop_assert_eq!((status, &*code), (403, "identity.invalid"), "{} {:?}", field, value);
                return Ok(());
            }
            let name = ProfileName::of(id);
            prop_assert_eq!(&profile, name.as_str());
            prop_assert!(profile != "victim" && profile.len() <= 63);
            prop_assert!(
                profile.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
                "{}",
                profile
            );
            let tags = stage.profile(&profile).tags;
            prop_assert_eq!(&tags["studiouserid"], id);
            prop_assert!(tags.iter().all(|(key, value)| is_tag(key, value)), "{:?}", tags);
            Ok(())
        })
        .unwrap();
    let victim = stage.profile("victim");
    assert_eq!((victim.tags.len(), victim.tags["studiouserid"].as_str()), (1, "victim"));
}

/// XML has no way to write these, not even as a reference.
#[test]
fn what_xml_cannot_hold_is_refused_whoever_signs_it() {
    let alone = Alone::new();
    let stage = alone.stage();
    let xml = stage.response_for(&person("somebody")).sign(key(), Signed::Both).unwrap();
    for hostile in ["\0", "&#0;", "&#x1;", "\u{1b}", "&#xFFFE;", "&#xD800;", "\u{ffff}"] {
        let changed = xml.replace("somebody", &format!("some{hostile}body"));
        assert_ne!(changed, xml);
        let status = alone.wait(async { stage.post_xml(&changed).await.status });
        assert!((400..500).contains(&status), "{status} for {hostile:?}");
    }
    assert_eq!(stage.called(), [""; 0]);
}
