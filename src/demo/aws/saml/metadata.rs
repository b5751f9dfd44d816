//! The IdP metadata of a registered provider: its entity ID and the certificates that it signs with.

use base64::prelude::{BASE64_STANDARD, Engine};
use bergshamra::keys::loader::load_x509_cert_der;
use bergshamra::{Key, KeysManager};
use uppsala::Parser;

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Whom a provider vouches for, and the only keys that may have signed.
pub(super) struct Trust {
    pub(super) entity_id: String,
    pub(super) keys: KeysManager,
}

/// Reads metadata with exactly one `EntityDescriptor` that has at least one signing certificate.
pub(super) fn read(xml: &str) -> Result<Trust, String> {
    let document = Parser::new()
        .with_forbid_dtd(true)
        .parse(xml)
        .map_err(|_| "The provider's metadata is not well-formed XML".to_owned())?;
    let entities = document.get_elements_by_tag_name_ns(METADATA, "EntityDescriptor");
    let [entity] = entities.as_slice() else {
        return Err("The provider's metadata must hold exactly one EntityDescriptor".to_owned());
    };
    let entity_id = document
        .get_attribute(*entity, "entityID")
        .ok_or_else(|| "The provider's metadata has no entityID".to_owned())?
        .to_owned();
    let mut keys = KeysManager::new();
    for role in document.child_elements_by_name_ns(*entity, METADATA, "IDPSSODescriptor") {
        for descriptor in document.child_elements_by_name_ns(role, METADATA, "KeyDescriptor") {
            if matches!(document.get_attribute(descriptor, "use"), None | Some("signing")) {
                let inside = document.descendants(descriptor);
                let certificates = inside.into_iter().filter(|id| {
                    document.element(*id).is_some_and(|e| e.matches_name_ns(SIGNATURE, "X509Certificate"))
                });
                for certificate in certificates {
                    keys.add_key(public_key(&document.text_content_deep(certificate))?);
                }
            }
        }
    }
    if keys.is_empty() {
        return Err("The provider's metadata has no signing certificate".to_owned());
    }
    Ok(Trust { entity_id, keys })
}

fn public_key(certificate: &str) -> Result<Key, String> {
    let compact: String = certificate.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = BASE64_STANDARD
        .decode(compact)
        .map_err(|_| "A certificate in the provider's metadata is not base64".to_owned())?;
    load_x509_cert_der(&der).map_err(|_| "A certificate in the provider's metadata cannot be read".to_owned())
}
