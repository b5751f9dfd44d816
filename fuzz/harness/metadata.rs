//! Metadata, unsigned as an admin's file and signed as from the web. What passes for signed says what one of the signed
//! seeds says.

use super::{IDP, files, now, world};
use gateway::saml::metadata::IdpMetadata;
use std::collections::HashSet;
use std::fs;
use std::sync::LazyLock;

pub(crate) fn run(input: &[u8]) {
    static SIGNED: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let seeds = files("seeds/metadata").into_iter().filter_map(|seed| {
            let document = fs::read_to_string(&seed).expect("a seed");
            let read = signed(&document);
            let is_signed = seed.file_name()?.to_str()?.contains("signed-");
            assert_eq!(read.is_ok(), is_signed, "{}: {:?}", seed.display(), read.err());
            read.ok()
        });
        seeds.collect()
    });
    let known = &*SIGNED;
    let document = String::from_utf8_lossy(input);
    for entity_id in [None, Some(IDP)] {
        match IdpMetadata::parse(&document, entity_id, None, now()) {
            Ok(metadata) => {
                assert!(metadata.keys.count() > 0 && !metadata.entity_id.is_empty());
                assert!(entity_id.is_none_or(|wanted| wanted == metadata.entity_id));
                assert!(metadata.valid_until.is_none_or(|until| now() < until));
                let locations = metadata.sso_redirect.iter().chain(&metadata.sso_post);
                assert!(
                    locations
                        .map(|url| url.split_once(':'))
                        .all(|url| { url.is_some_and(|(scheme, _)| scheme == "https" || scheme == "http") })
                );
            }
            Err(fault) => assert!(fault.len() < 4_096, "a fault as long as a document"),
        }
    }
    if let Ok(metadata) = signed(&document) {
        assert!(known.contains(&metadata), "forged: {metadata}");
    }
}

/// What metadata says that is signed with the IdP's keys.
fn signed(document: &str) -> Result<String, String> {
    IdpMetadata::parse(document, Some(IDP), Some(&world().keys), now())
        .map(|metadata| format!("{metadata:?}"))
}
