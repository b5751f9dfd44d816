//! Embedded identity provider.

pub mod key;
pub mod people;
pub mod response;
pub mod signature;
mod xml;
