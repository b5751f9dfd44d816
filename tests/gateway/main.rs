//! End-to-end tests: a real gateway between a browser, a signing identity provider and the embedded AWS, all over HTTP.
//!
//! Each test starts from something valid, breaks one thing, and looks at the answer, the page, the log, and what was
//! called at AWS. Nothing is shared between tests but the IdP's keys, and nothing sleeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod browser;
mod choices;
mod configuration;
mod crowd;
mod entitlements;
mod evaluated;
mod examples;
mod explained;
mod forger;
mod form;
mod happy;
mod ledger;
mod listener;
mod log_lines;
mod metadata_refresh;
mod noise;
mod pages;
mod processes;
mod refused;
mod stage;
mod trouble;
