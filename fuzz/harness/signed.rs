//! A message of the IdP itself, which can be anything: the input is signed, so that the reading and the rules behind the
//! signature see what a fuzzer thinks of. What is accepted keeps the promises that the rest of the gateway relies on.

use super::verify::accept;
use super::{ACS, IDP, REQUEST, encrypted, now, world};
use chrono::TimeDelta;
use gateway::demo::idp::signature::{Algorithms, sign_xml};
use std::collections::HashSet;

/// IDs of Response and Assertion in the seeds.
pub(crate) const IDS: [&str; 2] = ["_r", "_a"];
/// PrefixLists of both signatures, of which an input gets one: the Assertion's canonical form is cut out of the Response's.
const LISTS: [&[&str]; 3] = [&[], &["xs"], &["#default", "saml", "x"]];

pub(crate) fn run(input: &[u8]) {
    let Ok(input) = str::from_utf8(input) else { return };
    // Like the gateway, which would refuse it: signing is slower than refusing.
    if input.len() > 75_000 || input.matches('<').count() > 3_000 {
        return;
    }
    // Encrypted first, so that what was found does not change under the signature.
    let input = encrypted(input);
    let key = &world().ec;
    for id in IDS {
        if let Ok(xml) = sign_xml(&input, id, key, &Algorithms::usual(key)) {
            check(&xml);
        }
    }
    let list = LISTS[input.len() % LISTS.len()].iter();
    let algorithms =
        Algorithms { inclusive_prefixes: list.map(ToString::to_string).collect(), ..Algorithms::usual(key) };
    let [response, assertion] = IDS;
    let inside = sign_xml(&input, assertion, key, &algorithms);
    if let Ok(xml) = inside.and_then(|xml| sign_xml(&xml, response, key, &algorithms)) {
        check(&xml);
    }
}

fn check(xml: &str) {
    let Ok(accepted) = accept(xml) else { return };
    assert_eq!((accepted.issuer(), accepted.recipient()), (IDP, ACS));
    assert!(!accepted.id().is_empty());
    assert!(accepted.request_id().is_none_or(|id| id == REQUEST));
    let (skew, lifetime) = (TimeDelta::seconds(60), TimeDelta::minutes(5));
    assert!(accepted.issued() <= now() + skew && now() < accepted.issued() + lifetime + skew);
    assert!(now() < accepted.acceptable_until(), "accepted although it is over");
    assert!(accepted.acceptable_until() <= accepted.issued() + lifetime + skew);
    assert!(accepted.session_until().is_none_or(|until| now() < until + skew));
    let name = &accepted.name_id().value;
    assert!(!name.trim().is_empty() && name.chars().count() <= 1_024 && !name.chars().any(char::is_control));
    let mut names = HashSet::new();
    assert!(accepted.attributes().iter().all(|attribute| names.insert(&attribute.name)));
}
