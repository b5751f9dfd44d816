//! Messages as identity providers send them, of the sizes that they have: what is measured.

use super::harness::{ACS, AUDIENCE, IDP, folder, now, world};
use gateway::demo::idp::encryption::Encryption;
use gateway::demo::idp::people::Person;
use gateway::demo::idp::response::{Addressing, Response};
use gateway::demo::idp::signature::{Algorithms, Signed, sign_xml};
use std::fmt::Write as _;
use std::fs;

const ROLE: &str = "arn:aws:iam::111122223333:role/Studio,arn:aws:iam::111122223333:saml-provider/idp";

/// A message to measure.
pub(crate) struct Message {
    /// What the table calls it, and the command line.
    pub(crate) name: &'static str,
    pub(crate) xml: String,
    /// Whether our private key has to open it.
    pub(crate) encrypted: bool,
}

/// The messages of the table. Sizes are those of the XML, which group names fill up, as in real life.
pub(crate) fn all() -> [Message; 5] {
    let signed = |signed| move |groups| message(groups).sign(&world().rsa, signed).expect("signed");
    [
        Message { name: "assertion-signed", xml: sized(9_000, signed(Signed::Assertion)), encrypted: false },
        Message { name: "response-signed", xml: sized(9_000, signed(Signed::Response)), encrypted: false },
        Message { name: "both-signed", xml: sized(12_000, signed(Signed::Both)), encrypted: false },
        Message { name: "okta-style", xml: sized(14_000, okta), encrypted: false },
        Message { name: "encrypted", xml: sized(9_000, encrypted), encrypted: true },
    ]
}

/// The largest message of that form that is not larger than `bytes`.
fn sized(bytes: usize, make: impl Fn(usize) -> String) -> String {
    let (none, some) = (make(0).len(), make(20).len());
    make(bytes.saturating_sub(none) * 20 / (some - none))
}

fn group(number: usize) -> String {
    format!("aws-sagemaker-team-{number:04}-data-scientists")
}

fn message(groups: usize) -> Response {
    let addressing = Addressing {
        acs_url: ACS.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        idp_entity_id: IDP.to_owned(),
    };
    let mut person = Person::new("kim", "Kim", "kim@example.com", ROLE);
    person.groups = (0..groups).map(group).collect();
    Response::valid(now(), &addressing, &person)
}

fn encrypted(groups: usize) -> String {
    let certificate = fs::read_to_string(folder("keys").join("sp.pem")).expect("sp.pem");
    let method = "http://www.w3.org/2009/xmlenc11#aes256-gcm".to_owned();
    let encryption = Encryption { data_method: method, ..Encryption::usual() };
    message(groups)
        .sign_encrypted(&world().rsa, Signed::Assertion, &certificate, &encryption)
        .expect("encrypted")
}

/// As Okta writes it: other prefixes, each element with the declarations that it needs, a PrefixList, typed values, and
/// both elements signed.
fn okta(groups: usize) -> String {
    const NS: &str = "xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
    const VALUE: &str = "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
        xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\"";
    let value = |out: &mut String, value: &str| {
        let _ = write!(out, "<saml2:AttributeValue {VALUE}>{value}</saml2:AttributeValue>");
    };
    let mut attributes = String::new();
    let mut attribute = |name: &str, values: &[String]| {
        let _ = write!(
            attributes,
            "<saml2:Attribute Name=\"{name}\" \
             NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified\">"
        );
        values.iter().for_each(|text| value(&mut attributes, text));
        attributes.push_str("</saml2:Attribute>");
    };
    attribute("https://aws.amazon.com/SAML/Attributes/Role", &[ROLE.to_owned()]);
    attribute("https://aws.amazon.com/SAML/Attributes/RoleSessionName", &["kim@example.com".to_owned()]);
    attribute(
        "https://aws.amazon.com/SAML/Attributes/PrincipalTag:studiouserid",
        &["kim@example.com".to_owned()],
    );
    attribute("groups", &(0..groups).map(group).collect::<Vec<_>>());
    let (issued, until) = ("2026-03-01T09:00:00.000Z", "2026-03-01T09:05:00.000Z");
    let issuer = format!(
        "<saml2:Issuer {NS} Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">{IDP}</saml2:Issuer>"
    );
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <saml2p:Response xmlns:saml2p=\"urn:oasis:names:tc:SAML:2.0:protocol\" Destination=\"{ACS}\" ID=\"id1\" \
         IssueInstant=\"{issued}\" Version=\"2.0\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{issuer}\
         <saml2p:Status xmlns:saml2p=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <saml2p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></saml2p:Status>\
         <saml2:Assertion {NS} ID=\"id2\" IssueInstant=\"{issued}\" Version=\"2.0\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{issuer}\
         <saml2:Subject {NS}>\
         <saml2:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">kim@example.com</saml2:NameID>\
         <saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml2:SubjectConfirmationData NotOnOrAfter=\"{until}\" Recipient=\"{ACS}\"/>\
         </saml2:SubjectConfirmation></saml2:Subject>\
         <saml2:Conditions {NS} NotBefore=\"2026-03-01T08:55:00.000Z\" NotOnOrAfter=\"{until}\">\
         <saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}</saml2:Audience></saml2:AudienceRestriction>\
         </saml2:Conditions>\
         <saml2:AuthnStatement {NS} AuthnInstant=\"{issued}\" SessionIndex=\"id1772355600000\">\
         <saml2:AuthnContext><saml2:AuthnContextClassRef>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
         </saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>\
         <saml2:AttributeStatement {NS}>{attributes}</saml2:AttributeStatement>\
         </saml2:Assertion></saml2p:Response>"
    );
    let key = &world().rsa;
    let algorithms = Algorithms { inclusive_prefixes: vec!["xs".to_owned()], ..Algorithms::usual(key) };
    let sign = |xml: &str, id| sign_xml(xml, id, key, &algorithms).expect("signed");
    sign(&sign(&xml, "id2"), "id1")
}
