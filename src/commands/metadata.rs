//! `studio-gateway metadata`: our SAML metadata.

use super::{Done, WithConfig};
use studio_gateway::clock::Clock;
use studio_gateway::idps::{Idps, KnownIdp};
use studio_gateway::saml::sp_metadata;

pub(crate) async fn run(config: &WithConfig) -> Done {
    let config = config.load(Clock::system().now()).await?;
    let saml = &config.saml;
    let signed = !saml.keys.is_empty() && Idps::new(&config).all().iter().any(KnownIdp::signs_requests);
    println!("{}", sp_metadata::document(&saml.entity_id, &saml.acs_url, &saml.keys, signed)?);
    Ok(())
}
