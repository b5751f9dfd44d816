//! Command line of studio-gateway: reads arguments, prints, and sets the exit code. Decides nothing else.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

mod log;
mod reconcile;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, CommandFactory, Parser, Subcommand};
use reconcile::ReconcileArgs;
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use studio_gateway::aws::GatewayCredentials;
use studio_gateway::clock::Clock;
use studio_gateway::config::{Config, Problems, Tls, read_variable};
use studio_gateway::demo::{self, Demo, world};
use studio_gateway::explain::{self, Question};
use studio_gateway::http;
use studio_gateway::idps::{Idps, KnownIdp};
use studio_gateway::inspect;
use studio_gateway::saml::metadata::IdpMetadata;
use studio_gateway::saml::{DecryptionKeys, Expected, instant, sp_metadata};
use studio_gateway::serve::{Certificate, Running, until_signal};
use studio_gateway::settings;
use studio_gateway::sign_in::Gateway;
use studio_gateway::{health, lambda, load};
use tokio::net::TcpListener;
use tokio::time::sleep;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `EX_CONFIG` of sysexits: something is wrong with the configuration.
const EX_CONFIG: u8 = 78;

/// SAML single sign-on into Amazon SageMaker Studio.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// Without a command, a Lambda function serves.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service.
    Serve(WithConfig),
    /// Check a configuration, and list everything that is wrong with it.
    Check(WithConfig),
    /// Explain a captured SAML response, rule by rule. Exits with 0 only if it would be accepted.
    Inspect(InspectArgs),
    /// Explain where the rules let a person go, and why. Exits with 0 only if they may go anywhere.
    Explain(ExplainArgs),
    /// Ask the service that runs here with this configuration whether it takes sign-ins. Exits with 0 only if it does.
    Health(WithConfig),
    /// Print our SAML metadata, for the identity provider.
    Metadata(WithConfig),
    /// Print every setting that `[domain.profile.settings]` can have, with its type and limits, as JSON.
    Settings,
    /// Show in what the profiles of a domain are not as the configuration says, or bring them in line. Exits with 0 if
    /// nothing is left to do, 3 if something is, 1 if something failed.
    Reconcile(ReconcileArgs),
    /// Try everything on this machine: no account, no network.
    Demo(DemoArgs),
}

#[derive(Args, Default)]
struct WithConfig {
    /// The configuration: a file, env:NAME for a variable that holds it, or ssm:NAME for a parameter of Systems Manager
    /// that does. Without it, the variable STUDIO_GATEWAY_CONFIG says where it is.
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
}

impl WithConfig {
    async fn load(&self, now: DateTime<Utc>) -> Result<Config, Problems> {
        load::configuration(self.config.as_deref(), now).await
    }
}

