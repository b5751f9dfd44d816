//! Events on their way to a sink: a bounded queue, and a task that sends what is in it, in batches.
//!
//! Whoever adds an event never waits: a full queue loses it, which is counted and logged.

use super::sink::Sink;
use crate::metrics::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// Target of the log lines about events that are lost.
const LOG: &str = "studio_gateway::audit";
/// Rounds for a batch, each with the SDK's own attempts, and the pause after the first; it doubles.
const ROUNDS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);
/// Events that are taken out of the queue at once.
const TAKEN: usize = 1_000;

/// One event, written.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Milliseconds since 1970.
    pub(super) time: i64,
    /// What it tells of.
    pub(super) kind: &'static str,
    /// JSON.
    pub(super) text: Arc<str>,
}

enum Item {
    Line(Line),
    /// Everything before it has been sent, or given up.
    Flush(oneshot::Sender<()>),
}

/// The way to one sink.
#[derive(Debug)]
pub(super) struct Queue {
    sink: &'static str,
    sender: Sender<Item>,
    /// Events lost since the log last told of it.
    lost: Arc<AtomicU64>,
    metrics: Metrics,
}

impl Queue {
    /// Starts the task. It ends when the queue is dropped, and has been emptied.
    pub(super) fn start(sink: Sink, capacity: usize, metrics: Metrics) -> Self {
        let (sender, receiver) = mpsc::channel(capacity);
        let (lost, name) = (Arc::new(AtomicU64::new(0)), sink.name());
        let worker = Worker { sink, lost: Arc::clone(&lost), metrics: metrics.clone() };
        tokio::spawn(worker.run(receiver));
        Self { sink: name, sender, lost, metrics }
    }

    /// Adds an event, or loses it.
    pub(super) fn add(&self, line: Line) {
        if self.sender.try_send(Item::Line(line)).is_err() {
            self.metrics.audited(self.sink, "dropped", 1);
            // The next batch that gets through tells of the rest.
            if self.lost.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::error!(target: LOG, sink = self.sink, "the queue is full: events are lost");
            }
        }
    }

    /// Waits until what was added so far has been sent or given up, but not longer than this.
    pub(super) async fn flush(&self, patience: Duration) {
        let (done, wait) = oneshot::channel();
        let flushed = timeout(patience, async {
            if self.sender.send(Item::Flush(done)).await.is_ok() {
                let _ = wait.await;
            }
        });
        if flushed.await.is_err() {
            tracing::error!(target: LOG, sink = self.sink, "not everything was sent in time");
        }
    }
}

struct Worker {
    sink: Sink,
    lost: Arc<AtomicU64>,
    metrics: Metrics,
}

impl Worker {
    async fn run(self, mut receiver: Receiver<Item>) {
        let mut taken = Vec::new();
        while receiver.recv_many(&mut taken, TAKEN).await > 0 {
            let mut lines = Vec::new();
            for item in taken.drain(..) {
                match item {
                    Item::Line(line) => lines.push(line),
                    Item::Flush(done) => {
                        self.send_all(std::mem::take(&mut lines)).await;
                        // Whoever asked may not wait any longer.
                        let _ = done.send(());
                    }
                }
            }
            self.send_all(lines).await;
        }
    }

    /// Sends lines in batches that the sink takes.
    async fn send_all(&self, lines: Vec<Line>) {
        let limits = self.sink.limits();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for line in lines {
            let size = line.text.len() + limits.overhead;
            if !batch.is_empty() && (batch.len() >= limits.events || bytes + size > limits.bytes) {
                self.send(std::mem::take(&mut batch)).await;
                bytes = 0;
            }
            bytes += size;
            batch.push(line);
        }
        if !batch.is_empty() {
            self.send(batch).await;
        }
    }

    async fn send(&self, batch: Vec<Line>) {
        let (mut left, mut pause, mut fault) = (batch, PAUSE, String::new());
        for round in 1..=ROUNDS {
            let sent = left.len();
            match Box::pin(self.sink.put(&left)).await {
                Ok(refused) => {
                    left = refused;
                    "refused by the sink".clone_into(&mut fault);
                }
                Err(why) => fault = why,
            }
            self.count("delivered", sent - left.len().min(sent));
            if left.is_empty() {
                break;
            }
            if round < ROUNDS {
                sleep(pause).await;
                pause *= 2;
            }
        }
        let sink = self.sink.name();
        if left.is_empty() {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::error!(target: LOG, sink, events = lost, "events were lost while the queue was full");
            }
        } else {
            self.count("failed", left.len());
            tracing::error!(target: LOG, sink, events = left.len(), reason = fault, "events were given up");
        }
    }

    fn count(&self, outcome: &str, events: usize) {
        if events > 0 {
            self.metrics.audited(self.sink.name(), outcome, u64::try_from(events).unwrap_or(u64::MAX));
        }
    }
}
