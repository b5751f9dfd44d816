//! Enveloped XML signatures (XML Signature 1.1, SAML core 5.4), made the way an IdP makes them. It signs what it is told
//! to, with any algorithm that OpenSSL knows, weak ones included. Never verifies: the tests let the gateway's own
//! library do that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::c14n::{C14nMode, canonicalize_doc};
use bergshamra::core::algorithm;
use bergshamra::xml::NodeSet;
use openssl::hash::{MessageDigest, hash};
use uppsala::{Document, NodeId, Parser};

use super::key::{Scheme, SigningKey};
use super::xml::escape;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Which elements of a response carry a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The response, and so everything in it.
    Response,
    /// The assertion only.
    Assertion,
    /// The assertion, and then the response around it.
    Both,
    /// Neither.
    Nothing,
}

/// The algorithms of a signature, as the URIs in [`bergshamra::core::algorithm`], and what its `KeyInfo` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Algorithms {
    /// `SignatureMethod`.
    pub signature_method: String,
    /// `DigestMethod`.
    pub digest_method: String,
    /// `CanonicalizationMethod`, and the last transform.
    pub c14n_method: String,
    /// `PrefixList` of both; empty for none.
    pub inclusive_prefixes: Vec<String>,
    /// `KeyInfo`.
    pub key_info: KeyInfo,
}

/// What the `KeyInfo` of a signature says. A verifier with pinned keys ignores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyInfo {
    /// The signing key's certificate, as most IdPs send it.
    Certificate,
    /// There is none.
    Absent,
    /// This XML, as it is, inside `ds:KeyInfo`.
    Raw(String),
}

impl Algorithms {
    /// What an IdP with this key uses by default: SHA-256, exclusive canonicalisation, its certificate in `KeyInfo`.
    #[must_use]
    pub fn usual(key: &SigningKey) -> Self {
        Self {
            signature_method: key.usual_signature_method().to_owned(),
            digest_method: algorithm::SHA256.to_owned(),
            c14n_method: algorithm::EXC_C14N.to_owned(),
            inclusive_prefixes: Vec::new(),
            key_info: KeyInfo::Certificate,
        }
    }
}

/// Why something could not be signed or encrypted.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The message is not well-formed XML.
    #[error("not well-formed XML: {0}")]
    Malformed(String),
    /// No element has that ID, or it has no place for a signature.
    #[error("no element with a place for a signature has the ID {0:?}")]
    NoSuchElement(String),
    /// The algorithm is not known here.
    #[error("unknown algorithm {0:?}")]
    UnknownAlgorithm(String),
    /// Canonicalisation failed, or a template could not be filled in.
    #[error("XML signature: {0}")]
    Signature(#[from] bergshamra::Error),
    /// OpenSSL refused, for example because key and algorithm do not fit.
    #[error("OpenSSL: {0}")]
    Crypto(#[from] openssl::error::ErrorStack),
}

/// Signs the element whose `ID` is `id`, anywhere in `xml`, and puts the signature where the SAML schema wants it: right
/// after the element's Issuer, or first if it has none. Nothing else in the message changes, so tests can post-process
/// a message before signing it, and again afterwards. Digests are of the element as it is, other signatures in it
/// included.
pub fn sign_xml(
    xml: &str,
    id: &str,
    key: &SigningKey,
    algorithms: &Algorithms,
) -> Result<String, SigningError> {
    let mode = C14nMode::from_uri(&algorithms.c14n_method)
        .ok_or_else(|| SigningError::UnknownAlgorithm(algorithms.c14n_method.clone()))?;
    let (digest, at) = {
        let document = parse(xml)?;
        let missing = || SigningError::NoSuchElement(id.to_owned());
        let element = element_with_id(&document, id).ok_or_else(missing)?;
        // The signature is not there yet, so what the enveloped-signature transform would leave is the element itself.
        let bytes = canonical(&document, element, mode, &algorithms.inclusive_prefixes)?;
        let digest = hash(digest_for(&algorithms.digest_method)?, &bytes)?;
        (STANDARD.encode(digest), place_for_signature(&document, element).ok_or_else(missing)?)
    };

    let mut head = format!("<ds:Signature xmlns:ds=\"{DSIG}\">");
    head.push_str(&signed_info(id, &digest, algorithms));
    let tail = key_info(key, &algorithms.key_info)? + "</ds:Signature>";
    let unsigned = splice(xml, at, &[&head, &tail]);

    let signature = {
        let document = parse(&unsigned)?;
        let info = document
            .descendants(document.root())
            .into_iter()
            .find(|node| document.node_range(*node).is_some_and(|range| range.start == at))
            .and_then(|signature| document.first_child_element_by_name_ns(signature, DSIG, "SignedInfo"))
            .ok_or_else(|| SigningError::NoSuchElement(id.to_owned()))?;
        let bytes = canonical(&document, info, mode, &algorithms.inclusive_prefixes)?;
        let (scheme, digest) = scheme_for(&algorithms.signature_method)?;
        STANDARD.encode(key.sign(scheme, digest, &bytes)?)
    };
    let value = format!("<ds:SignatureValue>{signature}</ds:SignatureValue>");
    Ok(splice(xml, at, &[&head, &value, &tail]))
}

/// Fills in the digests and the value of the first `ds:Signature` in `xml`, a template that the test wrote itself:
/// several References, odd transforms, a signature in an odd place. RSA and ECDSA with SHA-256 or better only.
pub fn sign_template(xml: &str, key: &SigningKey) -> Result<String, SigningError> {
    let mut keys = bergshamra::KeysManager::new();
    keys.add_key(bergshamra::keys::loader::load_pem_auto(key.private_key_pem()?.as_bytes(), None)?);
    Ok(bergshamra::sign(&bergshamra::DsigContext::new_permissive(keys), xml)?)
}

fn parse(xml: &str) -> Result<Document<'_>, SigningError> {
    Parser::new().parse(xml).map_err(|error| SigningError::Malformed(error.to_string()))
}

