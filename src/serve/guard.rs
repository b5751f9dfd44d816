//! Stands at the door of the listener: bounds how many connections there are, and how long a client may take nothing of
//! what it is sent. How long a client may send is bounded by the server itself.

use axum_server::accept::Accept;
use std::future::{Future, Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Lets in so many connections at a time. What comes above that is closed at once: a load balancer then tries another
/// instance, where a connection that waits would hold a file descriptor and say nothing.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    places: Arc<Semaphore>,
    most: usize,
    full: Arc<AtomicBool>,
    stalled: Duration,
}

impl Guard {
    pub(super) fn new(most: usize, stalled: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), most, full: Arc::default(), stalled }
    }

    fn admit(&self, stream: TcpStream) -> io::Result<Guarded> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            // Once, and not again before a tenth was free.
            if !self.full.swap(true, Ordering::Relaxed) {
                tracing::warn!(target: "studio_gateway", "gateway.connections.most are open: new ones are closed");
            }
            return Err(io::Error::other("too many connections"));
        };
        if self.places.available_permits() > self.most / 10 {
            self.full.store(false, Ordering::Relaxed);
        }
        // Answers are small and written as a whole: nothing is gained by waiting for more.
        stream.set_nodelay(true)?;
        Ok(Guarded { stream, limit: self.stalled, stalled: None, _place: place })
    }
}

impl<S> Accept<TcpStream, S> for Guard {
    type Stream = Guarded;
    type Service = S;
    type Future = Ready<io::Result<(Guarded, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.admit(stream).map(|stream| (stream, service)))
    }
}

/// A connection that was let in. Its place is free again when it is dropped.
pub(super) struct Guarded {
    stream: TcpStream,
    limit: Duration,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Guarded {
    fn bounded<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let limit = self.limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.bounded(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
