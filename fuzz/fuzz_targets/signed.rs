//! See `harness/signed.rs`.
#![no_main]

#[path = "../harness/mod.rs"]
mod harness;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|input: &[u8]| harness::bounded(|| harness::signed::run(input)));

// Of four changes, one is the fuzzer's own.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match str::from_utf8(&data[..size]) {
        Ok(xml) if seed % 4 != 0 => {
            let changed = harness::mutate::mutate(xml, max_size, seed);
            harness::store(data, max_size, changed.as_bytes()).unwrap_or(size)
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});
