//! `POST /preparing/events`: goes on with a sign-in, and tells how far it is, as server-sent events.
//!
//! | event | data | then |
//! | --- | --- | --- |
//! | `step` | a [`Step`]'s name | it has begun, or goes on |
//! | `ready` | | the form opens Studio within a moment |
//! | `refused` | path of the error page | that page |
//! | `renew` | path of `/login` | there: STS does not take the assertion any longer |
//! | `again` | | the same request again, after `retry` milliseconds |
//!
//! The answer ends with one of the last four. A front end that passes it on in one piece does no harm.

use crate::error::{Code, Refusal};
use crate::http::refusal::Shown;
use crate::http::request::Visit;
use crate::http::ticket::Returned;
use crate::http::{refusal, refused, renewal};
use crate::sign_in::{Choice, Gateway, Progress, Record, Unusable};
use crate::watchers::NoPlace;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::Instant;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;

/// How often something is sent when nothing happens: front ends close connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// When to come again if the service ends, and another instance goes on ...
const MOVED: Duration = Duration::from_millis(500);
/// ... and if there is no place.
const FULL: Duration = Duration::from_secs(5);
/// When to come again while a notebook instance starts, which takes longer than one request may.
const STARTING: Duration = Duration::from_secs(2);
/// Events that wait for the browser. What repeats itself is dropped beyond.
const WAITING: usize = 16;

/// How a watch ends.
enum End {
    Done(Result<(), Refusal>),
    /// The service ends before.
    Moved,
    /// The browser does.
    Left,
}

/// One page that is kept up to date.
struct Watch {
    gateway: Arc<Gateway>,
    visit: Visit,
    choice: Choice,
    /// The destination: a [`crate::policy::Way::key`].
    key: String,
    record: Record,
    started: Instant,
    events: Sender<Event>,
}

pub(in crate::http) async fn watch(
    State(gateway): State<Arc<Gateway>>,
    visit: Visit,
    request: Request,
) -> Response {
    let started = Instant::now();
    let mut record = Record::new(&gateway, visit.origin());
    match begin(&gateway, request, &mut record).await {
        Ok((choice, key)) => {
            let (events, receiver) = mpsc::channel(WAITING);
            let place = match gateway.watchers.place(choice.identity()) {
                Ok(place) => place,
                Err(none) => {
                    let outcome = match none {
                        NoPlace::Full => "full",
                        NoPlace::TooMany => "too-many",
                    };
                    record.log(outcome, started.elapsed());
                    // It is the first one, so there is room for it.
                    let _ = events.try_send(again(FULL));
                    return respond(receiver);
                }
            };
            let watch = Watch { gateway, visit, choice, key, record, started, events };
            let trail = watch.record.trail();
            let work = async move {
                watch.run().await;
                drop(place);
            };
            tokio::spawn(trail.follow(work.in_current_span()));
            respond(receiver)
        }
        Err(fault) => {
            record.log_refusal(&fault, started.elapsed());
            refusal::answer(&gateway, &visit, &fault)
        }
    }
}

/// What can be refused before anything is sent.
async fn begin(
    gateway: &Gateway,
    request: Request,
    record: &mut Record,
) -> Result<(Choice, String), Refusal> {
    let Returned { choice, key, .. } = Returned::read(gateway, request).await?;
    let choice = choice.map_err(|identity| {
        record.identity(&identity);
        Unusable::TooOld(identity)
    })?;
    gateway.chosen(&choice, &key, record)?;
    Ok((choice, key))
}

fn respond(events: Receiver<Event>) -> Response {
    let stream = ReceiverStream::new(events).map(Ok::<_, Infallible>);
    let mut response = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx, and what is made of it, would hold events back until there are enough of them.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

fn again(after: Duration) -> Event {
    Event::default().event("again").retry(after).data("")
}

impl Watch {
    async fn run(mut self) {
        let end = tokio::select! {
            done = prepare(&self.gateway, &self.choice, &self.key, &self.events, &mut self.record) => End::Done(done),
            () = self.gateway.drain.begun() => End::Moved,
            () = self.events.closed() => End::Left,
        };
        let event = match end {
            End::Done(Ok(())) if self.is_redeemable() => {
                self.log("ready");
                Event::default().event("ready").data("")
            }
            End::Done(Ok(())) => self.renew(&Refusal::new(
                Code::AssertionExpired,
                "it is ready, but STS does not take the assertion any longer",
            )),
            End::Done(Err(fault)) if fault.code() == Code::AssertionExpired => self.renew(&fault),
            // To be had, but not yet: the page asks until STS does not take the assertion any longer, and then anew.
            End::Done(Err(fault)) if fault.code() == Code::NotebookPending => {
                self.log("preparing");
                again(STARTING)
            }
            End::Done(Err(fault)) => self.refuse(&fault),
            End::Moved => {
                self.log("moved");
                again(MOVED)
            }
            End::Left => return self.log("left"),
        };
        // Whoever has left meanwhile does not need it.
        let _ = self.events.send(event).await;
    }

    /// Whether STS still takes the assertion.
    fn is_redeemable(&self) -> bool {
        self.gateway.clock.now() < self.choice.identity().redeemable_until()
    }

    fn renew(&self, fault: &Refusal) -> Event {
        let Some(renewal) = renewal::of_record(&self.gateway, &self.record) else {
            return self.refuse(fault);
        };
        self.log("renewed");
        Event::default().event("renew").data(renewal)
    }

    fn refuse(&self, fault: &Refusal) -> Event {
        self.record.log_refusal(fault, self.started.elapsed());
        let retry = renewal::of_record(&self.gateway, &self.record);
        let shown = Shown::later(fault.code(), &self.visit.request_id, retry);
        match refused::address(&self.gateway, &shown) {
            Some(address) => Event::default().event("refused").data(address),
            // The form leads to an error page too.
            None => Event::default().event("ready").data(""),
        }
    }

    fn log(&self, outcome: &str) {
        self.record.log(outcome, self.started.elapsed());
    }
}

/// Does the work, and tells of its steps.
async fn prepare(
    gateway: &Gateway,
    choice: &Choice,
    key: &str,
    events: &Sender<Event>,
    record: &mut Record,
) -> Result<(), Refusal> {
    let events = events.downgrade();
    let progress = Progress::watched(move |step| {
        if let Some(events) = events.upgrade() {
            // A browser that reads slowly misses what repeats itself.
            let _ = events.try_send(Event::default().event("step").data(step.name()));
        }
    });
    let grant = gateway.chosen(choice, key, record)?;
    // On the heap: the calls of AWS make it large.
    let work = Box::pin(gateway.prepare(choice, &grant, &progress, record));
    gateway.within_limit(work).await
}
