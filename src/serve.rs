//! Running the service: bind, serve, and end without breaking off a sign-in.

use crate::drain::Drain;
use crate::http;
use crate::sign_in::Gateway;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How much longer than the longest sign-in those in flight may take once the service was told to stop.
const DRAIN_MARGIN: Duration = Duration::from_secs(5);

/// A service that runs in the background.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    drain: Drain,
    patience: Duration,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Starts serving on a listener that is bound already.
    pub fn start(listener: TcpListener, gateway: Arc<Gateway>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let patience = gateway.config.gateway.sign_in_limit + DRAIN_MARGIN;
        let drain = gateway.drain.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let service = http::router(gateway).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            axum::serve(listener, service)
                .with_graceful_shutdown(async move {
                    // A sender that is dropped says the same as one that sends.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Self { address, drain, patience, stop: Some(stop), task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, and waits for the sign-ins in flight.
    pub async fn stop(mut self) -> io::Result<()> {
        self.drain.begin();
        drop(self.stop.take());
        let Ok(ended) = timeout(self.patience, &mut self.task).await else {
            // A connection that never finishes its request must not turn an orderly end into a failure.
            tracing::warn!(target: "studio_gateway", "some connections did not end in time");
            self.task.abort();
            return Ok(());
        };
        ended.map_err(io::Error::other)?
    }
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
