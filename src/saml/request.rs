//! The AuthnRequest that starts a sign-in here, for the HTTP-Redirect or the HTTP-POST binding (saml-bindings 3.4, 3.5).

use super::sp_key::SpKey;
use super::{HTTP_POST, instant};
use crate::error::{Code, Refusal};
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use samael::schema::{
    AuthnContextClassRef, AuthnContextComparison, AuthnRequest, Issuer, NameIdPolicy, RequestedAuthnContext,
};
use samael::traits::ToXml;
use std::fmt::Write as _;
use std::io::Write as _;

/// Everything that query strings leave as it is; escapes are upper-case, which some IdPs need to verify a signature.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The closing tag of the Issuer.
const ISSUER_END: &str = "</saml:Issuer>";
/// samael's prefixes, and those that everybody else uses: some IdPs look for them instead of the namespaces.
const PREFIXES: [(&str, &str); 6] = [
    ("<saml2p:", "<samlp:"),
    ("</saml2p:", "</samlp:"),
    (" xmlns:saml2p=", " xmlns:samlp="),
    ("<saml2:", "<saml:"),
    ("</saml2:", "</saml:"),
    (" xmlns:saml2=", " xmlns:saml="),
];

/// What to ask of an IdP.
#[derive(Debug, Clone, Copy)]
pub struct RequestSpec<'a> {
    /// Where the IdP takes requests with this binding.
    pub destination: &'a str,
    /// Our entity ID.
    pub sp_entity_id: &'a str,
    /// Where the answer is to be posted.
    pub acs_url: &'a str,
    /// Comes back with the answer: at most 80 bytes of `[A-Za-z0-9._-]`.
    pub relay_state: Option<&'a str>,
    /// Ask the person again, also if they are signed in at the IdP (saml-core 3.4.1).
    pub force_authn: bool,
    /// Ways to authenticate, of which one has to be used, exactly (saml-core 3.3.2.2.1); empty: any.
    pub authn_context: &'a [String],
    /// Format of the NameID (saml-core 3.4.1.1).
    pub name_id_format: Option<&'a str>,
    /// What to sign the request with.
    pub sign_with: Option<&'a SpKey>,
}

/// A request to be sent by redirect.
#[derive(Debug)]
pub struct RedirectRequest {
    /// Its ID: 160 random bits. The answer has to name it in `InResponseTo`.
    pub id: String,
    /// The IdP's address with the request in its query.
    pub location: String,
}

/// A request to be posted by a form.
#[derive(Debug)]
pub struct PostRequest {
    /// Its ID.
    pub id: String,
    /// The value of the form parameter `SAMLRequest`.
    pub saml_request: String,
}

/// Makes a request for the HTTP-Redirect binding. A signature is one over the query string, not inside the message.
pub fn redirect(spec: &RequestSpec<'_>, now: DateTime<Utc>) -> Result<RedirectRequest, Refusal> {
    let id = new_id()?;
    let xml = message(spec, &id, now)?;
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = deflate.write_all(xml.as_bytes()).and_then(|()| deflate.finish());
    let deflated = deflated.map_err(|error| fault(&error.to_string()))?;

    let mut query = format!("SAMLRequest={}", encoded(&STANDARD.encode(deflated)));
    if let Some(relay_state) = spec.relay_state {
        let _ = write!(query, "&RelayState={}", encoded(relay_state));
    }
    if let Some(key) = spec.sign_with {
        let _ = write!(query, "&SigAlg={}", encoded(key.algorithm()));
        let signature = key.sign_octets(query.as_bytes()).map_err(|error| fault(&error))?;
        let _ = write!(query, "&Signature={}", encoded(&STANDARD.encode(signature)));
    }
    let separator = if spec.destination.contains('?') { '&' } else { '?' };
    Ok(RedirectRequest { id, location: format!("{}{separator}{query}", spec.destination) })
}

/// Makes a request for the HTTP-POST binding. A signature is inside the message.
pub fn post(spec: &RequestSpec<'_>, now: DateTime<Utc>) -> Result<PostRequest, Refusal> {
    let id = new_id()?;
    let mut xml = message(spec, &id, now)?;
    if let Some(key) = spec.sign_with {
        xml = key.sign_message(&xml, &id, ISSUER_END).map_err(|error| fault(&error))?;
    }
    Ok(PostRequest { id, saml_request: STANDARD.encode(xml) })
}