fn element_with_id(document: &Document<'_>, id: &str) -> Option<NodeId> {
    document
        .descendants(document.root())
        .into_iter()
        .find(|node| document.element(*node).is_some_and(|element| element.get_attribute("ID") == Some(id)))
}

/// Byte offset right after the element's Issuer, or right after its start tag.
fn place_for_signature(document: &Document<'_>, element: NodeId) -> Option<usize> {
    let children = document.children(element);
    let issuer = children
        .iter()
        .find(|child| document.element(**child).is_some_and(|child| &*child.name.local_name == "Issuer"));
    match issuer {
        Some(issuer) => document.node_range(*issuer).map(|range| range.end),
        None => children.first().and_then(|first| document.node_range(*first)).map(|range| range.start),
    }
}

fn canonical(
    document: &Document<'_>,
    element: NodeId,
    mode: C14nMode,
    prefixes: &[String],
) -> Result<Vec<u8>, SigningError> {
    // A same-document reference by ID leaves comments out, whatever the canonicalisation (XML Signature 4.4.3.3).
    let nodes = NodeSet::tree_without_comments(element, document);
    Ok(canonicalize_doc(document, mode, Some(&nodes), prefixes)?)
}

fn signed_info(id: &str, digest: &str, algorithms: &Algorithms) -> String {
    let prefixes = if algorithms.inclusive_prefixes.is_empty() {
        String::new()
    } else {
        format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{}\"/>",
            escape(&algorithms.inclusive_prefixes.join(" "))
        )
    };
    let c14n = escape(&algorithms.c14n_method);
    format!(
        "<ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{c14n}\">{prefixes}</ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{method}\"/>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{enveloped}\"/>\
         <ds:Transform Algorithm=\"{c14n}\">{prefixes}</ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{digest_method}\"/>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        method = escape(&algorithms.signature_method),
        id = escape(id),
        enveloped = algorithm::ENVELOPED_SIGNATURE,
        digest_method = escape(&algorithms.digest_method),
    )
}

fn key_info(key: &SigningKey, wanted: &KeyInfo) -> Result<String, SigningError> {
    let inner = match wanted {
        KeyInfo::Absent => return Ok(String::new()),
        KeyInfo::Raw(xml) => xml.clone(),
        KeyInfo::Certificate => format!(
            "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
            STANDARD.encode(key.certificate_der()?)
        ),
    };
    Ok(format!("<ds:KeyInfo>{inner}</ds:KeyInfo>"))
}

fn splice(xml: &str, at: usize, pieces: &[&str]) -> String {
    let (before, after) = xml.split_at(at);
    let mut out = before.to_owned();
    out.extend(pieces.iter().copied());
    out.push_str(after);
    out
}

pub(crate) fn digest_for(uri: &str) -> Result<MessageDigest, SigningError> {
    Ok(match uri {
        algorithm::SHA1 => MessageDigest::sha1(),
        algorithm::SHA224 => MessageDigest::sha224(),
        algorithm::SHA256 => MessageDigest::sha256(),
        algorithm::SHA384 => MessageDigest::sha384(),
        algorithm::SHA512 => MessageDigest::sha512(),
        algorithm::MD5 => MessageDigest::md5(),
        other => return Err(SigningError::UnknownAlgorithm(other.to_owned())),
    })
}

