//! A process that is measured from outside: what it has taken of CPU and memory, as Linux counts it.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

/// Of `utime` and `stime` there are a hundred in a second, on every Linux that this runs on (proc(5), `USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// This program, run once more with another command. Dropping it ends it.
pub(super) struct Child(Process);

impl Child {
    /// Starts the service with a configuration file.
    pub(super) fn gateway(configuration: &Path) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", "--config"])
            .arg(configuration)
            .env("AWS_ACCESS_KEY_ID", super::super::world::ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", super::super::world::SECRET_ACCESS_KEY)
            .stdout(Stdio::null());
        command.spawn().map(Self)
    }

    /// Starts a part of the measurement, which says in its first line where it listens.
    pub(super) fn part(arguments: &[&str]) -> io::Result<(Self, String)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["demo", "bench"]).args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let child = Self(child);
        BufReader::new(stdout).read_line(&mut line)?;
        Ok((child, line.trim().to_owned()))
    }

    /// CPU time so far, of all threads, in user and kernel mode, to 10 ms.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        let stat = self.proc("stat")?;
        // The second field is a name in brackets; utime and stime are fields 14 and 15 (proc(5)).
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: Vec<u32> =
            after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Ok(TICK * ticks.iter().sum())
    }

    /// Resident memory now, in KiB.
    pub(super) fn resident(&self) -> io::Result<u64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let size = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
        size.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.0.id()))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
