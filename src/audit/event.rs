//! An audit event, and how it is written in our own fields (`docs/audit.md`).

use super::act::Act;
use super::facts::{Facts, Origin};
use super::pseudonym::Pseudonyms;
use crate::error::Code;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// What tells an audit event from a log line: its first field, and the version of its fields.
const AUDIT: &str = "studio-gateway/1";

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Random; two events never share one.
    pub(super) id: String,
    pub(super) time: DateTime<Utc>,
    /// Command that did it, where no sign-in did.
    pub(super) command: Option<&'static str>,
    pub(super) origin: Origin,
    pub(super) facts: Facts,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// An answer to a sign-in.
    SignIn(SignIn),
    /// A change at AWS.
    Act(Act, Call),
}

/// How an answer to a sign-in turned out.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    pub(super) outcome: String,
    pub(super) code: Option<Code>,
    pub(super) reason: Option<String>,
    pub(super) milliseconds: u64,
    pub(super) calls: Vec<Call>,
    /// How many more there were.
    pub(super) calls_left_out: usize,
}

/// One AWS call with its retries.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Such as `sts:AssumeRoleWithSAML`.
    pub(crate) api: String,
    /// `ok`, `error`, `timeout`, `unreachable`, or `dropped`: nobody waited for the end of it.
    pub(crate) outcome: &'static str,
    /// HTTP status of the last answer.
    pub(crate) status: Option<u16>,
    /// AWS's own id of the last attempt.
    pub(crate) request_id: Option<String>,
    pub(crate) milliseconds: u64,
}

impl Event {
    /// Milliseconds since 1970.
    pub(super) fn timestamp(&self) -> i64 {
        self.time.timestamp_millis()
    }

    /// `sign-in`, or what was changed.
    pub(super) fn kind(&self) -> &'static str {
        match &self.what {
            What::SignIn(_) => "sign-in",
            What::Act(act, _) => act.kind.name(),
        }
    }

    /// Every value that tells who or from where, replaced. Reasons are left out: they are sentences that quote.
    pub(super) fn pseudonymised(mut self, by: &Pseudonyms) -> Self {
        let Self { origin, facts, what, .. } = &mut self;
        for text in [&mut origin.client, &mut origin.user_agent].into_iter().filter(|text| !text.is_empty()) {
            *text = by.of(text);
        }
        for text in [
            &mut facts.subject,
            &mut facts.user_id,
            &mut facts.session_name,
            &mut facts.source_identity,
            &mut facts.profile,
            &mut facts.space,
        ]
        .into_iter()
        .flatten()
        {
            *text = by.of(text);
        }
        if let Some(arn) = &mut facts.role_session {
            *arn = by.end_of_arn(arn);
        }
        facts.tags_left_out = None;
        match what {
            What::SignIn(sign_in) => sign_in.reason = None,
            What::Act(act, _) if act.kind.is_personal() => act.resource = by.of(&act.resource),
            What::Act(..) => {}
        }
        self
    }

    /// The event in our own fields.
    pub(super) fn native(&self) -> Value {
        let Self { id, time, command, origin, facts, what } = self;
        let mut event = json!({
            "audit": AUDIT,
            "event": self.kind(),
            "id": id,
            "time": time.to_rfc3339_opts(SecondsFormat::Millis, true),
            "gateway_version": env!("CARGO_PKG_VERSION"),
            "command": command,
            "request_id": text(&origin.request_id),
            "client": text(&origin.client),
            "user_agent": text(&origin.user_agent),
            "idp": facts.idp,
            "assertion": facts.assertion,
            "subject": facts.subject,
            "user_id": facts.user_id,
            "session_name": facts.session_name,
            "source_identity": facts.source_identity,
            "destination": facts.destination,
            "domain": facts.domain,
            "domain_id": facts.domain_id,
            "account": facts.account,
            "region": facts.region,
            "rule": facts.rule,
            "tags_left_out": facts.tags_left_out,
            "role": facts.role,
            "role_session": facts.role_session,
            "profile": facts.profile,
            "space": facts.space,
        });
        let more = match what {
            What::SignIn(sign_in) => json!({
                "outcome": sign_in.outcome,
                "code": sign_in.code.map(Code::name),
                "reason": sign_in.reason,
                "milliseconds": sign_in.milliseconds,
                "aws_calls": sign_in.calls.iter().map(Call::to_json).collect::<Vec<_>>(),
                "aws_calls_left_out": (sign_in.calls_left_out > 0).then_some(sign_in.calls_left_out),
            }),
            What::Act(act, call) => json!({
                "outcome": call.act_outcome(),
                "resource": act.resource,
                "policy": act.policy,
                "tags": (!act.tags.is_empty()).then_some(&act.tags),
                "milliseconds": call.milliseconds,
                "aws_calls": [call.to_json()],
            }),
        };
        if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
            event.extend(more);
        }
        without_nulls(event)
    }
}

impl Call {
    pub(super) fn to_json(&self) -> Value {
        let Self { api, outcome, status, request_id, milliseconds } = self;
        without_nulls(json!({
            "api": api,
            "outcome": outcome,
            "status": status,
            "request_id": request_id,
            "milliseconds": milliseconds,
        }))
    }

    /// How the change turned out. Without an answer, AWS may have made it all the same.
    pub(super) fn act_outcome(&self) -> &'static str {
        match self.outcome {
            "ok" => "done",
            "error" => "failed",
            _ => "unknown",
        }
    }
}

fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A value without members that are null, at any depth.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
