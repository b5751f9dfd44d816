//! `studio-gateway lifecycle sync`: shows which lifecycle configs of the configuration AWS does not have, and creates them if
//! told to.

use super::WithConfig;
use super::reconcile::{LEFT, ModeArgs};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde_json::{Value, json};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use studio_gateway::audit::Audit;
use studio_gateway::aws::{AwsClients, GatewayCredentials, Mode, SyncOutcome, Synced, sync_lifecycle};
use studio_gateway::idps::Idps;
use studio_gateway::metrics::Metrics;

#[derive(Args)]
pub(crate) struct LifecycleArgs {
    #[command(subcommand)]
    command: LifecycleCommand,
}

#[derive(Subcommand)]
enum LifecycleCommand {
    /// Show which lifecycle configs are missing in AWS, or create them. Nothing is changed or deleted. Exits with 0 if
    /// nothing is left to do, 3 if something is, 1 if something failed.
    Sync(SyncArgs),
}

#[derive(Args)]
struct SyncArgs {
    #[command(flatten)]
    config: WithConfig,
    /// Key of the only domain to go through. All, by default.
    #[arg(long, value_name = "KEY")]
    domain: Option<String>,
    #[command(flatten)]
    mode: ModeArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &LifecycleArgs, now: DateTime<Utc>) -> Result<ExitCode, Box<dyn Error>> {
    let LifecycleCommand::Sync(args) = &args.command;
    let config = args.config.load(now).await?;
    let domains: Vec<_> = match &args.domain {
        Some(key) => vec![super::domain(&config, key)?],
        None => config.domains.iter().map(|domain| &**domain).collect(),
    };
    let mode = args.mode.mode();
    let metrics = Metrics::new(Arc::new(Idps::new(&config)));
    let audit = Box::pin(Audit::of_command(&config.audit, &metrics)).await;
    let clients = AwsClients::new(&config, GatewayCredentials::Default, &metrics).await;
    let work = sync_lifecycle(&clients, &config, &domains, mode);
    let synced = Box::pin(audit.follow("lifecycle sync", None, work)).await;
    let synced = synced.map_err(|refusal| refusal.reason().to_owned())?;
    if args.json {
        println!("{:#}", to_json(mode, &synced));
    } else {
        print_table(&synced);
    }
    Ok(exit_code(&synced))
}

fn exit_code(synced: &[Synced]) -> ExitCode {
    let any = |wanted: fn(&SyncOutcome) -> bool| synced.iter().any(|one| wanted(&one.outcome));
    if any(|outcome| matches!(outcome, SyncOutcome::Failed(_))) {
        ExitCode::FAILURE
    } else if any(|outcome| matches!(outcome, SyncOutcome::Missing | SyncOutcome::Conflict)) {
        ExitCode::from(LEFT)
    } else {
        ExitCode::SUCCESS
    }
}

/// The outcome in a word, and what there is to say beside it.
fn words(outcome: &SyncOutcome) -> (&'static str, &str) {
    match outcome {
        SyncOutcome::Present => ("present", ""),
        SyncOutcome::Missing => ("missing", ""),
        SyncOutcome::Created => ("created", ""),
        SyncOutcome::Conflict => ("conflict", "the name is taken by another script"),
        SyncOutcome::Failed(reason) => ("failed", reason),
    }
}

fn print_table(synced: &[Synced]) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["account", "region", "name", "app", "outcome"]);
    for one in synced {
        let (word, more) = words(&one.outcome);
        let outcome = if more.is_empty() { word.to_owned() } else { format!("{word}: {more}") };
        table.add_row([&one.account, &one.region, &one.name, one.app, &outcome]);
    }
    if table.is_empty() {
        println!("The configuration has no lifecycle scripts.");
    } else {
        println!("{table}");
    }
}

fn to_json(mode: Mode, synced: &[Synced]) -> Value {
    let configs: Vec<_> = synced
        .iter()
        .map(|one| {
            let (word, more) = words(&one.outcome);
            json!({
                "account": one.account,
                "region": one.region,
                "name": one.name,
                "app": one.app,
                "outcome": word,
                "reason": more,
            })
        })
        .collect();
    let mode = if mode == Mode::Apply { "apply" } else { "plan" };
    json!({ "mode": mode, "lifecycle_configs": configs })
}
