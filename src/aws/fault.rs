//! What went wrong with an AWS call, sorted by what can be done about it.

use crate::error::{Code, Refusal};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::fmt;

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
    pub fn of<E: ProvideErrorMetadata>(api: &'static str, error: &SdkError<E, HttpResponse>) -> Self {
        let (kind, detail) = match error {
            SdkError::TimeoutError(_) => (Kind::Timeout, "no answer in time".to_owned()),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (Kind::Timeout, "no answer in time".to_owned())
            }
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().map(ToString::to_string);
                (
                    Kind::Unavailable,
                    format!("not reached: {}", cause.unwrap_or_default()),
                )
            }
            SdkError::ServiceError(failure) => {
                let metadata = failure.err();
                let status = failure.raw().status().as_u16();
                let code = metadata.code().unwrap_or("without code");
                let request_id = failure.raw().headers().get("x-amzn-requestid").unwrap_or("none");
                let message = message(code, metadata.message().unwrap_or_default());
                (
                    sort(code, status),
                    format!("{code} ({status}){message}, AWS request id {request_id}"),
                )
            }
            _ => (
                Kind::Unavailable,
                "an answer that cannot be understood".to_owned(),
            ),
        };
        Self { api, kind, detail }
    }
}

fn sort(code: &str, status: u16) -> Kind {
    match code {
        "ResourceNotFound" | "ResourceNotFoundException" => Kind::NotFound,
        "ResourceInUse" | "ResourceInUseException" | "ConflictException" => Kind::InUse,
        "ResourceLimitExceeded" => Kind::Limit,
        "AccessDenied" | "AccessDeniedException" | "RegionDisabledException" => Kind::Denied,
        "ExpiredTokenException" | "ExpiredToken" => Kind::Expired,
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
/// may be the assertion.
fn message(code: &str, message: &str) -> String {
    if message.is_empty() || code.starts_with("Validation") {
        return String::new();
    }
    let shown: String = message.chars().take(300).flat_map(char::escape_debug).collect();
    format!(": {shown}")
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
            Kind::Unavailable | Kind::NotFound | Kind::InUse | Kind::Invalid => Code::AwsUnavailable,
        };
        Refusal::new(code, fault.to_string())
    }
}