#[derive(Args)]
struct InspectArgs {
    /// The response: XML, base64, or the whole form body. Standard input by default.
    #[arg(value_name = "FILE")]
    response: Option<PathBuf>,
    /// Metadata of the identity provider.
    #[arg(long, value_name = "FILE")]
    idp_metadata: PathBuf,
    /// Which of the entities in the metadata, when it holds several.
    #[arg(long, value_name = "ENTITY-ID")]
    idp_entity_id: Option<String>,
    /// An audience of ours; may be given several times.
    #[arg(long, required = true, value_name = "URI")]
    audience: Vec<String>,
    /// Our ACS URL.
    #[arg(long, value_name = "URL")]
    acs: String,
    /// ID of the request that the response has to answer. Without it, only one that answers none is accepted.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Private key (PEM) that opens encrypted assertions; may be given twice.
    #[arg(long, value_name = "FILE")]
    decryption_key: Vec<PathBuf>,
    /// The time to judge by, such as 2026-01-02T03:04:05Z. Now, by default.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How far the clocks may be apart, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(0..=180), value_name = "SECONDS")]
    clock_skew: i64,
    /// Open AES-CBC also where the Response is not signed.
    #[arg(long)]
    cbc_without_response_signature: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ExplainArgs {
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

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
struct DemoArgs {
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
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let command =
        Cli::parse().command.or_else(|| on_lambda().then_some(Command::Serve(WithConfig::default())));
    let Some(command) = command else {
        // Clap's own words for it.
        let _ = Cli::command().print_help();
        return ExitCode::from(2);
    };
    let done = match command {
        Command::Serve(config) => Box::pin(serve(&config)).await,
        Command::Check(config) => check(&config).await,
        Command::Inspect(args) => inspect(&args),
        Command::Explain(args) => explain(&args).await,
        Command::Health(config) => health(&config).await,
        Command::Metadata(config) => metadata(&config).await,
        Command::Settings => {
            println!("{:#}", settings::reference());
            Ok(())
        }
        Command::Reconcile(args) => match reconcile::run(&args, Clock::system().now()).await {
            Ok(code) => return code,
            Err(fault) => Err(fault),
        },
        Command::Demo(args) => match args.part {
            Some(DemoPart::Aws { config, listen }) => demo_aws(config, listen).await,
            None => Box::pin(run_demo(args.port_base, args.config)).await,
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) if fault.is::<Problems>() => {
            eprintln!("The configuration cannot be used:\n{fault}");
            ExitCode::from(EX_CONFIG)
        }
        Err(fault) => {
            eprintln!("studio-gateway: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Whether this process is a Lambda function.
fn on_lambda() -> bool {
    read_variable(lambda::RUNTIME_API).is_some()
}

async fn serve(place: &WithConfig) -> Result<(), Box<dyn Error>> {
    let clock = Clock::system();
    let config = place.load(clock.now()).await?;
    log::start();
    for warning in &config.warnings {
        tracing::warn!(target: "studio_gateway::config", "{warning}");
    }
    let (listen, public_url) = (config.gateway.listen, config.gateway.public_url.clone());
    let gateway = Gateway::new(config, clock, GatewayCredentials::Default).await?;
    gateway.fetch_metadata().await.map_err(|fault| format!("metadata: {fault}"))?;
    if on_lambda() {
        tracing::info!(target: "studio_gateway", public_url, "serving as a Lambda function");
        return lambda::run(Arc::new(gateway)).await.map_err(|fault| fault.to_string().into());
    }
    if let Some(admin) = gateway.config.admin.listen {
        let listener = TcpListener::bind(admin).await.map_err(|fault| format!("{admin}: {fault}"))?;
        tracing::info!(target: "studio_gateway", address = %listener.local_addr()?, "metrics");
        let router = http::admin_router(gateway.metrics.clone());
        // It ends with the process: whoever watches wants to see the drain as well.
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    let listener = TcpListener::bind(listen).await.map_err(|fault| format!("{listen}: {fault}"))?;
    let tls = gateway.config.gateway.tls.clone();
    let running = Running::start(listener, Arc::new(gateway))?;
    if let Some((certificate, tls)) = running.certificate().zip(tls) {
        tokio::spawn(renew(certificate, place.config.clone(), tls));
    }
    tracing::info!(target: "studio_gateway", address = %running.address(), public_url, "serving");
    until_signal().await?;
    tracing::info!(target: "studio_gateway", "stopping: sign-ins in flight may end");
    running.stop().await?;
    Ok(())
}

/// Serves with new certificates as they come.
async fn renew(certificate: Certificate, place: Option<String>, tls: Arc<Tls>) {
    certificate.keep_fresh(|| load::listener_pair(place.as_deref(), &tls), sleep).await;
}

async fn health(config: &WithConfig) -> Result<(), Box<dyn Error>> {
    let (listen, tls) = load::listener(config.config.as_deref()).await?;
    Ok(health::ask(listen, tls).await?)
}

async fn check(config: &WithConfig) -> Result<(), Box<dyn Error>> {
    let config = config.load(Clock::system().now()).await?;
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
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))
}

/// The time that `--at` names, or now.
fn time(at: Option<&str>) -> Result<DateTime<Utc>, &'static str> {
    match at {
        Some(at) => instant::parse(at).ok_or("--at: expected a time such as 2026-01-02T03:04:05Z"),
        None => Ok(Clock::system().now()),
    }
}

async fn explain(args: &ExplainArgs) -> Result<(), Box<dyn Error>> {
    let at = time(args.at.as_deref())?;
    let config = args.config.load(at).await?;
    let question = Question {
        user: &read(&args.user)?,
        at,
        request_id: args.request_id.as_deref(),
        destination: args.destination.as_deref(),
    };
    let explanation = explain::explain(&config, &question)?;
    if args.json {
        println!("{}", explanation.to_json());
    } else {
        print!("{}", explanation.to_text());
    }
    if explanation.leads_somewhere() { Ok(()) } else { Err("this person may go nowhere".into()) }
}

fn inspect(args: &InspectArgs) -> Result<(), Box<dyn Error>> {
    let now = time(args.at.as_deref())?;
    let text = match &args.response {
        Some(path) if path.as_os_str() != "-" => read(path)?,
        _ => std::io::read_to_string(std::io::stdin())?,
    };
    // Expired metadata would hide what the message itself is like: it is judged at the given time too.
    let metadata = IdpMetadata::parse(&read(&args.idp_metadata)?, args.idp_entity_id.as_deref(), None, now)
        .map_err(|fault| format!("{}: {fault}", args.idp_metadata.display()))?;
    let keys = args.decryption_key.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let decryption = DecryptionKeys::from_pem(&keys.iter().map(String::as_str).collect::<Vec<_>>())?;
    let outstanding: Vec<_> = args.request_id.iter().cloned().collect();
    let expected = Expected {
        idp_entity_id: &metadata.entity_id,
        acs_url: &args.acs,
        audiences: &args.audience,
        outstanding: &outstanding,
        idp_initiated: args.request_id.is_none(),
        skew: TimeDelta::seconds(args.clock_skew),
        cbc_without_response_signature: args.cbc_without_response_signature,
    };
    let report = inspect::examine(&text, &metadata.keys, &decryption, &expected, now);
    if args.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_text());
    }
    if report.accepted() { Ok(()) } else { Err("this response would be refused".into()) }
}

async fn metadata(config: &WithConfig) -> Result<(), Box<dyn Error>> {
    let config = config.load(Clock::system().now()).await?;
    let saml = &config.saml;
    let signed = !saml.keys.is_empty() && Idps::new(&config).all().iter().any(KnownIdp::signs_requests);
    println!("{}", sp_metadata::document(&saml.entity_id, &saml.acs_url, &saml.keys, signed)?);
    Ok(())
}

async fn run_demo(port_base: u16, config: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    log::start();
    let demo = match config {
        None => Box::pin(Demo::start(port_base, Clock::system())).await?,
        Some(path) => Demo::start_with(&path, 0, Clock::system()).await?,
    };
    println!("studio-gateway demo: open {} in a browser. Ctrl-C ends it.", demo.url);
    until_signal().await?;
    demo.stop().await?;
    Ok(())
}

async fn demo_aws(config: PathBuf, listen: SocketAddr) -> Result<(), Box<dyn Error>> {
    log::start();
    let aws = demo::start_aws(&config, listen, Clock::system()).await?;
    println!("embedded AWS at {}. Run `serve` with this environment, and with sts_endpoint and", aws.url());
    println!("sagemaker_endpoint set to that address. Ctrl-C ends it.");
    println!("AWS_ACCESS_KEY_ID={}", world::ACCESS_KEY_ID);
    println!("AWS_SECRET_ACCESS_KEY={}", world::SECRET_ACCESS_KEY);
    until_signal().await?;
    aws.stop().await;
    Ok(())
}
