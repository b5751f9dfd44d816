//! What a message costs in an optimised build: CPU time and memory of every message of `tests/saml`, above all of the
//! floods, and how long the faults of a ciphertext take. Fails beyond [`MOST_CPU`] and [`MOST_MEMORY`], and where an
//! attacker could tell faults apart that have to look the same.
//!
//! `cargo bench --manifest-path fuzz/Cargo.toml --bench cost -- FILE`, where `SAML_MESSAGES=FILE cargo test --test saml` wrote FILE.

#[path = "../../harness/mod.rs"]
mod harness;

mod faults;
mod floods;
mod message;

use cpu_time::ThreadTime;
use peak_alloc::PeakAlloc;
use std::env;
use std::process::ExitCode;
use std::time::Duration;

/// Most CPU time that a message may take.
const MOST_CPU: Duration = Duration::from_millis(50);
/// Most bytes that may be allocated for a message at any moment, and that the whole process may have been in memory.
const MOST_MEMORY: usize = 64 << 20;

#[global_allocator]
static ALLOCATIONS: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    // `cargo bench` adds an option of its own.
    let Some(file) = env::args().skip(1).find(|argument| argument != "--bench") else {
        eprintln!("usage: cargo bench --manifest-path fuzz/Cargo.toml --bench cost -- FILE");
        return ExitCode::from(2);
    };
    let sound = [floods::measure(&file), faults::measure()];
    if sound.iter().all(|sound| *sound) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// CPU time of this thread for a piece of work, and what comes of it.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = ThreadTime::now();
    let done = work();
    (start.elapsed(), done)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
