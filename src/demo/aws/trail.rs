//! What was called, by whom, with what outcome: the embedded `CloudTrail`, and the recorded bodies of SageMaker calls.
//!
//! Events never hold an assertion, a credential, a token or a presigned URL.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::VecDeque;

/// Oldest entries go first once there are this many.
const CAPACITY: usize = 10_000;

/// One call.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// When it arrived, by the embedded AWS's clock.
    pub at: DateTime<Utc>,
    /// Service and operation, such as `sts:AssumeRoleWithSAML`.
    pub api: String,
    /// ARN of the caller, or `anonymous` for an unsigned or wrongly signed call.
    pub principal: String,
    /// ARN or name of what it acts on; empty if it acts on nothing in particular.
    pub resource: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The `x-amzn-RequestId` of the answer.
    pub request_id: String,
    /// The request without secrets.
    pub parameters: Value,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// The error code that was answered.
    Error(String),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => f.write_str("OK"),
            Self::Error(code) => f.write_str(code),
        }
    }
}

/// The bodies of one SageMaker call, to be validated against the service's model.
#[derive(Clone, Debug, Serialize)]
pub struct RecordedCall {
    /// The operation, such as `CreateUserProfile`.
    pub operation: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// Request body as it was received.
    pub request: Value,
    /// Response body as it was sent.
    pub response: Value,
}

/// Events and recorded calls, bounded.
#[derive(Debug, Default)]
pub(super) struct Trail {
    events: VecDeque<Event>,
    calls: VecDeque<RecordedCall>,
}

impl Trail {
    pub(super) fn add(&mut self, event: Event) {
        push_bounded(&mut self.events, event);
    }

    pub(super) fn record(&mut self, call: RecordedCall) {
        push_bounded(&mut self.calls, call);
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.events.iter().cloned().collect()
    }

    pub(super) fn calls(&self) -> Vec<RecordedCall> {
        self.calls.iter().cloned().collect()
    }

    /// The newest first, at most `count`.
    pub(super) fn latest(&self, count: usize) -> Vec<Event> {
        self.events.iter().rev().take(count).cloned().collect()
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= CAPACITY {
        queue.pop_front();
    }
    queue.push_back(item);
}
