//! Section `[aws]`: where the APIs of AWS are, and how long to wait for them.

use super::bounds::{self, CallBounds};
use super::problems::{Section, kind, number};
use std::time::Duration;
use url::Url;

/// Section `[aws]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aws {
    /// Endpoint of STS, if not the regional one.
    pub sts_endpoint: Option<Url>,
    /// Endpoint of the SageMaker API, if not the regional one.
    pub sagemaker_endpoint: Option<Url>,
    /// Endpoint of IAM, if not the partition's.
    pub iam_endpoint: Option<Url>,
    /// Endpoint of Service Quotas, if not the regional one. `check --live` asks there.
    pub service_quotas_endpoint: Option<Url>,
    /// Longest time to connect.
    pub connect: Duration,
    /// Longest time for one attempt.
    pub attempt: Duration,
    /// Longest time for a call with its retries.
    pub call: Duration,
    /// Most attempts for a call.
    pub attempts: u32,
    /// Which calls are not made.
    pub bounds: CallBounds,
}

pub(super) fn read(mut section: Section<'_>) -> Aws {
    let endpoint = || {
        kind("an http(s) URL", |text| {
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
        })
    };
    let sts_endpoint = section.optional("sts_endpoint", endpoint());
    let sagemaker_endpoint = section.optional("sagemaker_endpoint", endpoint());
    let service_quotas_endpoint = section.optional("service_quotas_endpoint", endpoint());
    let iam_endpoint = section.optional("iam_endpoint", endpoint());
    let mut milliseconds = |key, default| {
        Duration::from_millis(section.optional(key, number(50..=60_000)).unwrap_or(default).into())
    };
    let connect = milliseconds("connect_milliseconds", 2_000);
    let attempt = milliseconds("attempt_milliseconds", 5_000);
    let call = milliseconds("call_milliseconds", 12_000);
    let attempts = section.optional("attempts", number(1..=10)).unwrap_or(3);
    let bounds = bounds::read(&mut section);
    section.finish();
    Aws {
        sts_endpoint,
        sagemaker_endpoint,
        iam_endpoint,
        service_quotas_endpoint,
        connect,
        attempt,
        call,
        attempts,
        bounds,
    }
}
