//! What has to stay secret is marked, sign-ins go well and badly in many ways, and then everything that is told is
//! searched for the marks: log lines, audit events, error pages, metrics and Debug output. As they are, in base64, in
//! hexadecimal, percent-encoded, and in pieces.

use crate::log_lines;
use crate::stage::{Setting, Stage, alice, key, stranger_key};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestCaseError, TestRunner};
use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;
use studio_gateway::demo::idp::response::Response;
use studio_gateway::demo::idp::signature::Signed;
use studio_gateway::demo::world;
use studio_gateway::saml::EncodedResponse;
use tokio::runtime::Runtime;

/// A piece of a secret that is long enough to be no coincidence.
const PIECE: usize = 16;
const SEAL_KEY: [u8; 32] = *b"seal-key-that-nobody-ever-shows!";
const PSEUDONYM_KEY: [u8; 32] = *b"pseudonym-key-nobody-ever-shows!";

/// What happens to a response on its way.
#[derive(Debug, Clone, Copy)]
enum Way {
    Good,
    Twice,
    ByAStranger,
    Unsigned,
    TooOld,
    Elsewhere,
    Truncated(usize),
    Flipped(usize),
    NotBase64,
    TwoFields,
    AnotherType,
    InAQuery,
    DeniedBySts,
    ProfileNotMade,
    NoLink,
    Reset,
    Chosen,
}

fn ways() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::Good),
        Just(Way::Twice),
        Just(Way::ByAStranger),
        Just(Way::Unsigned),
        Just(Way::TooOld),
        Just(Way::Elsewhere),
        (0..4_000_usize).prop_map(Way::Truncated),
        (0..4_000_usize).prop_map(Way::Flipped),
        Just(Way::NotBase64),
        Just(Way::TwoFields),
        Just(Way::AnotherType),
        Just(Way::InAQuery),
        Just(Way::DeniedBySts),
        Just(Way::ProfileNotMade),
        Just(Way::NoLink),
        Just(Way::Reset),
        Just(Way::Chosen),
    ]
}

/// Every piece of every secret, in every encoding.
#[derive(Default)]
struct Secrets(HashSet<Vec<u8>>);

impl Secrets {
    fn add(&mut self, secret: &[u8]) {
        let hexadecimal = secret.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        let percent: String = form_urlencoded::byte_serialize(secret).collect();
        for text in [
            secret.to_vec(),
            STANDARD.encode(secret).into_bytes(),
            URL_SAFE_NO_PAD.encode(secret).into_bytes(),
            hexadecimal.to_uppercase().into_bytes(),
            hexadecimal.into_bytes(),
            percent.into_bytes(),
        ] {
            self.0.extend(text.windows(PIECE).map(<[u8]>::to_vec));
        }
    }

    fn found_in(&self, text: &str) -> Option<String> {
        let found = text.as_bytes().windows(PIECE).find(|piece| self.0.contains(*piece))?;
        Some(String::from_utf8_lossy(found).into_owned())
    }
}

fn setting() -> Setting {
    Setting::usual()
        .file("seal.key", &STANDARD.encode(SEAL_KEY))
        .file("pseudonyms.key", &STANDARD.encode(PSEUDONYM_KEY))
        .set("gateway.seal_keys", vec!["file:seal.key".to_owned()])
        .set("audit.firehose.stream", "studio-audit")
}

