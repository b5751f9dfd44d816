//! `studio-gateway check`: every problem of a configuration and, if asked for, of what it names.

use super::WithConfig;
use clap::Args;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;
use studio_gateway::aws::GatewayCredentials;
use studio_gateway::check::{Level, Report, look};
use studio_gateway::clock::Clock;

#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    config: WithConfig,
    /// Look at AWS, the identity providers and the ledger, too. Nothing is changed, but for one entry in the ledger that
    /// ends by itself.
    #[arg(long)]
    live: bool,
    /// Exit with 1 for a warning, and for what could not be looked at, as well as for an error.
    #[arg(long, requires = "live")]
    strict: bool,
    /// What has not answered by then is unknown.
    #[arg(long, requires = "live", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600), value_name = "SECONDS")]
    limit_seconds: u64,
    /// Print JSON.
    #[arg(long, requires = "live")]
    json: bool,
}

pub(crate) async fn run(args: &CheckArgs, clock: Clock) -> Result<ExitCode, Box<dyn Error>> {
    let config = args.config.load(clock.now()).await?;
    if !args.json {
        for warning in &config.warnings {
            println!("warning: {warning}");
        }
        println!(
            "the configuration is usable: {} IdP(s), {} domain(s), {} destination(s), {} rule(s)",
            config.idps.len(),
            config.domains.len(),
            config.destinations.len(),
            config.rules.len()
        );
    }
    if !args.live {
        return Ok(ExitCode::SUCCESS);
    }
    // It draws on a terminal only.
    let bar =
        ProgressBar::new(0).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len}  {elapsed}")?);
    let limit = Duration::from_secs(args.limit_seconds);
    let report = look(config, clock, GatewayCredentials::Default, limit, |done, total| {
        bar.set_length(total.try_into().unwrap_or(u64::MAX));
        bar.set_position(done.try_into().unwrap_or(u64::MAX));
    })
    .await;
    bar.finish_and_clear();
    if args.json {
        println!("{:#}", report.to_json());
    } else {
        print_table(&report);
    }
    Ok(if report.is_good(args.strict) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_table(report: &Report) {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["", "what", "which", "found"]);
    for finding in &report.findings {
        let found = if finding.fix.is_empty() {
            finding.says.clone()
        } else {
            format!("{}\nFix: {}", finding.says, finding.fix)
        };
        table.add_row([finding.level.name(), finding.id, &finding.subject, &found]);
    }
    println!("{table}");
    let counts: Vec<_> =
        Level::ALL.iter().rev().map(|level| format!("{} {}", report.count(*level), level.name())).collect();
    println!("{}", counts.join(", "));
}
