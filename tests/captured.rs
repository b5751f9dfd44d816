//! Responses of real IdPs, captured in the field: each verifies at its time with its certificate, and none with another
//! certificate, ten minutes off, or with another value in it.
//!
//! The captures are not part of this repository. `SAML_VECTORS` names their folder; `../shared/vectors` is looked at
//! otherwise. Without them nothing is tested, which is a failure only where `CI` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test that fails is to panic, also in functions that several tests share"
)]

use chrono::{DateTime, TimeDelta, Utc};
use openssl::x509::X509;
use std::path::{Path, PathBuf};
use studio_gateway::demo::idp::response::Response;
use studio_gateway::saml::{
    DecryptionKeys, EncodedResponse, Expected, Rejection, Rule, TrustedKeys, UnverifiedResponse,
    VerifiedAssertion,
};

struct Capture {
    name: String,
    xml: String,
    certificate: Vec<u8>,
    issuer: String,
    audiences: Vec<String>,
    destination: String,
    outstanding: Vec<String>,
    clock: DateTime<Utc>,
}

impl Capture {
    fn verify(
        &self,
        xml: &str,
        certificate: &[u8],
        now: DateTime<Utc>,
    ) -> Result<VerifiedAssertion, Rejection> {
        let (keys, _) = TrustedKeys::from_certificates(&[certificate.to_vec()]).unwrap();
        let decoded = EncodedResponse::new(Response::encode(xml))?.decode()?;
        let response = UnverifiedResponse::parse(&decoded)?;
        let expected = Expected {
            idp_entity_id: &self.issuer,
            acs_url: &self.destination,
            audiences: &self.audiences,
            outstanding: &self.outstanding,
            idp_initiated: self.outstanding.is_empty(),
            skew: TimeDelta::seconds(60),
            cbc_without_response_signature: false,
        };
        response.verify(&keys, &DecryptionKeys::none(), &expected, now)
    }
}

#[expect(clippy::disallowed_methods, reason = "where the captures are is a matter of the machine")]
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("SAML_VECTORS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"));
    if folder.join("index.json").exists() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no captured responses in {}; set SAML_VECTORS",
        folder.display()
    );
    println!("skipped: no captured responses in {}", folder.display());
    None
}

fn captures() -> Vec<Capture> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let read = |name: &serde_json::Value| std::fs::read(folder.join(name.as_str().unwrap())).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let index: serde_json::Value = serde_json::from_slice(&read(&"index.json".into())).unwrap();
    let index = index.as_array().unwrap();
    assert!(index.len() >= 16, "{} captures only", index.len());
    index
        .iter()
        .map(|one| Capture {
            name: text(&one["name"]),
            xml: String::from_utf8(read(&one["response"])).unwrap(),
            certificate: X509::from_pem(&read(&one["certificate"])).unwrap().to_der().unwrap(),
            issuer: text(&one["issuer"]),
            audiences: one["audience"].as_array().unwrap().iter().map(text).collect(),
            destination: text(&one["destination"]),
            outstanding: one["in_response_to"].as_str().map(str::to_owned).into_iter().collect(),
            clock: text(&one["clock"]).parse().unwrap(),
        })
        .collect()
}

/// Everything that later steps read.
fn reading(verified: &VerifiedAssertion) -> Vec<String> {
    let mut all = vec![format!("{verified:?}"), verified.name_id().value.clone()];
    for attribute in verified.attributes() {
        all.push(format!("{}: {:?}", attribute.name, attribute.values));
    }
    all
}

#[test]
fn each_verifies_at_its_time() {
    for capture in captures() {
        let verified = capture
            .verify(&capture.xml, &capture.certificate, capture.clock)
            .unwrap_or_else(|fault| panic!("{}: {fault}", capture.name));
        assert_eq!(verified.issuer(), capture.issuer, "{}", capture.name);
        assert!(!verified.name_id().value.is_empty(), "{}", capture.name);
    }
}

#[test]
fn none_verifies_ten_minutes_off() {
    for capture in captures() {
        for now in [capture.clock - TimeDelta::minutes(10), capture.clock + TimeDelta::minutes(10)] {
            let fault = capture.verify(&capture.xml, &capture.certificate, now).expect_err(&capture.name);
            assert_eq!(fault.code.name(), "assertion.expired", "{}: {fault}", capture.name);
        }
    }
}

#[test]
fn none_verifies_with_another_certificate() {
    let captures = captures();
    for capture in &captures {
        for other in captures.iter().filter(|other| other.certificate != capture.certificate) {
            let fault =
                capture.verify(&capture.xml, &other.certificate, capture.clock).expect_err(&capture.name);
            assert_eq!(fault.rule, Rule::Signature, "{}: {fault}", capture.name);
        }
    }
}

#[test]
fn no_changed_byte_changes_a_value() {
    for capture in captures() {
        let original = capture.verify(&capture.xml, &capture.certificate, capture.clock).unwrap();
        // Every byte in turn would take minutes; a prime step meets all parts of a message.
        for index in (0..capture.xml.len()).step_by(41) {
            let mut bytes = capture.xml.clone().into_bytes();
            bytes[index] = if bytes[index] == b'x' { b'y' } else { b'x' };
            let Ok(xml) = String::from_utf8(bytes) else {
                continue;
            };
            if let Ok(verified) = capture.verify(&xml, &capture.certificate, capture.clock) {
                assert_eq!(reading(&verified), reading(&original), "{} at byte {index}", capture.name);
            }
        }
    }
}
