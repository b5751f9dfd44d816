//! `studio-gateway demo load`: many sign-ins, measured.

use crate::commands::Done;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use studio_gateway::clock::Clock;
use studio_gateway::demo::load::{self, Arrivals, Crowd, OwnSite, Plan};
use url::Url;

#[derive(Args)]
pub(crate) struct LoadArgs {
    /// A gateway, or what stands in front of several. Requests take turns.
    #[arg(long = "target", value_name = "URL", requires = "config", requires = "idp_key")]
    targets: Vec<Url>,
    /// The configuration of the targets: the people are of its first IdP, and go to its first domain.
    #[arg(long, value_name = "FILE", requires = "targets")]
    config: Option<PathBuf>,
    /// Key and certificate (PEM) of that IdP.
    #[arg(long, value_name = "FILE", requires = "targets")]
    idp_key: Option<PathBuf>,
    /// A process of the targets, to measure its CPU time and memory.
    #[arg(long = "pid", value_name = "PID", requires = "targets")]
    pids: Vec<u32>,
    /// How many gateways to start.
    #[arg(long, default_value_t = 1, value_name = "COUNT", conflicts_with = "targets")]
    gateways: u32,
    /// How long every call takes at the embedded AWS, beside its work.
    #[arg(long, default_value_t = 50, value_name = "MILLISECONDS", conflicts_with = "targets")]
    aws_milliseconds: u64,
    /// How many of the people have no user profile yet.
    #[arg(long, default_value_t = 0, value_name = "COUNT", conflicts_with = "targets")]
    newcomers: u32,
    /// How many people there are. They take turns.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT")]
    people: u32,
    /// The number of the first of them: others than those of an earlier run.
    #[arg(long, default_value_t = 0, value_name = "NUMBER", requires = "targets")]
    first: u32,
    /// How many sign-ins there are.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT")]
    sign_ins: u32,
    /// How many are under way at the same time.
    #[arg(long, default_value_t = 16, value_name = "COUNT")]
    at_once: u32,
    /// Instead of so many at the same time: all people once, as in the hour around nine on a Monday, so many times faster.
    #[arg(long, value_name = "TIMES", conflicts_with_all = ["sign_ins", "at_once"])]
    morning: Option<u32>,
    /// Connections that are held open meanwhile, and say nothing. `ulimit -n` has to be larger.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    idle: u32,
    /// Whoever is refused or cut off signs in once more.
    #[arg(long)]
    retry: bool,
    /// Post each granted assertion once more.
    #[arg(long)]
    replay: bool,
    /// Fail if the gateways have so many per cent more memory after the last tenth of the sign-ins than after the first.
    #[arg(long, value_name = "PERCENT")]
    flat: Option<u32>,
    /// Print the numbers as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: LoadArgs) -> Done {
    let clock = Clock::system();
    let arrivals = match args.morning {
        Some(compress) => Arrivals::Morning { people: args.people, compress },
        None => Arrivals::Steady { sign_ins: args.sign_ins, at_once: args.at_once },
    };
    let (retry, replay, idle) = (args.retry, args.replay, args.idle);
    let plan = |targets, pids| Plan { targets, pids, arrivals, retry, replay, idle };
    let report = if let (Some(config), Some(key)) = (&args.config, &args.idp_key) {
        let crowd = Crowd::from_files(config, key, args.first, args.people)?;
        load::run(plan(args.targets, args.pids), Arc::new(crowd), clock).await?
    } else {
        let LoadArgs { gateways, people, newcomers, aws_milliseconds, .. } = args;
        let site = OwnSite::start(gateways, people, newcomers, aws_milliseconds, clock.clone()).await?;
        site.bear(plan, clock).await?
    };
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    let faults = report.faults(args.flat);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ").into()) }
}
