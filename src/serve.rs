//! Running the service: bind, serve, and end without breaking off a sign-in.

mod certificate;
mod current;
mod guard;

pub use certificate::Certificate;
pub use current::Current;

use crate::audit::Audit;
use crate::config::Connections;
use crate::drain::Drain;
use crate::http;
use crate::metrics::Metrics;
use crate::sign_in::Gateway;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use guard::Guard;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How much longer than the longest sign-in those in flight may take once the service was told to stop.
const DRAIN_MARGIN: Duration = Duration::from_secs(5);
/// How long audit events that are on their way may take then, at each sink.
const FLUSH: Duration = Duration::from_secs(5);
/// Longest head of a request. Ours are far shorter: queries are refused long before, and cookies are our own.
const MAX_HEAD: usize = 64 * 1024;
/// Most connections to the listener for monitoring.
const MONITORS: usize = 50;
/// Of how many failures to accept one is logged. The server tries again 20 times a second.
const FAILURES_PER_LINE: u32 = 200;

/// A service that runs in the background. Dropping it lets it end by itself.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    drain: Drain,
    current: Current,
    audit: Audit,
    handle: Handle<SocketAddr>,
    certificate: Option<Certificate>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Starts serving on a listener that is bound already: HTTPS if the configuration has a certificate for it, HTTP if
    /// not.
    pub fn start(listener: TcpListener, gateway: Arc<Gateway>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let settings = &gateway.config.gateway;
        let (drain, audit) = (gateway.drain.clone(), gateway.audit.clone());
        let limits = settings.connections;
        let certificate = settings.tls.as_deref().map(Certificate::new);
        let handle = Handle::new();
        let guard = Guard::new(limits.most, limits.stalled);
        let server = bounded(listener, &limits).handle(handle.clone());
        let current = Current::new(gateway);
        let service = current.router().into_make_service_with_connect_info::<SocketAddr>();
        let task = match &certificate {
            None => tokio::spawn(server.acceptor(guard).serve(service)),
            Some(certificate) => {
                let tls = RustlsAcceptor::new(certificate.served.clone())
                    .handshake_timeout(limits.first_request)
                    .acceptor(guard);
                tokio::spawn(server.acceptor(tls).serve(service))
            }
        };
        Ok(Self { address, drain, current, audit, handle, certificate, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The gateway that answers, to be replaced.
    #[must_use]
    pub fn current(&self) -> Current {
        self.current.clone()
    }

    /// The certificate that it serves with, if it does.
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate.clone()
    }

    /// Stops accepting, and waits for the sign-ins in flight, and for the audit events of all of them.
    pub async fn stop(mut self) -> io::Result<()> {
        self.drain.begin();
        self.handle.graceful_shutdown(None);
        let patience = self.current.gateway().config.gateway.sign_in_limit + DRAIN_MARGIN;
        let ended = timeout(patience, &mut self.task).await;
        if ended.is_err() {
            // A connection that never finishes its request must not turn an orderly end into a failure.
            tracing::warn!(target: "studio_gateway", "some connections did not end in time");
            self.handle.shutdown();
        }
        self.audit.flush(FLUSH).await;
        ended.map_or(Ok(()), |ended| ended.map_err(io::Error::other)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.graceful_shutdown(None);
    }
}

/// Serves what monitoring reads, until the process ends: whoever watches wants to see the drain as well. Who connects there
/// is bounded like everybody else, since file descriptors that are taken there lack here.
pub async fn monitoring(listener: TcpListener, metrics: Metrics, limits: Connections) -> io::Result<()> {
    let guard = Guard::new(MONITORS, limits.stalled);
    let routes = http::admin_router(metrics).into_make_service();
    bounded(listener, &limits).acceptor(guard).serve(routes).await
}

/// A server that waits for nobody longer than it has to.
fn bounded(listener: TcpListener, limits: &Connections) -> Server<SocketAddr> {
    let failures = AtomicU32::new(0);
    let mut server = Server::<SocketAddr>::from_listener(listener)
        .http1_only()
        .first_request_timeout(limits.first_request)
        .accept_error_handler(move |client, fault| {
            // With a client it is a handshake that failed, or the guard: nothing that a client can do fills the log.
            if client.is_none() && failures.fetch_add(1, Ordering::Relaxed).is_multiple_of(FAILURES_PER_LINE)
            {
                tracing::error!(target: "studio_gateway", "no connection can be accepted: {fault}");
            }
        });
    // For hyper, waiting for another request on the same connection is part of reading its head.
    server.http_builder().http1().header_read_timeout(limits.idle).max_buf_size(MAX_HEAD);
    server
}

/// SIGHUPs from now on, which do not end the process any longer.
pub fn hangups() -> io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
}

/// Waits for SIGTERM or SIGINT.
pub async fn until_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
