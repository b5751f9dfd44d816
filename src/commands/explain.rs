//! `studio-gateway explain`: where the rules let a person go, and why.

use super::file::read;
use super::{Done, WithConfig, time};
use clap::Args;
use std::path::PathBuf;
use studio_gateway::explain::{Question, explain};

#[derive(Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    config: WithConfig,
    /// The person: attributes by name, in TOML or JSON, or a captured SAML response as `inspect` takes it.
    #[arg(long, value_name = "FILE")]
    user: PathBuf,
    /// Explain this destination only.
    #[arg(long, value_name = "KEY")]
    destination: Option<String>,
    /// ID of the request that a response has to answer. Without it, only one that answers none is taken.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// The time to judge by, such as 2026-01-02T03:04:05Z. Now, by default.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &ExplainArgs) -> Done {
    let at = time(args.at.as_deref())?;
    let config = args.config.load(at).await?;
    let question = Question {
        user: &read(&args.user)?,
        at,
        request_id: args.request_id.as_deref(),
        destination: args.destination.as_deref(),
    };
    let explanation = explain(&config, &question)?;
    if args.json {
        println!("{}", explanation.to_json());
    } else {
        print!("{}", explanation.to_text());
    }
    if explanation.leads_somewhere() { Ok(()) } else { Err("this person may go nowhere".into()) }
}
