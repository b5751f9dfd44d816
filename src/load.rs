//! The configuration that a command is told to use: found, read with everything that it refers to, and parsed.

use crate::aws::remote::{self, Fetched};
use crate::config::{Config, Problems, Remote, Replay, Sources, Tls, read_bytes, read_file, read_variable};
use crate::lambda;
use crate::tls::PemPair;
use chrono::{DateTime, Utc};
use std::net::SocketAddr;
use std::path::Path;
use toml::{Table, Value};

/// Variable that says where the configuration is, where the command line does not.
pub const VARIABLE: &str = "STUDIO_GATEWAY_CONFIG";

/// Reads the configuration at `place`: the path of a file, `env:NAME` for a variable that holds the text itself, or
/// `ssm:NAME` for a parameter of Systems Manager that does. Without a place, [`VARIABLE`] names it.
///
/// # Errors
/// Everything that is wrong with it.
pub async fn configuration(place: Option<&str>, now: DateTime<Utc>) -> Result<Config, Problems> {
    let place = find(place)?;
    let table = table(&place).await?;
    let fetched = remote::fetch(Remote::all_in(&table)).await;
    let config = with_sources(&place, &fetched, |sources| Config::from_table(&table, sources, now))?;
    if read_variable(lambda::RUNTIME_API).is_some() {
        fits_lambda(&config)?;
    }
    Ok(config)
}

/// Reads the listener's certificate and key again, from where the configuration at `place` says that they are.
///
/// # Errors
/// A sentence for the admin.
pub async fn listener_pair(place: Option<&str>, tls: &Tls) -> Result<PemPair, String> {
    let place = find(place).map_err(|problems| problems.to_string())?;
    let fetched = remote::fetch(tls.remote()).await;
    with_sources(&place, &fetched, |sources| tls.read_again(sources))
}

/// Where the service of the configuration at `place` listens, and whether it speaks TLS there. Nothing else of it is
/// looked at.
///
/// # Errors
/// That there is no such configuration, or no address in it.
pub async fn listener(place: Option<&str>) -> Result<(SocketAddr, bool), Problems> {
    let table = table(&find(place)?).await?;
    let gateway = table.get("gateway").and_then(Value::as_table);
    let listen = gateway.and_then(|gateway| gateway.get("listen")?.as_str()?.parse().ok());
    let listen =
        listen.ok_or_else(|| Problems::one("gateway.listen: expected an address and port".into()))?;
    Ok((listen, gateway.is_some_and(|gateway| gateway.contains_key("tls"))))
}

fn find(place: Option<&str>) -> Result<String, Problems> {
    place
        .map(ToOwned::to_owned)
        .or_else(|| read_variable(VARIABLE))
        .ok_or_else(|| Problems::one(format!("no configuration: give --config, or set {VARIABLE}")))
}

async fn table(place: &str) -> Result<Table, Problems> {
    let text = text(place).await.map_err(|fault| Problems::one(format!("{place}: {fault}")))?;
    Config::table(&text)
}

/// Paths are relative to the folder of the configuration.
fn with_sources<T>(place: &str, fetched: &Fetched, read: impl FnOnce(&Sources<'_>) -> T) -> T {
    let folder = Path::new(place).parent().unwrap_or(Path::new("."));
    read(&Sources {
        file: &|path| read_file(folder, path),
        bytes: &|path| read_bytes(folder, path),
        variable: &read_variable,
        remote: &|reference| found(fetched, reference),
    })
}

/// Lambda runs as many processes as it likes, and ends them when it likes: nothing may live in one of them.
fn fits_lambda(config: &Config) -> Result<(), Problems> {
    if matches!(config.replay, Replay::Memory { .. }) {
        let problem =
            "replay.ledger: on Lambda, \"dynamodb\" or \"redis\": each process has a memory of its own";
        return Err(Problems::one(problem.into()));
    }
    if config.gateway.seal_keys.is_empty() {
        let problem = "gateway.seal_keys: on Lambda, at least one: each process would make another key";
        return Err(Problems::one(problem.into()));
    }
    Ok(())
}

async fn text(place: &str) -> Result<String, String> {
    if let Some(name) = place.strip_prefix("env:") {
        return read_variable(name).ok_or_else(|| "the variable is not set".into());
    }
    if let Some(parameter @ Remote::Parameter(_)) = Remote::parse(place) {
        let fetched = remote::fetch([parameter.clone()].into()).await;
        return found(&fetched, &parameter);
    }
    std::fs::read_to_string(place).map_err(|fault| fault.to_string())
}

fn found(fetched: &Fetched, reference: &Remote) -> Result<String, String> {
    fetched.get(reference).cloned().unwrap_or_else(|| Err(format!("{reference} was not read")))
}
