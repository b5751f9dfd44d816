//! The demo: an embedded identity provider and an embedded AWS on loopback, and the real gateway between them.

pub mod aws;
pub mod idp;
