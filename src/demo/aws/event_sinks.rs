//! What takes events, as far as audit events go: `PutLogEvents` of CloudWatch Logs, `PutRecordBatch` of Firehose and
//! `PutEvents` of EventBridge, over JSON 1.1, with the quotas and constraints that each of them documents.

use super::call::{Call, Note};
use super::fault::ApiError;
use super::policy::Context;
use super::shape::{Problems, Rule, Shape, finish};
use super::state::State;
use super::world::{EventSinkKind, account_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// PutLogEvents: most events, most bytes with 26 for each event, and how the times of a batch have to lie.
const LOG_EVENTS: usize = 10_000;
const LOG_BYTES: usize = 1_048_576;
const LOG_OVERHEAD: usize = 26;
const LOG_SPAN: TimeDelta = TimeDelta::hours(24);
const LOG_AHEAD: TimeDelta = TimeDelta::hours(2);
const LOG_BEHIND: TimeDelta = TimeDelta::days(14);
/// PutRecordBatch: most records, most bytes of one, and of all.
const RECORDS: usize = 500;
const RECORD_BYTES: usize = 1_024_000;
const BATCH_BYTES: usize = 4 * 1_048_576;
/// PutEvents: most entries, and bytes of all.
const ENTRIES: usize = 10;
const ENTRY_BYTES: usize = 262_144;

/// An event that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceivedEvent {
    /// `logs`, `firehose` or `events`.
    pub service: &'static str,
    /// Name of the log stream, delivery stream or event bus.
    pub sink: String,
    /// Milliseconds since 1970, where the service is told.
    pub time: Option<i64>,
    /// `DetailType` of EventBridge.
    pub detail_type: Option<String>,
    /// The event itself.
    pub text: String,
}

/// Carries out an operation; answers its output.
pub(super) fn perform(
    state: &mut State,
    operation: &str,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    match operation {
        "PutLogEvents" => put_log_events(state, input, call, note),
        "PutRecordBatch" => put_record_batch(state, input, call, note),
        "PutEvents" => put_events(state, input, call, note),
        other => Err(ApiError::new(400, "UnknownOperationException", format!("Unknown operation {other}"))),
    }
}

fn put_log_events(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let shape = Shape::new(input, &problems);
    shape.only(&["logGroupName", "logStreamName", "logEvents"]);
    let group = shape.required("logGroupName", Rule::length(1, 512));
    let stream = shape.required("logStreamName", Rule::length(1, 512));
    let mut events = Vec::new();
    for event in shape.each("logEvents", LOG_EVENTS) {
        event.only(&["timestamp", "message"]);
        let message = event.required("message", Rule::length(1, LOG_BYTES));
        match event.raw("timestamp").and_then(Value::as_i64) {
            Some(time) => events.push((time, message.to_owned())),
            None => event.report("timestamp", "null", "Member must not be null"),
        }
    }
    finish(&problems, "InvalidParameterException")?;
    let arn = arn(call, "logs", &format!("log-group:{group}:log-stream:{stream}"));
    allow(call, note, "logs:PutLogEvents", arn)?;
    exists(
        state,
        call,
        |kind| matches!(kind, EventSinkKind::LogStream { group: g, stream: s } if g == group && s == stream),
    )?;
    let invalid = |why: &str| Err(ApiError::new(400, "InvalidParameterException", why));
    if events.is_empty() {
        return invalid("Log event batch is empty");
    }
    if events.iter().map(|(_, message)| message.len() + LOG_OVERHEAD).sum::<usize>() > LOG_BYTES {
        return invalid("Upload too large");
    }
    if !events.is_sorted_by_key(|(time, _)| *time) {
        return invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
    let time =
        |at: Option<&(i64, String)>| at.and_then(|(time, _)| DateTime::<Utc>::from_timestamp_millis(*time));
    let (first, last) = (time(events.first()).unwrap_or_default(), time(events.last()).unwrap_or_default());
    if last - first > LOG_SPAN {
        return invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        );
    }
    if last - call.now > LOG_AHEAD || call.now - first > LOG_BEHIND {
        return invalid("A log event is too old or too new");
    }
    state.received.extend(events.into_iter().map(|(time, text)| ReceivedEvent {
        service: "logs",
        sink: stream.to_owned(),
        time: Some(time),
        detail_type: None,
        text,
    }));
    Ok(json!({}))
}

