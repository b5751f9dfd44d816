//! What went wrong with an AWS call, sorted by what can be done about it.

use super::bounded::TurnedAway;
use crate::error::{Code, Refusal};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::fmt;
use std::time::Duration;

pub(super) const ASSUME: &str = "sts:AssumeRoleWithSAML";
const PROVISION: &str = "sts:AssumeRole of the provisioner role";

/// The kinds of faults that lead to different ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The resource does not exist.
    NotFound,
    /// The resource exists already, or is being changed.
    InUse,
    /// A limit of the account.
    Limit,
    /// A policy refuses the call.
    Denied,
    /// STS: the assertion is too old.
    Expired,
    /// STS: the assertion is not acceptable.
    AssertionRefused,
    /// AWS asks to slow down, also after retries.
    Throttled,
    /// No answer in time, also after retries.
    Timeout,
    /// No usable answer, or one with a status of 500 and above.
    Unavailable,
    /// AWS takes our request for wrong.
    Invalid,
    /// We did not call: too many calls are under way.
    Busy,
    /// We did not call: there was no answer lately, and there will be no other try before so long.
    Paused(Duration),
}

/// A fault of one AWS call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsFault {
    /// Such as `sts:AssumeRoleWithSAML`.
    pub api: &'static str,
    /// What kind of fault.
    pub kind: Kind,
    /// Error code, message and request id of AWS, for the log.
    pub detail: String,
}

impl AwsFault {
    /// Sorts an error of the SDK.
    pub fn of<E: ProvideErrorMetadata + Error + 'static>(
        api: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self {
        Self::of_secret(api, error, "")
    }

    /// Sorts an error of a call that carried this secret. What AWS says is left out if it repeats any of it.
    pub fn of_secret<E: ProvideErrorMetadata + Error + 'static>(
        api: &'static str,
        error: &SdkError<E, HttpResponse>,
        secret: &str,
    ) -> Self {
        if let Some(fault) = of_provisioner(error) {
            return fault;
        }
        let (kind, detail) = match error {
            SdkError::TimeoutError(_) => (Kind::Timeout, "no answer in time".to_owned()),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (Kind::Timeout, "no answer in time".to_owned())
            }
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().map(ToString::to_string);
                (Kind::Unavailable, format!("not reached: {}", cause.unwrap_or_default()))
            }
            SdkError::ServiceError(failure) => {
                let metadata = failure.err();
                let status = failure.raw().status().as_u16();
                let code = metadata.code().unwrap_or("without code");
                let request_id = failure.raw().headers().get("x-amzn-requestid").unwrap_or("none");
                let message = message(code, metadata.message().unwrap_or_default(), secret);
                (
                    sort(api, code, metadata.message().unwrap_or_default(), status),
                    format!("{code} ({status}){message}, AWS request id {request_id}"),
                )
            }
            other => match other.source().and_then(TurnedAway::find) {
                Some(turned_away) => (turned_away.into(), turned_away.to_string()),
                None => (Kind::Unavailable, "an answer that cannot be understood".to_owned()),
            },
        };
        Self { api, kind, detail }
    }
}

/// The fault of a call that could not be signed, because the role to sign it with could not be taken.
fn of_provisioner<E>(error: &SdkError<E, HttpResponse>) -> Option<AwsFault> {
    let SdkError::DispatchFailure(failure) = error else { return None };
    let mut source = failure.as_connector_error().and_then(Error::source);
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>() {
            return Some(AwsFault::of(PROVISION, error));
        }
        source = cause.source();
    }
    None
}

fn sort(api: &str, code: &str, message: &str, status: u16) -> Kind {
    match code {
        // What SageMaker says of a notebook instance that does not exist.
        "ValidationException" if message == "RecordNotFound" => Kind::NotFound,
        "ResourceNotFound" | "ResourceNotFoundException" | "NoSuchEntity" => Kind::NotFound,
        "ResourceInUse"
        | "ResourceInUseException"
        | "ConflictException"
        | "EntityAlreadyExists"
        | "EntityTemporarilyUnmodifiable"
        | "ConcurrentModification" => Kind::InUse,
        "ResourceLimitExceeded" | "LimitExceeded" => Kind::Limit,
        "ExpiredTokenException" | "ExpiredToken" if api == ASSUME => Kind::Expired,
        // Elsewhere it is the caller's keys that have expired.
        "AccessDenied"
        | "AccessDeniedException"
        | "RegionDisabledException"
        | "ExpiredTokenException"
        | "ExpiredToken" => Kind::Denied,
        "InvalidIdentityToken" | "IDPRejectedClaim" => Kind::AssertionRefused,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => Kind::Throttled,
        _ if status >= 500 => Kind::Unavailable,
        _ => Kind::Invalid,
    }
}

/// The message of AWS, shortened. Validation errors are left without: they repeat the value that was refused, and that
/// may be the assertion. So are errors about signatures, which repeat the headers, the session token among them.
fn message(code: &str, message: &str, secret: &str) -> String {
    if message.is_empty() || code.starts_with("Validation") || code.contains("Signature") {
        return String::new();
    }
    let shown: String = message.chars().take(300).collect();
    if repeats(&shown, secret) {
        return ", with a message that repeats what was sent".to_owned();
    }
    format!(": {shown}")
}

/// Whether a text holds a part of the secret that is long enough to be no coincidence.
fn repeats(text: &str, secret: &str) -> bool {
    const PART: usize = 24;
    text.as_bytes()
        .windows(PART)
        .filter_map(|part| std::str::from_utf8(part).ok())
        .any(|part| secret.contains(part))
}

impl fmt::Display for AwsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.api, self.detail)
    }
}

impl std::error::Error for AwsFault {}

impl From<AwsFault> for Refusal {
    fn from(fault: AwsFault) -> Self {
        let code = match fault.kind {
            Kind::Limit => Code::AwsLimit,
            Kind::Denied => Code::AwsDenied,
            Kind::Expired => Code::AssertionExpired,
            Kind::AssertionRefused => Code::AwsAssertionRefused,
            Kind::Throttled => Code::AwsThrottled,
            Kind::Timeout => Code::AwsTimeout,
            Kind::Busy => Code::GatewayBusy,
            Kind::Unavailable | Kind::NotFound | Kind::InUse | Kind::Invalid | Kind::Paused(_) => {
                Code::AwsUnavailable
            }
        };
        let refusal = Refusal::new(code, fault.to_string());
        match fault.kind {
            Kind::Paused(wait) => refusal.after(wait),
            _ => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_repeats_a_secret_is_left_out() {
        let secret = "PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6";
        assert_eq!(message("Odd", "as it is", secret), ": as it is");
        for text in [format!("no: '{secret}'"), format!("...{}...", &secret[10..40])] {
            let shown = message("Odd", &text, secret);
            assert_eq!(shown, ", with a message that repeats what was sent");
        }
    }

    #[test]
    fn messages_that_quote_requests_are_left_out() {
        for code in ["ValidationError", "ValidationException", "SignatureDoesNotMatch"] {
            assert_eq!(message(code, "x-amz-security-token:abc", ""), "", "{code}");
        }
    }

    #[test]
    fn only_sts_says_that_an_assertion_has_expired() {
        assert_eq!(sort(ASSUME, "ExpiredTokenException", "", 400), Kind::Expired);
        let other = sort("sagemaker:DescribeUserProfile", "ExpiredTokenException", "", 400);
        assert_eq!(other, Kind::Denied);
    }
}
