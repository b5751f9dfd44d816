//! Explains a captured SAML response, rule by rule. It asks the verifier that the ACS asks, and has no rules of its own.

use crate::error::escaped;
use crate::saml::{
    DecryptionKeys, EncodedResponse, Expected, Notes, Rejection, Rule, TrustedKeys, UnverifiedResponse,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::fmt::Write;

/// What came of a response.
#[derive(Debug)]
pub struct Report {
    notes: Notes,
    accepted: bool,
    issuer: Option<String>,
    /// The public code of the refusal.
    code: Option<&'static str>,
}

/// Examines a response as the ACS would take it at `now`: XML, base64, or a whole form body.
#[must_use]
pub fn examine(
    text: &str,
    keys: &TrustedKeys,
    decryption: &DecryptionKeys,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Report {
    let mut notes = Notes::default();
    let mut issuer = None;
    let verdict = steps(text, keys, decryption, expected, now, &mut notes, &mut issuer);
    if let Err(fault) = &verdict {
        notes.fault(fault);
    }
    Report { accepted: verdict.is_ok(), code: verdict.err().map(|fault| fault.code.name()), notes, issuer }
}

fn steps(
    text: &str,
    keys: &TrustedKeys,
    decryption: &DecryptionKeys,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
    notes: &mut Notes,
    issuer: &mut Option<String>,
) -> Result<(), Rejection> {
    let decoded = EncodedResponse::new(form_value(text))?.decode()?;
    notes.pass(Rule::Encoding);
    let unverified = UnverifiedResponse::parse(&decoded)?;
    for rule in [Rule::Xml, Rule::Limits, Rule::Structure, Rule::SignatureShape, Rule::SignatureAlgorithm] {
        notes.pass(rule);
    }
    *issuer = Some(unverified.issuer().to_owned());
    if unverified.issuer() != expected.idp_entity_id {
        let detail = format!("the metadata is of {:?}", expected.idp_entity_id);
        return Err(Rejection {
            rule: Rule::IssuerKnown,
            code: crate::error::Code::AssertionRejected,
            detail,
        });
    }
    notes.pass(Rule::IssuerKnown);
    unverified.verify_noting(keys, decryption, expected, now, notes).map(|_| ())
}

/// The value of `SAMLResponse`, from whatever was captured.
pub(crate) fn form_value(text: &str) -> String {
    let text = text.trim();
    if text.trim_start_matches('\u{feff}').starts_with('<') {
        return STANDARD.encode(text);
    }
    form_urlencoded::parse(text.as_bytes())
        .find(|(name, _)| name == "SAMLResponse")
        .map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}

impl Report {
    /// Whether the ACS would take the message for genuine, ours and valid.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.accepted
    }

    /// For people: a line for each rule, a hint for each that is broken, and what the message says.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        if let Some(issuer) = &self.issuer {
            let _ = writeln!(out, "Issuer: {}\n", printable(issuer));
        }
        for rule in Rule::ALL {
            let _ = match self.notes.verdict(*rule) {
                Some(Ok(())) => writeln!(out, "  pass  {}", rule.name()),
                Some(Err(detail)) => {
                    writeln!(out, "  FAIL  {}: {detail}\n        {}", rule.name(), rule.hint())
                }
                None => writeln!(out, "   -    {}", rule.name()),
            };
        }
        if let Some(values) = self.notes.values() {
            let _ = writeln!(out, "\nIn signed bytes:");
            let mut line = |name: &str, value: &str| {
                let _ = writeln!(out, "  {name}: {}", printable(value));
            };
            line("Assertion", &values.assertion_id);
            line("Issued", &values.issue_instant);
            line("Not on or after", values.not_on_or_after.as_deref().unwrap_or("not stated"));
            line("NameID", &values.name_id.value);
            line("NameID format", values.name_id.format.as_deref().unwrap_or("not stated"));
            line("Audiences", &values.audiences.join(", "));
            line("Recipients", &values.recipients.join(", "));
            for attribute in &values.attributes {
                line(&printable(&attribute.name), &attribute.values.join(" | "));
            }
        }
        let verdict = match self.code {
            None => "ACCEPTED".to_owned(),
            Some(code) => format!("REFUSED with {code}"),
        };
        let _ = writeln!(out, "\n{verdict}");
        out
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let rules: Vec<_> = Rule::ALL
            .iter()
            .map(|rule| match self.notes.verdict(*rule) {
                Some(Ok(())) => json!({ "rule": rule.name(), "outcome": "pass" }),
                Some(Err(detail)) => {
                    json!({ "rule": rule.name(), "outcome": "fail", "detail": detail, "hint": rule.hint() })
                }
                None => json!({ "rule": rule.name(), "outcome": "not-applicable" }),
            })
            .collect();
        let values = self.notes.values().map(|values| {
            let attributes: Vec<_> = values
                .attributes
                .iter()
                .map(|attribute| json!({ "name": attribute.name, "values": attribute.values }))
                .collect();
            json!({
                "assertionId": values.assertion_id,
                "issueInstant": values.issue_instant,
                "issuer": values.issuer,
                "nameId": values.name_id.value,
                "nameIdFormat": values.name_id.format,
                "audiences": values.audiences,
                "recipients": values.recipients,
                "notOnOrAfter": values.not_on_or_after,
                "attributes": attributes,
            })
        });
        json!({
            "accepted": self.accepted,
            "code": self.code,
            "issuer": self.issuer,
            "rules": rules,
            "values": values,
        })
    }
}

