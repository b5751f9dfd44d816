//! The configuration that a command is told to use: found, read with everything that it refers to, and parsed.

mod files;

pub use files::Files;

use crate::aws::remote::{self, Fetched};
use crate::config::{Config, Problems, Remote, Replay, Sources, Tls, read_bytes, read_file, read_variable};
use crate::lambda;
use crate::tls::PemPair;
use chrono::{DateTime, Utc};
use std::cell::RefCell;
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
    recorded(place, now).await.0
}

/// The same, with the files that were read for it, whatever came of it.
pub async fn recorded(place: Option<&str>, now: DateTime<Utc>) -> (Result<Config, Problems>, Files) {
    let mut files = Files::default();
    let config = read(place, now, &mut files).await;
    (config, files)
}

async fn read(place: Option<&str>, now: DateTime<Utc>, files: &mut Files) -> Result<Config, Problems> {
    let place = find(place)?;
    let text = text(&place).await;
    if is_file(&place) {
        files.note(Path::new(&place), text.as_ref().ok().map(String::as_bytes));
    }
    let table = table(&place, text)?;
    let fetched = remote::fetch(Remote::all_in(&table)).await;
    let config = with_sources(&place, &fetched, files, |sources| Config::from_table(&table, sources, now))?;
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
    with_sources(&place, &fetched, &mut Files::default(), |sources| tls.read_again(sources))
}

/// Where the service of the configuration at `place` listens, and whether it speaks TLS there. Nothing else of it is
/// looked at.
///
/// # Errors
/// That there is no such configuration, or no address in it.
pub async fn listener(place: Option<&str>) -> Result<(SocketAddr, bool), Problems> {
    let place = find(place)?;
    let table = table(&place, text(&place).await)?;
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

fn table(place: &str, text: Result<String, String>) -> Result<Table, Problems> {
    Config::table(&text.map_err(|fault| Problems::one(format!("{place}: {fault}")))?)
}

/// Paths are relative to the folder of the configuration.
fn with_sources<T>(
    place: &str,
    fetched: &Fetched,
    files: &mut Files,
    read: impl FnOnce(&Sources<'_>) -> T,
) -> T {
    let folder = Path::new(place).parent().unwrap_or(Path::new("."));
    let files = RefCell::new(files);
    let note = |path: &Path, bytes: Option<&[u8]>| files.borrow_mut().note(&folder.join(path), bytes);
    read(&Sources {
        file: &|path| {
            let text = read_file(folder, path);
            note(path, text.as_ref().ok().map(String::as_bytes));
            text
        },
        bytes: &|path| {
            let bytes = read_bytes(folder, path);
            note(path, bytes.as_ref().ok().map(Vec::as_slice));
            bytes
        },
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

fn is_file(place: &str) -> bool {
    !place.starts_with("env:") && !matches!(Remote::parse(place), Some(Remote::Parameter(_)))
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
