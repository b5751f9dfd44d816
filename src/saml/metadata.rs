//! Metadata of an identity provider (saml-metadata 2.4.1, 2.4.3): who it is, what it signs with, where it is asked.
//!
//! It comes from a file that the admin chose, and it is the whole of the trust in the IdP.

use super::signature::verified;
use super::xml::{attribute, elements, is, named, text};
use super::{
    DSIG, HTTP_POST, HTTP_REDIRECT, METADATA, PROTOCOL, TrustedKeys, base64_text, gate, instant, xml,
};
use chrono::{DateTime, TimeDelta, Utc};
use uppsala::{Document, NodeId};
use x509_parser::prelude::{FromDer, X509Certificate};

/// How long before its end an admin is told that a certificate expires.
const EXPIRY_NOTICE: TimeDelta = TimeDelta::days(30);

/// What the gateway needs to know of an identity provider.
#[derive(Debug)]
pub struct IdpMetadata {
    /// Entity ID: the Issuer of its messages.
    pub entity_id: String,
    /// Keys that verify its signatures.
    pub keys: TrustedKeys,
    /// Where an AuthnRequest is sent with the HTTP-Redirect binding, if the IdP takes any.
    pub sso_redirect: Option<String>,
    /// Where an AuthnRequest is sent with the HTTP-POST binding, if the IdP takes any.
    pub sso_post: Option<String>,
    /// Whether the IdP wants AuthnRequests signed (`WantAuthnRequestsSigned`).
    pub wants_signed_requests: bool,
    /// Until when the metadata may be used (`validUntil`), if it says so.
    pub valid_until: Option<DateTime<Utc>>,
    /// How long it may be kept before it is fetched again (`cacheDuration`), if it says so.
    pub cache_for: Option<TimeDelta>,
    /// When each signing certificate ends. It still verifies then.
    pub certificates_end: Vec<DateTime<Utc>>,
    /// What an admin should know, such as certificates that were left out or have expired.
    pub warnings: Vec<String>,
}

impl IdpMetadata {
    /// Reads a metadata document: an EntityDescriptor, or an EntitiesDescriptor from which `entity_id` selects one.
    ///
    /// With `signed_by`, the document element has to be signed with one of these keys, and nothing else is read than what
    /// the signature covers (saml-metadata 3).
    ///
    /// # Errors
    /// A sentence for the admin: not metadata, not signed as it should be, no such entity, no IdP role, no usable
    /// signing certificate, or past its `validUntil`.
    pub fn parse(
        document: &str,
        entity_id: Option<&str>,
        signed_by: Option<&TrustedKeys>,
        now: DateTime<Utc>,
    ) -> Result<Self, String> {
        let text = document.strip_prefix('\u{feff}').unwrap_or(document);
        match signed_by {
            None => Self::read(text, entity_id, now),
            Some(keys) => {
                let document = xml::parse_metadata(text).map_err(|fault| fault.to_string())?;
                let root = document.document_element().ok_or("an empty document")?;
                let layout = gate::check_metadata(&document, root).map_err(|fault| fault.detail)?;
                let covered = verified(&document, root, &layout, keys).map_err(
                    |_| "the key that has to have signed the document does not verify its signature",
                )?;
                Self::read(&covered.text, entity_id, now)
            }
        }
    }

    fn read(text: &str, entity_id: Option<&str>, now: DateTime<Utc>) -> Result<Self, String> {
        let document = xml::parse_metadata(text).map_err(|fault| fault.to_string())?;
        let entity = choose(&document, entity_id)?;
        let role = named(&document, entity, METADATA, "IDPSSODescriptor")
            .find(|role| {
                let supported = attribute(&document, *role, "protocolSupportEnumeration").unwrap_or_default();
                supported.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
            })
            .ok_or("the entity is not a SAML 2.0 identity provider")?;
        let valid_until = valid_until(&document, role)?;
        if let Some(until) = valid_until.filter(|until| *until <= now) {
            return Err(format!("the metadata was valid until {}", instant::format(until)));
        }
        let certificates = signing_certificates(&document, role)?;
        let (keys, mut warnings) = TrustedKeys::from_certificates(&certificates)?;
        warnings.extend(certificates.iter().filter_map(|der| expiry_warning(der, now)));
        if let Some(until) = valid_until.filter(|until| *until <= now + EXPIRY_NOTICE) {
            warnings.push(format!("the metadata is valid until {}", instant::format(until)));
        }
        let wanted = attribute(&document, role, "WantAuthnRequestsSigned");
        Ok(Self {
            entity_id: attribute(&document, entity, "entityID").unwrap_or_default().to_owned(),
            keys,
            sso_redirect: sso_location(&document, role, HTTP_REDIRECT)?,
            sso_post: sso_location(&document, role, HTTP_POST)?,
            wants_signed_requests: matches!(wanted, Some("true" | "1")),
            valid_until,
            cache_for: lineage(&document, role)
                .filter_map(|node| attribute(&document, node, "cacheDuration").and_then(duration))
                .min(),
            certificates_end: certificates.iter().filter_map(|der| end_of(der)).collect(),
            warnings,
        })
    }
}

/// A descriptor and all that it is in: limits of an outer one hold for the inner ones (saml-metadata 2.3.1).
fn lineage<'d>(document: &'d Document<'_>, node: NodeId) -> impl Iterator<Item = NodeId> + 'd {
    std::iter::successors(Some(node), |node| document.parent(*node))
}

fn valid_until(document: &Document<'_>, role: NodeId) -> Result<Option<DateTime<Utc>>, String> {
    let mut earliest: Option<DateTime<Utc>> = None;
    for value in lineage(document, role).filter_map(|node| attribute(document, node, "validUntil")) {
        let until = instant::parse(value).ok_or("validUntil is not an instant")?;
        earliest = Some(earliest.map_or(until, |earliest| earliest.min(until)));
    }
    Ok(earliest)
}

