//! A message of a stranger, all the way. Whatever is accepted has the values of one of the seeds, which are all that the
//! IdP ever signed: nobody gets in as somebody else, at another time or with more rights.

use super::{encrypted, expected, files, now, world};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::saml::{EncodedResponse, Rejection, UnverifiedResponse, VerifiedAssertion};
use std::collections::HashSet;
use std::fs;
use std::sync::LazyLock;

pub(crate) fn run(input: &[u8]) {
    static SIGNED: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let seeds = files("seeds/verify").into_iter().map(|seed| {
            let xml = fs::read_to_string(&seed).expect("a seed");
            accept(&xml).unwrap_or_else(|fault| panic!("{}: {fault}", seed.display()))
        });
        seeds.map(|accepted| facts(&accepted)).collect()
    });
    let signed = &*SIGNED;
    let input = String::from_utf8_lossy(input);
    if let Ok(accepted) = accept(&input) {
        assert!(signed.contains(&facts(&accepted)), "forged: {}", facts(&accepted));
    }
}

/// What the gateway says to a message.
pub(crate) fn accept(xml: &str) -> Result<VerifiedAssertion, Rejection> {
    let decoded = EncodedResponse::new(STANDARD.encode(encrypted(xml)))?.decode()?;
    UnverifiedResponse::parse(&decoded)?.verify(&world().keys, &world().decryption, &expected(), now())
}

/// All that the rest of the gateway will know.
fn facts(accepted: &VerifiedAssertion) -> String {
    let attributes: Vec<_> =
        accepted.attributes().iter().map(|attribute| (&attribute.name, &attribute.values)).collect();
    format!(
        "{:?}",
        (
            (accepted.id(), accepted.issuer(), accepted.recipient(), accepted.request_id()),
            (accepted.issued(), accepted.acceptable_until(), accepted.session_until()),
            (&accepted.name_id().value, &accepted.name_id().format),
            attributes,
        )
    )
}
