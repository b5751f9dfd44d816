//! `studio-gateway demo`: everything on this machine, the embedded AWS alone, or a load on gateways.

mod load;

use super::{Done, log};
use clap::{Args, Subcommand};
use load::LoadArgs;
use std::net::SocketAddr;
use std::path::PathBuf;
use studio_gateway::clock::Clock;
use studio_gateway::demo::{self, Demo, world};
use studio_gateway::serve::until_signal;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DemoArgs {
    /// Port of the gateway; the identity provider and AWS take the two after it. 0 picks free ones.
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port_base: u16,
    /// Run with this configuration, and so with your own identity provider; only AWS is embedded.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<DemoPart>,
}

#[derive(Subcommand)]
enum DemoPart {
    /// Run the embedded AWS alone, for `serve` to be pointed at.
    Aws {
        /// The gateway's configuration file: the accounts are made to fit it.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Loopback address to listen on.
        #[arg(long, default_value = "127.0.0.1:8082", value_name = "ADDRESS")]
        listen: SocketAddr,
        /// Without SAML providers, roles and policies: to try the commands that make them.
        #[arg(long)]
        bare: bool,
    },
    /// Put a load on gateways, and measure how they bear it. Without --target, gateways and the embedded AWS are started for
    /// that. Exits with 0 only if everybody
    /// got in, nobody twice with one assertion, and no idle connection was lost.
    Load(LoadArgs),
}

pub(crate) async fn run(args: DemoArgs) -> Done {
    match args.part {
        Some(DemoPart::Aws { config, listen, bare: false }) => aws_alone(config, listen).await,
        Some(DemoPart::Aws { config, listen, bare: true }) => bare_aws(config, listen).await,
        Some(DemoPart::Load(args)) => Box::pin(load::run(args)).await,
        None => everything(args.port_base, args.config).await,
    }
}

async fn everything(port_base: u16, config: Option<PathBuf>) -> Done {
    log::start();
    let demo = match config {
        None => Demo::start(port_base, Clock::system()).await?,
        Some(path) => Demo::start_with(&path, 0, Clock::system()).await?,
    };
    println!("studio-gateway demo: open {} in a browser. Ctrl-C ends it.", demo.url);
    until_signal().await?;
    demo.stop().await?;
    Ok(())
}

async fn aws_alone(config: PathBuf, listen: SocketAddr) -> Done {
    log::start();
    let aws = demo::start_aws(&config, listen, Clock::system()).await?;
    println!("embedded AWS at {}. Run `serve` with this environment, and with sts_endpoint and", aws.url());
    println!("sagemaker_endpoint set to that address. Ctrl-C ends it.");
    println!("AWS_ACCESS_KEY_ID={}", world::ACCESS_KEY_ID);
    println!("AWS_SECRET_ACCESS_KEY={}", world::SECRET_ACCESS_KEY);
    println!("`reconcile` needs more than the gateway: AWS_ACCESS_KEY_ID={}", world::OPERATOR_ACCESS_KEY_ID);
    until_signal().await?;
    aws.stop().await;
    Ok(())
}

async fn bare_aws(config: PathBuf, listen: SocketAddr) -> Done {
    log::start();
    let aws = demo::start_bare_aws(&config, listen, Clock::system()).await?;
    println!("embedded AWS at {}, with nothing set up. Ctrl-C ends it.", aws.url());
    println!("The gateway: AWS_ACCESS_KEY_ID={}", world::ACCESS_KEY_ID);
    println!("An administrator: AWS_ACCESS_KEY_ID={}", world::ADMINISTRATOR_ACCESS_KEY_ID);
    println!("Both: AWS_SECRET_ACCESS_KEY={}", world::SECRET_ACCESS_KEY);
    until_signal().await?;
    aws.stop().await;
    Ok(())
}
