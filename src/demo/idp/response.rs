//! SAML responses as data: every value is a public field, so that a test takes a valid response, breaks one thing and
//! signs the result. Never checks anything: what makes no sense is written as it stands.

pub mod names;
mod write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};

use super::key::SigningKey;
use super::people::Person;
use super::signature::{Algorithms, Signed, SigningError, sign_xml};
use super::xml::fresh_id;

/// Who speaks to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressing {
    /// The SP's ACS URL: Destination, and Recipient of the confirmation.
    pub acs_url: String,
    /// The audiences that one `AudienceRestriction` names.
    pub audiences: Vec<String>,
    /// Issuer of response and assertion.
    pub idp_entity_id: String,
}

/// A SAML response (SAML core 3.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// `ID`; what a signature of the response refers to.
    pub id: String,
    /// `Version`.
    pub version: String,
    /// `IssueInstant`.
    pub issue_instant: DateTime<Utc>,
    /// `InResponseTo`.
    pub in_response_to: Option<String>,
    /// `Destination`.
    pub destination: Option<String>,
    /// `Issuer`.
    pub issuer: Option<String>,
    /// `Status`.
    pub status: Status,
    /// Whether the assertion is written at all; a refusal has none.
    pub has_assertion: bool,
    /// The assertion.
    pub assertion: Assertion,
    /// XML put after the assertion as it is: second assertions, oddities.
    pub extra: String,
}

/// A status (SAML core 3.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Top-level code.
    pub code: String,
    /// Second-level code inside it.
    pub second_code: Option<String>,
    /// Text for people.
    pub message: Option<String>,
}

/// An assertion (SAML core 2.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// `ID`; what a signature of the assertion refers to, and what is claimed against replay.
    pub id: String,
    /// `Version`.
    pub version: String,
    /// `IssueInstant`.
    pub issue_instant: DateTime<Utc>,
    /// `Issuer`.
    pub issuer: String,
    /// The subject's name.
    pub name_id: Option<NameId>,
    /// The subject's confirmations.
    pub confirmations: Vec<SubjectConfirmation>,
    /// `Conditions`.
    pub conditions: Conditions,
    /// `AuthnStatement`.
    pub authn_statement: Option<AuthnStatement>,
    /// `AttributeStatement`; not written if empty.
    pub attributes: Vec<Attribute>,
    /// XML put after the attribute statement as it is.
    pub extra: String,
}

/// A name identifier (SAML core 2.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// `Format`.
    pub format: Option<String>,
    /// `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

/// A subject confirmation with its data (SAML core 2.4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectConfirmation {
    /// `Method`.
    pub method: String,
    /// `Recipient`.
    pub recipient: Option<String>,
    /// `NotOnOrAfter`.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// `NotBefore`; forbidden for bearer confirmations (SAML profiles 4.1.4.2).
    pub not_before: Option<DateTime<Utc>>,
    /// `InResponseTo`.
    pub in_response_to: Option<String>,
    /// `Address`.
    pub address: Option<String>,
}

/// Conditions (SAML core 2.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// `NotBefore`.
    pub not_before: Option<DateTime<Utc>>,
    /// `NotOnOrAfter`.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// One `AudienceRestriction` for each list of audiences.
    pub audience_restrictions: Vec<Vec<String>>,
    /// XML put after the restrictions as it is.
    pub extra: String,
}

/// An authentication statement (SAML core 2.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthnStatement {
    /// `AuthnInstant`.
    pub authn_instant: DateTime<Utc>,
    /// `SessionIndex`.
    pub session_index: Option<String>,
    /// `SessionNotOnOrAfter`.
    pub session_not_on_or_after: Option<DateTime<Utc>>,
    /// `AuthnContextClassRef`.
    pub context_class: String,
}

/// An attribute (SAML core 2.7.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`.
    pub name: String,
    /// `NameFormat`.
    pub name_format: Option<String>,
    /// `FriendlyName`.
    pub friendly_name: Option<String>,
    /// The values, each in an `AttributeValue`.
    pub values: Vec<String>,
}

