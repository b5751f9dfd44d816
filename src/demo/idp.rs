//! Embedded identity provider.
