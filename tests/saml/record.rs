//! Writes down every message that the verifier was given, with the keys and with what it said, for programs that are
//! no part of `cargo test`: `oracle` asks libxmlsec about the same messages, and `fuzz/benches/cost` measures them.
//! One JSON object a line, in the file that `SAML_MESSAGES` names; without it nothing is written.

use crate::fixture::Gateway;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex};
use std::thread;
use studio_gateway::saml::{EncodedResponse, Rejection, UnverifiedResponse, VerifiedAssertion};

/// A form value and the gateway's answer to it.
pub(crate) fn record(gateway: &Gateway, value: &str, answer: &Result<VerifiedAssertion, Rejection>) {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration file")]
    static FILE: LazyLock<Option<Mutex<File>>> =
        LazyLock::new(|| Some(Mutex::new(File::create(std::env::var_os("SAML_MESSAGES")?).unwrap())));
    let Some(file) = &*FILE else { return };
    let certificates: Vec<_> = gateway.keys.certificates.iter().map(|der| STANDARD.encode(der)).collect();
    let line = json!({
        "test": thread::current().name(),
        "value": value,
        "idp": gateway.idp,
        "certificates": certificates,
        "decryption_keys": gateway.decryption.pems,
        "audiences": gateway.audiences,
        "outstanding": gateway.outstanding,
        "idp_initiated": gateway.idp_initiated,
        "cbc_without_response_signature": gateway.cbc_without_response_signature,
        "now": gateway.now.to_rfc3339(),
        "passes_gate": passes_gate(value),
        "answer": told(answer),
    });
    writeln!(file.lock().unwrap(), "{line}").unwrap();
}

fn told(answer: &Result<VerifiedAssertion, Rejection>) -> Value {
    match answer {
        Ok(verified) => {
            json!({ "accepted": { "assertion": verified.id(), "name": verified.name_id().value } })
        }
        Err(fault) => json!({ "refused": format!("{:?}", fault.rule) }),
    }
}

fn passes_gate(value: &str) -> bool {
    EncodedResponse::new(value.to_owned())
        .and_then(|encoded| encoded.decode())
        .is_ok_and(|decoded| UnverifiedResponse::parse(&decoded).is_ok())
}
