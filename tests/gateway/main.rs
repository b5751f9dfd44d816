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

mod accounts;
mod audit;
mod backup;
mod backup_refused;
mod backup_scripts;
mod browser;
mod check_live;
mod choices;
mod configuration;
mod crashes;
mod crowd;
mod dashboards;
mod drift;
mod entitlements;
mod evaluated;
mod examples;
mod execution_roles;
mod explained;
mod forger;
mod form;
mod happy;
mod instances;
mod languages;
mod ledger;
mod lifecycle;
mod lifecycle_scripts;
mod listener;
mod log_lines;
mod metadata_refresh;
mod metrics;
mod network_plans;
mod noise;
mod notebooks;
mod pages;
mod person_session;
mod preparing;
mod processes;
mod programs;
mod protection;
mod reconcile;
mod refused;
mod reload;
mod secrets;
mod spaces;
mod stage;
mod states;
mod trouble;
mod warm;