/// A value without control characters, so that a message cannot write on the admin's terminal as it likes.
pub(crate) fn printable(value: &str) -> String {
    value.chars().flat_map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::idp::key::{KeyKind, SigningKey};
    use crate::demo::idp::people::Person;
    use crate::demo::idp::response::{Addressing, Response};
    use crate::demo::idp::signature::Signed;
    use chrono::TimeDelta;

    const ACS: &str = "https://sp.test/saml/acs";

    /// Examines a valid response in which `spoil` changed something, in the given form.
    fn report(spoil: impl FnOnce(&mut Response), form: impl FnOnce(&str) -> String) -> Report {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let key = SigningKey::generate(KeyKind::P256, "idp.test").unwrap();
        let audiences = vec!["https://sp.test".to_owned()];
        let addressing = Addressing {
            acs_url: ACS.into(),
            audiences: audiences.clone(),
            idp_entity_id: "https://idp.test".into(),
        };
        let person = Person::new("ada", "Ada", "ada", "role,provider");
        let mut response = Response::valid(now, &addressing, &person);
        spoil(&mut response);
        let xml = response.sign(&key, Signed::Both).unwrap();
        let (keys, _) = TrustedKeys::from_certificates(&[key.certificate_der().unwrap()]).unwrap();
        let expected = Expected {
            idp_entity_id: "https://idp.test",
            acs_url: ACS,
            audiences: &audiences,
            outstanding: &[],
            idp_initiated: true,
            skew: TimeDelta::seconds(60),
            cbc_without_response_signature: false,
        };
        examine(&form(&xml), &keys, &DecryptionKeys::none(), &expected, now)
    }

    #[test]
    fn xml_base64_and_form_bodies_are_read_alike() {
        let form_body = |xml: &str| {
            let mut body = form_urlencoded::Serializer::new(String::new());
            body.append_pair("RelayState", "x").append_pair("SAMLResponse", &STANDARD.encode(xml)).finish()
        };
        for report in [
            report(|_| {}, str::to_owned),
            report(|_| {}, |xml| STANDARD.encode(xml)),
            report(|_| {}, form_body),
        ] {
            assert!(report.accepted(), "{}", report.to_text());
            assert!(report.to_text().ends_with("ACCEPTED\n"));
            assert_eq!(report.to_json()["values"]["nameId"], "ada");
        }
    }

    #[test]
    fn every_broken_rule_is_told_at_once_with_a_hint() {
        let report = report(
            |response| {
                response.destination = Some("https://elsewhere.test/acs".into());
                response.assertion.conditions.audience_restrictions = vec![vec!["https://other.test".into()]];
            },
            str::to_owned,
        );
        assert!(!report.accepted());
        let text = report.to_text();
        for rule in [Rule::Destination, Rule::Audience] {
            assert!(text.contains(&format!("FAIL  {}: ", rule.name())), "{text}");
            assert!(text.contains(rule.hint()), "{text}");
        }
        assert!(text.contains("pass  signature\n"), "{text}");
        assert!(text.contains("REFUSED with assertion.rejected"), "{text}");
        assert_eq!(report.to_json()["accepted"], false);
    }

    #[test]
    fn nothing_is_read_from_a_message_whose_signature_does_not_hold() {
        let report = report(|_| {}, |xml| xml.replace(">ada<", ">eve<"));
        assert!(!report.accepted());
        assert!(report.to_text().contains("FAIL  signature: "));
        assert!(!report.to_text().contains("eve"));
        assert_eq!(report.to_json()["values"], Value::Null);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    }
}