fn message(spec: &RequestSpec<'_>, id: &str, now: DateTime<Utc>) -> Result<String, Refusal> {
    let classes: Vec<_> = spec
        .authn_context
        .iter()
        .map(|class| AuthnContextClassRef { value: Some(escape_text(class)) })
        .collect();
    let request = AuthnRequest {
        id: id.to_owned(),
        version: "2.0".into(),
        // Whole seconds: some IdPs refuse the nanoseconds that samael would write.
        issue_instant: instant::parse(&instant::format(now)).unwrap_or(now),
        destination: Some(spec.destination.to_owned()),
        // samael writes element text as it is.
        issuer: Some(Issuer { value: Some(escape_text(spec.sp_entity_id)), ..Issuer::default() }),
        assertion_consumer_service_url: Some(spec.acs_url.to_owned()),
        protocol_binding: Some(HTTP_POST.into()),
        force_authn: spec.force_authn.then_some(true),
        requested_authn_context: (!classes.is_empty()).then_some(RequestedAuthnContext {
            authn_context_class_refs: Some(classes),
            authn_context_decl_refs: None,
            comparison: Some(AuthnContextComparison::Exact),
        }),
        name_id_policy: spec.name_id_format.map(|format| NameIdPolicy {
            format: Some(format.to_owned()),
            allow_create: Some(true),
            ..NameIdPolicy::default()
        }),
        ..AuthnRequest::default()
    };
    let xml = request.to_string().map_err(|error| fault(&error.to_string()))?;
    Ok(PREFIXES.iter().fold(xml, |xml, (from, to)| xml.replace(from, to)))
}

/// An xs:ID, which must not begin with a digit.
fn new_id() -> Result<String, Refusal> {
    random::hex::<20>().map(|hex| format!("_{hex}")).map_err(|error| fault(&error.to_string()))
}

fn encoded(value: &str) -> impl std::fmt::Display {
    utf8_percent_encode(value, QUERY)
}

