//! The question whether the service on this machine takes sign-ins: for health checks of an image in which nothing but this
//! program could ask.

use reqwest::Client;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks the service that listens at `listen` for `/readyz`.
///
/// # Errors
/// A sentence when it does not answer with success.
pub async fn ask(listen: SocketAddr, tls: bool) -> Result<(), String> {
    let scheme = if tls { "https" } else { "http" };
    let url = format!("{scheme}://{}/readyz", SocketAddr::new(reachable(listen.ip()), listen.port()));
    let client = Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        // It is asked by its address, which no certificate names, on this machine; and it is told nothing.
        .tls_danger_accept_invalid_certs(true)
        .build()
        .map_err(|fault| format!("no HTTP client: {fault}"))?;
    let answer = client.get(&url).send().await.map_err(|_| format!("no answer from {url}"))?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("{url} answered {}", answer.status())) }
}

/// Whoever listens everywhere is asked on loopback.
fn reachable(listen: IpAddr) -> IpAddr {
    match listen {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        one => one,
    }
}
