//! What a verified assertion claims, and the rules of STS about it.
//!
//! A value is the whole text of its element, untrimmed: a comment never cuts it short.

use super::super::fault::ApiError;
use super::{ASSERTION, optional, required};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uppsala::{Document, NodeId};

const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const FORMAT_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
/// "Token must be redeemed within 5 minutes of issuance"; also how far a clock may be ahead.
const REDEEM_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// The claims of one assertion.
#[derive(Clone, Debug)]
pub(in crate::demo::aws) struct Claims {
    pub(in crate::demo::aws) issuer: String,
    /// `NameID`.
    pub(in crate::demo::aws) subject: String,
    /// `NameID` format, without the SAML 2.0 prefix.
    pub(in crate::demo::aws) subject_type: String,
    /// `Recipient` of the bearer confirmation: what STS calls Audience and policies call `SAML:aud`.
    pub(in crate::demo::aws) recipient: String,
    pub(in crate::demo::aws) session_name: String,
    /// (role ARN, provider ARN).
    pub(in crate::demo::aws) roles: Vec<(String, String)>,
    pub(in crate::demo::aws) session_seconds: Option<u32>,
    pub(in crate::demo::aws) tags: BTreeMap<String, String>,
    pub(in crate::demo::aws) transitive_keys: Vec<String>,
    pub(in crate::demo::aws) source_identity: Option<String>,
    /// `SessionNotOnOrAfter`: no session is longer.
    pub(in crate::demo::aws) session_until: Option<DateTime<Utc>>,
    /// One list for each `AudienceRestriction`.
    audiences: Vec<Vec<String>>,
    issued: DateTime<Utc>,
    not_before: Vec<DateTime<Utc>>,
    not_on_or_after: Vec<DateTime<Utc>>,
}

impl Claims {
    /// Reads an assertion that a signature covers.
    pub(super) fn read(document: &Document<'_>, assertion: NodeId) -> Result<Self, ApiError> {
        let dom = Dom(document);
        let subject = required(document, assertion, ASSERTION, "Subject")?;
        let name_id = required(document, subject, ASSERTION, "NameID")?;
        let format = dom
            .attribute(name_id, "Format")
            .unwrap_or("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
        let confirmation = dom.bearer(subject)?;
        let conditions = required(document, assertion, ASSERTION, "Conditions")?;
        let restrictions = document.child_elements_by_name_ns(conditions, ASSERTION, "AudienceRestriction");
        let attributes = dom.attributes(assertion);
        let mut session_until = None;
        for statement in document.child_elements_by_name_ns(assertion, ASSERTION, "AuthnStatement") {
            session_until = dom.time(statement, "SessionNotOnOrAfter")?.or(session_until);
        }
        let confirmed_until = dom
            .time(confirmation, "NotOnOrAfter")?
            .ok_or_else(|| ApiError::identity_token("SubjectConfirmationData has no NotOnOrAfter"))?;
        Ok(Self {
            issuer: dom.text(required(document, assertion, ASSERTION, "Issuer")?),
            subject: dom.text(name_id),
            subject_type: format.strip_prefix(FORMAT_PREFIX).unwrap_or(format).to_owned(),
            recipient: dom
                .attribute(confirmation, "Recipient")
                .ok_or_else(|| ApiError::identity_token("SubjectConfirmationData has no Recipient"))?
                .to_owned(),
            session_name: session_name(&attributes)?,
            roles: roles(&attributes)?,
            session_seconds: session_seconds(&attributes)?,
            tags: tags(&attributes)?,
            transitive_keys: values(&attributes, "TransitiveTagKeys").cloned().collect(),
            source_identity: source_identity(&attributes)?,
            session_until,
            audiences: restrictions
                .into_iter()
                .map(|r| document.child_elements_by_name_ns(r, ASSERTION, "Audience"))
                .map(|list| list.into_iter().map(|a| dom.text(a)).collect())
                .collect(),
            issued: dom
                .time(assertion, "IssueInstant")?
                .ok_or_else(|| ApiError::identity_token("The assertion has no IssueInstant"))?,
            not_before: dom.time(conditions, "NotBefore")?.into_iter().collect(),
            not_on_or_after: dom
                .time(conditions, "NotOnOrAfter")?
                .into_iter()
                .chain([confirmed_until])
                .collect(),
        })
    }

    /// Each `AudienceRestriction`, of which there must be one, holds one of `accepted`.
    pub(super) fn check_audience(&self, accepted: &[String]) -> Result<(), ApiError> {
        let fits = |restriction: &Vec<String>| restriction.iter().any(|a| accepted.contains(a));
        if !self.audiences.is_empty() && self.audiences.iter().all(fits) {
            return Ok(());
        }
        Err(ApiError::identity_token("The audience of the SAML assertion is not accepted"))
    }

    /// Issued within five minutes, and inside each of its time bounds.
    pub(super) fn check_times(&self, now: DateTime<Utc>) -> Result<(), ApiError> {
        let expired = |message: &str| Err(ApiError::new(400, "ExpiredTokenException", message));
        if now - self.issued > REDEEM_WITHIN {
            return expired("Token must be redeemed within 5 minutes of issuance");
        }
        if self.not_on_or_after.iter().chain(&self.session_until).any(|end| now >= *end) {
            return expired("Token is expired");
        }
        if self.issued - now > REDEEM_WITHIN || self.not_before.iter().any(|start| now < *start) {
            return Err(ApiError::identity_token("Token is not yet valid"));
        }
        Ok(())
    }
}

type Attributes = Vec<(String, Vec<String>)>;

/// The DOM, read the way STS reads it.
struct Dom<'d, 'a>(&'d Document<'a>);

impl<'d> Dom<'d, '_> {
    fn text(&self, id: NodeId) -> String {
        self.0.text_content_deep(id)
    }