/// An xs:duration of days, hours, minutes and seconds, such as `P1D` or `PT6H`. Years and months have no fixed length, and
/// count as not stated.
fn duration(value: &str) -> Option<TimeDelta> {
    let mut seconds = 0i64;
    let mut number = String::new();
    let mut in_time = false;
    for c in value.strip_prefix('P')?.chars() {
        let unit = match (c, in_time) {
            ('0'..='9' | '.', _) => {
                number.push(c);
                continue;
            }
            ('T', false) => {
                in_time = true;
                continue;
            }
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        let whole: i64 = number.split('.').next()?.parse().ok()?;
        seconds = seconds.checked_add(whole.checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then(|| TimeDelta::try_seconds(seconds)).flatten()
}

/// Where requests with this binding go. A location that is not a web address is refused: the browser is sent there.
fn sso_location(document: &Document<'_>, role: NodeId, binding: &str) -> Result<Option<String>, String> {
    let location = named(document, role, METADATA, "SingleSignOnService")
        .find(|service| attribute(document, *service, "Binding") == Some(binding))
        .and_then(|service| attribute(document, service, "Location"));
    match location.map(url::Url::parse) {
        None => Ok(None),
        Some(Ok(url)) if matches!(url.scheme(), "https" | "http") && url.fragment().is_none() => {
            Ok(Some(url.as_str().to_owned()))
        }
        Some(_) => Err("a SingleSignOnService location is not an http(s) URL".into()),
    }
}

fn choose(document: &Document<'_>, entity_id: Option<&str>) -> Result<NodeId, String> {
    let root = document.document_element().ok_or("an empty document")?;
    let entities: Vec<NodeId> = if is(document, root, METADATA, "EntityDescriptor") {
        vec![root]
    } else if is(document, root, METADATA, "EntitiesDescriptor") {
        document
            .descendants(root)
            .into_iter()
            .filter(|node| is(document, *node, METADATA, "EntityDescriptor"))
            .collect()
    } else {
        return Err("not SAML metadata: the document element is not md:EntityDescriptor".into());
    };
    let mut matching = entities.into_iter().filter(|entity| {
        let id = attribute(document, *entity, "entityID").unwrap_or_default();
        !id.is_empty() && entity_id.is_none_or(|wanted| wanted == id)
    });
    match (matching.next(), matching.next()) {
        (Some(entity), None) => Ok(entity),
        (None, _) => Err("there is no entity with this entityID in the metadata".into()),
        (Some(_), Some(_)) => Err("several entities in the metadata: name one with entity_id".into()),
    }
}

/// Certificates of all key descriptors that are for signing, or for any use (saml-metadata 2.4.1.1).
fn signing_certificates(document: &Document<'_>, role: NodeId) -> Result<Vec<Vec<u8>>, String> {
    let mut certificates = Vec::new();
    for descriptor in named(document, role, METADATA, "KeyDescriptor") {
        if !matches!(attribute(document, descriptor, "use"), None | Some("signing")) {
            continue;
        }
        for key_info in named(document, descriptor, DSIG, "KeyInfo") {
            for (data, _) in
                elements(document, key_info).filter(|(node, _)| is(document, *node, DSIG, "X509Data"))
            {
                for node in named(document, data, DSIG, "X509Certificate") {
                    let value = text(document, node).unwrap_or_default();
                    let der =
                        base64_text::decoded(&value).map_err(|_| "a signing certificate is not base64")?;
                    if !certificates.contains(&der) {
                        certificates.push(der);
                    }
                }
            }
        }
    }
    Ok(certificates)
}

/// `notAfter` of a certificate.
fn end_of(der: &[u8]) -> Option<DateTime<Utc>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)
}

/// A certificate that has expired, or is about to. It still verifies: the IdP may go on using it, and often does; but
/// many IdPs change their key then, and the new one has to be in the metadata by that day.
fn expiry_warning(der: &[u8], now: DateTime<Utc>) -> Option<String> {
    let until = end_of(der)?;
    let day = until.format("%Y-%m-%d");
    if until <= now {
        Some(format!("a signing certificate expired on {day}"))
    } else if until <= now + EXPIRY_NOTICE {
        Some(format!("a signing certificate expires on {day}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_ends_is_told_a_month_ahead() {
        use crate::demo::idp::key::{KeyKind, SigningKey};
        let now = instant::parse("2026-06-01T00:00:00Z").unwrap();
        for (days, told) in
            [(31, None), (29, Some("expires on 2026-06-30")), (-1, Some("expired on 2026-05-31"))]
        {
            let until = now + TimeDelta::days(days);
            let key =
                SigningKey::generate_between(KeyKind::P256, "idp", now - TimeDelta::days(90), until).unwrap();
            let warning = expiry_warning(&key.certificate_der().unwrap(), now);
            assert_eq!(warning.is_some(), told.is_some(), "{days}");
            assert!(warning.unwrap_or_default().contains(told.unwrap_or_default()));
        }
    }

    #[test]
    fn durations_of_fixed_length_are_read() {
        for (value, seconds) in [("PT1H", 3_600), ("P1D", 86_400), ("P1DT2H3M4.5S", 93_784), ("PT0S", 0)] {
            assert_eq!(duration(value), Some(TimeDelta::seconds(seconds)), "{value}");
        }
        for value in ["", "P", "1H", "P1Y", "P1M", "PT1", "PTH", "P1H", "-P1D", "PT99999999999999999999S"] {
            assert!(duration(value).is_none_or(|found| found == TimeDelta::zero()), "{value}");
        }
    }
}
