//! `studio-gateway restore`: shows what of a manifest a domain lacks, and makes it if told to.

use super::file::{check, print, read, write};
use super::reconcile::{LEFT, ModeArgs};
use super::{WithConfig, bar};
use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde_json::{Value, json};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use studio_gateway::aws::{AwsClients, GatewayCredentials, Item, ItemOutcome, Mode, Restored, restore};
use studio_gateway::backup::{Manifest, Mapping, Place};
use studio_gateway::idps::Idps;
use studio_gateway::metrics::Metrics;

#[derive(Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    config: WithConfig,
    /// Key of the domain to make things in.
    #[arg(long, value_name = "KEY")]
    domain: String,
    /// Manifest that `backup` wrote.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    #[command(flatten)]
    mode: ModeArgs,
    /// Where to write which home folder becomes which. A mapping of the same two domains is replaced.
    #[arg(long, value_name = "FILE", required_if_eq("apply", "true"), conflicts_with = "plan")]
    mapping: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Exits with 0 if everything is there as the manifest says, 3 if something is missing or differs, and 1 if something is
/// somebody else's or failed.
pub(crate) async fn run(args: &RestoreArgs, now: DateTime<Utc>) -> Result<ExitCode, Box<dyn Error>> {
    let config = args.config.load(now).await?;
    let domain = super::domain(&config, &args.domain)?;
    let manifest = Manifest::parse(&read(&args.manifest)?)
        .map_err(|problems| format!("{} cannot be used:\n{problems}", args.manifest.display()))?;
    let mode = args.mode.mode();
    let from = Place { domain: manifest.domain.id.clone(), home_efs: manifest.domain.home_efs.clone() };
    let ours = |text: &str| {
        Mapping::parse(text).is_ok_and(|there| there.from == from && there.to.domain == domain.id)
    };
    if let Some(path) = &args.mapping {
        check(path, ours)?;
    }
    let metrics = Metrics::new(Arc::new(Idps::new(&config)));
    let clients = AwsClients::new(&config, GatewayCredentials::Default, &metrics).await;
    let bar = bar()?;
    let restored = Box::pin(restore(&clients, domain, &manifest, mode, |done, total| {
        bar.set_length(total.try_into().unwrap_or(u64::MAX));
        bar.set_position(done.try_into().unwrap_or(u64::MAX));
    }))
    .await
    .map_err(|refusal| refusal.reason().to_owned())?;
    bar.finish_and_clear();
    if let Some(path) = &args.mapping {
        write(path, &restored.mapping.to_text()?, ours)?;
    }
    if args.json {
        print(&format!("{:#}\n", to_json(&args.domain, mode, &restored)))?;
    } else {
        print(&tables(&restored))?;
    }
    Ok(exit_code(&restored.items))
}

fn exit_code(items: &[Item]) -> ExitCode {
    let any = |wanted: fn(&ItemOutcome) -> bool| items.iter().any(|item| wanted(&item.outcome));
    if any(|one| matches!(one, ItemOutcome::Conflict(_) | ItemOutcome::Blocked(_) | ItemOutcome::Failed(_))) {
        ExitCode::FAILURE
    } else if any(|one| matches!(one, ItemOutcome::Missing | ItemOutcome::Differs(_))) {
        ExitCode::from(LEFT)
    } else {
        ExitCode::SUCCESS
    }
}

/// The outcome in a word, and what there is to say beside it.
fn words(outcome: &ItemOutcome) -> (&'static str, String) {
    match outcome {
        ItemOutcome::Present => ("present", String::new()),
        ItemOutcome::Missing => ("missing", String::new()),
        ItemOutcome::Created => ("created", String::new()),
        ItemOutcome::Differs(paths) => ("differs", paths.join(", ")),
        ItemOutcome::Conflict(reason) => ("conflict", reason.clone()),
        ItemOutcome::Blocked(reason) => ("blocked", reason.clone()),
        ItemOutcome::Failed(reason) => ("failed", reason.clone()),
    }
}

/// How many there are of each outcome.
fn summary(items: &[Item]) -> Vec<(&'static str, usize)> {
    let all = ["present", "missing", "created", "differs", "conflict", "blocked", "failed"];
    all.map(|word| (word, items.iter().filter(|item| words(&item.outcome).0 == word).count())).to_vec()
}

fn tables(restored: &Restored) -> String {
    let mut text = String::new();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["kind", "name", "outcome"]);
    for item in &restored.items {
        let (word, more) = words(&item.outcome);
        if !matches!(item.outcome, ItemOutcome::Present | ItemOutcome::Created) {
            let outcome = if more.is_empty() { word.to_owned() } else { format!("{word}: {more}") };
            table.add_row([item.kind, &item.name, &outcome]);
        }
    }
    if !table.is_empty() {
        text.extend([table.to_string(), "\n".to_owned()]);
    }
    let mut totals = Table::new();
    totals.load_style(UTF8_FULL_CONDENSED).set_header(["outcome", "items"]);
    for (word, count) in summary(&restored.items) {
        totals.add_row([word.to_owned(), count.to_string()]);
    }
    text.extend([totals.to_string(), "\n".to_owned()]);
    if !restored.domain_differences.is_empty() {
        text += "In these settings the domain is not like the old one. They are not changed here:\n";
        text.extend(restored.domain_differences.iter().map(|path| format!("  {path}\n")));
    }
    text
}

fn to_json(domain: &str, mode: Mode, restored: &Restored) -> Value {
    let items = restored.items.iter().map(|item| {
        let (word, more) = words(&item.outcome);
        json!({ "kind": item.kind, "name": item.name, "outcome": word, "reason": more })
    });
    let items: Vec<_> = items.collect();
    let summary: serde_json::Map<_, _> = summary(&restored.items)
        .into_iter()
        .map(|(word, count)| (word.to_owned(), Value::from(count)))
        .collect();
    json!({
        "domain": domain,
        "mode": if mode == Mode::Apply { "apply" } else { "plan" },
        "items": items,
        "domain_differences": restored.domain_differences,
        "summary": summary,
    })
}
