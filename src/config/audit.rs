//! Section `[audit]`: which events of sign-ins and provisioning are kept, where, and what they tell of a person.

use super::Sources;
use super::problems::{Section, boolean, kind, number, string};
use super::sources::referred;
use crate::arn::is_account;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use toml::Value;
use url::Url;

/// Section `[audit]`.
#[derive(Debug, PartialEq, Eq)]
pub struct Audit {
    /// Whether events are written to standard output, one line of JSON each.
    pub stdout: bool,
    /// How events are written.
    pub format: AuditFormat,
    /// What personal values are replaced with the help of; `None`: they stay.
    pub pseudonyms: Option<PseudonymKey>,
    /// Most events that wait for each sink.
    pub queue: usize,
    /// Where at AWS events go.
    pub sinks: Vec<AuditSink>,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFormat {
    /// Our own fields (`docs/audit.md`).
    Native,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
}

/// 256 bits that pseudonyms are made with. They never show themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey(pub [u8; 32]);

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey")
    }
}

/// A place at AWS that takes events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSink {
    /// What takes them there.
    pub target: AuditTarget,
    /// Its region.
    pub region: String,
    /// Endpoint, if not the regional one.
    pub endpoint: Option<Url>,
}

/// What takes events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    /// `logs:PutLogEvents`.
    CloudWatchLogs {
        /// `logGroupName`.
        group: String,
        /// `logStreamName`.
        stream: String,
    },
    /// `firehose:PutRecordBatch`.
    Firehose {
        /// `DeliveryStreamName`.
        stream: String,
    },
    /// `events:PutEvents`.
    EventBridge {
        /// `EventBusName`.
        bus: String,
    },
}

/// Reads the section. `region`: where sinks are if nothing else is said.
pub(super) fn read(
    mut section: Section<'_>,
    region: Option<&str>,
    sources: &Sources<'_>,
    warnings: &mut Vec<String>,
) -> Audit {
    let stdout = section.optional("stdout", boolean).unwrap_or(false);
    let format = section.optional(
        "format",
        kind("\"native\" or \"ocsf\"", |text| match text {
            "native" => Some(AuditFormat::Native),
            "ocsf" => Some(AuditFormat::Ocsf),
            _ => None,
        }),
    );
    let pseudonyms = section.optional("pseudonymise", |value| pseudonym_key(value, sources));
    let queue = section.optional("queue", number(100..=1_000_000)).unwrap_or(10_000);
    let mut sinks = Vec::new();
    let mut add = |key, read: fn(&mut Section<'_>) -> Option<AuditTarget>| {
        if section.has(key) {
            sinks.extend(sink(section.section(key), region, read));
        }
    };
    add("cloudwatch_logs", |section| {
        let group = section.required("group", name("the name of a log group", 512, b"_-/.#"));
        let stream =
            section.required("stream", kind("the name of a log stream without ?, $, : and *", log_stream));
        Some(AuditTarget::CloudWatchLogs { group: group?, stream: stream? })
    });
    add("firehose", |section| {
        let stream = section.required("stream", name("the name of a Firehose stream", 64, b"_.-"));
        stream.map(|stream| AuditTarget::Firehose { stream })
    });
    add("eventbridge", |section| {
        let bus = section.required("bus", kind("the name or ARN of an event bus", event_bus));
        bus.map(|bus| AuditTarget::EventBridge { bus })
    });
    if pseudonyms.is_some() && !stdout && sinks.is_empty() {
        warnings.push("audit.pseudonymise: nothing is written: set stdout, or name a sink".into());
    }
    section.finish();
    Audit {
        stdout,
        format: format.unwrap_or(AuditFormat::Native),
        pseudonyms,
        queue: usize::try_from(queue).unwrap_or(usize::MAX),
        sinks,
    }
}

fn sink(
    mut section: Section<'_>,
    region: Option<&str>,
    read: fn(&mut Section<'_>) -> Option<AuditTarget>,
) -> Option<AuditSink> {
    let target = read(&mut section);
    let own_region = section.optional("region", string);
    let endpoint = section.optional(
        "endpoint",
        kind("an http(s) URL", |text| {
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
        }),
    );
    section.finish();
    let region = own_region.or_else(|| region.map(str::to_owned))?;
    Some(AuditSink { target: target?, region, endpoint })
}

/// A parser for names of letters, digits and these other characters.
fn name(
    what: &'static str,
    longest: usize,
    others: &'static [u8],
) -> impl Fn(&Value) -> Result<String, String> {
    kind(what, move |text| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
        ((1..=longest).contains(&text.len()) && text.bytes().all(known)).then(|| text.to_owned())
    })
}

/// `logStreamName` of the CloudWatch Logs API: anything but `:` and `*`. In a policy `?` would stand for other names too, and
/// `$` may begin a variable.
fn log_stream(text: &str) -> Option<String> {
    let fits = (1..=512).contains(&text.len()) && !text.contains([':', '*', '?', '$']);
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// `EventBusName` of the EventBridge API: a name, or `arn:PARTITION:events:REGION:ACCOUNT:event-bus/NAME`. Only buses of
/// partners, which take no events from us, have a slash in their names.
fn event_bus(text: &str) -> Option<String> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_name = |name: &str| (1..=256).contains(&name.len()) && name.bytes().all(known);
    let is_arn = match text.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "events", region, account, resource] => {
            let name = resource.strip_prefix("event-bus/");
            is_name(partition) && is_name(region) && is_account(account) && name.is_some_and(is_name)
        }
        _ => false,
    };
    (is_arn || is_name(text)).then(|| text.to_owned())
}

fn pseudonym_key(value: &Value, sources: &Sources<'_>) -> Result<PseudonymKey, String> {
    let text = referred(value, sources)?;
    let bytes = STANDARD.decode(text.trim()).map_err(|_| "the key is not base64")?;
    <[u8; 32]>::try_from(bytes)
        .map(PseudonymKey)
        .map_err(|bytes| format!("the key has {} bytes, not 32", bytes.len()))
}
