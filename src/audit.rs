//! Audit events: one for each answer to a sign-in, and one for each change that the gateway makes at AWS, written to
//! standard output and sent to sinks at AWS. `docs/audit.md` lists their fields.
//!
//! Nothing waits for it but the end of the service, and nothing is decided by it. No event holds an assertion, a
//! credential, a cookie or a presigned URL.

mod act;
mod event;
mod facts;
mod ocsf;
mod pseudonym;
mod queue;
mod sink;
mod trail;

pub(crate) use act::Act;
pub(crate) use event::Call;
pub use facts::Origin;
pub use trail::Trail;

use crate::aws::GatewayCredentials;
use crate::clock::Clock;
use crate::config::{self, AuditFormat, Domain};
use crate::metrics::Metrics;
use crate::random;
use chrono::{DateTime, Utc};
use event::Event;
use pseudonym::Pseudonyms;
use queue::{Line, Queue};
use sink::Sink;
use std::fmt;
use std::io::{Write, stdout};
use std::sync::Arc;
use std::time::Duration;

/// How long the events of a command may take once it is done, at each sink.
const COMMAND: Duration = Duration::from_secs(30);

/// Where events go. A copy leads to the same places.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    clock: Clock,
    stdout: bool,
    format: AuditFormat,
    pseudonyms: Option<Pseudonyms>,
    queues: Vec<Queue>,
}

impl Audit {
    /// Starts what sends events. Nothing is called before there is one.
    pub async fn new(
        settings: &config::Audit,
        clock: Clock,
        credentials: GatewayCredentials,
        metrics: &Metrics,
    ) -> Self {
        Self::start(settings, settings.stdout, clock, credentials, metrics).await
    }

    /// The same for a command, whose standard output is for its own answer.
    pub async fn of_command(settings: &config::Audit, metrics: &Metrics) -> Self {
        Self::start(settings, false, Clock::system(), GatewayCredentials::Default, metrics).await
    }

    async fn start(
        settings: &config::Audit,
        stdout: bool,
        clock: Clock,
        credentials: GatewayCredentials,
        metrics: &Metrics,
    ) -> Self {
        let mut queues = Vec::new();
        for sink in &settings.sinks {
            let sink = Box::pin(Sink::new(sink, credentials.clone())).await;
            queues.push(Queue::start(sink, settings.queue, metrics.clone()));
        }
        Self(Arc::new(Inner {
            clock,
            stdout,
            format: settings.format,
            pseudonyms: settings.pseudonyms.as_ref().map(Pseudonyms::new),
            queues,
        }))
    }

    /// Does the work of a command, and sends what it tells of.
    pub async fn follow<F: Future>(
        &self,
        command: &'static str,
        domain: Option<&Domain>,
        work: F,
    ) -> F::Output {
        let done = Trail::of_command(self, command, domain).follow(work).await;
        self.flush(COMMAND).await;
        done
    }

    /// Waits until every event so far has been sent or given up, but not longer than this for each sink.
    pub async fn flush(&self, patience: Duration) {
        for queue in &self.0.queues {
            queue.flush(patience).await;
        }
    }

    /// Writes an event, given its id and the time, if anybody wants it.
    fn tell(&self, event: impl FnOnce(String, DateTime<Utc>) -> Event) {
        let Inner { clock, stdout, format, pseudonyms, queues } = &*self.0;
        if !stdout && queues.is_empty() {
            return;
        }
        // Without randomness nobody signs in either; the event is worth having all the same.
        let mut event = event(random::hex::<16>().unwrap_or_default(), clock.now());
        if let Some(pseudonyms) = pseudonyms {
            event = event.pseudonymised(pseudonyms);
        }
        let written = match format {
            AuditFormat::Native => event.native(),
            AuditFormat::Ocsf => ocsf::write(&event),
        };
        let text: Arc<str> = written.to_string().into();
        if *stdout {
            print(&text);
        }
        for queue in queues {
            queue.add(Line { time: event.timestamp(), kind: event.kind(), text: Arc::clone(&text) });
        }
    }
}

/// In one piece, so that no log line gets in between. A closed standard output is nobody's fault here.
pub(crate) fn print(line: &str) {
    let _ = stdout().lock().write_all(format!("{line}\n").as_bytes());
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}
