//! The embedded AWS, service by service: first without a network, then over HTTP with the real AWS clients.

mod control;
mod fixture;
mod over_http;
mod profiles;
mod saml_cryptography;
mod saml_sessions;
mod saml_trust;
mod set_up;
mod studio_links;
