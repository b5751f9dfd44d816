//! The IdP metadata of a registered provider: its entity ID and the keys that it signs with.

use super::dom::{attribute, compact, is};
use super::key::VerifyingKey;
use super::{PROTOCOL, SIGNATURE};
use base64::prelude::{BASE64_STANDARD, Engine};
use uppsala::{Document, NodeId, Parser};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// Whom a provider vouches for, and the only keys that may have signed.
pub(super) struct Trust {
    pub(super) entity_id: String,
    pub(super) keys: Vec<VerifyingKey>,
}

/// Reads metadata with exactly one `EntityDescriptor`, or one of this entity ID, that has at least one usable signing
/// certificate. Its validity does not matter: that it was registered is the trust.
pub(super) fn read(xml: &str, entity_id: Option<&str>) -> Result<Trust, String> {
    let xml = xml.trim_start_matches('\u{feff}');
    let document = Parser::new()
        .with_forbid_dtd(true)
        .parse(xml)
        .map_err(|_| "The provider's metadata is not well-formed XML".to_owned())?;
    let named =
        |id: &NodeId| entity_id.is_none_or(|name| attribute(&document, *id, "entityID") == Some(name));
    let mut entities = document.get_elements_by_tag_name_ns(METADATA, "EntityDescriptor");
    entities.retain(named);
    let [entity] = entities.as_slice() else {
        return Err("The provider's metadata must hold exactly one EntityDescriptor".to_owned());
    };
    let entity_id = attribute(&document, *entity, "entityID")
        .ok_or_else(|| "The provider's metadata has no entityID".to_owned())?
        .to_owned();
    let mut keys = Vec::new();
    let speaks_saml_2 = |role: &NodeId| {
        let protocols = attribute(&document, *role, "protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    };
    let roles = document.child_elements_by_name_ns(*entity, METADATA, "IDPSSODescriptor");
    for role in roles.into_iter().filter(speaks_saml_2) {
        for descriptor in document.child_elements_by_name_ns(role, METADATA, "KeyDescriptor") {
            if matches!(attribute(&document, descriptor, "use"), None | Some("signing")) {
                keys.extend(signing_keys(&document, descriptor)?);
            }
        }
    }
    if keys.is_empty() {
        return Err("The provider's metadata has no usable signing certificate".to_owned());
    }
    Ok(Trust { entity_id, keys })
}

/// The keys of a descriptor, weak ones left out.
fn signing_keys(document: &Document<'_>, descriptor: NodeId) -> Result<Vec<VerifyingKey>, String> {
    let mut keys = Vec::new();
    for id in document.descendants(descriptor) {
        if is(document, id, SIGNATURE, "X509Certificate") {
            let der = BASE64_STANDARD
                .decode(compact(&document.text_content_deep(id)))
                .map_err(|_| "A certificate in the provider's metadata is not base64".to_owned())?;
            keys.extend(VerifyingKey::of_certificate(&der));
        }
    }
    Ok(keys)
}
