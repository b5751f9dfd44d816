//! Our own metadata as a service provider, for the IdP to read (saml-metadata 2.4.4).

use super::{HTTP_POST, PROTOCOL};
use crate::error::{Code, Refusal};
use samael::metadata::{EntityDescriptor, IndexedEndpoint, SpSsoDescriptor};
use samael::traits::ToXml;

/// The metadata document: one ACS, with the HTTP-POST binding, and signed assertions wanted.
pub fn document(sp_entity_id: &str, acs_url: &str) -> Result<String, Refusal> {
    let role = SpSsoDescriptor {
        protocol_support_enumeration: Some(PROTOCOL.into()),
        authn_requests_signed: Some(false),
        want_assertions_signed: Some(true),
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
    entity
        .to_string()
        .map_err(|fault| Refusal::new(Code::GatewayFault, format!("SP metadata: {fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_us_and_our_acs() {
        let xml = document("https://sp.test/m?a=1&b=2", "https://sp.test/saml/acs").unwrap();
        let document = uppsala::parse(&xml).unwrap();
        let root = document.document_element().unwrap();
        assert_eq!(
            document.get_attribute(root, "entityID"),
            Some("https://sp.test/m?a=1&b=2")
        );
        let acs = document.get_elements_by_tag_name("AssertionConsumerService")[0];
        assert_eq!(
            document.get_attribute(acs, "Location"),
            Some("https://sp.test/saml/acs")
        );
        assert_eq!(document.get_attribute(acs, "Binding"), Some(HTTP_POST));
        let role = document.get_elements_by_tag_name("SPSSODescriptor")[0];
        assert_eq!(document.get_attribute(role, "WantAssertionsSigned"), Some("true"));
    }
}
