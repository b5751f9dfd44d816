//! Seeds and findings of the fuzz targets, replayed without a fuzzer: `fuzz/seeds/TARGET/*`, `fuzz/regressions/TARGET/*`.
//!
//! The seeds are files, and so are the keys that signed them, because a finding is one with those keys only.
//! What is missing of both is made anew by a test, which then fails so that somebody looks at it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "clippy allows them in test functions only, not in what these share"
)]

extern crate studio_gateway as gateway;

#[path = "../fuzz/harness/mod.rs"]
mod harness;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::core::algorithm as uri;
use gateway::config::SealKey;
use gateway::demo::idp::encryption::Encryption;
use gateway::demo::idp::key::{KeyKind, SigningKey};
use gateway::demo::idp::metadata::metadata_xml;
use gateway::demo::idp::people::Person;
use gateway::demo::idp::response::{Addressing, Attribute, Response};
use gateway::demo::idp::signature::{Algorithms, Signed, sign_xml};
use gateway::seal::{Purpose, Seal};
use harness::signed::IDS;
use harness::{ACS, AUDIENCE, ENCRYPT, IDP, REQUEST, folder, now, world};
use std::fs;

const ROLE: &str = "arn:aws:iam::111122223333:role/Studio,arn:aws:iam::111122223333:saml-provider/idp";

fn replay(target: &str, run: fn(&[u8])) {
    let seeds = harness::files(&format!("seeds/{target}"));
    assert!(!seeds.is_empty(), "no seeds of {target}");
    for file in seeds.into_iter().chain(harness::files(&format!("regressions/{target}"))) {
        println!("{}", file.display());
        let input = fs::read(&file).unwrap();
        harness::bounded(|| run(&input));
    }
}

#[test]
fn decode() {
    replay("decode", harness::decode::run);
}

#[test]
fn verify() {
    replay("verify", harness::verify::run);
}

#[test]
fn signed() {
    replay("signed", harness::signed::run);
}

#[test]
fn metadata() {
    replay("metadata", harness::metadata::run);
}

#[test]
fn unseal() {
    replay("unseal", harness::unseal::run);
}

/// A few thousand changes of each seed: a fuzzer without a compass, but in every test run.
#[test]
fn changed_messages_are_not_accepted_with_other_values() {
    for file in harness::files("seeds/verify") {
        let xml = fs::read_to_string(&file).unwrap();
        for seed in 0..300 {
            harness::verify::run(harness::mutate::mutate(&xml, 75_000, seed).as_bytes());
        }
    }
}

/// Every seed is there. One that is not, because it was deleted to be made anew, is written.
#[test]
fn seeds_are_there() {
    write_keys();
    let mut missing = Vec::new();
    let mut put = |target: &str, name: &str, content: &str| {
        let file = folder("seeds").join(target).join(name);
        if !file.exists() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, content).unwrap();
            missing.push(file);
        }
    };
    for (name, xml) in accepted() {
        put("verify", &format!("{name}.xml"), &xml);
        harness::verify::accept(&xml).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
    for (name, xml) in accepted().into_iter().take(3) {
        put("decode", name, &STANDARD.encode(xml));
    }
    put("decode", "void", "");
    for (name, xml) in unsigned() {
        put("signed", &format!("{name}.xml"), &xml);
    }
    for (name, xml) in documents() {
        put("metadata", &format!("{name}.xml"), &xml);
    }
    let seal = Seal::new(&[SealKey([1; 32])]).unwrap();
    let old = Seal::new(&[SealKey([2; 32])]).unwrap();
    for (name, seal, purpose, text) in [
        ("request", &seal, Purpose::Request, "1772356500 _request"),
        ("request-old", &old, Purpose::Request, "1772356500 _request"),
        ("choice", &seal, Purpose::Choice, CHOICE),
        ("choice-text", &seal, Purpose::Choice, "text"),
    ] {
        let binding = harness::unseal::binding_of(purpose);
        put("unseal", name, &seal.seal(purpose, binding, text).unwrap());
    }
    put("unseal", "plain-choice", CHOICE);
    put("unseal", "void", "");
    put("form", "form", "SAMLResponse=PGE%2BPC9hPg%3D%3D&RelayState=to.research");
    put("form", "cookies", "__Host-sg-request-a1=e30; __Host-sg-browser=0123456789abcdef0123456789abcdef");
    put("form", "relay-state", "again.to.research");
    assert!(missing.is_empty(), "written, to be looked at and committed: {missing:?}");
}

