//! `studio-gateway serve`, and what a Lambda function does.

use super::{Done, WithConfig, log};
use std::sync::Arc;
use studio_gateway::aws::GatewayCredentials;
use studio_gateway::clock::Clock;
use studio_gateway::config::{Tls, read_variable};
use studio_gateway::reload::Reload;
use studio_gateway::serve::{Certificate, Running, hangups, monitoring, until_signal};
use studio_gateway::sign_in::{Gateway, WARM_UP};
use studio_gateway::traces::Traces;
use studio_gateway::{lambda, load};
use tokio::net::TcpListener;
use tokio::time::sleep;

pub(crate) async fn run(place: &WithConfig) -> Done {
    let clock = Clock::system();
    let (config, files) = load::recorded(place.config.as_deref(), clock.now()).await;
    let config = config?;
    let traces = Traces::start(&config.traces)?;
    log::start_with(traces.as_ref());
    for warning in &config.warnings {
        tracing::warn!(target: "studio_gateway::config", "{warning}");
    }
    let (listen, public_url) = (config.gateway.listen, config.gateway.public_url.clone());
    let gateway = Gateway::new(config, clock, GatewayCredentials::Default).await?;
    let (metadata, ()) = tokio::join!(gateway.fetch_metadata(), gateway.warm(WARM_UP));
    metadata.map_err(|fault| format!("metadata: {fault}"))?;
    if on_lambda() {
        tracing::info!(target: "studio_gateway", public_url, "serving as a Lambda function");
        return lambda::run(Arc::new(gateway), traces).await.map_err(|fault| fault.to_string().into());
    }
    if let Some(admin) = gateway.config.admin.listen {
        let listener = TcpListener::bind(admin).await.map_err(|fault| format!("{admin}: {fault}"))?;
        tracing::info!(target: "studio_gateway", address = %listener.local_addr()?, "metrics");
        tokio::spawn(monitoring(listener, gateway.metrics.clone(), gateway.config.gateway.connections));
    }
    let listener = TcpListener::bind(listen).await.map_err(|fault| format!("{listen}: {fault}"))?;
    let tls = gateway.config.gateway.tls.clone();
    let hangups = hangups()?;
    let running = Running::start(listener, Arc::new(gateway))?;
    if let Some((certificate, tls)) = running.certificate().zip(tls) {
        tokio::spawn(renew(certificate, place.config.clone(), tls));
    }
    let reload = Reload::new(place.config.clone(), running.current(), files);
    tokio::spawn(reload.run(hangups, sleep));
    tracing::info!(target: "studio_gateway", address = %running.address(), public_url, "serving");
    until_signal().await?;
    tracing::info!(target: "studio_gateway", "stopping: sign-ins in flight may end");
    let ended = running.stop().await;
    if let Some(traces) = traces {
        traces.flush().await;
    }
    ended?;
    Ok(())
}

/// Serves with new certificates as they come.
async fn renew(certificate: Certificate, place: Option<String>, tls: Arc<Tls>) {
    certificate.keep_fresh(|| load::listener_pair(place.as_deref(), &tls), sleep).await;
}

/// Whether this process is a Lambda function.
pub(crate) fn on_lambda() -> bool {
    read_variable(lambda::RUNTIME_API).is_some()
}
