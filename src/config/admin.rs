//! Section `[admin]`: a listener for monitoring, apart from what browsers reach.

use super::problems::{Section, kind};
use std::net::SocketAddr;

/// Section `[admin]`.
#[derive(Debug)]
pub struct Admin {
    /// Where metrics are read; `None`: nowhere.
    pub listen: Option<SocketAddr>,
}

pub(super) fn read(mut section: Section<'_>) -> Admin {
    let listen = section.optional("listen", kind("an address and port", |text| text.parse().ok()));
    section.finish();
    Admin { listen }
}