fn scheme_for(uri: &str) -> Result<(Scheme, MessageDigest), SigningError> {
    Ok(match uri {
        algorithm::RSA_MD5 => (Scheme::Pkcs1, MessageDigest::md5()),
        algorithm::RSA_SHA1 => (Scheme::Pkcs1, MessageDigest::sha1()),
        algorithm::RSA_SHA224 => (Scheme::Pkcs1, MessageDigest::sha224()),
        algorithm::RSA_SHA256 => (Scheme::Pkcs1, MessageDigest::sha256()),
        algorithm::RSA_SHA384 => (Scheme::Pkcs1, MessageDigest::sha384()),
        algorithm::RSA_SHA512 => (Scheme::Pkcs1, MessageDigest::sha512()),
        algorithm::RSA_PSS_SHA1 => (Scheme::Pss, MessageDigest::sha1()),
        algorithm::RSA_PSS_SHA224 => (Scheme::Pss, MessageDigest::sha224()),
        algorithm::RSA_PSS_SHA256 => (Scheme::Pss, MessageDigest::sha256()),
        algorithm::RSA_PSS_SHA384 => (Scheme::Pss, MessageDigest::sha384()),
        algorithm::RSA_PSS_SHA512 => (Scheme::Pss, MessageDigest::sha512()),
        algorithm::ECDSA_SHA1 => (Scheme::Ecdsa, MessageDigest::sha1()),
        algorithm::ECDSA_SHA224 => (Scheme::Ecdsa, MessageDigest::sha224()),
        algorithm::ECDSA_SHA256 => (Scheme::Ecdsa, MessageDigest::sha256()),
        algorithm::ECDSA_SHA384 => (Scheme::Ecdsa, MessageDigest::sha384()),
        algorithm::ECDSA_SHA512 => (Scheme::Ecdsa, MessageDigest::sha512()),
        other => return Err(SigningError::UnknownAlgorithm(other.to_owned())),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use bergshamra::{DsigContext, KeysManager, VerifyResult, verify_all};
    use chrono::{DateTime, Utc};

    use super::super::key::tests::rsa;
    use super::super::key::{KeyKind, SigningKey};
    use super::super::people::Person;
    use super::super::response::{Addressing, Response};
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-01T09:00:00Z".parse().unwrap()
    }

    pub(in super::super) fn response() -> Response {
        let addressing = Addressing {
            acs_url: "https://studio.example.com/saml/acs".to_owned(),
            audiences: vec!["https://studio.example.com/saml/metadata".to_owned()],
            idp_entity_id: "https://idp.example.com/metadata".to_owned(),
        };
        Response::valid(now(), &addressing, &Person::new("kim", "김하늘 & <co>", "kim", "role,provider"))
    }

    /// The IDs that valid signatures cover; nothing if any signature is invalid or cannot be checked.
    pub(in super::super) fn covered(xml: &str, key: &SigningKey) -> Option<Vec<String>> {
        let mut keys = KeysManager::new();
        let certificate = key.certificate_pem().unwrap();
        keys.add_key(bergshamra::keys::loader::load_x509_cert_pem(certificate.as_bytes()).unwrap());
        let results = verify_all(&DsigContext::new(keys), xml).ok()?;
        results
            .into_iter()
            .map(|result| match result {
                VerifyResult::Valid { references, .. } if references.len() == 1 => {
                    Some(references[0].uri.trim_start_matches('#').to_owned())
                }
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_signature_covers_what_was_asked_for() {
        let response = response();
        let (whole, part) = (response.id.clone(), response.assertion.id.clone());
        let sign = |what| response.sign(rsa(), what).unwrap();
        assert_eq!(covered(&sign(Signed::Response), rsa()), Some(vec![whole.clone()]));
        assert_eq!(covered(&sign(Signed::Assertion), rsa()), Some(vec![part.clone()]));
        assert_eq!(covered(&sign(Signed::Both), rsa()), Some(vec![whole, part]));
        assert_eq!(sign(Signed::Nothing), response.to_xml());
    }

    #[test]
    fn the_signature_follows_the_issuer() {
        let response = response();
        let xml = response.sign(rsa(), Signed::Both).unwrap();
        assert_eq!(xml.matches("</saml:Issuer><ds:Signature ").count(), 2);
        assert!(xml.contains("</ds:Signature><samlp:Status>"));
        assert!(xml.contains("</ds:Signature><saml:Subject>"));
    }

    #[test]
    fn every_algorithm_that_the_gateway_accepts_verifies() {
        let p256 = SigningKey::generate(KeyKind::P256, "p256.test").unwrap();
        let p384 = SigningKey::generate(KeyKind::P384, "p384.test").unwrap();
        let p521 = SigningKey::generate(KeyKind::P521, "p521.test").unwrap();
        let cases = [
            (rsa(), algorithm::RSA_SHA256, algorithm::SHA256),
            (rsa(), algorithm::RSA_SHA384, algorithm::SHA384),
            (rsa(), algorithm::RSA_SHA512, algorithm::SHA512),
            (rsa(), algorithm::RSA_PSS_SHA256, algorithm::SHA256),
            (rsa(), algorithm::RSA_PSS_SHA384, algorithm::SHA256),
            (rsa(), algorithm::RSA_PSS_SHA512, algorithm::SHA512),
            (&p256, algorithm::ECDSA_SHA256, algorithm::SHA256),
            (&p384, algorithm::ECDSA_SHA384, algorithm::SHA384),
            (&p521, algorithm::ECDSA_SHA512, algorithm::SHA512),
        ];
        for (key, method, digest) in cases {
            let mut algorithms = Algorithms::usual(key);
            method.clone_into(&mut algorithms.signature_method);
            digest.clone_into(&mut algorithms.digest_method);
            let xml = response().sign_with(key, Signed::Both, &algorithms).unwrap();
            assert_eq!(covered(&xml, key).map(|ids| ids.len()), Some(2), "{method}");
        }
    }

    #[test]
    fn every_canonicalisation_verifies() {
        for c14n in [
            algorithm::C14N,
            algorithm::C14N_WITH_COMMENTS,
            algorithm::C14N11,
            algorithm::EXC_C14N,
            algorithm::EXC_C14N_WITH_COMMENTS,
        ] {
            let mut algorithms = Algorithms::usual(rsa());
            c14n.clone_into(&mut algorithms.c14n_method);
            let xml = response().sign_with(rsa(), Signed::Both, &algorithms).unwrap();
            assert_eq!(covered(&xml, rsa()).map(|ids| ids.len()), Some(2), "{c14n}");
        }
    }

    #[test]
    fn inclusive_prefixes_are_honoured() {
        let mut algorithms = Algorithms::usual(rsa());
        algorithms.inclusive_prefixes = vec!["xs".to_owned(), "xsi".to_owned()];
        let xml = response().sign_with(rsa(), Signed::Both, &algorithms).unwrap();
        assert!(xml.contains("PrefixList=\"xs xsi\""));
        assert_eq!(covered(&xml, rsa()).map(|ids| ids.len()), Some(2));
    }

    #[test]
    fn one_changed_byte_breaks_it() {
        let response = response();
        for what in [Signed::Response, Signed::Assertion] {
            let xml = response.sign(rsa(), what).unwrap();
            let tampered = xml.replacen(">role,provider<", ">role,provideR<", 1);
            assert_ne!(xml, tampered);
            assert_eq!(covered(&tampered, rsa()), None);
        }
    }

    #[test]
    fn another_key_does_not_verify_it() {
        let other = SigningKey::generate(KeyKind::Rsa(2048), "other.test").unwrap();
        let xml = response().sign(&other, Signed::Both).unwrap();
        assert_eq!(covered(&xml, rsa()), None);
    }

    #[test]
    fn weak_algorithms_and_keys_can_be_made_to_be_refused() {
        let weak = SigningKey::generate(KeyKind::Rsa(1024), "weak.test").unwrap();
        assert!(response().sign(&weak, Signed::Response).is_ok());
        for (method, digest) in [(algorithm::RSA_SHA1, algorithm::SHA1), (algorithm::RSA_MD5, algorithm::MD5)]
        {
            let mut algorithms = Algorithms::usual(rsa());
            method.clone_into(&mut algorithms.signature_method);
            digest.clone_into(&mut algorithms.digest_method);
            assert!(response().sign_with(rsa(), Signed::Both, &algorithms).is_ok(), "{method}");
        }
    }

    #[test]
    fn a_message_can_be_changed_before_it_is_signed() {
        let response = response();
        let xml = response.to_xml().replace("Version=\"2.0\"", "Version=\"2.0\" xml:lang=\"ko\"");
        let xml = xml.replace("<saml:Subject>", "<!-- hello --><saml:Subject>");
        let signed = sign_xml(&xml, &response.assertion.id, rsa(), &Algorithms::usual(rsa())).unwrap();
        assert_eq!(covered(&signed, rsa()), Some(vec![response.assertion.id]));
    }

    #[test]
    fn a_missing_id_is_an_error() {
        let done = sign_xml("<a ID=\"x\"><b/></a>", "y", rsa(), &Algorithms::usual(rsa()));
        assert!(matches!(done, Err(SigningError::NoSuchElement(id)) if id == "y"));
    }

    #[test]
    fn a_template_is_filled_in() {
        let info = signed_info("x", "", &Algorithms::usual(rsa()));
        let template = format!(
            "<a ID=\"x\"><ds:Signature xmlns:ds=\"{DSIG}\">{info}<ds:SignatureValue/></ds:Signature><b/></a>"
        );
        let signed = sign_template(&template, rsa()).unwrap();
        assert_eq!(covered(&signed, rsa()), Some(vec!["x".to_owned()]));
    }
}
