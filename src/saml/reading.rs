//! The values of a response, read but not yet judged. Comments count for nothing, and no value is in a signature.

use super::rule::{Rejection, Rule};
use super::xml::{attribute, collapsed, elements, is, named, text};
use super::{ASSERTION, PROTOCOL};
use std::fmt;
use uppsala::{Document, NodeId};

/// Response-level values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ResponseValues {
    pub(super) version: String,
    pub(super) issue_instant: String,
    pub(super) issuer: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) in_response_to: Option<String>,
    /// Top-level status code, then the nested ones.
    pub(super) status: Vec<String>,
}

/// Assertion-level values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AssertionValues {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) issue_instant: String,
    pub(super) issuer: String,
    pub(super) name_id: NameId,
    pub(super) confirmations: Vec<Confirmation>,
    pub(super) conditions: Conditions,
    pub(super) sessions: Vec<Session>,
    pub(super) attributes: Vec<Attribute>,
}

/// The name of the subject (saml-core 2.2.2).
#[derive(Clone, PartialEq, Eq)]
pub struct NameId {
    /// The name itself.
    pub value: String,
    /// Format URI, if stated.
    pub format: Option<String>,
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameId").field("format", &self.format).finish_non_exhaustive()
    }
}

/// One SubjectConfirmation (saml-core 2.4.1.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Confirmation {
    pub(super) method: String,
    pub(super) recipient: Option<String>,
    pub(super) not_before: Option<String>,
    pub(super) not_on_or_after: Option<String>,
    pub(super) in_response_to: Option<String>,
}

/// The Conditions element (saml-core 2.5.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) not_before: Option<String>,
    pub(super) not_on_or_after: Option<String>,
    pub(super) audience_restrictions: Vec<Vec<String>>,
    /// Conditions that we do not know, and so cannot say that they hold.
    pub(super) unknown: Vec<String>,
}

/// One AuthnStatement (saml-core 2.7.2).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) authn_instant: Option<String>,
    pub(super) not_on_or_after: Option<String>,
}

/// One attribute (saml-core 2.7.3.1) with its simple values, in order. Values with child elements are left out.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The exact `Name`.
    pub name: String,
    /// The whole text of each simple value.
    pub values: Vec<String>,
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({}: {} values)", self.name, self.values.len())
    }
}

/// Reads the values of a Response element.
pub(super) fn response(document: &Document<'_>, node: NodeId) -> Result<ResponseValues, Rejection> {
    let issuer = named(document, node, ASSERTION, "Issuer").next();
    let status = only(document, node, PROTOCOL, "Status")?;
    let mut codes = Vec::new();
    let mut code = Some(only(document, status, PROTOCOL, "StatusCode")?);
    while let Some(node) = code {
        codes.push(attribute(document, node, "Value").unwrap_or_default().to_owned());
        let mut nested = named(document, node, PROTOCOL, "StatusCode");
        code = nested.next();
        if nested.next().is_some() {
            return Err(Rejection::new(Rule::Status, "two StatusCodes side by side"));
        }
    }
    Ok(ResponseValues {
        version: owned(document, node, "Version").unwrap_or_default(),
        issue_instant: owned(document, node, "IssueInstant").unwrap_or_default(),
        issuer: issuer.map(|issuer| entity_id(document, issuer)).transpose()?,
        destination: owned(document, node, "Destination"),
        in_response_to: owned(document, node, "InResponseTo"),
        status: codes,
    })
}

/// Reads the values of an Assertion element.
pub(super) fn assertion(document: &Document<'_>, node: NodeId) -> Result<AssertionValues, Rejection> {
    let issuer = only(document, node, ASSERTION, "Issuer")?;
    let subject = only(document, node, ASSERTION, "Subject")?;
    let conditions = only(document, node, ASSERTION, "Conditions")?;
    Ok(AssertionValues {
        id: owned(document, node, "ID").unwrap_or_default(),
        version: owned(document, node, "Version").unwrap_or_default(),
        issue_instant: owned(document, node, "IssueInstant").unwrap_or_default(),
        issuer: entity_id(document, issuer)?,
        name_id: name_id(document, subject)?,
        confirmations: confirmations(document, subject)?,
        conditions: read_conditions(document, conditions)?,
        sessions: named(document, node, ASSERTION, "AuthnStatement")
            .map(|statement| Session {
                authn_instant: owned(document, statement, "AuthnInstant"),
                not_on_or_after: owned(document, statement, "SessionNotOnOrAfter"),
            })
            .collect(),
        attributes: attributes(document, node)?,
    })
}

/// The issuer of a response before anything is verified: of the Response, or else of its Assertion.
pub(super) fn claimed_issuer(
    document: &Document<'_>,
    response: NodeId,
    assertion: Option<NodeId>,
) -> Result<String, Rejection> {
    let of = |node| named(document, node, ASSERTION, "Issuer").next();
    let issuer = of(response).or_else(|| assertion.and_then(of));
    issuer.map_or_else(
        || Err(Rejection::new(Rule::Issuer, "no Issuer in Response or Assertion")),
        |issuer| entity_id(document, issuer),
    )
}

