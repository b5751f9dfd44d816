//! The IdP's metadata (SAML metadata 2.4.3): what an administrator gives to the gateway, and to an IAM SAML provider.
//! Never signs it: trust comes from how the file is handed over.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;

use super::key::SigningKey;
use super::response::names;
use super::xml::{attribute, element};

/// HTTP-Redirect binding (SAML bindings 3.4).
pub const HTTP_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// HTTP-POST binding (SAML bindings 3.5).
pub const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Metadata of an IdP with these signing keys, several while keys are being replaced. Fails only if OpenSSL cannot
/// write a certificate.
pub fn metadata_xml(entity_id: &str, sso_url: &str, keys: &[&SigningKey]) -> Result<String, ErrorStack> {
    let mut out = String::from("<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"");
    attribute(&mut out, "entityID", entity_id);
    out.push_str(
        "><md:IDPSSODescriptor WantAuthnRequestsSigned=\"false\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">",
    );
    for key in keys {
        let _ = write!(
            out,
            "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </md:KeyDescriptor>",
            STANDARD.encode(key.certificate_der()?)
        );
    }
    element(&mut out, "md:NameIDFormat", names::PERSISTENT);
    for binding in [HTTP_REDIRECT, HTTP_POST] {
        out.push_str("<md:SingleSignOnService");
        attribute(&mut out, "Binding", binding);
        attribute(&mut out, "Location", sso_url);
        out.push_str("/>");
    }
    out.push_str("</md:IDPSSODescriptor></md:EntityDescriptor>");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use samael::metadata::EntityDescriptor;

    use super::super::key::tests::rsa;
    use super::*;

    #[test]
    fn another_library_reads_it() {
        let xml = metadata_xml("https://idp.test/?a&b", "https://idp.test/sso", &[rsa(), rsa()]).unwrap();
        let entity: EntityDescriptor = xml.parse().unwrap();
        assert_eq!(entity.entity_id.as_deref(), Some("https://idp.test/?a&b"));
        let idp = &entity.idp_sso_descriptors.unwrap()[0];
        assert_eq!(idp.key_descriptors.len(), 2);
        let bindings: Vec<_> = idp.single_sign_on_services.iter().map(|one| one.binding.as_str()).collect();
        assert_eq!(bindings, [HTTP_REDIRECT, HTTP_POST]);
    }
}