fn escape_text(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn fault(reason: &str) -> Refusal {
    Refusal::new(Code::GatewayFault, format!("AuthnRequest: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::idp::key::{KeyKind, SigningKey};
    use bergshamra::keys::loader::load_x509_cert_der;
    use flate2::read::DeflateDecoder;
    use std::collections::HashMap;
    use std::io::Read;
    use url::Url;

    const SPEC: RequestSpec<'_> = RequestSpec {
        destination: "https://idp.test/sso?tenant=1",
        sp_entity_id: "https://sp.test/a?b&c",
        acs_url: "https://sp.test/saml/acs",
        relay_state: Some("to.research"),
        force_authn: false,
        authn_context: &[],
        name_id_format: None,
        sign_with: None,
    };

    fn now() -> DateTime<Utc> {
        instant::parse("2026-01-02T03:04:05.678Z").unwrap()
    }

    fn sp_key(kind: KeyKind) -> SpKey {
        let key = SigningKey::generate(kind, "sp.test").unwrap();
        SpKey::from_pem(&key.certificate_pem().unwrap(), &key.private_key_pem().unwrap(), true).unwrap()
    }

    fn inflated(location: &str) -> (HashMap<String, String>, String) {
        let pairs: HashMap<_, _> = Url::parse(location).unwrap().query_pairs().into_owned().collect();
        let mut xml = String::new();
        DeflateDecoder::new(STANDARD.decode(&pairs["SAMLRequest"]).unwrap().as_slice())
            .read_to_string(&mut xml)
            .unwrap();
        (pairs, xml)
    }

    #[test]
    fn the_request_says_who_asks_and_where_to_answer() {
        let request = redirect(&SPEC, now()).unwrap();
        assert!(request.location.starts_with("https://idp.test/sso?tenant=1&SAMLRequest="));
        let (pairs, xml) = inflated(&request.location);
        assert_eq!(pairs["RelayState"], "to.research");
        let document = uppsala::parse(&xml).unwrap();
        let root = document.document_element().unwrap();
        for (name, value) in [
            ("ID", request.id.as_str()),
            ("Version", "2.0"),
            ("Destination", "https://idp.test/sso?tenant=1"),
            ("AssertionConsumerServiceURL", "https://sp.test/saml/acs"),
            ("ProtocolBinding", HTTP_POST),
        ] {
            assert_eq!(document.get_attribute(root, name), Some(value), "{name}");
        }
        assert!(document.get_attribute(root, "IssueInstant").unwrap().starts_with("2026-01-02T03:04:05"));
        assert_eq!(document.get_attribute(root, "ForceAuthn"), None);
        let issuer = document.get_elements_by_tag_name("Issuer")[0];
        assert_eq!(document.element_text(issuer), Some("https://sp.test/a?b&c"));
    }

    #[test]
    fn what_is_asked_of_the_idp_is_in_the_request() {
        let classes = ["urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken".to_owned()];
        let spec = RequestSpec {
            force_authn: true,
            authn_context: &classes,
            name_id_format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
            ..SPEC
        };
        let (_, xml) = inflated(&redirect(&spec, now()).unwrap().location);
        let document = uppsala::parse(&xml).unwrap();
        assert_eq!(document.get_attribute(document.document_element().unwrap(), "ForceAuthn"), Some("true"));
        let class = document.get_elements_by_tag_name("AuthnContextClassRef")[0];
        assert_eq!(document.element_text(class), Some(classes[0].as_str()));
        let policy = document.get_elements_by_tag_name("NameIDPolicy")[0];
        assert_eq!(document.get_attribute(policy, "Format"), spec.name_id_format);
    }

    #[test]
    fn ids_are_long_and_never_the_same() {
        let (one, other) = (redirect(&SPEC, now()).unwrap(), redirect(&SPEC, now()).unwrap());
        assert_eq!(one.id.len(), 41);
        assert_ne!(one.id, other.id);
    }

    #[test]
    fn a_redirect_is_signed_over_its_very_query_string() {
        for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::P384] {
            let key = sp_key(kind);
            let location = redirect(&RequestSpec { sign_with: Some(&key), ..SPEC }, now()).unwrap().location;
            let (signed, signature) = location.split_once("&Signature=").unwrap();
            let octets = signed.split_once("tenant=1&").unwrap().1;
            assert!(octets.contains("&SigAlg="));
            let signature = percent_encoding::percent_decode_str(signature).decode_utf8().unwrap();
            let signature = STANDARD.decode(signature.as_bytes()).unwrap();
            let certificate = STANDARD.decode(key.certificate_base64()).unwrap();
            let public = load_x509_cert_der(&certificate).unwrap().to_signing_key().unwrap().unwrap();
            let algorithm = bergshamra::crypto::sign::from_uri(key.algorithm()).unwrap();
            assert!(algorithm.verify(&public, octets.as_bytes(), &signature).unwrap());
            assert!(!algorithm.verify(&public, octets.to_lowercase().as_bytes(), &signature).unwrap());
        }
    }

    #[test]
    fn a_posted_request_is_signed_inside_after_its_issuer() {
        let key = sp_key(KeyKind::Rsa(2048));
        let request = post(&RequestSpec { sign_with: Some(&key), ..SPEC }, now()).unwrap();
        let xml = String::from_utf8(STANDARD.decode(&request.saml_request).unwrap()).unwrap();
        let certificate = STANDARD.decode(key.certificate_base64()).unwrap();
        let mut keys = bergshamra::KeysManager::new();
        keys.add_key(load_x509_cert_der(&certificate).unwrap());
        let context = bergshamra::DsigContext::new(keys).with_insecure(true);
        assert!(bergshamra::verify(&context, &xml).unwrap().is_valid());
        assert!(
            !bergshamra::verify(&context, &xml.replace("sp.test/saml/acs", "evil.test/acs"))
                .unwrap()
                .is_valid()
        );
        assert!(xml.contains("</saml:Issuer><ds:Signature"));
    }

    #[test]
    fn a_key_that_is_not_the_certificates_is_refused() {
        let (one, other) = (
            SigningKey::generate(KeyKind::P256, "a").unwrap(),
            SigningKey::generate(KeyKind::P256, "b").unwrap(),
        );
        let mixed = SpKey::from_pem(&one.certificate_pem().unwrap(), &other.private_key_pem().unwrap(), true);
        assert!(mixed.unwrap_err().contains("do not belong together"));
        let weak = SigningKey::generate(KeyKind::Rsa(1024), "weak").unwrap();
        assert!(
            SpKey::from_pem(&weak.certificate_pem().unwrap(), &weak.private_key_pem().unwrap(), true)
                .is_err()
        );
    }
}
