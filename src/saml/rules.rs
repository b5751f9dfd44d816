//! The rules that a response's values have to keep, once they are known to be the IdP's own words. Pure functions of
//! the values, of what we expect, and of `now`.

use super::instant;
use super::notes::Notes;
use super::reading::{AssertionValues, Confirmation, ResponseValues};
use super::response::Expected;
use super::rule::{Rejection, Rule, quoted};
use crate::error::Code;
use chrono::{DateTime, TimeDelta, Utc};

/// STS takes an assertion for five minutes after it was issued (`ExpiredTokenException`).
const LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// Longest NameID (saml-core 2.2.2 leaves it open; 256 is usual, STS takes 1,024).
const MAX_NAME_ID: usize = 1_024;
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// What every status code begins with (saml-core 3.2.2.2).
const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";

/// What the rules find out on their way and the next steps need.
pub(super) struct Judgement {
    pub(super) recipient: String,
    pub(super) request_id: Option<String>,
    pub(super) issued: DateTime<Utc>,
    /// When the assertion is too old whatever else it says, skew included: until then a replay has to be remembered.
    pub(super) acceptable_until: DateTime<Utc>,
    pub(super) session_until: Option<DateTime<Utc>>,
}

/// The IdP's own report of success or failure (saml-core 3.2.2.2), which needs no assertion.
pub(super) fn status(response: &ResponseValues) -> Result<(), Rejection> {
    match response.status.as_slice() {
        [code] | [code, ..] if code == SUCCESS => Ok(()),
        codes => {
            let told: Vec<_> = codes.iter().map(|code| code.rsplit(':').next().unwrap_or_default()).collect();
            let detail = format!("the IdP reports {}", quoted(&told.join("/")));
            Err(Rejection::coded(Rule::Status, declined(codes), detail))
        }
    }
}

/// What the IdP reports, told as what it is. The second-level code says it (saml-core 3.2.2.2), and some IdPs send it
/// without a first level.
fn declined(codes: &[String]) -> Code {
    let told = codes.iter().find_map(|code| match code.strip_prefix(STATUS)? {
        "AuthnFailed" => Some(Code::IdpAuthnFailed),
        "RequestDenied" => Some(Code::IdpRequestDenied),
        "NoPassive" => Some(Code::IdpNoPassive),
        "NoAuthnContext" => Some(Code::IdpNoAuthnContext),
        _ => None,
    });
    told.unwrap_or(Code::IdpDeclined)
}

/// Applies every rule, and notes what each of them says; the first one broken is the answer. `response_signed` says
/// whether the response-level values are covered by a signature.
pub(super) fn judge(
    response: &ResponseValues,
    response_signed: bool,
    assertion: &AssertionValues,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
    notes: &mut Notes,
) -> Result<Judgement, Rejection> {
    let version = notes.keep(Rule::Version, version(response, assertion));
    let issuer = notes.keep(Rule::Issuer, issuer(response, assertion, expected));
    let destination = notes.keep(Rule::Destination, destination(response, response_signed, expected));
    let issue_instant = notes.keep(Rule::IssueInstant, issue_instants(response, assertion, expected, now));
    let conditions = notes.keep(Rule::Conditions, conditions(assertion, expected, now));
    let audience = notes.keep(Rule::Audience, audience(assertion, expected));
    let subject = notes.keep(Rule::Subject, subject(assertion));
    let confirmed =
        notes.keep(Rule::Confirmation, confirmation(response, response_signed, assertion, expected, now));
    let session_until = notes.keep(Rule::AuthnStatement, authn_statement(assertion, expected, now));

    version?;
    issuer?;
    destination?;
    let issued = issue_instant?;
    conditions?;
    audience?;
    subject?;
    let confirmed = confirmed?;
    notes.pass(Rule::InResponseTo);
    let session_until = session_until?;
    Ok(Judgement {
        recipient: confirmed.recipient,
        request_id: confirmed.request_id,
        issued,
        // Whichever confirmation held, and in whichever browser another may hold: later than this, none does.
        acceptable_until: issued + LIFETIME + expected.skew,
        session_until,
    })
}

fn version(response: &ResponseValues, assertion: &AssertionValues) -> Result<(), Rejection> {
    for version in [&response.version, &assertion.version] {
        if version != "2.0" {
            return Err(Rejection::new(Rule::Version, format!("version {}", quoted(version))));
        }
    }
    Ok(())
}

