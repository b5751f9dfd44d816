//! Tokens that a browser brings back. Nothing opens but the very tokens that were sealed, each for its purpose and its
//! browser; and a token of ours with anything in it, as another version may have made it, does no harm.

use super::{files, now};
use gateway::config::SealKey;
use gateway::seal::{Purpose, Seal};
use gateway::sign_in::Choice;
use std::fs;
use std::sync::LazyLock;

pub(crate) const BROWSER: &str = "0123456789abcdef0123456789abcdef";

/// The gateway's seal, in the middle of a change of keys.
pub(crate) fn seal() -> Seal {
    Seal::new(&[SealKey([1; 32]), SealKey([2; 32])]).expect("randomness")
}

pub(crate) fn run(input: &[u8]) {
    static SEALED: LazyLock<Vec<(Purpose, String)>> = LazyLock::new(|| {
        let seeds = files("seeds/unseal").into_iter().filter_map(|seed| {
            let name = seed.file_name()?.to_str()?;
            let purpose = match name.split('-').next()? {
                "request" => Purpose::Request,
                "choice" => Purpose::Choice,
                _ => return None,
            };
            Some((purpose, fs::read_to_string(&seed).expect("a seed")))
        });
        seeds.collect()
    });
    static SEAL: LazyLock<Seal> = LazyLock::new(seal);
    let input = String::from_utf8_lossy(input);
    for purpose in [Purpose::Request, Purpose::Choice, Purpose::Page, Purpose::Remembered] {
        for binding in ["", BROWSER] {
            let opened = SEAL.open(purpose, binding, &input).is_some();
            let ours = binding_of(purpose) == binding
                && SEALED.iter().any(|(other, token)| purpose == *other && *token == *input);
            assert_eq!(opened, ours, "{purpose:?} for {binding:?}");
        }
    }
    assert!(Choice::open(&SEAL, "", &input, now()).is_err());
    let token = SEAL.seal(Purpose::Choice, BROWSER, &input).expect("a token");
    if let Ok(choice) = Choice::open(&SEAL, BROWSER, &token, now()) {
        assert!(now() < choice.identity().redeemable_until());
        let again = choice.seal(&SEAL, BROWSER).expect("a token");
        let again = Choice::open(&SEAL, BROWSER, &again, now()).expect("the same choice");
        assert!(again.identity() == choice.identity());
    }
}

/// What the seeds are bound to, as in the gateway: choices to the browser, all else to nothing.
pub(crate) fn binding_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Request | Purpose::Page | Purpose::Remembered => "",
        Purpose::Choice => BROWSER,
    }
}