impl Attribute {
    /// An attribute with these values, and the name format that fits the name.
    #[must_use]
    pub fn new<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Self {
        let format = if name.contains("://") { names::NAME_FORMAT_URI } else { names::NAME_FORMAT_BASIC };
        Self {
            name: name.to_owned(),
            name_format: Some(format.to_owned()),
            friendly_name: None,
            values: values.into_iter().map(Into::into).collect(),
        }
    }
}

impl Assertion {
    /// Gives the first attribute of that name these values; adds the attribute if there is none.
    pub fn set_attribute<V: Into<String>>(&mut self, name: &str, values: impl IntoIterator<Item = V>) {
        let new = Attribute::new(name, values);
        match self.attributes.iter_mut().find(|attribute| attribute.name == name) {
            Some(attribute) => attribute.values = new.values,
            None => self.attributes.push(new),
        }
    }

    /// Takes all attributes of that name away.
    pub fn remove_attribute(&mut self, name: &str) {
        self.attributes.retain(|attribute| attribute.name != name);
    }
}

impl Response {
    /// A response with which `person` can sign in at `now`, without a request (IdP-initiated). It is valid for five
    /// minutes, as long as STS takes it.
    #[must_use]
    pub fn valid(now: DateTime<Utc>, addressing: &Addressing, person: &Person) -> Self {
        let until = now + TimeDelta::minutes(5);
        let assertion = Assertion {
            id: fresh_id(),
            version: "2.0".to_owned(),
            issue_instant: now,
            issuer: addressing.idp_entity_id.clone(),
            name_id: Some(NameId {
                value: person.user_id.clone(),
                format: Some(names::PERSISTENT.to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
            }),
            confirmations: vec![SubjectConfirmation {
                method: names::BEARER.to_owned(),
                recipient: Some(addressing.acs_url.clone()),
                not_on_or_after: Some(until),
                not_before: None,
                in_response_to: None,
                address: None,
            }],
            conditions: Conditions {
                not_before: Some(now - TimeDelta::seconds(5)),
                not_on_or_after: Some(until),
                audience_restrictions: vec![addressing.audiences.clone()],
                extra: String::new(),
            },
            authn_statement: Some(AuthnStatement {
                authn_instant: now,
                session_index: Some(fresh_id()),
                session_not_on_or_after: Some(now + TimeDelta::hours(8)),
                context_class: names::PASSWORD.to_owned(),
            }),
            attributes: attributes(person),
            extra: String::new(),
        };
        Self {
            id: fresh_id(),
            version: "2.0".to_owned(),
            issue_instant: now,
            in_response_to: None,
            destination: Some(addressing.acs_url.clone()),
            issuer: Some(addressing.idp_entity_id.clone()),
            status: Status { code: names::SUCCESS.to_owned(), second_code: None, message: None },
            has_assertion: true,
            assertion,
            extra: String::new(),
        }
    }

    /// The same as an answer to the request with this ID: in the response and in every confirmation (SAML profiles
    /// 4.1.4.2).
    #[must_use]
    pub fn answering(mut self, request_id: &str) -> Self {
        self.in_response_to = Some(request_id.to_owned());
        for confirmation in &mut self.assertion.confirmations {
            confirmation.in_response_to = Some(request_id.to_owned());
        }
        self
    }

    /// The same as a refusal: the person was not authenticated, and there is no assertion (SAML core 3.2.2.2).
    #[must_use]
    pub fn declined(mut self, message: &str) -> Self {
        self.has_assertion = false;
        self.status = Status {
            code: names::RESPONDER.to_owned(),
            second_code: Some(names::AUTHN_FAILED.to_owned()),
            message: Some(message.to_owned()),
        };
        self
    }

    /// The message without any signature.
    #[must_use]
    pub fn to_xml(&self) -> String {
        write::response(self)
    }

    /// The message signed with what IdPs use by default: SHA-256 and exclusive canonicalisation.
    pub fn sign(&self, key: &SigningKey, what: Signed) -> Result<String, SigningError> {
        self.sign_with(key, what, &Algorithms::usual(key))
    }

    /// The message signed with these algorithms. The assertion is signed first, so that a signature of the response
    /// covers it; a refusal has no assertion to sign.
    pub fn sign_with(
        &self,
        key: &SigningKey,
        what: Signed,
        algorithms: &Algorithms,
    ) -> Result<String, SigningError> {
        let mut xml = self.to_xml();
        if self.has_assertion && matches!(what, Signed::Assertion | Signed::Both) {
            xml = sign_xml(&xml, &self.assertion.id, key, algorithms)?;
        }
        if matches!(what, Signed::Response | Signed::Both) {
            xml = sign_xml(&xml, &self.id, key, algorithms)?;
        }
        Ok(xml)
    }

    /// Any XML as the value of the form field `SAMLResponse` (SAML bindings 3.5.4).
    #[must_use]
    pub fn encode(xml: &str) -> String {
        STANDARD.encode(xml)
    }
}

fn attributes(person: &Person) -> Vec<Attribute> {
    let mut attributes = vec![
        Attribute::new(names::ROLE_SESSION_NAME, [&person.session_name]),
        Attribute::new(names::STUDIO_USER_ID, [&person.user_id]),
    ];
    if !person.roles.is_empty() {
        attributes.push(Attribute::new(names::ROLE, &person.roles));
    }
    if let Some(seconds) = person.session_duration {
        attributes.push(Attribute::new(names::SESSION_DURATION, [seconds.to_string()]));
    }
    if !person.groups.is_empty() {
        attributes.push(Attribute::new(names::GROUPS, &person.groups));
    }
    attributes.extend(person.attributes.iter().map(|(name, values)| Attribute::new(name, values)));
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        Person::new("kim", "Kim", "kim", "role,provider")
    }

