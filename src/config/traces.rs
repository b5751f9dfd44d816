//! Section `[traces]`: where spans of sign-ins go.

use super::problems::{Section, boolean, kind};
use toml::Value;
use url::Url;

/// Section `[traces]`.
#[derive(Debug, PartialEq)]
pub struct Traces {
    /// Where spans are sent (OTLP over HTTP, protobuf); `None`: there are none.
    pub endpoint: Option<Url>,
    /// Which part of the requests has spans, from 0 to 1.
    pub sample: f64,
    /// Whether `traceparent` of a request is believed, so that its trace goes on here.
    pub accept_parent: bool,
}

pub(super) fn read(mut section: Section<'_>) -> Traces {
    let endpoint = section.optional(
        "endpoint",
        kind("an http(s) URL", |text| {
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
        }),
    );
    let sample = section.optional("sample", |value| match value {
        Value::Float(part) if (0.0..=1.0).contains(part) => Ok(*part),
        Value::Integer(0) => Ok(0.0),
        Value::Integer(1) => Ok(1.0),
        other => Err(format!("expected a number from 0 to 1, got {other}")),
    });
    let accept_parent = section.optional("accept_parent", boolean).unwrap_or(false);
    section.finish();
    Traces { endpoint, sample: sample.unwrap_or(1.0), accept_parent }
}
