//! Tells those who could go on for long that the service is about to end. Ends nothing itself.

use tokio::sync::watch;

/// Whether the service is about to end. Clones tell and are told the same.
#[derive(Debug, Clone)]
pub struct Drain(watch::Sender<bool>);

impl Default for Drain {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Drain {
    /// The service is about to end.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits until the service is about to end.
    pub async fn begun(&self) {
        // It cannot be closed: `self` holds a sender.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}