fn issuer(
    response: &ResponseValues,
    assertion: &AssertionValues,
    expected: &Expected<'_>,
) -> Result<(), Rejection> {
    for issuer in response.issuer.iter().chain([&assertion.issuer]) {
        if issuer != expected.idp_entity_id {
            return Err(Rejection::new(Rule::Issuer, format!("issuer {}", quoted(issuer))));
        }
    }
    Ok(())
}

/// Required where the Response is signed (saml-bindings 3.5.5.2); where it is not, a wrong one is refused all the same.
fn destination(response: &ResponseValues, signed: bool, expected: &Expected<'_>) -> Result<(), Rejection> {
    match response.destination.as_deref() {
        Some(destination) if destination == expected.acs_url => Ok(()),
        Some(destination) => Err(Rejection::new(
            Rule::Destination,
            format!("destination {}, our ACS URL is {}", quoted(destination), quoted(expected.acs_url)),
        )),
        None if signed => Err(Rejection::new(Rule::Destination, "a signed Response without Destination")),
        None => Ok(()),
    }
}

fn issue_instants(
    response: &ResponseValues,
    assertion: &AssertionValues,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Rejection> {
    let mut issued = now;
    for value in [&response.issue_instant, &assertion.issue_instant] {
        issued = read_instant(Rule::IssueInstant, "IssueInstant", value)?;
        if issued > now + expected.skew {
            return Err(expired(
                Rule::IssueInstant,
                format!("issued in the future, at {value}; now is {now}"),
            ));
        }
        if now >= issued + LIFETIME + expected.skew {
            return Err(expired(
                Rule::IssueInstant,
                format!("issued five minutes ago or more, at {value}; now is {now}"),
            ));
        }
    }
    Ok(issued)
}

fn conditions(
    assertion: &AssertionValues,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<(), Rejection> {
    let conditions = &assertion.conditions;
    if let Some(name) = conditions.unknown.first() {
        return Err(Rejection::new(Rule::Conditions, format!("an unknown condition {}", quoted(name))));
    }
    if let Some(value) = &conditions.not_before {
        let not_before = read_instant(Rule::Conditions, "NotBefore", value)?;
        if now + expected.skew < not_before {
            return Err(expired(Rule::Conditions, format!("not valid before {value}; now is {now}")));
        }
    }
    let Some(value) = &conditions.not_on_or_after else {
        return Ok(());
    };
    let not_on_or_after = read_instant(Rule::Conditions, "NotOnOrAfter", value)?;
    if now >= not_on_or_after + expected.skew {
        return Err(expired(Rule::Conditions, format!("valid until {value}; now is {now}")));
    }
    Ok(())
}

/// Every restriction has to hold, and one audience of a restriction is enough for it (saml-core 2.5.1.4).
fn audience(assertion: &AssertionValues, expected: &Expected<'_>) -> Result<(), Rejection> {
    let restrictions = &assertion.conditions.audience_restrictions;
    if restrictions.is_empty() {
        return Err(Rejection::new(Rule::Audience, "no AudienceRestriction"));
    }
    for audiences in restrictions {
        if !audiences.iter().any(|audience| expected.audiences.contains(audience)) {
            let named: Vec<_> = audiences.iter().take(5).map(|audience| quoted(audience)).collect();
            return Err(Rejection::new(Rule::Audience, format!("restricted to {}", named.join(", "))));
        }
    }
    Ok(())
}

fn subject(assertion: &AssertionValues) -> Result<(), Rejection> {
    let name = &assertion.name_id.value;
    if name.trim().is_empty() {
        return Err(Rejection::new(Rule::Subject, "an empty NameID"));
    }
    if name.chars().count() > MAX_NAME_ID {
        return Err(Rejection::new(Rule::Subject, format!("a NameID of more than {MAX_NAME_ID} characters")));
    }
    if name.chars().any(char::is_control) {
        return Err(Rejection::new(Rule::Subject, "a NameID with control characters"));
    }
    Ok(())
}

/// One bearer confirmation has to hold in every respect; the first that does counts (saml-profiles 4.1.4.2).
fn confirmation(
    response: &ResponseValues,
    response_signed: bool,
    assertion: &AssertionValues,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<Confirmed, Rejection> {
    let mut faults = Vec::new();
    for confirmation in &assertion.confirmations {
        let holds = bearer(confirmation, expected, now)
            .and_then(|()| in_response_to(response, response_signed, confirmation, expected));
        match holds {
            Ok(request_id) => {
                return Ok(Confirmed {
                    recipient: confirmation.recipient.clone().unwrap_or_default(),
                    request_id,
                });
            }
            Err(fault) => faults.push(fault),
        }
    }
    // Of several that do not hold, the one that got furthest says most.
    let progress = |fault: &Rejection| match (fault.rule, fault.code) {
        (Rule::InResponseTo, _) => 0,
        (_, Code::AssertionExpired) => 1,
        _ => 2,
    };
    let furthest = faults.into_iter().min_by_key(progress);
    Err(furthest.unwrap_or_else(|| Rejection::new(Rule::Confirmation, "no SubjectConfirmation")))
}

/// A confirmation that holds.
struct Confirmed {
    recipient: String,
    request_id: Option<String>,
}

fn bearer(confirmation: &Confirmation, expected: &Expected<'_>, now: DateTime<Utc>) -> Result<(), Rejection> {
    let fault = |detail: String| Err(Rejection::new(Rule::Confirmation, detail));
    if confirmation.method != BEARER {
        return fault(format!("method {}", quoted(&confirmation.method)));
    }
    match confirmation.recipient.as_deref() {
        Some(recipient) if recipient == expected.acs_url => {}
        Some(recipient) => {
            return fault(format!(
                "recipient {}, our ACS URL is {}",
                quoted(recipient),
                quoted(expected.acs_url)
            ));
        }
        None => return fault("no Recipient".into()),
    }
    if confirmation.not_before.is_some() {
        return fault("a bearer confirmation with NotBefore".into());
    }
    let Some(value) = &confirmation.not_on_or_after else {
        return fault("no NotOnOrAfter".into());
    };
    let not_on_or_after = read_instant(Rule::Confirmation, "NotOnOrAfter", value)?;
    if now >= not_on_or_after + expected.skew {
        return Err(expired(Rule::Confirmation, format!("confirmed until {value}; now is {now}")));
    }
    Ok(())
}

/// What the message says that it answers, in both places, has to be one and the same request of this browser; what it
/// says where no signature covers it does not count in its favour.
fn in_response_to(
    response: &ResponseValues,
    response_signed: bool,
    confirmation: &Confirmation,
    expected: &Expected<'_>,
) -> Result<Option<String>, Rejection> {
    let outer = response.in_response_to.as_deref();
    let inner = confirmation.in_response_to.as_deref();
    let stated = match (outer, inner) {
        (None, None) => {
            if expected.idp_initiated {
                return Ok(None);
            }
            let detail = "answers no request, and this IdP may not start a sign-in";
            return Err(Rejection::coded(Rule::InResponseTo, Code::SignInUnsolicited, detail));
        }
        (Some(outer), Some(inner)) if outer != inner => {
            return Err(Rejection::new(
                Rule::InResponseTo,
                "Response and SubjectConfirmation answer different requests",
            ));
        }
        (Some(_), None) if !response_signed => {
            return Err(Rejection::new(
                Rule::InResponseTo,
                "only the unsigned Response says what it answers",
            ));
        }
        (_, Some(id)) | (Some(id), None) => id,
    };
    if expected.outstanding.iter().any(|id| id == stated) {
        return Ok(Some(stated.to_owned()));
    }
    let detail = "answers a request that this browser did not make, or made too long ago";
    Err(Rejection::coded(Rule::InResponseTo, Code::SignInLost, detail))
}

/// At least one statement says how the person was authenticated (saml-profiles 4.1.4.2), and no session has ended.
fn authn_statement(
    assertion: &AssertionValues,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Rejection> {
    if assertion.sessions.is_empty() {
        return Err(Rejection::new(Rule::AuthnStatement, "no AuthnStatement"));
    }
    let mut earliest = None;
    for session in &assertion.sessions {
        let authenticated = read_instant(
            Rule::AuthnStatement,
            "AuthnInstant",
            session.authn_instant.as_deref().unwrap_or_default(),
        )?;
        if authenticated > now + expected.skew {
            return Err(expired(Rule::AuthnStatement, "authenticated in the future".into()));
        }
        if let Some(value) = &session.not_on_or_after {
            let until = read_instant(Rule::AuthnStatement, "SessionNotOnOrAfter", value)?;
            if now >= until + expected.skew {
                return Err(expired(
                    Rule::AuthnStatement,
                    format!("the session at the IdP ended at {value}"),
                ));
            }
            earliest = Some(earliest.map_or(until, |earliest: DateTime<Utc>| earliest.min(until)));
        }
    }
    Ok(earliest)
}

fn read_instant(rule: Rule, name: &str, value: &str) -> Result<DateTime<Utc>, Rejection> {
    instant::parse(value)
        .ok_or_else(|| Rejection::new(rule, format!("{name} {} is not an instant", quoted(value))))
}

fn expired(rule: Rule, detail: String) -> Rejection {
    Rejection::coded(rule, Code::AssertionExpired, detail)
}