    fn attribute(&self, id: NodeId, name: &str) -> Option<&'d str> {
        self.0.get_attribute(id, name)
    }

    fn time(&self, id: NodeId, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
        let parse = |text| DateTime::parse_from_rfc3339(text).map(|t| t.with_timezone(&Utc));
        let malformed = |_| ApiError::identity_token(format!("{name} is not a time"));
        self.attribute(id, name).map(parse).transpose().map_err(malformed)
    }

    /// The `SubjectConfirmationData` of the one bearer confirmation.
    fn bearer(&self, subject: NodeId) -> Result<NodeId, ApiError> {
        let all = self.0.child_elements_by_name_ns(subject, ASSERTION, "SubjectConfirmation");
        let bearers: Vec<NodeId> =
            all.into_iter().filter(|c| self.attribute(*c, "Method") == Some(BEARER)).collect();
        let [bearer] = bearers.as_slice() else {
            return Err(ApiError::identity_token("The subject needs exactly one bearer confirmation"));
        };
        optional(self.0, *bearer, ASSERTION, "SubjectConfirmationData")?
            .ok_or_else(|| ApiError::identity_token("The bearer confirmation has no SubjectConfirmationData"))
    }

    fn attributes(&self, assertion: NodeId) -> Attributes {
        let statements = self.0.child_elements_by_name_ns(assertion, ASSERTION, "AttributeStatement");
        let attributes =
            statements.iter().flat_map(|s| self.0.child_elements_by_name_ns(*s, ASSERTION, "Attribute"));
        let of = |attribute| {
            let values = self.0.child_elements_by_name_ns(attribute, ASSERTION, "AttributeValue");
            let name = self.attribute(attribute, "Name").unwrap_or_default().to_owned();
            (name, values.into_iter().map(|v| self.text(v)).collect())
        };
        attributes.map(of).collect()
    }
}

/// All values of the AWS attribute `name`.
fn values<'a>(attributes: &'a Attributes, name: &str) -> impl Iterator<Item = &'a String> {
    let wanted = format!("{ATTRIBUTES}{name}");
    attributes.iter().filter(move |(n, _)| *n == wanted).flat_map(|(_, values)| values)
}

/// The value of an AWS attribute that may be given once.
fn sole<'a>(attributes: &'a Attributes, name: &str) -> Result<Option<&'a String>, ApiError> {
    let mut all = values(attributes, name);
    match (all.next(), all.next()) {
        (value, None) => Ok(value),
        _ => Err(ApiError::identity_token(format!("{name} must have exactly one value in AuthnResponse"))),
    }
}

fn session_name(attributes: &Attributes) -> Result<String, ApiError> {
    let name = sole(attributes, "RoleSessionName")?
        .ok_or_else(|| ApiError::identity_token("RoleSessionName is required in AuthnResponse"))?;
    if is_session_name(name) {
        return Ok(name.clone());
    }
    Err(ApiError::identity_token("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"))
}

/// `[a-zA-Z_0-9+=,.@-]{2,64}`, the form of role session names and of source identities.
pub(in crate::demo::aws) fn is_session_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (2..=64).contains(&name.len()) && name.chars().all(allowed)
}

fn roles(attributes: &Attributes) -> Result<Vec<(String, String)>, ApiError> {
    let malformed =
        || ApiError::identity_token("Role in AuthnResponse must be a role ARN and a provider ARN");
    let pair = |value: &String| {
        let (one, other) = value.split_once(',').ok_or_else(malformed)?;
        let (role, provider) = if one.contains(":saml-provider/") { (other, one) } else { (one, other) };
        let arns = [role, provider].iter().all(|arn| arn.starts_with("arn:aws") && !arn.contains([',', ' ']));
        if arns && role.contains(":role/") && provider.contains(":saml-provider/") {
            Ok((role.to_owned(), provider.to_owned()))
        } else {
            Err(malformed())
        }
    };
    let roles = values(attributes, "Role").map(pair).collect::<Result<Vec<_>, _>>()?;
    if roles.is_empty() {
        return Err(ApiError::identity_token("Role is required in AuthnResponse"));
    }
    Ok(roles)
}

fn session_seconds(attributes: &Attributes) -> Result<Option<u32>, ApiError> {
    let Some(text) = sole(attributes, "SessionDuration")? else {
        return Ok(None);
    };
    match text.parse::<u32>() {
        Ok(seconds @ 900..=43_200) => Ok(Some(seconds)),
        _ => Err(ApiError::identity_token("SessionDuration in AuthnResponse must be from 900 to 43200")),
    }
}

fn tags(attributes: &Attributes) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for (name, values) in attributes {
        let Some(key) = name.strip_prefix(ATTRIBUTES).and_then(|n| n.strip_prefix("PrincipalTag:")) else {
            continue;
        };
        let [value] = values.as_slice() else {
            return Err(ApiError::identity_token(format!("PrincipalTag:{key} must have exactly one value")));
        };
        let clash = tags.keys().any(|k: &String| k.to_lowercase() == key.to_lowercase());
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if clash || !fits || key.to_lowercase().starts_with("aws:") {
            return Err(ApiError::identity_token(format!("PrincipalTag:{key} is not a valid tag")));
        }
        tags.insert(key.to_owned(), value.clone());
    }
    if tags.len() > 50 {
        return Err(ApiError::identity_token("A session can have at most 50 tags"));
    }
    Ok(tags)
}

fn source_identity(attributes: &Attributes) -> Result<Option<String>, ApiError> {
    match sole(attributes, "SourceIdentity")? {
        Some(name) if !is_session_name(name) || name.starts_with("aws:") => Err(ApiError::identity_token(
            "SourceIdentity in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
        )),
        other => Ok(other.cloned()),
    }
}
