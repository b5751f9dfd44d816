//! `studio-gateway check`: every problem of a configuration.

use super::{Done, WithConfig};
use studio_gateway::clock::Clock;

pub(crate) async fn run(config: &WithConfig) -> Done {
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
