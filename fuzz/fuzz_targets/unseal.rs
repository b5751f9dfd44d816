//! See `harness/unseal.rs`.
#![no_main]

#[path = "../harness/mod.rs"]
mod harness;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| harness::bounded(|| harness::unseal::run(input)));
