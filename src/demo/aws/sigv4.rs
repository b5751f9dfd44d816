//! Signature Version 4, checked: who signed this request, for which region, and is every byte of it covered?
//!
//! It computes the signature again from the request as it arrived, and trusts nothing that the request says.

use super::fault::{ApiError, Protocol};
use aws_lc_rs::{constant_time, digest};
use axum::http::{HeaderMap, HeaderName, Method, Uri};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use std::fmt::Write;

/// How far the signing time may be from ours.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(5);

/// A request as it arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// What the `Authorization` header claims; true only once [`verify`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) session_token: Option<String>,
    date: String,
    service: String,
    signed_headers: Vec<String>,
    signature: String,
}

/// Why a signature is refused. Each has its own code in each protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// No `Authorization` header.
    Missing,
    /// An `Authorization` header that is not Signature Version 4, or lacks a part.
    Incomplete,
    /// No such access key, or not with this session token.
    UnknownKey,
    /// The session is over.
    Expired,
    /// The signature, its date, its scope or its list of headers is wrong.
    Mismatch(&'static str),
}

impl Refused {
    /// As the service words it.
    pub(super) fn into_error(self, protocol: Protocol) -> ApiError {
        let json = protocol == Protocol::Json;
        let status = if json { 400 } else { 403 };
        let (json_code, query_code, message) = match self {
            Self::Missing => (
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
                "Missing Authentication Token",
            ),
            Self::Incomplete => (
                "IncompleteSignatureException",
                "IncompleteSignature",
                "The request signature does not conform to AWS standards.",
            ),
            Self::UnknownKey => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
            Self::Expired => (
                "ExpiredTokenException",
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
            Self::Mismatch(why) => ("InvalidSignatureException", "SignatureDoesNotMatch", why),
        };
        ApiError::new(status, if json { json_code } else { query_code }, message)
    }
}

/// Reads the `Authorization` header.
pub(super) fn claim(headers: &HeaderMap) -> Result<Claim, Refused> {
    let header = text(headers, "authorization").ok_or(Refused::Missing)?;
    let fields = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or(Refused::Incomplete)?;
    let field = |name: &str| {
        let mut found =
            fields.split(',').filter_map(|f| f.trim().split_once('=')).filter(|(n, _)| *n == name);
        found.next().map(|(_, value)| value).ok_or(Refused::Incomplete)
    };
    let scope: Vec<&str> = field("Credential")?.split('/').collect();
    let [access_key_id, date, region, service, "aws4_request"] = scope.as_slice() else {
        return Err(Refused::Incomplete);
    };
    Ok(Claim {
        access_key_id: (*access_key_id).to_owned(),
        region: (*region).to_owned(),
        session_token: text(headers, "x-amz-security-token").map(str::to_owned),
        date: (*date).to_owned(),
        service: (*service).to_owned(),
        signed_headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: field("Signature")?.to_owned(),
    })
}

/// Holds the claim against the request and the secret of its access key.
pub(super) fn verify(
    claim: &Claim,
    incoming: Incoming<'_>,
    secret_access_key: &str,
    service: &str,
    now: DateTime<Utc>,
) -> Result<(), Refused> {
    if claim.service != service {
        return Err(Refused::Mismatch("Credential should be scoped to correct service."));
    }
    let date = text(incoming.headers, "x-amz-date").ok_or(Refused::Incomplete)?;
    let signed_at =
        NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").map_err(|_| Refused::Incomplete)?.and_utc();
    if claim.date != signed_at.format("%Y%m%d").to_string() {
        return Err(Refused::Mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 date.",
        ));
    }
    if (now - signed_at).abs() > MAX_SKEW {
        return Err(Refused::Mismatch("Signature expired: it is not within 5 minutes of the server's time."));
    }
    let listed = |name: &str| claim.signed_headers.iter().any(|h| h == name);
    let must_be_signed = |name: &str| name == "host" || name.starts_with("x-amz-");
    if !listed("host")
        || incoming.headers.keys().map(HeaderName::as_str).any(|k| must_be_signed(k) && !listed(k))
    {
        return Err(Refused::Mismatch("A header that must be signed is not."));
    }
    let body_hash = hex(digest::digest(&digest::SHA256, incoming.body).as_ref());
    if text(incoming.headers, "x-amz-content-sha256").is_some_and(|claimed| claimed != body_hash) {
        return Err(Refused::Mismatch("The body does not have the hash that the request states."));
    }
    let canonical = canonical_request(claim, incoming, &body_hash).ok_or(Refused::Incomplete)?;
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{}/{}/{}/aws4_request\n{}",
        claim.date,
        claim.region,
        claim.service,
        hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref()),
    );
    let key = aws_sigv4::sign::v4::generate_signing_key(
        secret_access_key,
        signed_at.into(),
        &claim.region,
        &claim.service,
    );
    let expected = aws_sigv4::sign::v4::calculate_signature(key, to_sign.as_bytes());
    constant_time::verify_slices_are_equal(expected.as_bytes(), claim.signature.as_bytes()).map_err(|_| {
        Refused::Mismatch("The request signature we calculated does not match the signature you provided.")
    })
}

fn canonical_request(claim: &Claim, incoming: Incoming<'_>, body_hash: &str) -> Option<String> {
    let mut query: Vec<&str> =
        incoming.uri.query().unwrap_or_default().split('&').filter(|p| !p.is_empty()).collect();
    query.sort_unstable();
    let mut headers = String::new();
    for name in &claim.signed_headers {
        let values: Vec<String> = incoming
            .headers
            .get_all(name)
            .iter()
            .map(|v| v.to_str().map(|t| t.split_whitespace().collect::<Vec<_>>().join(" ")))
            .collect::<Result<_, _>>()
            .ok()?;
        if values.is_empty() {
            return None;
        }
        let _ = writeln!(headers, "{name}:{}", values.join(","));
    }
    Some(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{body_hash}",
        incoming.method,
        incoming.uri.path(),
        query.join("&"),
        claim.signed_headers.join(";"),
    ))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests;
