//! The configuration that a command is told to use: found, read with everything that it refers to, and parsed.

use crate::aws::remote::{self, Fetched};
use crate::config::{Config, Problems, Remote, Replay, Sources, read_bytes, read_file, read_variable};
use crate::lambda;
use chrono::{DateTime, Utc};
use std::path::Path;

/// Variable that says where the configuration is, where the command line does not.
pub const VARIABLE: &str = "STUDIO_GATEWAY_CONFIG";

/// Reads the configuration at `place`: the path of a file, `env:NAME` for a variable that holds the text itself, or
/// `ssm:NAME` for a parameter of Systems Manager that does. Without a place, [`VARIABLE`] names it.
///
/// # Errors
/// Everything that is wrong with it.
pub async fn configuration(place: Option<&str>, now: DateTime<Utc>) -> Result<Config, Problems> {
    let from_variable = read_variable(VARIABLE);
    let place = place
        .or(from_variable.as_deref())
        .ok_or_else(|| Problems::one(format!("no configuration: give --config, or set {VARIABLE}")))?;
    let text = text(place).await.map_err(|fault| Problems::one(format!("{place}: {fault}")))?;
    let table = Config::table(&text)?;
    let fetched = remote::fetch(Remote::all_in(&table)).await;
    let folder = Path::new(place).parent().unwrap_or(Path::new("."));
    let sources = Sources {
        file: &|path| read_file(folder, path),
        bytes: &|path| read_bytes(folder, path),
        variable: &read_variable,
        remote: &|reference| found(&fetched, reference),
    };
    let config = Config::from_table(&table, &sources, now)?;
    if read_variable(lambda::RUNTIME_API).is_some() {
        fits_lambda(&config)?;
    }
    Ok(config)
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