    fn addressing() -> Addressing {
        Addressing {
            acs_url: "https://sp.test/acs?a=1&b=\"2\"".to_owned(),
            audiences: vec!["sp".to_owned(), "urn:amazon:webservices".to_owned()],
            idp_entity_id: "idp".to_owned(),
        }
    }

    fn valid() -> Response {
        Response::valid("2026-03-01T09:00:00Z".parse().unwrap(), &addressing(), &person())
    }

    #[test]
    fn values_come_back_from_a_parser_as_they_were() {
        let mut response = valid();
        let odd = "a<b>&\"'c\r\n\t 김하늘";
        response.assertion.name_id.as_mut().unwrap().value = odd.to_owned();
        let xml = response.to_xml();
        let document = uppsala::parse(&xml).unwrap();
        let name = document.get_elements_by_tag_name("NameID")[0];
        assert_eq!(document.text_content_deep(name), odd);
        let root = document.document_element().unwrap();
        assert_eq!(document.get_attribute(root, "Destination"), Some(addressing().acs_url.as_str()));
    }

    #[test]
    fn an_idp_initiated_response_answers_nothing() {
        assert!(!valid().to_xml().contains("InResponseTo"));
        assert_eq!(valid().answering("_r1").to_xml().matches("InResponseTo=\"_r1\"").count(), 2);
    }

    #[test]
    fn a_refusal_has_no_assertion() {
        let xml = valid().declined("no").to_xml();
        assert!(!xml.contains("Assertion "), "{xml}");
        assert!(xml.contains(names::AUTHN_FAILED));
    }

    #[test]
    fn attributes_can_be_changed_by_name() {
        let mut response = valid();
        response.assertion.set_attribute(names::ROLE, ["first", "second"]);
        response.assertion.set_attribute("fresh", ["value"]);
        response.assertion.remove_attribute(names::ROLE_SESSION_NAME);
        let xml = response.to_xml();
        assert!(
            xml.contains(">second<") && !xml.contains(">role,provider<") && xml.contains("Name=\"fresh\"")
        );
        assert!(!xml.contains("RoleSessionName"));
    }
}
