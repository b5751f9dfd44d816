//! Command line of studio-gateway: reads arguments and sets the exit code. Decides nothing else.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

mod commands;

use clap::{CommandFactory, Parser, Subcommand};
use commands::{
    WithConfig, backup, check, demo, explain, health, idp_setup, inspect, lifecycle, metadata, network_plan,
    policies, reconcile, recovery_script, restore, serve,
};
use std::process::ExitCode;
use studio_gateway::clock::Clock;
use studio_gateway::config::Problems;
use studio_gateway::settings;

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
    /// Check a configuration, and list everything that is wrong with it; with --live, look also whether AWS and the
    /// identity providers are as it needs them. Exits with 78 if it cannot be used, 1 if --live finds an error.
    Check(check::CheckArgs),
    /// Explain a captured SAML response, rule by rule. Exits with 0 only if it would be accepted.
    Inspect(inspect::InspectArgs),
    /// Explain where the rules let a person go, and why. Exits with 0 only if they may go anywhere.
    Explain(explain::ExplainArgs),
    /// Ask the service that runs here with this configuration whether it takes sign-ins. Exits with 0 only if it does.
    Health(WithConfig),
    /// Print our SAML metadata, for the identity provider.
    Metadata(WithConfig),
    /// Print every setting that `[domain.profile.settings]` can have, with its type and limits, as JSON.
    Settings,
    /// Show in what the profiles of a domain are not as the configuration says, or bring them in line. Exits with 0 if
    /// nothing is left to do, 3 if something is, 1 if something failed.
    Reconcile(reconcile::ReconcileArgs),
    /// Lifecycle scripts of the configuration, in AWS.
    Lifecycle(lifecycle::LifecycleArgs),
    /// Write down what a domain is made of: profiles, spaces, settings, tags, lifecycle configs. Changes nothing.
    Backup(backup::BackupArgs),
    /// Show what of a backup a domain lacks, or make it. Nothing is changed or deleted. Exits with 0 if everything is there, 3
    /// if something is missing or differs, 1 if something is somebody else's or failed.
    Restore(restore::RestoreArgs),
    /// Print the scripts that bring people's files from an old domain to a new one.
    RecoveryScript(recovery_script::ScriptArgs),
    /// Print IAM policies, service control policies and the like for a configuration.
    Policies(policies::PoliciesArgs),
    /// Work out how many addresses a Studio domain takes from a VPC, and which subnets to give it, before it is made.
    NetworkPlan(network_plan::NetworkPlanArgs),
    /// Print what to type into an identity provider: okta, entra, keycloak, google, adfs, ping-federate, shibboleth or
    /// identity-center.
    IdpSetup(idp_setup::IdpSetupArgs),
    /// Try everything on this machine: no account, no network.
    Demo(demo::DemoArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let lambda = || serve::on_lambda().then(|| Command::Serve(WithConfig::default()));
    let Some(command) = Cli::parse().command.or_else(lambda) else {
        // Clap's own words for it.
        let _ = Cli::command().print_help();
        return ExitCode::from(2);
    };
    // Boxed: each of these is as large as all that it waits for.
    let done = match command {
        Command::Serve(config) => Box::pin(serve::run(&config)).await,
        Command::Check(args) => match Box::pin(check::run(&args, Clock::system())).await {
            Ok(code) => return code,
            Err(fault) => Err(fault),
        },
        Command::Inspect(args) => inspect::run(&args),
        Command::Explain(args) => Box::pin(explain::run(&args)).await,
        Command::Health(config) => Box::pin(health::run(&config)).await,
        Command::Metadata(config) => Box::pin(metadata::run(&config)).await,
        Command::Settings => {
            println!("{:#}", settings::reference());
            Ok(())
        }
        Command::Reconcile(args) => match Box::pin(reconcile::run(&args, Clock::system().now())).await {
            Ok(code) => return code,
            Err(fault) => Err(fault),
        },
        Command::Lifecycle(args) => match Box::pin(lifecycle::run(&args, Clock::system().now())).await {
            Ok(code) => return code,
            Err(fault) => Err(fault),
        },
        Command::Backup(args) => Box::pin(backup::run(&args, Clock::system().now())).await,
        Command::Restore(args) => match Box::pin(restore::run(&args, Clock::system().now())).await {
            Ok(code) => return code,
            Err(fault) => Err(fault),
        },
        Command::RecoveryScript(args) => recovery_script::run(&args),
        Command::Policies(args) => Box::pin(policies::run(&args)).await,
        Command::NetworkPlan(args) => network_plan::run(args),
        Command::IdpSetup(args) => Box::pin(idp_setup::run(&args)).await,
        Command::Demo(args) => Box::pin(demo::run(args)).await,
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