/// The entity ID in an Issuer (saml-core 2.2.5): of format entity, which is also the default.
fn entity_id(document: &Document<'_>, issuer: NodeId) -> Result<String, Rejection> {
    const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
    if attribute(document, issuer, "Format").is_some_and(|format| format != ENTITY) {
        return Err(Rejection::new(Rule::Issuer, "an Issuer that is not an entity ID"));
    }
    match text(document, issuer) {
        Some(value) => Ok(collapsed(&value).to_owned()),
        None => Err(Rejection::new(Rule::Issuer, "an Issuer with child elements")),
    }
}

fn name_id(document: &Document<'_>, subject: NodeId) -> Result<NameId, Rejection> {
    let fault = |detail: &str| Rejection::new(Rule::Subject, detail);
    let mut names = elements(document, subject).filter(|(_, element)| {
        ["NameID", "BaseID", "EncryptedID"].iter().any(|name| element.matches_name_ns(ASSERTION, name))
    });
    let (mut node, _) = names.next().ok_or_else(|| fault("no NameID"))?;
    if names.next().is_some() {
        return Err(fault("not exactly one NameID"));
    }
    if is(document, node, ASSERTION, "EncryptedID") {
        // What was encrypted stands in it by now.
        let mut inside = elements(document, node).map(|(child, _)| child);
        node = match (inside.next(), inside.next()) {
            (Some(child), None) => child,
            _ => return Err(fault("not exactly one NameID in the EncryptedID")),
        };
    }
    if !is(document, node, ASSERTION, "NameID") {
        return Err(fault("the subject is not named by a NameID"));
    }
    let value = text(document, node).ok_or_else(|| fault("a NameID with child elements"))?;
    Ok(NameId { value, format: owned(document, node, "Format") })
}

fn confirmations(document: &Document<'_>, subject: NodeId) -> Result<Vec<Confirmation>, Rejection> {
    named(document, subject, ASSERTION, "SubjectConfirmation")
        .map(|node| {
            let mut data = named(document, node, ASSERTION, "SubjectConfirmationData");
            let first = data.next();
            if data.next().is_some() {
                return Err(Rejection::new(
                    Rule::Confirmation,
                    "two SubjectConfirmationData in one confirmation",
                ));
            }
            let of = |name| first.and_then(|data| owned(document, data, name));
            Ok(Confirmation {
                method: owned(document, node, "Method").unwrap_or_default(),
                recipient: of("Recipient"),
                not_before: of("NotBefore"),
                not_on_or_after: of("NotOnOrAfter"),
                in_response_to: of("InResponseTo"),
            })
        })
        .collect()
}

fn read_conditions(document: &Document<'_>, node: NodeId) -> Result<Conditions, Rejection> {
    let mut audience_restrictions = Vec::new();
    let mut unknown = Vec::new();
    for (child, element) in elements(document, node) {
        match (element.name.namespace_uri.as_deref(), &*element.name.local_name) {
            (Some(ASSERTION), "AudienceRestriction") => {
                let audiences: Option<Vec<_>> = named(document, child, ASSERTION, "Audience")
                    .map(|audience| text(document, audience).map(|value| collapsed(&value).to_owned()))
                    .collect();
                let audiences = audiences
                    .ok_or_else(|| Rejection::new(Rule::Audience, "an Audience with child elements"))?;
                audience_restrictions.push(audiences);
            }
            // OneTimeUse is what the replay ledger does; ProxyRestriction binds whoever issues assertions from ours.
            (Some(ASSERTION), "OneTimeUse" | "ProxyRestriction") => {}
            (_, name) => unknown.push(name.to_owned()),
        }
    }
    Ok(Conditions {
        not_before: owned(document, node, "NotBefore"),
        not_on_or_after: owned(document, node, "NotOnOrAfter"),
        audience_restrictions,
        unknown,
    })
}

/// Attributes of all statements; values of the same name are put together in document order.
fn attributes(document: &Document<'_>, assertion: NodeId) -> Result<Vec<Attribute>, Rejection> {
    let mut found: Vec<Attribute> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for statement in named(document, assertion, ASSERTION, "AttributeStatement") {
        for node in named(document, statement, ASSERTION, "Attribute") {
            let name = owned(document, node, "Name")
                .filter(|name| !name.is_empty())
                .ok_or_else(|| Rejection::new(Rule::Attributes, "an Attribute without a Name"))?;
            let values =
                named(document, node, ASSERTION, "AttributeValue").filter_map(|value| text(document, value));
            let position = *index.entry(name.clone()).or_insert_with(|| {
                found.push(Attribute { name, values: Vec::new() });
                found.len() - 1
            });
            if let Some(attribute) = found.get_mut(position) {
                attribute.values.extend(values);
            }
        }
    }
    Ok(found)
}

fn only(document: &Document<'_>, parent: NodeId, namespace: &str, name: &str) -> Result<NodeId, Rejection> {
    let mut found =
        elements(document, parent).filter(|(_, element)| element.matches_name_ns(namespace, name));
    match (found.next(), found.next()) {
        (Some((node, _)), None) => Ok(node),
        _ => Err(Rejection::new(Rule::Structure, format!("not exactly one {name}"))),
    }
}

fn owned(document: &Document<'_>, node: NodeId, name: &str) -> Option<String> {
    attribute(document, node, name).map(str::to_owned)
}
