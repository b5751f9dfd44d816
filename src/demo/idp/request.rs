//! Reading an `AuthnRequest` the strict way (SAML core 3.4.1, bindings 3.4 and 3.5, profiles 4.1.4.1): the embedded IdP
//! refuses what some real IdP would refuse. Never decides where a response goes: that is fixed by registration, and a
//! request that names another place is refused.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::read::DeflateDecoder;
use samael::schema::AuthnRequest;
use uppsala::Parser;

use super::ServiceProvider;
use super::metadata::HTTP_POST;
use super::response::names;

/// Longest request, before encoding.
const MAX_XML: u64 = 64 * 1024;
/// Oldest request. Generous, because it has to last while a person looks at the page.
const MAX_AGE: TimeDelta = TimeDelta::minutes(10);
/// How far ahead of ours the SP's clock may be.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// A request that passed all checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AcceptedRequest {
    /// What the response answers.
    pub(super) id: String,
    /// The XML as it came, to be carried by the page and checked again.
    pub(super) xml: String,
}

/// Why a request is refused; shown on the page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestRefused {
    #[error("the message has no {0} field, or more than one")]
    Field(&'static str),
    #[error("SAMLRequest is not base64")]
    Base64,
    #[error("SAMLRequest is not compressed with DEFLATE, or too long")]
    Deflate,
    #[error("SAMLRequest is not an AuthnRequest: {0}")]
    Malformed(String),
    #[error("{name} is {found:?}, expected {expected:?}")]
    Mismatch { name: &'static str, found: String, expected: String },
    #[error("ID is missing or not an XML name")]
    Id,
    #[error("IssueInstant is {0}, too old or in the future")]
    Stale(DateTime<Utc>),
    #[error("{0} is not supported here")]
    Unsupported(&'static str),
}

/// XML from the field of the HTTP-Redirect binding: base64 of raw DEFLATE (SAML bindings 3.4.4.1).
pub(super) fn from_redirect(field: &str) -> Result<String, RequestRefused> {
    let compressed = STANDARD.decode(field).map_err(|_| RequestRefused::Base64)?;
    let mut xml = String::new();
    // One byte more than allowed, to tell a message of the greatest length from the beginning of a longer one.
    DeflateDecoder::new(compressed.as_slice())
        .take(MAX_XML + 1)
        .read_to_string(&mut xml)
        .map_err(|_| RequestRefused::Deflate)?;
    if xml.len() as u64 > MAX_XML { Err(RequestRefused::Deflate) } else { Ok(xml) }
}

/// XML from the field of the HTTP-POST binding: base64 (SAML bindings 3.5.4).
pub(super) fn from_post(field: &str) -> Result<String, RequestRefused> {
    let xml = STANDARD.decode(field).map_err(|_| RequestRefused::Base64)?;
    String::from_utf8(xml).map_err(|_| RequestRefused::Base64)
}

/// Checks a request from `sp` to `sso_url` at `now`.
pub(super) fn check(
    xml: String,
    sp: &ServiceProvider,
    sso_url: &str,
    now: DateTime<Utc>,
) -> Result<AcceptedRequest, RequestRefused> {
    check_shape(&xml)?;
    let request: AuthnRequest =
        xml.parse().map_err(|error: samael::schema::authn_request::Error| malformed(&error))?;
    equal("Version", Some(&request.version), "2.0")?;
    equal("Destination", request.destination.as_deref(), sso_url)?;
    equal("Issuer", request.issuer.as_ref().and_then(|issuer| issuer.value.as_deref()), &sp.entity_id)?;
    if let Some(url) = &request.assertion_consumer_service_url {
        equal("AssertionConsumerServiceURL", Some(url), &sp.acs_url)?;
    }
    if let Some(binding) = &request.protocol_binding {
        equal("ProtocolBinding", Some(binding), HTTP_POST)?;
    }
    if request.assertion_consumer_service_index.is_some() {
        return Err(RequestRefused::Unsupported("AssertionConsumerServiceIndex"));
    }
    if request.is_passive == Some(true) {
        return Err(RequestRefused::Unsupported("IsPassive"));
    }
    if request.subject.is_some() {
        return Err(RequestRefused::Unsupported("Subject"));
    }
    let format = request.name_id_policy.as_ref().and_then(|policy| policy.format.as_deref());
    if !matches!(format, None | Some(names::PERSISTENT | names::UNSPECIFIED)) {
        return Err(RequestRefused::Unsupported("this NameIDPolicy"));
    }
    if !is_id(&request.id) {
        return Err(RequestRefused::Id);
    }
    if request.issue_instant < now - MAX_AGE || request.issue_instant > now + SKEW {
        return Err(RequestRefused::Stale(request.issue_instant));
    }
    Ok(AcceptedRequest { id: request.id, xml })
}

/// samael matches local names only and takes any root element, so namespace and root are checked here, and DTDs refused.
fn check_shape(xml: &str) -> Result<(), RequestRefused> {
    if xml.len() as u64 > MAX_XML {
        return Err(malformed(&"too long"));
    }
    let document = Parser::new()
        .with_forbid_dtd(true)
        .with_max_depth(16)
        .parse(xml)
        .map_err(|error| malformed(&error))?;
    let is_request = document
        .document_element()
        .and_then(|root| document.element(root))
        .is_some_and(|root| root.matches_name_ns("urn:oasis:names:tc:SAML:2.0:protocol", "AuthnRequest"));
    if is_request { Ok(()) } else { Err(malformed(&"wrong root element")) }
}

fn malformed(reason: &dyn std::fmt::Display) -> RequestRefused {
    RequestRefused::Malformed(reason.to_string())
}

fn equal(name: &'static str, found: Option<&str>, expected: &str) -> Result<(), RequestRefused> {
    if found == Some(expected) {
        return Ok(());
    }
    let found = found.unwrap_or_default().to_owned();
    Err(RequestRefused::Mismatch { name, found, expected: expected.to_owned() })
}

/// An `xs:ID` of plain characters (SAML core 1.3.4).
fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && id.len() <= 256
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    const SSO: &str = "http://127.0.0.1:9/sso";

    pub(in super::super) fn sp() -> ServiceProvider {
        ServiceProvider {
            entity_id: "https://studio.example.com/saml/metadata".to_owned(),
            acs_url: "https://studio.example.com/saml/acs".to_owned(),
            audiences: vec!["https://studio.example.com/saml/metadata".to_owned()],
        }
    }

    pub(in super::super) fn now() -> DateTime<Utc> {
        "2026-03-01T09:00:00Z".parse().unwrap()
    }

    pub(in super::super) fn request(destination: &str) -> String {
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_request1\" Version=\"2.0\" \
             IssueInstant=\"2026-03-01T08:59:50Z\" Destination=\"{destination}\" \
             AssertionConsumerServiceURL=\"https://studio.example.com/saml/acs\" \
             ProtocolBinding=\"{HTTP_POST}\">\
             <saml:Issuer>https://studio.example.com/saml/metadata</saml:Issuer></samlp:AuthnRequest>"
        )
    }

    pub(in super::super) fn deflate(xml: &str) -> String {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(xml.as_bytes()).unwrap();
        STANDARD.encode(encoder.finish().unwrap())
    }

    fn refused(from: &str, to: &str) -> RequestRefused {
        let changed = request(SSO).replacen(from, to, 1);
        assert_ne!(changed, request(SSO));
        check(changed, &sp(), SSO, now()).unwrap_err()
    }

    #[test]
    fn a_good_request_is_accepted() {
        assert_eq!(check(request(SSO), &sp(), SSO, now()).unwrap().id, "_request1");
        assert_eq!(from_redirect(&deflate(&request(SSO))), Ok(request(SSO)));
    }

    #[test]
    fn what_samael_writes_is_accepted() {
        use samael::traits::ToXml as _;
        let mut written: AuthnRequest = request(SSO).parse().unwrap();
        written.issue_instant = now();
        assert!(check(written.to_string().unwrap(), &sp(), SSO, now()).is_ok());
    }

    #[test]
    fn what_does_not_match_is_refused() {
        for (from, to) in [
            ("/saml/acs", "/saml/other"),
            ("metadata</saml:Issuer>", "stranger</saml:Issuer>"),
            (SSO, "http://127.0.0.1:9/other"),
            ("Version=\"2.0\"", "Version=\"1.1\""),
            ("HTTP-POST", "HTTP-Artifact"),
        ] {
            assert!(matches!(refused(from, to), RequestRefused::Mismatch { .. }), "{to}");
        }
    }

    #[test]
    fn ids_that_are_no_names_are_refused() {
        assert_eq!(refused("_request1", ""), RequestRefused::Id);
        assert_eq!(refused("_request1", "1&quot;x"), RequestRefused::Id);
    }

    #[test]
    fn stale_and_future_requests_are_refused() {
        assert!(matches!(refused("08:59:50", "08:49:59"), RequestRefused::Stale(_)));
        assert!(matches!(refused("08:59:50", "09:01:01"), RequestRefused::Stale(_)));
    }

    #[test]
    fn other_elements_and_dtds_are_refused() {
        let renamed = request(SSO).replace("AuthnRequest", "LogoutRequest");
        assert!(matches!(check(renamed, &sp(), SSO, now()), Err(RequestRefused::Malformed(_))));
        let other_namespace = request(SSO).replace("2.0:protocol", "1.0:protocol");
        assert!(matches!(check(other_namespace, &sp(), SSO, now()), Err(RequestRefused::Malformed(_))));
        let with_dtd = format!("<!DOCTYPE x [<!ENTITY e \"e\">]>{}", request(SSO));
        assert!(matches!(check(with_dtd, &sp(), SSO, now()), Err(RequestRefused::Malformed(_))));
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = deflate(&" ".repeat(10_000_000));
        assert_eq!(from_redirect(&bomb), Err(RequestRefused::Deflate));
    }
}