/// One sign-in. Answers what of it has to stay secret, and what everybody may see.
async fn sign_in(stage: &Stage, way: Way, mark: &str, secrets: &mut Secrets) -> Vec<String> {
    let person = if matches!(way, Way::Chosen) { crate::stage::ada() } else { alice() };
    // The clock stays: AWS's is the same, and calls are signed by the machine's.
    let age = TimeDelta::minutes(if matches!(way, Way::TooOld) { 20 } else { 0 });
    let mut response = Response::valid(stage.clock.now() - age, &stage.addressing, &person);
    // An attribute that nobody asks for.
    response.assertion.set_attribute("https://example.com/mark", vec![mark]);
    match way {
        Way::Elsewhere => response.destination = Some("https://elsewhere.example.com/acs".into()),
        Way::DeniedBySts => stage.aws.knobs().fail("sts:AssumeRoleWithSAML", 2, 403, "AccessDenied"),
        Way::ProfileNotMade => {
            stage.aws.knobs().fail("sagemaker:DescribeUserProfile", 2, 400, "ValidationException");
        }
        Way::NoLink => {
            stage.aws.knobs().fail("sagemaker:CreatePresignedDomainUrl", 4, 400, "ValidationException");
        }
        Way::Reset => stage.aws.knobs().reset("sts:AssumeRoleWithSAML", 2),
        _ => {}
    }
    let signer = if matches!(way, Way::ByAStranger) { stranger_key() } else { key() };
    let xml = match way {
        Way::Unsigned => response.to_xml(),
        _ => response.sign(signer, Signed::Both).unwrap(),
    };
    let mut value = Response::encode(&xml);
    secrets.add(mark.as_bytes());
    secrets.add(response.assertion.id.as_bytes());
    // In base64 only: as XML it holds what may be told, such as the name of a role.
    secrets.0.extend(value.as_bytes().windows(PIECE).map(<[u8]>::to_vec));
    match way {
        Way::Truncated(length) => value.truncate(length.min(value.len())),
        Way::Flipped(place) => {
            let mut bytes = value.into_bytes();
            let place = place.min(bytes.len() - 1);
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            value = String::from_utf8(bytes).unwrap();
        }
        Way::NotBase64 => value = format!("<{mark}>"),
        _ => {}
    }
    let ask = stage
        .acs()
        .field("SAMLResponse", &value)
        .header("cookie", &format!("__Host-studio={mark}; other={mark}"));
    let ask = match way {
        Way::TwoFields => ask.field("SAMLResponse", &value),
        Way::AnotherType => stage.acs().body("text/xml", xml.clone()),
        Way::InAQuery => stage.get(&format!("/saml/acs?SAMLResponse={}", &value[..2_000])),
        _ => ask,
    };
    let answer = ask.await;
    let mut seen = Vec::new();
    for cookie in answer.set_cookies() {
        let (_, cookie) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        secrets.add(cookie.as_bytes());
    }
    if answer.status == 303 {
        let (_, token) = answer.header("location").split_once("token=").expect("a presigned URL");
        secrets.add(token.as_bytes());
    } else if matches!(way, Way::Chosen) {
        let chooser = answer.expect_chooser();
        secrets.add(chooser.token.as_bytes());
        let chosen = stage.choose(&chooser.token, chooser.offer("research")).await;
        // Without the browser's cookie.
        chosen.expect_refused(403, "choice.expired");
        seen.push(chosen.body.clone());
    } else {
        seen.push(answer.body.clone());
        seen.push(format!(
            "{:?}",
            answer.headers.iter().filter(|(name, _)| *name != "set-cookie").collect::<Vec<_>>()
        ));
    }
    if matches!(way, Way::Twice) {
        let again = stage.post_value(&value).await;
        again.expect_refused(403, "assertion.replayed");
        seen.push(again.body.clone());
    }
    if let Ok(encoded) = EncodedResponse::new(value) {
        seen.push(format!("{encoded:?} {:?}", encoded.decode()));
    }
    seen
}

#[test]
fn nothing_that_is_told_holds_a_secret() {
    for pseudonymise in [false, true] {
        let runtime = Runtime::new().unwrap();
        let setting = setting();
        let setting =
            if pseudonymise { setting.set("audit.pseudonymise", "file:pseudonyms.key") } else { setting };
        let stage = runtime.block_on(setting.start());
        let mut runner = TestRunner::new(Runs { cases: 48, failure_persistence: None, ..Runs::default() });
        let cases = (ways(), "[A-Za-z0-9]{40}");
        let mut keys = Secrets::default();
        for key in [&SEAL_KEY, &PSEUDONYM_KEY] {
            keys.add(key);
        }
        keys.add(world::SECRET_ACCESS_KEY.as_bytes());
        let outcome = runner.run(&cases, |(way, mark)| {
            let (first, received) = (log_lines::count(), stage.aws.received().len());
            let issued = stage.aws.issued_credentials();
            let mut secrets = Secrets(keys.0.clone());
            let mut told = runtime.block_on(sign_in(&stage, way, &mark, &mut secrets));
            for credential in stage.aws.issued_credentials().iter().filter(|one| !issued.contains(one)) {
                secrets.add(credential.as_bytes());
            }
            runtime.block_on(stage.gateway.audit.flush(Duration::from_mins(1)));
            told.extend(stage.aws.received().into_iter().skip(received).map(|event| event.text));
            told.extend(log_lines::since(first));
            told.push(stage.gateway.metrics.text());
            stage.aws.knobs().clear();
            match told.iter().find_map(|text| Some((secrets.found_in(text)?, text))) {
                Some((piece, text)) => Err(TestCaseError::fail(format!("{way:?}: {piece:?} is in {text}"))),
                None => Ok(()),
            }
        });
        // All that the gateway holds, after all that: keys, clients, ledger, what it remembers.
        for credential in stage.aws.issued_credentials() {
            keys.add(credential.as_bytes());
        }
        assert_eq!(keys.found_in(&format!("{:?}", stage.gateway)), None);
        runtime.block_on(stage.stop());
        if let Err(fault) = outcome {
            panic!("{fault}");
        }
    }
}

#[test]
fn the_search_finds_secrets_in_every_encoding() {
    let mut secrets = Secrets::default();
    let secret = "a secret of more than sixteen characters";
    secrets.add(secret.as_bytes());
    for leak in [
        secret.to_owned(),
        secret[5..25].to_owned(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        secret.bytes().fold(String::new(), |text, byte| format!("{text}{byte:02X}")),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ] {
        assert!(secrets.found_in(&format!("before {leak} after")).is_some(), "{leak}");
    }
    assert_eq!(secrets.found_in(&secret[..PIECE - 1]), None);
}
