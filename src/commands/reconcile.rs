//! `studio-gateway reconcile`: shows in what the profiles of a domain are not as the configuration says, and brings them
//! in line if told to.

use super::WithConfig;
use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use studio_gateway::audit::Audit;
use studio_gateway::aws::{
    AwsClients, Drift, Examined, GatewayCredentials, Mode, Outcome, Reconciled, reconcile,
};
use studio_gateway::idps::Idps;
use studio_gateway::metrics::Metrics;

/// Exit code when something is left to do.
pub(crate) const LEFT: u8 = 3;

#[derive(Args)]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    config: WithConfig,
    /// Key of the domain.
    #[arg(long, value_name = "KEY")]
    domain: String,
    #[command(flatten)]
    mode: ModeArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ModeArgs {
    /// Show what is to be done, and change nothing.
    #[arg(long)]
    plan: bool,
    /// Do it.
    #[arg(long)]
    apply: bool,
}

impl ModeArgs {
    pub(crate) fn mode(&self) -> Mode {
        if self.apply { Mode::Apply } else { Mode::Plan }
    }
}

/// Exits with 0 if every profile is as the configuration says, 3 if something is left to do, and 1 if something failed.
pub(crate) async fn run(args: &ReconcileArgs, now: DateTime<Utc>) -> Result<ExitCode, Box<dyn Error>> {
    let config = args.config.load(now).await?;
    let domain = super::domain(&config, &args.domain)?;
    let mode = args.mode.mode();
    let metrics = Metrics::new(Arc::new(Idps::new(&config)));
    let audit = Box::pin(Audit::of_command(&config.audit, &metrics)).await;
    let clients = AwsClients::new(&config, GatewayCredentials::Default, &metrics).await;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len}  {eta}")?);
    let work = reconcile(&clients, &config, domain, mode, |done, total| {
        bar.set_length(total.try_into().unwrap_or(u64::MAX));
        bar.set_position(done.try_into().unwrap_or(u64::MAX));
    });
    let done = Box::pin(audit.follow("reconcile", Some(domain), work)).await;
    let done = done.map_err(|refusal| refusal.reason().to_owned())?;
    bar.finish_and_clear();
    let summary = Summary::of(&done.profiles);
    if args.json {
        println!("{:#}", to_json(&args.domain, mode, &done, &summary));
    } else {
        print_tables(&done, &summary);
    }
    Ok(summary.exit_code())
}

/// How many there are of each outcome.
#[derive(Default)]
struct Summary {
    in_line: usize,
    differs: usize,
    changed: usize,
    busy: usize,
    not_ours: usize,
    failed: usize,
}

impl Summary {
    fn of(examined: &[Examined]) -> Self {
        let mut summary = Self::default();
        for one in examined {
            *match one.outcome {
                Outcome::InLine => &mut summary.in_line,
                Outcome::Differs => &mut summary.differs,
                Outcome::Changed => &mut summary.changed,
                Outcome::Busy(_) => &mut summary.busy,
                Outcome::NotOurs => &mut summary.not_ours,
                Outcome::Failed(_) => &mut summary.failed,
            } += 1;
        }
        summary
    }

    fn rows(&self) -> [(&'static str, usize); 6] {
        [
            ("in line", self.in_line),
            ("differs", self.differs),
            ("changed", self.changed),
            ("busy", self.busy),
            ("not ours", self.not_ours),
            ("failed", self.failed),
        ]
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self { failed: 1.., .. } => ExitCode::FAILURE,
            Self { differs: 1.., .. } | Self { busy: 1.., .. } => ExitCode::from(LEFT),
            _ => ExitCode::SUCCESS,
        }
    }
}

/// The outcome in a word, and what there is to say beside it.
fn words(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::InLine => ("in line", ""),
        Outcome::Differs => ("differs", ""),
        Outcome::Changed => ("changed", ""),
        Outcome::Busy(status) => ("busy", status),
        Outcome::NotOurs => ("not ours", ""),
        Outcome::Failed(reason) => ("failed", reason),
    }
}

fn print_tables(done: &Reconciled, summary: &Summary) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["profile", "owner", "outcome", "settings", "tags"]);
    for one in done.profiles.iter().filter(|one| one.outcome != Outcome::InLine) {
        let (word, more) = words(&one.outcome);
        let outcome = if more.is_empty() { word.to_owned() } else { format!("{word}: {more}") };
        let settings = one.drift.iter().flat_map(|drift| drift.settings().to_vec()).collect::<Vec<_>>();
        let tags: Vec<_> = one
            .drift
            .iter()
            .flat_map(|drift| {
                let removed = drift.tags_to_remove().iter().map(|key| format!("- {key}"));
                drift.tags_to_set().map(|key| format!("+ {key}")).chain(removed)
            })
            .collect();
        let owner = one.owner.clone().unwrap_or_default();
        table.add_row([one.profile.clone(), owner, outcome, settings.join("\n"), tags.join("\n")]);
    }
    if !table.is_empty() {
        println!("{table}");
    }
    let mut totals = Table::new();
    totals.load_style(UTF8_FULL_CONDENSED).set_header(["outcome", "profiles"]);
    for (word, count) in summary.rows() {
        totals.add_row([word.to_owned(), count.to_string()]);
    }
    println!("{totals}");
    if !done.left_to_sign_ins.is_empty() {
        println!("Not compared, since it depends on who signs in:");
        for path in &done.left_to_sign_ins {
            println!("  {path}");
        }
    }
}

fn to_json(domain: &str, mode: Mode, done: &Reconciled, summary: &Summary) -> Value {
    let profiles: Vec<_> = done
        .profiles
        .iter()
        .map(|one| {
            let (word, more) = words(&one.outcome);
            json!({
                "profile": one.profile,
                "owner": one.owner,
                "outcome": word,
                "reason": more,
                "settings": one.drift.iter().flat_map(|drift| drift.settings().to_vec()).collect::<Vec<_>>(),
                "tags_to_set": one.drift.iter().flat_map(Drift::tags_to_set).collect::<Vec<_>>(),
                "tags_to_remove":
                    one.drift.iter().flat_map(|drift| drift.tags_to_remove().to_vec()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let summary: serde_json::Map<_, _> =
        summary.rows().into_iter().map(|(word, count)| (word.to_owned(), Value::from(count))).collect();
    let mode = if mode == Mode::Apply { "apply" } else { "plan" };
    json!({
        "domain": domain,
        "mode": mode,
        "profiles": profiles,
        "left_to_sign_ins": done.left_to_sign_ins,
        "summary": summary,
    })
}
