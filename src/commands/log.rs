//! Logging: our own events from `info`, everything else from `warn`. Libraries may log what they send; below `warn` that
//! could be a credential, and so there is no way to turn it on.

use std::io::{IsTerminal, stdout};
use studio_gateway::traces::{self, Traces};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging to standard output: lines for a person at a terminal, JSON otherwise.
pub(crate) fn start() {
    start_with(None);
}

/// The same, and sends spans that way. Lines do not tell of spans.
pub(crate) fn start_with(traces: Option<&Traces>) {
    let filter = Targets::new()
        .with_target("studio_gateway", LevelFilter::INFO)
        .with_target(traces::TARGET, LevelFilter::OFF)
        .with_default(LevelFilter::WARN);
    let layer = if stdout().is_terminal() {
        tracing_subscriber::fmt::layer().compact().boxed()
    } else {
        tracing_subscriber::fmt::layer().json().flatten_event(true).boxed()
    };
    let spans = traces.map(Traces::layer);
    tracing_subscriber::registry().with(layer.with_filter(filter)).with(spans).init();
}
