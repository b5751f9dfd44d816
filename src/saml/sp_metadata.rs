//! Our own metadata as a service provider, for the IdP to read (saml-metadata 2.4.4).

use super::sp_key::SpKey;
use super::{HTTP_POST, PROTOCOL};
use crate::error::{Code, Refusal};
use samael::key_info::{KeyInfo, X509Data};
use samael::metadata::{EntityDescriptor, IndexedEndpoint, KeyDescriptor, SpSsoDescriptor};
use samael::traits::ToXml;

/// The metadata document: one ACS, with the HTTP-POST binding; signed assertions wanted; and the certificates of our
/// keys, all of them, so that an IdP knows the next one before it is used.
pub fn document(
    sp_entity_id: &str,
    acs_url: &str,
    keys: &[SpKey],
    requests_signed: bool,
) -> Result<String, Refusal> {
    let descriptors: Vec<_> = keys.iter().flat_map(descriptors).collect();
    let role = SpSsoDescriptor {
        protocol_support_enumeration: Some(PROTOCOL.into()),
        authn_requests_signed: Some(requests_signed),
        want_assertions_signed: Some(true),
        key_descriptors: (!descriptors.is_empty()).then_some(descriptors),
        assertion_consumer_services: vec![IndexedEndpoint {
            binding: HTTP_POST.into(),
            location: acs_url.to_owned(),
            index: 0,
            is_default: Some(true),
            ..IndexedEndpoint::default()
        }],
        ..SpSsoDescriptor::default()
    };
    let entity = EntityDescriptor {
        entity_id: Some(sp_entity_id.to_owned()),
        sp_sso_descriptors: Some(vec![role]),
        ..EntityDescriptor::default()
    };
    entity.to_string().map_err(|fault| Refusal::new(Code::GatewayFault, format!("SP metadata: {fault}")))
}

fn descriptors(key: &SpKey) -> impl Iterator<Item = KeyDescriptor> {
    let uses = if key.decrypts() { &["signing", "encryption"][..] } else { &["signing"][..] };
    uses.iter().map(|key_use| KeyDescriptor {
        key_use: Some((*key_use).to_owned()),
        key_info: KeyInfo {
            id: None,
            x509_data: Some(X509Data { certificates: vec![key.certificate_base64()] }),
        },
        encryption_methods: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::idp::key::{KeyKind, SigningKey};

    #[test]
    fn the_document_names_us_our_acs_and_our_keys() {
        let key = SigningKey::generate(KeyKind::Rsa(2048), "sp.test").unwrap();
        let key =
            SpKey::from_pem(&key.certificate_pem().unwrap(), &key.private_key_pem().unwrap(), true).unwrap();
        let keys = [key];
        let xml = document("https://sp.test/m?a=1&b=2", "https://sp.test/saml/acs", &keys, true).unwrap();
        let document = uppsala::parse(&xml).unwrap();
        let root = document.document_element().unwrap();
        assert_eq!(document.get_attribute(root, "entityID"), Some("https://sp.test/m?a=1&b=2"));
        let acs = document.get_elements_by_tag_name("AssertionConsumerService")[0];
        assert_eq!(document.get_attribute(acs, "Location"), Some("https://sp.test/saml/acs"));
        assert_eq!(document.get_attribute(acs, "Binding"), Some(HTTP_POST));
        let role = document.get_elements_by_tag_name("SPSSODescriptor")[0];
        assert_eq!(document.get_attribute(role, "WantAssertionsSigned"), Some("true"));
        assert_eq!(document.get_attribute(role, "AuthnRequestsSigned"), Some("true"));
        let uses: Vec<_> = document
            .get_elements_by_tag_name("KeyDescriptor")
            .into_iter()
            .map(|node| document.get_attribute(node, "use").unwrap())
            .collect();
        assert_eq!(uses, ["signing", "encryption"]);
        for node in document.get_elements_by_tag_name("X509Certificate") {
            assert_eq!(document.element_text(node), Some(keys[0].certificate_base64().as_str()));
        }
    }

    #[test]
    fn a_key_that_only_signs_is_not_offered_for_encryption() {
        let key = SigningKey::generate(KeyKind::Rsa(2048), "sp.test").unwrap();
        let pems = (key.certificate_pem().unwrap(), key.private_key_pem().unwrap());
        let key = SpKey::from_pem(&pems.0, &pems.1, false).unwrap();
        assert!(!key.decrypts());
        let xml = document("https://sp.test", "https://sp.test/saml/acs", &[key], true).unwrap();
        assert!(xml.contains("use=\"signing\"") && !xml.contains("use=\"encryption\""), "{xml}");
    }
}
