//! Embedded AWS.
