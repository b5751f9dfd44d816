//! What a verified assertion claims, and the rules of STS about it.

use super::super::fault::ApiError;
use super::ASSERTION;
use super::attributes;
use super::dom::{
    attribute, elements, invalid, is, issuer, optional, required, text, trim, trimmed, wrong_issuer,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uppsala::{Document, NodeId};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const FORMAT_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
/// "Token must be redeemed within 5 minutes of issuance".
const REDEEM_WITHIN: TimeDelta = TimeDelta::minutes(5);
/// How far the identity provider's clock may be from ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// Longest name of a subject, in characters.
const LONGEST_NAME: usize = 1024;

/// The claims of one assertion.
#[derive(Clone, Debug)]
pub(in crate::demo::aws) struct Claims {
    pub(in crate::demo::aws) issuer: String,
    /// `NameID`.
    pub(in crate::demo::aws) subject: String,
    /// `NameID` format, without the SAML 2.0 prefix.
    pub(in crate::demo::aws) subject_type: String,
    /// `Recipient` of each bearer confirmation that holds: what STS calls Audience and policies call `SAML:aud`. It is
    /// for the trust policy to say which of them it takes. Never empty.
    pub(in crate::demo::aws) recipients: Vec<String>,
    pub(in crate::demo::aws) session_name: String,
    /// (role ARN, provider ARN).
    pub(in crate::demo::aws) roles: Vec<(String, String)>,
    pub(in crate::demo::aws) session_seconds: Option<u32>,
    pub(in crate::demo::aws) tags: BTreeMap<String, String>,
    pub(in crate::demo::aws) transitive_keys: Vec<String>,
    pub(in crate::demo::aws) source_identity: Option<String>,
    /// `SessionNotOnOrAfter`: no session is longer.
    pub(in crate::demo::aws) session_until: Option<DateTime<Utc>>,
}

impl Claims {
    /// Reads an assertion that a signature covers, for a provider's entity ID and our audiences.
    pub(super) fn read(
        document: &Document<'_>,
        assertion: NodeId,
        entity_id: &str,
        audiences: &[String],
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        let at = Reader { document, now };
        let issuer =
            issuer(document, assertion)?.filter(|issuer| issuer == entity_id).ok_or_else(wrong_issuer)?;
        at.check_issued(assertion)?;
        let subject = required(document, assertion, ASSERTION, "Subject")?;
        let (name, format) = at.name(subject)?;
        at.check_conditions(required(document, assertion, ASSERTION, "Conditions")?, audiences)?;
        let attributes = attributes::read(document, assertion)?;
        Ok(Self {
            issuer,
            subject: name,
            subject_type: format.strip_prefix(FORMAT_PREFIX).unwrap_or(format).to_owned(),
            recipients: at.recipients(subject)?,
            session_name: attributes::session_name(&attributes)?,
            roles: attributes::roles(&attributes)?,
            session_seconds: attributes::session_seconds(&attributes)?,
            tags: attributes::tags(&attributes)?,
            transitive_keys: attributes::values(&attributes, "TransitiveTagKeys").cloned().collect(),
            source_identity: attributes::source_identity(&attributes)?,
            session_until: at.session_until(assertion)?,
        })
    }
}

/// Issued within five minutes: a response or an assertion.
pub(super) fn check_issued(document: &Document<'_>, id: NodeId, now: DateTime<Utc>) -> Result<(), ApiError> {
    Reader { document, now }.check_issued(id)
}

/// A document, read at a moment.
struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    now: DateTime<Utc>,
}

