//! Asks libxmlsec about every message that the gateway's verifier was given by `tests/saml`:
//! `studio-gateway-oracle FILE`, where `SAML_MESSAGES=FILE cargo test --test saml` wrote FILE.
//!
//! Whatever the gateway accepted, libxmlsec has to call valid with the same keys, and the bytes that libxmlsec says were
//! signed have to hold the assertion and the name that the gateway read. It fails otherwise; when it judged so little
//! that it proves nothing; and when libxmlsec does not notice a forgery that is planted for it. Nothing here is part of
//! the product, which has no C code that reads XML.

mod decryption;
mod judge;
mod message;

use judge::{Judgement, judge};
use message::{Answer, Message};
use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

/// `tests/saml` has more than that many messages that are accepted; a run with fewer was not given them all.
const FEWEST_ACCEPTED: usize = 2_500;
/// How many messages of each kind of trouble are told in full.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    let Some(file) = env::args().nth(1) else {
        eprintln!("usage: studio-gateway-oracle FILE");
        return ExitCode::from(2);
    };
    match read(&file) {
        Ok(messages) => {
            let sound = accepted(&messages);
            refused(&messages);
            if forged(&messages) && sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            eprintln!("{file}: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn read(file: &str) -> Result<Vec<Message>, Box<dyn Error>> {
    let lines = fs::read_to_string(file)?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// What the gateway accepted has to be valid, but for algorithms that this libxmlsec does not know.
fn accepted(messages: &[Message]) -> bool {
    let (mut judged, mut signatures, mut unknown, mut wrong) = (0, 0, 0, 0);
    for message in messages {
        let Answer::Accepted(values) = &message.answer else { continue };
        match judge(message) {
            Judgement::Valid { signatures: checked, signed } if signed.is(values) => {
                judged += 1;
                signatures += checked;
            }
            Judgement::UnknownAlgorithm => unknown += 1,
            other => {
                wrong += 1;
                if wrong <= SHOWN {
                    println!("ACCEPTED, AND LIBXMLSEC SAYS {other}: {}\n{}", message.test, message.text());
                }
            }
        }
    }
    println!(
        "{judged} accepted messages, {signatures} signatures checked by libxmlsec, {wrong} called invalid \
         ({unknown} more use RSA-PSS, which this libxmlsec does not know)"
    );
    if judged < FEWEST_ACCEPTED {
        println!("fewer than {FEWEST_ACCEPTED} accepted messages prove nothing");
    }
    wrong == 0 && judged >= FEWEST_ACCEPTED
}

/// What the gateway refused, although it passed the structural gate. That libxmlsec would have let some in is no fault:
/// most are signed well and break another rule. Messages that the gate refused are not shown to libxmlsec, which fetches
/// what they refer to.
fn refused(messages: &[Message]) {
    let mut rules: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for message in messages.iter().filter(|message| message.passes_gate) {
        let Answer::Refused(rule) = &message.answer else { continue };
        let [all, let_in] = rules.entry(rule).or_default();
        *all += 1;
        if let Judgement::Valid { .. } = judge(message) {
            *let_in += 1;
            if rule == "Signature" {
                println!("refused for its signature, which libxmlsec calls valid: {}", message.test);
            }
        }
    }
    println!("refused behind the gate, by rule: of how many libxmlsec calls each signature valid");
    for (rule, [all, let_in]) in &rules {
        println!("  {rule:<20} {let_in:>5} of {all:>5}");
    }
}

/// The oracle can say no: one letter of what is signed is changed, and one of the keys.
fn forged(messages: &[Message]) -> bool {
    let mut genuine = messages.iter().filter(|message| {
        let text = message.text();
        let plain = text.contains(">kim<") && text.contains("#rsa-sha256\"");
        matches!(message.answer, Answer::Accepted(_)) && plain && message.certificates.len() == 1
    });
    let Some(one) = genuine.next() else {
        println!("there is no message to forge");
        return false;
    };
    let Some(other) = genuine.find(|other| other.certificates != one.certificates) else {
        println!("there is no other key");
        return false;
    };
    let renamed = one.with_text(&one.text().replace(">kim<", ">kin<"));
    let rekeyed = one.with_certificates(&other.certificates);
    let verdicts = [judge(one), judge(&renamed), judge(&rekeyed)];
    let noticed = matches!(verdicts, [Judgement::Valid { .. }, Judgement::Invalid, Judgement::Invalid]);
    println!("two planted forgeries: {}", if noticed { "called invalid" } else { "NOT NOTICED" });
    noticed
}
