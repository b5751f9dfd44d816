//! `studio-gateway idp-setup`: what to type into an identity provider.

use super::{Done, WithConfig};
use clap::Args;
use studio_gateway::clock::Clock;
use studio_gateway::idp_setup;

#[derive(Args)]
pub(crate) struct IdpSetupArgs {
    /// The product.
    #[arg(value_name = "NAME")]
    product: String,
    #[command(flatten)]
    with: WithConfig,
    /// Key of the IdP in the configuration, where there are several.
    #[arg(long, value_name = "KEY")]
    idp: Option<String>,
}

pub(crate) async fn run(args: &IdpSetupArgs) -> Done {
    let config = args.with.load(Clock::system().now()).await?;
    print!("{}", idp_setup::text(&args.product, args.idp.as_deref(), &config)?);
    Ok(())
}
