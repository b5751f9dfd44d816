//! `studio-gateway policies`: IAM policies and the like for a configuration.

use super::{Done, WithConfig};
use clap::Args;
use studio_gateway::clock::Clock;
use studio_gateway::policies;

#[derive(Args)]
pub(crate) struct PoliciesArgs {
    #[command(flatten)]
    with: WithConfig,
    /// One of them, by the name that --list shows; without what follows the colon, all of that name.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// How to print them.
    #[arg(long, value_enum, default_value = "iam")]
    format: policies::Format,
    /// Names and purposes only.
    #[arg(long, conflicts_with_all = ["only", "format"])]
    list: bool,
}

pub(crate) async fn run(args: &PoliciesArgs) -> Done {
    let config = args.with.load(Clock::system().now()).await?;
    let all = policies::all(&config)?;
    if args.list {
        print!("{}", policies::list(&all));
        return Ok(());
    }
    let (text, notes) = policies::print(&all, args.only.as_deref(), args.format)?;
    eprint!("{notes}");
    print!("{text}");
    Ok(())
}
