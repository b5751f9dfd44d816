//! See `harness/decode.rs`.
#![no_main]

#[path = "../harness/mod.rs"]
mod harness;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|input: &[u8]| harness::bounded(|| harness::decode::run(input)));

// Every other time the message inside the base64 is changed.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let inside = STANDARD.decode(&data[..size]).ok().and_then(|xml| String::from_utf8(xml).ok());
    match inside {
        Some(xml) if seed % 2 == 0 => {
            let changed = STANDARD.encode(harness::mutate::mutate(&xml, max_size / 4 * 3, seed));
            harness::store(data, max_size, changed.as_bytes()).unwrap_or(size)
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});