impl<'d> Reader<'d, '_> {
    fn children(&self, parent: NodeId, name: &str) -> Vec<NodeId> {
        self.document.child_elements_by_name_ns(parent, ASSERTION, name)
    }

    fn time(&self, id: NodeId, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
        let parse = |text| DateTime::parse_from_rfc3339(trim(text)).map(|t| t.with_timezone(&Utc));
        let malformed = |_| ApiError::identity_token(format!("{name} is not a time"));
        let text = attribute(self.document, id, name);
        text.map(parse).transpose().map_err(malformed)
    }

    fn check_issued(&self, id: NodeId) -> Result<(), ApiError> {
        let issued = self
            .time(id, "IssueInstant")?
            .ok_or_else(|| ApiError::identity_token("The SAML response has no IssueInstant"))?;
        self.check_started(Some(issued))?;
        if self.now >= issued + REDEEM_WITHIN + SKEW {
            return Err(expired("Token must be redeemed within 5 minutes of issuance"));
        }
        Ok(())
    }

    fn check_started(&self, start: Option<DateTime<Utc>>) -> Result<(), ApiError> {
        match start {
            Some(start) if start > self.now + SKEW => Err(ApiError::identity_token("Token is not yet valid")),
            _ => Ok(()),
        }
    }

    fn check_not_ended(&self, end: Option<DateTime<Utc>>) -> Result<(), ApiError> {
        match end {
            Some(end) if self.now >= end + SKEW => Err(expired("Token is expired")),
            _ => Ok(()),
        }
    }

    /// The name of the subject, which may have been encrypted, and its format.
    fn name(&self, subject: NodeId) -> Result<(String, &'d str), ApiError> {
        let bad = || ApiError::identity_token("The subject of the SAML assertion needs exactly one NameID");
        let name_id = match identifier(self.document, subject).ok_or_else(bad)? {
            id if is(self.document, id, ASSERTION, "EncryptedID") => {
                match elements(self.document, id).as_slice() {
                    [one] => *one,
                    _ => return Err(bad()),
                }
            }
            id => id,
        };
        let name = text(self.document, name_id)
            .filter(|_| is(self.document, name_id, ASSERTION, "NameID"))
            .filter(|name| !name.trim().is_empty() && !name.contains(char::is_control))
            .filter(|name| name.chars().count() <= LONGEST_NAME)
            .ok_or_else(bad)?;
        let format = attribute(self.document, name_id, "Format");
        let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
        Ok((name, format.unwrap_or(unspecified)))
    }

    /// In force, without conditions that nobody knows, and each `AudienceRestriction`, of which there must be one, holds
    /// one of `accepted`.
    fn check_conditions(&self, conditions: NodeId, accepted: &[String]) -> Result<(), ApiError> {
        self.check_started(self.time(conditions, "NotBefore")?)?;
        self.check_not_ended(self.time(conditions, "NotOnOrAfter")?)?;
        let mut restricted = false;
        for condition in elements(self.document, conditions) {
            let known = |name| is(self.document, condition, ASSERTION, name);
            if known("AudienceRestriction") {
                restricted = true;
                let audiences = self.children(condition, "Audience").into_iter();
                let audiences: Option<Vec<_>> = audiences.map(|a| trimmed(self.document, a)).collect();
                if !audiences.is_some_and(|all| all.iter().any(|a| accepted.contains(a))) {
                    return Err(wrong_audience());
                }
            } else if !known("OneTimeUse") && !known("ProxyRestriction") {
                return Err(ApiError::identity_token("A condition of the SAML assertion is unknown"));
            }
        }
        restricted.then_some(()).ok_or_else(wrong_audience)
    }

    /// The recipients of the bearer confirmations that hold (SAML profiles 4.1.4.2).
    fn recipients(&self, subject: NodeId) -> Result<Vec<String>, ApiError> {
        let mut recipients = Vec::new();
        let mut fault = ApiError::identity_token("The subject has no bearer confirmation that holds");
        for confirmation in self.children(subject, "SubjectConfirmation") {
            let data = optional(self.document, confirmation, ASSERTION, "SubjectConfirmationData")?;
            let (Some(data), Some(BEARER)) = (data, attribute(self.document, confirmation, "Method")) else {
                continue;
            };
            fault = ApiError::identity_token(
                "SubjectConfirmationData needs a Recipient and NotOnOrAfter, and no NotBefore",
            );
            let (Some(recipient), Ok(Some(end)), None) = (
                attribute(self.document, data, "Recipient"),
                self.time(data, "NotOnOrAfter"),
                attribute(self.document, data, "NotBefore"),
            ) else {
                continue;
            };
            match self.check_not_ended(Some(end)) {
                Ok(()) => recipients.push(recipient.to_owned()),
                Err(expired) => fault = expired,
            }
        }
        if recipients.is_empty() {
            return Err(fault);
        }
        Ok(recipients)
    }

    /// When the first of the sessions at the identity provider ends. There has to be one.
    fn session_until(&self, assertion: NodeId) -> Result<Option<DateTime<Utc>>, ApiError> {
        let statements = self.children(assertion, "AuthnStatement");
        if statements.is_empty() {
            return Err(ApiError::identity_token("The SAML assertion has no AuthnStatement"));
        }
        let mut earliest = None;
        for statement in statements {
            let authenticated = self.time(statement, "AuthnInstant")?.ok_or_else(invalid)?;
            self.check_started(Some(authenticated))?;
            let end = self.time(statement, "SessionNotOnOrAfter")?;
            self.check_not_ended(end)?;
            earliest = earliest.into_iter().chain(end).min();
        }
        // By our clock it may have ended already, by the identity provider's it has not.
        Ok(earliest.map(|end| if end > self.now { end } else { end + SKEW }))
    }
}

/// The one element that says who the subject is.
pub(super) fn identifier(document: &Document<'_>, subject: NodeId) -> Option<NodeId> {
    let mut found = elements(document, subject).into_iter().filter(|id| {
        ["NameID", "BaseID", "EncryptedID"].iter().any(|name| is(document, *id, ASSERTION, name))
    });
    found.next().filter(|_| found.next().is_none())
}

fn expired(message: &'static str) -> ApiError {
    ApiError::new(400, "ExpiredTokenException", message)
}

fn wrong_audience() -> ApiError {
    ApiError::identity_token("The audience of the SAML assertion is not accepted")
}
