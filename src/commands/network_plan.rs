//! `studio-gateway network-plan`: addresses and subnets for a Studio domain that is to be made.

use super::Done;
use clap::Args;
use std::fs;
use std::path::PathBuf;
use studio_gateway::network_plan::{Demand, chart, plan, table};

#[derive(Args)]
pub(crate) struct NetworkPlanArgs {
    #[command(flatten)]
    demand: Demand,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write a picture of it, too.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(crate) fn run(args: NetworkPlanArgs) -> Done {
    let plan = plan(args.demand)?;
    if let Some(file) = args.svg {
        fs::write(&file, chart(&plan)?).map_err(|fault| format!("{}: {fault}", file.display()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&plan)?);
    } else {
        print!("{}", table(&plan));
    }
    Ok(())
}
