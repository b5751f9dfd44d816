//! What the gateway logs, kept for the tests to look at. One buffer serves all tests of the process, because handlers
//! run on tasks of their own; a line is found by its request id.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, Once, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

static LINES: Mutex<Vec<LogLine>> = Mutex::new(Vec::new());

/// One log line.
#[derive(Debug, Clone)]
pub(crate) struct LogLine {
    pub(crate) level: Level,
    pub(crate) target: String,
    fields: BTreeMap<String, String>,
}

impl LogLine {
    /// The value of a field; empty if the line has no such field.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Checks that the reason for a refusal holds these words.
    #[track_caller]
    pub(crate) fn because(&self, words: &str) -> &Self {
        let reason = self.field("reason");
        assert!(reason.contains(words), "the reason is {reason:?}, not one with {words:?}");
        self
    }

    /// Whether any field holds this text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.fields.values().any(|value| value.contains(text))
    }
}

/// Starts keeping lines: everything of our own, warnings of everybody else. The service shows less.
pub(crate) fn keep() {
    static START: Once = Once::new();
    START.call_once(|| {
        let filter =
            Targets::new().with_target("studio_gateway", LevelFilter::TRACE).with_default(LevelFilter::WARN);
        tracing_subscriber::registry().with(Keeper.with_filter(filter)).init();
    });
}

/// How many lines hold this text so far.
pub(crate) fn with(text: &str) -> usize {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line.holds(text)).count()
}

/// The lines of one request.
pub(crate) fn of_request(request_id: &str) -> Vec<LogLine> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line.field("request_id") == request_id).cloned().collect()
}

/// A line of any test, the last of those that are meant.
pub(crate) fn any(meant: impl Fn(&LogLine) -> bool) -> Option<LogLine> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().rev().find(|line| meant(line)).cloned()
}

/// How many lines there are so far.
pub(crate) fn count() -> usize {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// What the fields of all lines from this one on hold.
pub(crate) fn since(first: usize) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines[first..].iter().flat_map(|line| line.fields.values().cloned()).collect()
}

/// Checks that no line of any test, so far, holds this text.
#[track_caller]
pub(crate) fn never_held(secret: &str) {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let leak = lines.iter().find(|line| line.holds(secret)).cloned();
    drop(lines);
    assert!(leak.is_none(), "a secret was logged: {leak:?}");
}

struct Keeper;

impl<S: Subscriber> Layer<S> for Keeper {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(LogLine {
            level: *event.metadata().level(),
            target: event.metadata().target().to_owned(),
            fields: fields.0,
        });
    }
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
