//! `studio-gateway demo`: everything on this machine, the embedded AWS alone, or a load on gateways.

mod load;

use super::{Done, log};
use clap::{Args, Subcommand};
use load::LoadArgs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use studio_gateway::clock::Clock;
use studio_gateway::demo::{self, Demo, bench, world};
use studio_gateway::serve::until_signal;
use tokio::net::TcpListener;

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
    /// Measure what a sign-in costs, on this machine. Takes some minutes; exits with 0 only if it is not too much.
    Bench {
        #[command(subcommand)]
        part: Option<BenchPart>,
    },
}

/// What is measured against, as processes of their own. `demo bench` starts them.
#[derive(Subcommand)]
enum BenchPart {
    /// A handler that reads the form and answers 303.
    #[command(hide = true)]
    Floor,
    /// An AWS that answers without a look at who asks.
    #[command(hide = true)]
    Aws {
        /// Milliseconds that STS, Describe and Presign take.
        #[arg(long, value_delimiter = ',', required = true)]
        delays: Vec<u64>,
    },
}

pub(crate) async fn run(args: DemoArgs) -> Done {
    match args.part {
        Some(DemoPart::Aws { config, listen, bare: false }) => aws_alone(config, listen).await,
        Some(DemoPart::Aws { config, listen, bare: true }) => bare_aws(config, listen).await,
        Some(DemoPart::Load(args)) => Box::pin(load::run(args)).await,
        Some(DemoPart::Bench { part: None }) => measure().await,
        Some(DemoPart::Bench { part: Some(part) }) => serve_part(part).await,
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
    println!(
        "`reconcile`, `backup` and `restore` need more than the gateway: AWS_ACCESS_KEY_ID={}",
        world::OPERATOR_ACCESS_KEY_ID
    );
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

async fn measure() -> Done {
    // What it has started ends with it, however that is.
    let report = tokio::select! {
        report = Box::pin(bench::run(|what| eprintln!("measuring: {what}"))) => report?,
        signal = until_signal() => return signal.map_err(Into::into).and(Err("ended before the end".into())),
    };
    print!("{report}");
    if report.is_within() { Ok(()) } else { Err("a figure is beyond what it must not exceed".into()) }
}

async fn serve_part(part: BenchPart) -> Done {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}", listener.local_addr()?);
    match part {
        BenchPart::Floor => bench::floor::serve(listener).await?,
        BenchPart::Aws { delays } => {
            let delays = <[u64; 3]>::try_from(delays).map_err(|_| "three delays are needed")?;
            bench::aws::serve(listener, delays.map(Duration::from_millis)).await?;
        }
    }
    Ok(())
}
