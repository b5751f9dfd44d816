//! The commands: each reads its arguments, prints, and leaves all deciding to the library.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod explain;
mod file;
pub(crate) mod health;
pub(crate) mod idp_setup;
pub(crate) mod inspect;
pub(crate) mod lifecycle;
mod log;
pub(crate) mod metadata;
pub(crate) mod network_plan;
pub(crate) mod policies;
pub(crate) mod reconcile;
pub(crate) mod recovery_script;
pub(crate) mod restore;
pub(crate) mod serve;

use chrono::{DateTime, Utc};
use clap::Args;
use indicatif::style::TemplateError;
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use studio_gateway::clock::Clock;
use studio_gateway::config::{Config, Domain, Problems};
use studio_gateway::load;
use studio_gateway::saml::instant;

/// What a command comes to; its fault is a sentence for the terminal.
pub(crate) type Done = Result<(), Box<dyn Error>>;

/// Where the configuration is.
#[derive(Args, Default)]
pub(crate) struct WithConfig {
    /// The configuration: a file, env:NAME for a variable that holds it, or ssm:NAME for a parameter of Systems Manager
    /// that does. Without it, the variable STUDIO_GATEWAY_CONFIG says where it is.
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
}

impl WithConfig {
    async fn load(&self, now: DateTime<Utc>) -> Result<Config, Problems> {
        load::configuration(self.config.as_deref(), now).await
    }
}

/// The domain with this key.
fn domain<'c>(config: &'c Config, key: &str) -> Result<&'c Domain, String> {
    config.domains.iter().find(|domain| domain.key == key).map(|domain| &**domain).ok_or_else(|| {
        let known: Vec<_> = config.domains.iter().map(|domain| domain.key.as_str()).collect();
        format!("no domain has the key {key:?}; there are: {}", known.join(", "))
    })
}

/// A progress bar, on a terminal.
fn bar() -> Result<ProgressBar, TemplateError> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {eta}")?;
    Ok(ProgressBar::new(0).with_style(style))
}

/// The time that `--at` names, or now.
fn time(at: Option<&str>) -> Result<DateTime<Utc>, &'static str> {
    match at {
        Some(at) => instant::parse(at).ok_or("--at: expected a time such as 2026-01-02T03:04:05Z"),
        None => Ok(Clock::system().now()),
    }
}
