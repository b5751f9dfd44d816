//! What it costs to verify a message, from the body of the form to the verified assertion, beside what no implementation
//! can leave out ([`floor`]). Both are measured in turns within one run, so that neighbours disturb both alike, and the
//! ratio is what counts.
//!
//! `cargo bench --manifest-path fuzz/Cargo.toml --bench speed` prints the table, and fails where a ratio is above what it
//! must be. `... -- count MESSAGE` verifies one message again and again, for `.ci/instructions` to count instructions.

#[path = "../../harness/mod.rs"]
mod harness;

mod floor;
mod messages;

use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use cpu_time::ThreadTime;
use floor::Floor;
use gateway::demo::idp::response::Response;
use gateway::http::saml_response;
use gateway::saml::{EncodedResponse, UnverifiedResponse, VerifiedAssertion};
use harness::{expected, now, world};
use messages::Message;
use std::env;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

// As in the product where it is static: docs/performance.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measurements of each message, taken in turns.
const ROUNDS: usize = 60;
/// Verifications in one measurement.
const BATCH: u32 = 20;
/// Ratios to the floor that must not be exceeded, and those that are aimed at: of plain messages, of encrypted ones.
const PLAIN: (f64, f64) = (3.0, 2.0);
const ENCRYPTED: (f64, f64) = (2.0, 1.5);

fn main() -> ExitCode {
    // `cargo bench` adds an option of its own.
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => table(),
        ["count", name] => count(name),
        _ => {
            eprintln!("usage: speed [count MESSAGE]");
            ExitCode::from(2)
        }
    }
}

/// One of the messages, ready to be measured.
struct Measured {
    message: Message,
    form: Bytes,
    floor: Vec<Duration>,
    gateway: Vec<Duration>,
}

fn table() -> ExitCode {
    let runtime = runtime();
    let floor = Floor::new();
    let mut all = messages::all().map(|message| {
        let form = form(&message);
        Measured { message, form, floor: Vec::new(), gateway: Vec::new() }
    });
    for _ in 0..ROUNDS {
        for Measured { message, form, floor: floors, gateway } in &mut all {
            floors.push(timed(|| {
                floor.work(form, 1);
                if message.encrypted {
                    floor.private_operation();
                }
            }));
            // As in the service: the runtime is there already.
            gateway.push(runtime.block_on(async {
                let start = ThreadTime::now();
                for _ in 0..BATCH {
                    drop(verified(form).await);
                }
                start.elapsed() / BATCH
            }));
        }
    }
    println!(
        "{:<18} {:>6} {:>10} {:>10} {:>7} {:>6} {:>6}",
        "message", "bytes", "floor5", "gateway", "ratio", "must", "aim"
    );
    let mut within = true;
    for Measured { message, floor, gateway, .. } in &mut all {
        // Of each round by itself: what disturbs one disturbs both.
        let ratio =
            median(gateway.iter().zip(&*floor).map(|(gateway, floor)| micros(gateway) / micros(floor)));
        let (floor, gateway) = (median(floor.iter().map(micros)), median(gateway.iter().map(micros)));
        let (must, aim) = if message.encrypted { ENCRYPTED } else { PLAIN };
        within &= ratio <= must;
        println!(
            "{:<18} {:>6} {floor:>7.1} us {gateway:>7.1} us {ratio:>7.2} {must:>6.1} {aim:>6.1}",
            message.name,
            message.xml.len()
        );
    }
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn count(name: &str) -> ExitCode {
    let Some(message) = messages::all().into_iter().find(|message| message.name == name) else {
        eprintln!("no such message");
        return ExitCode::from(2);
    };
    let (runtime, form) = (runtime(), form(&message));
    for _ in 0..BATCH {
        drop(runtime.block_on(verified(&form)));
    }
    ExitCode::SUCCESS
}

/// The body of the form that a browser posts.
fn form(message: &Message) -> Bytes {
    let value = Response::encode(&message.xml);
    form_urlencoded::Serializer::new(String::new()).append_pair("SAMLResponse", &value).finish().into()
}

/// Everything that the gateway does with a message before it asks the replay ledger.
async fn verified(form: &Bytes) -> VerifiedAssertion {
    let form = Request::post("/saml/acs")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.clone()))
        .expect("a request");
    let value = saml_response(form).await.expect("a form").expect("a message");
    let decoded = EncodedResponse::new(value).and_then(|encoded| encoded.decode()).expect("base64");
    let unverified = UnverifiedResponse::parse(&decoded).expect("a sound structure");
    let world = world();
    unverified.verify(&world.keys, &world.decryption, &expected(), now()).expect("accepted")
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// CPU time of this thread for one of [`BATCH`] times the work.
fn timed(work: impl Fn()) -> Duration {
    let start = ThreadTime::now();
    for _ in 0..BATCH {
        work();
    }
    start.elapsed() / BATCH
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = of.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
