//! Places at AWS that take events, each with its limits and its way to say which of a batch it did not take.

use super::queue::Line;
use crate::aws::{AwsFault, GatewayCredentials};
use crate::config::{AuditSink, AuditTarget};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_firehose::types::Record;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_smithy_types::{Blob, DateTime};
use std::time::Duration;

/// Longest time for one attempt, and for a call with its retries. Nobody waits for it but the drain.
const ATTEMPT: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(15);
const ATTEMPTS: u32 = 3;
/// `Source` of events in EventBridge.
const SOURCE: &str = "studio-gateway";

/// What one call takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) events: usize,
    pub(super) bytes: usize,
    /// Bytes that count for each event beside its text.
    pub(super) overhead: usize,
}

/// A place at AWS.
#[derive(Debug)]
pub(super) enum Sink {
    CloudWatchLogs { client: aws_sdk_cloudwatchlogs::Client, group: String, stream: String },
    Firehose { client: aws_sdk_firehose::Client, stream: String },
    EventBridge { client: aws_sdk_eventbridge::Client, bus: String },
}

impl Sink {
    pub(super) async fn new(settings: &AuditSink, credentials: GatewayCredentials) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let GatewayCredentials::Static(keys) = credentials {
            loader = loader.credentials_provider(keys);
        }
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        let config = loader.load().await;
        match settings.target.clone() {
            AuditTarget::CloudWatchLogs { group, stream } => {
                Self::CloudWatchLogs { client: aws_sdk_cloudwatchlogs::Client::new(&config), group, stream }
            }
            AuditTarget::Firehose { stream } => {
                Self::Firehose { client: aws_sdk_firehose::Client::new(&config), stream }
            }
            AuditTarget::EventBridge { bus } => {
                Self::EventBridge { client: aws_sdk_eventbridge::Client::new(&config), bus }
            }
        }
    }

    /// What stands for it in metrics and logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::CloudWatchLogs { .. } => "cloudwatch_logs",
            Self::Firehose { .. } => "firehose",
            Self::EventBridge { .. } => "eventbridge",
        }
    }

    /// Quotas of PutLogEvents, PutRecordBatch and PutEvents, with a margin.
    pub(super) fn limits(&self) -> Limits {
        match self {
            Self::CloudWatchLogs { .. } => Limits { events: 10_000, bytes: 1_000_000, overhead: 26 },
            Self::Firehose { .. } => Limits { events: 500, bytes: 4_000_000, overhead: 1 },
            Self::EventBridge { .. } => Limits { events: 10, bytes: 250_000, overhead: 100 },
        }
    }

    /// Sends a batch that is within the limits; answers what of it has to be sent again.
    ///
    /// # Errors
    /// A sentence for the log, when nothing of it was taken.
    pub(super) async fn put(&self, lines: &[Line]) -> Result<Vec<Line>, String> {
        match self {
            Self::CloudWatchLogs { client, group, stream } => logs(client, group, stream, lines).await,
            Self::Firehose { client, stream } => firehose(client, stream, lines).await,
            Self::EventBridge { client, bus } => eventbridge(client, bus, lines).await,
        }
    }
}

/// PutLogEvents takes a batch in the order of time only. It refuses what is too old or too new for good.
async fn logs(
    client: &aws_sdk_cloudwatchlogs::Client,
    group: &str,
    stream: &str,
    lines: &[Line],
) -> Result<Vec<Line>, String> {
    let mut sorted: Vec<_> = lines.iter().collect();
    sorted.sort_by_key(|line| line.time);
    let events: Result<Vec<_>, _> = sorted
        .into_iter()
        .map(|line| InputLogEvent::builder().timestamp(line.time).message(&*line.text).build())
        .collect();
    let events = events.map_err(|fault| fault.to_string())?;
    let put = client.put_log_events().log_group_name(group).log_stream_name(stream);
    let output = put.set_log_events(Some(events)).send().await;
    let output = output.map_err(|error| AwsFault::of("logs:PutLogEvents", &error).to_string())?;
    if let Some(refused) = output.rejected_log_events_info() {
        tracing::error!(target: "studio_gateway::audit", ?refused, "CloudWatch Logs refuses events by their time");
    }
    Ok(Vec::new())
}

/// Records have no separator of their own: each line ends with one.
async fn firehose(
    client: &aws_sdk_firehose::Client,
    stream: &str,
    lines: &[Line],
) -> Result<Vec<Line>, String> {
    let records: Result<Vec<_>, _> = lines
        .iter()
        .map(|line| Record::builder().data(Blob::new(format!("{}\n", line.text))).build())
        .collect();
    let records = records.map_err(|fault| fault.to_string())?;
    let put = client.put_record_batch().delivery_stream_name(stream).set_records(Some(records));
    let output =
        put.send().await.map_err(|error| AwsFault::of("firehose:PutRecordBatch", &error).to_string())?;
    let answers = output.request_responses().iter().map(|answer| answer.error_code().is_some());
    Ok(refused(lines, answers))
}

async fn eventbridge(
    client: &aws_sdk_eventbridge::Client,
    bus: &str,
    lines: &[Line],
) -> Result<Vec<Line>, String> {
    let entries = lines.iter().map(|line| {
        PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(SOURCE)
            .detail_type(line.kind)
            .detail(&*line.text)
            .time(DateTime::from_millis(line.time))
            .build()
    });
    let put = client.put_events().set_entries(Some(entries.collect()));
    let output = put.send().await.map_err(|error| AwsFault::of("events:PutEvents", &error).to_string())?;
    Ok(refused(lines, output.entries().iter().map(|answer| answer.error_code().is_some())))
}

/// The lines whose answers, in the same order, are errors.
fn refused(lines: &[Line], failed: impl Iterator<Item = bool>) -> Vec<Line> {
    lines.iter().zip(failed).filter(|(_, failed)| *failed).map(|(line, _)| line.clone()).collect()
}