fn put_record_batch(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let shape = Shape::new(input, &problems);
    shape.only(&["DeliveryStreamName", "Records"]);
    let stream = shape.required("DeliveryStreamName", Rule::length(1, 64));
    let mut records = Vec::new();
    for record in shape.each("Records", RECORDS) {
        record.only(&["Data"]);
        let data = STANDARD.decode(record.required("Data", Rule::length(0, usize::MAX))).ok();
        match data.filter(|data| data.len() <= RECORD_BYTES).and_then(|data| String::from_utf8(data).ok()) {
            Some(text) => records.push(text),
            None => record.report("Data", "", "Member must be base64 of at most 1024000 bytes of text"),
        }
    }
    finish(&problems, "InvalidArgumentException")?;
    let arn = arn(call, "firehose", &format!("deliverystream/{stream}"));
    allow(call, note, "firehose:PutRecordBatch", arn)?;
    exists(state, call, |kind| matches!(kind, EventSinkKind::DeliveryStream(name) if name == stream))?;
    if records.is_empty() || records.iter().map(String::len).sum::<usize>() > BATCH_BYTES {
        return Err(ApiError::new(
            400,
            "InvalidArgumentException",
            "The batch is empty, or larger than 4 MiB",
        ));
    }
    let (mut answers, mut failed) = (Vec::new(), 0);
    for (index, text) in records.into_iter().enumerate() {
        if call.refuses_one && index == 0 {
            failed += 1;
            answers.push(json!({ "ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down." }));
            continue;
        }
        answers.push(json!({ "RecordId": index.to_string() }));
        let sink = stream.to_owned();
        state.received.push(ReceivedEvent { service: "firehose", sink, time: None, detail_type: None, text });
    }
    Ok(json!({ "FailedPutCount": failed, "Encrypted": false, "RequestResponses": answers }))
}

fn put_events(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let shape = Shape::new(input, &problems);
    shape.only(&["Entries"]);
    let mut entries = Vec::new();
    for entry in shape.each("Entries", ENTRIES) {
        entry.only(&["Time", "Source", "DetailType", "Detail", "EventBusName"]);
        let source = entry.required("Source", Rule::length(1, 256));
        if source.starts_with("aws.") {
            entry.report("Source", source, "Member must not begin with aws.");
        }
        let kind = entry.required("DetailType", Rule::length(1, 128));
        let detail = entry.required("Detail", Rule::length(2, ENTRY_BYTES));
        if serde_json::from_str::<Map<String, Value>>(detail).is_err() {
            entry.report("Detail", "", "Member must be a JSON object");
        }
        let bus = entry.required("EventBusName", Rule::length(1, 1_600));
        let seconds = entry.raw("Time").and_then(Value::as_f64);
        entries.push((bus.to_owned(), kind.to_owned(), detail.to_owned(), seconds));
    }
    finish(&problems, "ValidationException")?;
    let size: usize = entries.iter().map(|(_, kind, detail, _)| kind.len() + detail.len() + 14).sum();
    if entries.is_empty() || size > ENTRY_BYTES {
        return Err(ApiError::validation("The batch is empty, or its total size is over the limit"));
    }
    let (mut answers, mut failed) = (Vec::new(), 0);
    for (index, (bus, kind, detail, seconds)) in entries.into_iter().enumerate() {
        let name = bus.rsplit('/').next().unwrap_or_default().to_owned();
        let arn = if bus == name { arn(call, "events", &format!("event-bus/{name}")) } else { bus };
        allow(call, note, "events:PutEvents", arn)?;
        exists(state, call, |kind| matches!(kind, EventSinkKind::EventBus(known) if *known == name))?;
        if call.refuses_one && index == 0 {
            failed += 1;
            answers.push(json!({ "ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded" }));
            continue;
        }
        answers.push(json!({ "EventId": index.to_string() }));
        #[allow(clippy::cast_possible_truncation, reason = "a time in this century")]
        let time = seconds.map(|seconds| (seconds * 1_000.0).round() as i64);
        let detail_type = Some(kind);
        state.received.push(ReceivedEvent { service: "events", sink: name, time, detail_type, text: detail });
    }
    Ok(json!({ "FailedEntryCount": failed, "Entries": answers }))
}

fn arn(call: &Call, service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{}:{}:{resource}", call.region, account_of(&call.caller.arn))
}

fn allow(call: &Call, note: &mut Note, action: &str, arn: String) -> Result<(), ApiError> {
    note.resource = arn;
    call.caller.authorize(action, &note.resource, &Context::default())
}

fn exists(state: &State, call: &Call, is: impl Fn(&EventSinkKind) -> bool) -> Result<(), ApiError> {
    let known = state.world.event_sinks.iter().any(|sink| sink.region == call.region && is(&sink.kind));
    known.then_some(()).ok_or_else(|| {
        ApiError::new(400, "ResourceNotFoundException", "The specified resource does not exist.")
    })
}
