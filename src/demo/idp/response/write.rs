//! Writes a response as XML, in the order of the schema, without white space between elements. Never signs.

use std::fmt::Write as _;

use super::{
    Assertion, Attribute, AuthnStatement, Conditions, NameId, Response, Status, SubjectConfirmation,
};
use crate::demo::idp::xml::{attribute, element, escape, instant, optional, optional_instant};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

pub(super) fn response(response: &Response) -> String {
    let mut out = String::with_capacity(4096);
    let _ = write!(out, "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\"");
    attribute(&mut out, "ID", &response.id);
    attribute(&mut out, "Version", &response.version);
    attribute(&mut out, "IssueInstant", &instant(response.issue_instant));
    optional(&mut out, "Destination", response.destination.as_deref());
    optional(&mut out, "InResponseTo", response.in_response_to.as_deref());
    out.push('>');
    if let Some(issuer) = &response.issuer {
        element(&mut out, "saml:Issuer", issuer);
    }
    status(&mut out, &response.status);
    if response.has_assertion {
        assertion(&mut out, &response.assertion);
    }
    out.push_str(&response.extra);
    out.push_str("</samlp:Response>");
    out
}

fn status(out: &mut String, status: &Status) {
    out.push_str("<samlp:Status><samlp:StatusCode");
    attribute(out, "Value", &status.code);
    if let Some(second) = &status.second_code {
        out.push_str("><samlp:StatusCode");
        attribute(out, "Value", second);
        out.push_str("/></samlp:StatusCode>");
    } else {
        out.push_str("/>");
    }
    if let Some(message) = &status.message {
        element(out, "samlp:StatusMessage", message);
    }
    out.push_str("</samlp:Status>");
}

/// The assertion declares its namespaces itself, so that it stays whole when it is cut out, moved or encrypted.
fn assertion(out: &mut String, assertion: &Assertion) {
    let _ = write!(
        out,
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    );
    attribute(out, "ID", &assertion.id);
    attribute(out, "Version", &assertion.version);
    attribute(out, "IssueInstant", &instant(assertion.issue_instant));
    out.push('>');
    element(out, "saml:Issuer", &assertion.issuer);
    out.push_str("<saml:Subject>");
    if let Some(name) = &assertion.name_id {
        name_id(out, name);
    }
    for one in &assertion.confirmations {
        confirmation(out, one);
    }
    out.push_str("</saml:Subject>");
    conditions(out, &assertion.conditions);
    if let Some(statement) = &assertion.authn_statement {
        authn_statement(out, statement);
    }
    if !assertion.attributes.is_empty() {
        out.push_str("<saml:AttributeStatement>");
        for one in &assertion.attributes {
            attribute_element(out, one);
        }
        out.push_str("</saml:AttributeStatement>");
    }
    out.push_str(&assertion.extra);
    out.push_str("</saml:Assertion>");
}

fn name_id(out: &mut String, name: &NameId) {
    out.push_str("<saml:NameID");
    optional(out, "NameQualifier", name.name_qualifier.as_deref());
    optional(out, "SPNameQualifier", name.sp_name_qualifier.as_deref());
    optional(out, "Format", name.format.as_deref());
    let _ = write!(out, ">{}</saml:NameID>", escape(&name.value));
}

fn confirmation(out: &mut String, confirmation: &SubjectConfirmation) {
    out.push_str("<saml:SubjectConfirmation");
    attribute(out, "Method", &confirmation.method);
    out.push_str("><saml:SubjectConfirmationData");
    optional_instant(out, "NotBefore", confirmation.not_before);
    optional_instant(out, "NotOnOrAfter", confirmation.not_on_or_after);
    optional(out, "Recipient", confirmation.recipient.as_deref());
    optional(out, "InResponseTo", confirmation.in_response_to.as_deref());
    optional(out, "Address", confirmation.address.as_deref());
    out.push_str("/></saml:SubjectConfirmation>");
}

fn conditions(out: &mut String, conditions: &Conditions) {
    out.push_str("<saml:Conditions");
    optional_instant(out, "NotBefore", conditions.not_before);
    optional_instant(out, "NotOnOrAfter", conditions.not_on_or_after);
    out.push('>');
    for audiences in &conditions.audience_restrictions {
        out.push_str("<saml:AudienceRestriction>");
        for audience in audiences {
            element(out, "saml:Audience", audience);
        }
        out.push_str("</saml:AudienceRestriction>");
    }
    out.push_str(&conditions.extra);
    out.push_str("</saml:Conditions>");
}

fn authn_statement(out: &mut String, statement: &AuthnStatement) {
    out.push_str("<saml:AuthnStatement");
    attribute(out, "AuthnInstant", &instant(statement.authn_instant));
    optional(out, "SessionIndex", statement.session_index.as_deref());
    optional_instant(out, "SessionNotOnOrAfter", statement.session_not_on_or_after);
    out.push_str("><saml:AuthnContext>");
    element(out, "saml:AuthnContextClassRef", &statement.context_class);
    out.push_str("</saml:AuthnContext></saml:AuthnStatement>");
}

fn attribute_element(out: &mut String, one: &Attribute) {
    out.push_str("<saml:Attribute");
    attribute(out, "Name", &one.name);
    optional(out, "NameFormat", one.name_format.as_deref());
    optional(out, "FriendlyName", one.friendly_name.as_deref());
    out.push('>');
    for value in &one.values {
        let _ = write!(
            out,
            "<saml:AttributeValue xsi:type=\"xs:string\">{}</saml:AttributeValue>",
            escape(value)
        );
    }
    out.push_str("</saml:Attribute>");
}
