//! Where a configuration gets what it refers to: files and environment variables. The only reader of either.

use std::path::Path;

/// Access to what a configuration refers to. The demo and the tests give their own.
pub struct Sources<'a> {
    /// Reads a text file, given its path relative to the configuration's folder, or absolute.
    pub file: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// Reads any file, likewise.
    pub bytes: &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
    /// Reads an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// Reads a file relative to `folder`.
pub fn read_file(folder: &Path, path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(folder.join(path))
}

/// Reads any file relative to `folder`.
pub fn read_bytes(folder: &Path, path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::read(folder.join(path))
}

/// Reads an environment variable of this process.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn read_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
