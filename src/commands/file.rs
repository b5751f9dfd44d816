//! Files that commands read and write, and what they print: read up to a limit, written whole or not at all, and never over
//! what is somebody else's.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Largest file that is read. A manifest of 10,000 profiles has some 10 MB.
const MOST: u64 = 256 * 1024 * 1024;

/// Reads a text.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let mut file = File::open(path).map_err(|fault| named(path, &fault))?.take(MOST + 1);
    file.read_to_string(&mut text).map_err(|fault| named(path, &fault))?;
    if file.limit() == 0 {
        return Err(format!("{}: larger than {} MiB", path.display(), MOST / 1024 / 1024));
    }
    Ok(text)
}

/// Whether [`write`] will do, before the work whose result is written.
pub(super) fn check(path: &Path, ours: impl Fn(&str) -> bool) -> Result<(), String> {
    let there = match path.symlink_metadata() {
        Err(fault) if fault.kind() == ErrorKind::NotFound => false,
        Err(fault) => return Err(named(path, &fault)),
        Ok(_) => true,
    };
    // No link is followed, and nothing is read of what may have no end, such as a device.
    if there && !(path.symlink_metadata().is_ok_and(|there| there.is_file()) && ours(&read(path)?)) {
        return Err(format!("{}: exists, and is not overwritten", path.display()));
    }
    let beside = beside(path);
    create(&beside).map_err(|fault| named(path, &fault))?;
    std::fs::remove_file(&beside).map_err(|fault| named(&beside, &fault))
}

/// Writes a file that only its owner may read, whole or not at all. One that exists is replaced if `ours` knows its text.
pub(super) fn write(path: &Path, text: &str, ours: impl Fn(&str) -> bool) -> Result<(), String> {
    check(path, ours)?;
    let beside = beside(path);
    let written = create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|fault| {
        let _ = std::fs::remove_file(&beside);
        named(path, &fault)
    })
}

/// Prints a text, or says that it could not: half a script is none.
pub(super) fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|fault| format!("standard output: {fault}"))
}

/// Where a file is written before it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// A file of our own, in place of what an earlier run has left, or somebody else's link.
fn create(path: &Path) -> std::io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match create() {
        Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            create()
        }
        made => made,
    }
}

fn named(path: &Path, fault: &std::io::Error) -> String {
    format!("{}: {fault}", path.display())
}
