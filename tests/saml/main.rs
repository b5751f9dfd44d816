//! The SAML verifier from outside: what it has to accept, with the values read, and what it has to refuse, with the
//! exact rule. Every message is made and signed here; nothing is mocked, and the time is fixed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::format_collect,
    reason = "a test that fails is to panic, also in functions that several tests share"
)]

mod algorithms;
mod encrypted;
mod fixture;
mod floods;
mod hostile;
mod legal;
mod reading;
mod record;
mod rules;
mod sts;
mod wrapping;