/// A choice as it is before it is sealed.
const CHOICE: &str = concat!(
    r#"{"claims":{"idp":"idp","user_id":"kim","session_name":"kim","session_seconds":3600,"#,
    r#""source_identity":null,"principal_tags":{"team":"a"},"transitive_tags":["team"],"groups":["a","b"],"#,
    r#""roles":["arn:aws:iam::111122223333:role/Studio,arn:aws:iam::111122223333:saml-provider/idp"],"#,
    r#""attributes":{"groups":["a"]}},"issuer":"https://idp.example.com/metadata","subject":"kim","#,
    r#""recipient":"https://studio.example.com/saml/acs","redeemable_until":"2026-03-01T09:05:00Z","session_until":null}"#,
    "\nPGEvPg=="
);

fn write_keys() {
    fs::create_dir_all(folder("keys")).unwrap();
    for (name, kind) in
        [("idp-rsa.pem", KeyKind::Rsa(2048)), ("idp-ec.pem", KeyKind::P256), ("sp.pem", KeyKind::Rsa(2048))]
    {
        let path = folder("keys").join(name);
        if !path.exists() {
            let key = SigningKey::generate(kind, "fuzz.test").unwrap();
            let pem = key.private_key_pem().unwrap() + &key.certificate_pem().unwrap();
            fs::write(path, pem).unwrap();
        }
    }
}

fn response() -> Response {
    let addressing = Addressing {
        acs_url: ACS.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        idp_entity_id: IDP.to_owned(),
    };
    let mut kim = Person::new("kim", "김하늘", "kim", ROLE);
    kim.groups = vec!["데이터 <팀> & co".to_owned(), "b".to_owned()];
    let mut response = Response::valid(now(), &addressing, &kim);
    let [outer, inner] = IDS.map(str::to_owned);
    (response.id, response.assertion.id) = (outer, inner);
    response
}

/// Messages that the gateway accepts; the first three are the usual ones.
fn accepted() -> Vec<(&'static str, String)> {
    let (rsa, ec) = (&world().rsa, &world().ec);
    let with = |key: &SigningKey, what, edit: &dyn Fn(&mut Algorithms)| {
        let mut algorithms = Algorithms::usual(key);
        edit(&mut algorithms);
        response().sign_with(key, what, &algorithms).unwrap()
    };
    let usual = |_: &mut Algorithms| ();
    let inclusive = |algorithms: &mut Algorithms| uri::C14N.clone_into(&mut algorithms.c14n_method);
    let prefixes = |algorithms: &mut Algorithms| {
        algorithms.inclusive_prefixes = vec!["xs".to_owned(), "xsi".to_owned()];
        uri::EXC_C14N_WITH_COMMENTS.clone_into(&mut algorithms.c14n_method);
    };
    let pss = |algorithms: &mut Algorithms| {
        uri::RSA_PSS_SHA256.clone_into(&mut algorithms.signature_method);
        uri::SHA512.clone_into(&mut algorithms.digest_method);
    };
    let sp = fs::read_to_string(folder("keys").join("sp.pem")).unwrap();
    let encrypted = |what, data: &str| {
        let mut encryption = Encryption::usual();
        data.clone_into(&mut encryption.data_method);
        response().sign_encrypted(rsa, what, &sp, &encryption).unwrap()
    };
    let usual_ec = Algorithms::usual(ec);
    vec![
        ("response", with(rsa, Signed::Response, &usual)),
        ("assertion", with(ec, Signed::Assertion, &usual)),
        ("encrypted-gcm", encrypted(Signed::Assertion, uri::AES256_GCM)),
        ("both", with(ec, Signed::Both, &usual)),
        ("inclusive", with(ec, Signed::Both, &inclusive)),
        ("prefixes", with(ec, Signed::Assertion, &prefixes)),
        ("pss", with(rsa, Signed::Assertion, &pss)),
        ("answer", response().answering(REQUEST).sign(ec, Signed::Assertion).unwrap()),
        ("encrypted-response", encrypted(Signed::Response, uri::AES128_GCM)),
        ("encrypted-cbc", encrypted(Signed::Both, uri::AES128_CBC)),
        ("encrypted-cbc-inside", encrypted(Signed::Assertion, uri::AES256_CBC)),
        // Encrypted by the harness, so that what is inside can be changed.
        ("sealed", sealed(&with(ec, Signed::Assertion, &usual))),
        ("sealed-inclusive", sealed(&with(ec, Signed::Assertion, &inclusive))),
        ("encrypted-name", sign_xml(&harness::encrypted(&named_in_secret()), IDS[1], ec, &usual_ec).unwrap()),
    ]
}

