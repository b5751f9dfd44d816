//! The notebook instances that a configuration speaks of.

use crate::config::{Config, NotebookPlace};

/// Where they are.
pub(super) fn places(config: &Config) -> impl Iterator<Item = &NotebookPlace> {
    config.destinations.iter().filter_map(|destination| destination.notebooks())
}
