//! Differential tests: what the gateway reads is what other libraries read from the same message.

use crate::fixture::*;
use bergshamra::{DsigContext, KeysManager, VerifyResult};
use proptest::prelude::*;
use studio_gateway::demo::idp::response::Attribute;
use studio_gateway::demo::idp::signature::{Algorithms, Signed};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// samael reads with quick-xml, the gateway with uppsala from canonical bytes.
    #[test]
    fn another_parser_reads_the_same(
        name in "[a-zA-Z0-9가-힣&<>\"'@._-]{1,40}",
        attributes in prop::collection::vec(
            ("[a-zA-Z0-9:/._-]{1,30}", prop::collection::vec("[a-zA-Z0-9가-힣&<>\"'@._-]{1,40}", 1..4)),
            1..6,
        ),
        audience in "[a-z:/.&]{1,30}",
        what in prop::sample::select(vec![Signed::Response, Signed::Assertion, Signed::Both]),
    ) {
        let mut response = response();
        name.clone_into(&mut response.assertion.name_id.as_mut().unwrap().value);
        let attributes = attributes.iter().map(|(name, values)| Attribute::new(name, values));
        response.assertion.attributes.extend(attributes);
        response.assertion.conditions.audience_restrictions = vec![vec![audience.clone(), AUDIENCE.to_owned()]];
        let xml = response.sign(rsa(), what).unwrap();

        let ours = Gateway::new().take(&xml).unwrap();
        let theirs: samael::schema::Response = xml.parse().unwrap();
        let assertion = theirs.assertion.unwrap();
        prop_assert_eq!(ours.id(), &assertion.id);
        prop_assert_eq!(Some(ours.issuer()), assertion.issuer.value.as_deref());
        let subject = assertion.subject.unwrap();
        prop_assert_eq!(&ours.name_id().value, &subject.name_id.unwrap().value);
        prop_assert_eq!(ours.issued(), assertion.issue_instant);
        let conditions = assertion.conditions.unwrap();
        let read: Vec<_> = conditions.audience_restrictions.unwrap().into_iter().flat_map(|one| one.audience).collect();
        prop_assert_eq!(read, [audience, AUDIENCE.to_owned()]);
        let mut theirs: Vec<(String, Vec<String>)> = Vec::new();
        for statement in assertion.attribute_statements.unwrap() {
            for attribute in statement.attributes {
                let values: Vec<_> = attribute.values.into_iter().filter_map(|value| value.value).collect();
                let name = attribute.name.unwrap();
                match theirs.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, all)) => all.extend(values),
                    None => theirs.push((name, values)),
                }
            }
        }
        let ours: Vec<_> = ours
            .attributes()
            .iter()
            .map(|attribute| (attribute.name.clone(), attribute.values.clone()))
            .collect();
        prop_assert_eq!(ours, theirs);
    }
}

/// bergshamra's own verification, which the gateway does not use, agrees about messages of the one allowed shape.
fn library_agrees(xml: &str) -> bool {
    let mut keys = KeysManager::new();
    let certificate = rsa().certificate_pem().unwrap();
    keys.add_key(bergshamra::keys::loader::load_x509_cert_pem(certificate.as_bytes()).unwrap());
    let context = DsigContext::new(keys)
        .with_trusted_keys_only(true)
        .with_strict_verification(true)
        .with_insecure(true);
    bergshamra::verify_all(&context, xml).is_ok_and(|results| {
        !results.is_empty() && results.iter().all(|result| matches!(result, VerifyResult::Valid { .. }))
    })
}

#[test]
fn the_library_s_own_verifier_agrees() {
    use bergshamra::core::algorithm as uri;
    for c14n in [uri::EXC_C14N, uri::EXC_C14N_WITH_COMMENTS, uri::C14N, uri::C14N_WITH_COMMENTS, uri::C14N11]
    {
        let mut algorithms = Algorithms::usual(rsa());
        c14n.clone_into(&mut algorithms.c14n_method);
        for what in [Signed::Response, Signed::Assertion, Signed::Both] {
            let xml = response().sign_with(rsa(), what, &algorithms).unwrap();
            assert!(library_agrees(&xml));
            Gateway::new().accepts(&xml);
            for (from, to) in
                [(">kim<", ">kin<"), ("Version=\"2.0\"", "Version=\"2.1\""), ("#rsa-sha256", "#rsa-sha384")]
            {
                let at = xml.rfind(from).unwrap();
                let bad = format!("{}{to}{}", &xml[..at], &xml[at + from.len()..]);
                assert!(!library_agrees(&bad), "{from}");
                assert!(Gateway::new().take(&bad).is_err(), "{from}");
            }
        }
    }
}
