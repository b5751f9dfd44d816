//! `demo load`: many people sign in at a gateway over HTTP, each with an assertion of their own, and it is measured how
//! that goes. The IdP is the embedded one's signer; AWS is whatever the gateways were started with, which is the embedded
//! one if they were started here.
//!
//! It measures from outside: what a browser would see, and what the kernel says about the gateways' processes.

mod arrivals;
mod crowd;
mod own;
mod process;
mod report;
mod visitor;

pub use arrivals::Arrivals;
pub use crowd::Crowd;
pub use own::OwnSite;
pub use report::Report;

use crate::clock::Clock;
use process::Watched;
use report::{Tally, Tried};
use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until};
use url::Url;
use visitor::{End, Visitor};

/// Most sign-ins under way when they come at their own pace: more than that, and it is the generator that is measured.
const MOST_AT_ONCE: usize = 2_000;
/// Longest time that somebody waits before they try again, whatever they are told.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long somebody waits who is told nothing.
const A_MOMENT: Duration = Duration::from_secs(1);

/// What is done.
#[derive(Debug)]
pub struct Plan {
    /// Gateways, or what stands in front of them: requests take turns.
    pub targets: Vec<Url>,
    /// Processes whose CPU time and memory are measured.
    pub pids: Vec<u32>,
    /// Who comes when.
    pub arrivals: Arrivals,
    /// Whether somebody who is refused, or cut off, signs in once more.
    pub retry: bool,
    /// Whether each assertion that was granted is posted again, which has to be refused.
    pub replay: bool,
    /// Connections that are held open meanwhile, and say nothing.
    pub idle: u32,
}

struct Run {
    plan: Plan,
    crowd: Arc<Crowd>,
    visitor: Visitor,
    clock: Clock,
    tally: Mutex<Tally>,
}

/// Carries out a plan.
///
/// # Errors
/// When it cannot begin: a target that is no URL with an address, an idle connection that is not answered.
pub async fn run(plan: Plan, crowd: Arc<Crowd>, clock: Clock) -> Result<Report, Box<dyn Error>> {
    let held = hold(&plan).await?;
    let watched: Vec<_> = plan.pids.iter().map(|pid| Watched::new(*pid)).collect();
    let visitor = Visitor::new(plan.targets.clone())?;
    let run = Arc::new(Run { plan, crowd, visitor, clock, tally: Mutex::default() });
    let began = Instant::now();
    let sampler = tokio::spawn(sample(Arc::clone(&run), watched));
    match run.plan.arrivals {
        Arrivals::Steady { sign_ins, at_once } => steady(&run, sign_ins, at_once).await,
        Arrivals::Morning { people, compress } => morning(&run, people, compress, began).await,
    }
    let took = began.elapsed();
    sampler.abort();
    let watched = run.plan.pids.iter().map(|pid| Watched::new(*pid)).collect();
    let open = still_open(held).await;
    let tally = std::mem::take(&mut *run.tally.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Report::new(tally, took, watched, run.plan.idle, open))
}

/// So many at a time, each new one when another is done.
async fn steady(run: &Arc<Run>, sign_ins: u32, at_once: u32) {
    let places = Arc::new(Semaphore::new(usize::try_from(at_once).unwrap_or(1)));
    let mut under_way = JoinSet::new();
    for number in 0..sign_ins {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let run = Arc::clone(run);
        under_way.spawn(async move {
            sign_in(&run, number, Instant::now()).await;
            drop(place);
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

/// Each when their time has come, whatever the others do. Times are measured from then on: whoever has to wait for a place
/// has waited.
async fn morning(run: &Arc<Run>, people: u32, compress: u32, began: Instant) {
    let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
    let mut under_way = JoinSet::new();
    for (number, after) in (0..).zip(arrivals::times(people, compress)) {
        let due = began + after;
        sleep_until(due).await;
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let run = Arc::clone(run);
        under_way.spawn(async move {
            sign_in(&run, number, due).await;
            drop(place);
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

/// One person's sign-in, and their second try if they have one.
async fn sign_in(run: &Run, number: u32, since: Instant) {
    let mut tried = Tried::default();
    loop {
        let message = match run.crowd.message(number, run.clock.now()) {
            Ok(message) => message,
            Err(fault) => {
                tried.refused.push(format!("generator: {fault}"));
                break;
            }
        };
        match run.visitor.sign_in(&message).await {
            End::Granted => {
                tried.took = Some(since.elapsed());
                if run.plan.replay {
                    tried.replay_granted = matches!(run.visitor.sign_in(&message).await, End::Granted);
                }
                break;
            }
            End::Refused { code, wait } => {
                tried.refused.push(code);
                if !run.plan.retry || tried.refused.len() > 1 {
                    break;
                }
                sleep(wait.unwrap_or(A_MOMENT).clamp(A_MOMENT, PATIENCE)).await;
            }
        }
    }
    run.tally.lock().unwrap_or_else(PoisonError::into_inner).add(&tried);
}

/// Looks at the processes every second.
async fn sample(run: Arc<Run>, mut watched: Vec<Watched>) {
    let mut second = interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        let memory = watched.iter_mut().filter_map(Watched::resident).sum();
        run.tally.lock().unwrap_or_else(PoisonError::into_inner).memory(memory);
    }
}

/// Opens connections that have asked once and then say nothing.
async fn hold(plan: &Plan) -> Result<Vec<TcpStream>, Box<dyn Error>> {
    let mut held = Vec::new();
    for number in 0..usize::try_from(plan.idle)? {
        let target = plan.targets.get(number % plan.targets.len().max(1)).ok_or("no target")?;
        let mut stream = TcpStream::connect(address(target)?).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: load\r\n\r\n").await?;
        let mut first = [0];
        stream.read_exact(&mut first).await?;
        held.push(stream);
    }
    Ok(held)
}

/// How many of them answer still.
async fn still_open(held: Vec<TcpStream>) -> u32 {
    let mut open = 0;
    for mut stream in held {
        let asked =
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n").await;
        let mut answers = Vec::new();
        let read = stream.read_to_end(&mut answers).await;
        // What is left of the first answer, and the second one.
        if asked.is_ok() && read.is_ok() && answers.windows(8).any(|part| part == b"HTTP/1.1") {
            open += 1;
        }
    }
    open
}

fn address(target: &Url) -> Result<SocketAddr, Box<dyn Error>> {
    let host = target.host_str().ok_or("a target without a host")?;
    let port = target.port_or_known_default().ok_or("a target without a port")?;
    Ok((host, port).to_socket_addrs()?.next().ok_or("a target without an address")?)
}