fn assertion_of(xml: &str) -> &str {
    let from = xml.find("<saml:Assertion").unwrap();
    let to = xml.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    &xml[from..to]
}

fn sealed(xml: &str) -> String {
    let assertion = assertion_of(xml);
    let holder = format!("<saml:EncryptedAssertion>{ENCRYPT}{assertion}{ENCRYPT}</saml:EncryptedAssertion>");
    xml.replace(assertion, &holder)
}

/// A message whose name is in an EncryptedID, in the clear between marks.
fn named_in_secret() -> String {
    let xml = response().to_xml();
    let (from, end) = (xml.find("<saml:NameID").unwrap(), "</saml:NameID>");
    let name = &xml[from..xml.find(end).unwrap() + end.len()];
    let plain = "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">kim</saml:NameID>";
    xml.replace(name, &format!("<saml:EncryptedID>{ENCRYPT}{plain}{ENCRYPT}</saml:EncryptedID>"))
}

/// Messages that the harness signs.
fn unsigned() -> Vec<(&'static str, String)> {
    let mut rich = response().answering(REQUEST);
    let assertion = &mut rich.assertion;
    assertion
        .attributes
        .push(Attribute::new("https://aws.amazon.com/SAML/Attributes/SessionDuration", ["3600"]));
    assertion.confirmations.push(assertion.confirmations[0].clone());
    assertion.conditions.audience_restrictions.push(vec!["x".to_owned(), AUDIENCE.to_owned()]);
    "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"1\"/>".clone_into(&mut assertion.conditions.extra);
    let plain = response().to_xml();
    vec![
        ("usual", plain.clone()),
        ("rich", rich.to_xml()),
        ("declined", response().declined("no").to_xml()),
        ("encrypted", sealed(&plain)),
        ("encrypted-name", named_in_secret()),
    ]
}

fn documents() -> Vec<(&'static str, String)> {
    let (rsa, ec) = (&world().rsa, &world().ec);
    let one = metadata_xml(IDP, "https://idp.example.com/sso", &[rsa, ec]).unwrap();
    let other = metadata_xml("https://other.example.com/", "https://other.example.com/sso", &[rsa]).unwrap();
    let limits = "ID=\"_r\" validUntil=\"2026-03-02T00:00:00Z\" cacheDuration=\"PT6H\"";
    let limited = one.replacen(" entityID", &format!(" {limits} entityID"), 1);
    let several = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" {limits}>{one}{other}\
         </md:EntitiesDescriptor>"
    );
    let sign = |xml: &str, key: &SigningKey| sign_xml(xml, "_r", key, &Algorithms::usual(key)).unwrap();
    vec![
        ("signed-entity", sign(&limited, ec)),
        ("signed-several", sign(&several, rsa)),
        ("entity", one),
        ("several", several),
    ]
}
