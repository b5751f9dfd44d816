//! The AuthnRequest that starts a sign-in here, sent with the HTTP-Redirect binding (saml-bindings 3.4.4.1).

use super::HTTP_POST;
use super::instant;
use crate::error::{Code, Refusal};
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use samael::schema::{AuthnRequest, Issuer};
use samael::traits::ToXml;
use std::io::Write;
use url::Url;

/// An AuthnRequest that is about to be sent.
#[derive(Debug)]
pub struct OutgoingRequest {
    /// Its ID: 160 random bits. The answer has to name it in `InResponseTo`.
    pub id: String,
    /// The IdP's address with the request in its query.
    pub redirect_to: Url,
}

/// Makes a request to `sso` (the IdP's HTTP-Redirect location) that is to be answered at `acs_url`.
///
/// `relay_state` comes back with the answer.
pub fn redirect(
    sso: &str,
    sp_entity_id: &str,
    acs_url: &str,
    relay_state: Option<&str>,
    now: DateTime<Utc>,
) -> Result<OutgoingRequest, Refusal> {
    let fault = |reason: String| Refusal::new(Code::GatewayFault, format!("AuthnRequest: {reason}"));
    // An xs:ID must not begin with a digit.
    let id = format!("_{}", random::hex::<20>().map_err(|e| fault(e.to_string()))?);
    let request = AuthnRequest {
        id: id.clone(),
        version: "2.0".into(),
        issue_instant: instant::parse(&instant::format(now)).unwrap_or(now),
        destination: Some(sso.to_owned()),
        // samael writes element text as it is.
        issuer: Some(Issuer {
            value: Some(escape_text(sp_entity_id)),
            ..Issuer::default()
        }),
        assertion_consumer_service_url: Some(acs_url.to_owned()),
        protocol_binding: Some(HTTP_POST.into()),
        ..AuthnRequest::default()
    };
    let xml = request.to_string().map_err(|e| fault(e.to_string()))?;
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = deflate.write_all(xml.as_bytes()).and_then(|()| deflate.finish());
    let deflated = deflated.map_err(|e| fault(e.to_string()))?;

    let mut redirect_to = Url::parse(sso).map_err(|e| fault(e.to_string()))?;
    {
        let mut query = redirect_to.query_pairs_mut();
        query.append_pair("SAMLRequest", &STANDARD.encode(deflated));
        if let Some(relay_state) = relay_state {
            query.append_pair("RelayState", relay_state);
        }
    }
    Ok(OutgoingRequest { id, redirect_to })
}

pub(super) fn escape_text(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::DeflateDecoder;
    use std::io::Read;

    fn sent(sso: &str) -> (OutgoingRequest, String) {
        let now = instant::parse("2026-01-02T03:04:05.678Z").unwrap();
        let request = redirect(
            sso,
            "https://sp.test/a?b&c",
            "https://sp.test/saml/acs",
            Some("to.research"),
            now,
        )
        .unwrap();
        let pairs: std::collections::HashMap<_, _> = request.redirect_to.query_pairs().into_owned().collect();
        assert_eq!(pairs["RelayState"], "to.research");
        let mut xml = String::new();
        DeflateDecoder::new(STANDARD.decode(&pairs["SAMLRequest"]).unwrap().as_slice())
            .read_to_string(&mut xml)
            .unwrap();
        (request, xml)
    }

    #[test]
    fn the_request_says_who_asks_and_where_to_answer() {
        let (request, xml) = sent("https://idp.test/sso?tenant=1");
        assert!(
            request
                .redirect_to
                .as_str()
                .starts_with("https://idp.test/sso?tenant=1&SAMLRequest=")
        );
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
        assert!(
            document
                .get_attribute(root, "IssueInstant")
                .unwrap()
                .starts_with("2026-01-02T03:04:05")
        );
        let issuer = document.get_elements_by_tag_name("Issuer")[0];
        assert_eq!(document.element_text(issuer), Some("https://sp.test/a?b&c"));
    }

    #[test]
    fn ids_are_long_and_never_the_same() {
        let (one, _) = sent("https://idp.test/sso");
        let (other, _) = sent("https://idp.test/sso");
        assert_eq!(one.id.len(), 41);
        assert_ne!(one.id, other.id);
    }
}
