//! What the kernel says about a process (proc(5)).

use std::fs;

/// A process that is watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched {
    pid: u32,
}

impl Watched {
    pub(super) fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// Its number.
    pub(super) fn pid(self) -> u32 {
        self.pid
    }

    /// Memory that it has in RAM, in KiB; `None` when it is gone.
    pub(super) fn resident(&mut self) -> Option<u64> {
        self.of_status("VmRSS:")
    }

    /// The most that it ever had.
    pub(super) fn peak(self) -> Option<u64> {
        self.of_status("VmHWM:")
    }

    fn of_status(self, name: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// CPU time that it has used since it began, in milliseconds: user and system, all threads.
    pub(super) fn cpu_milliseconds(self) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // After the name, which may hold anything: state is field 3, utime and stime are 14 and 15.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
        // A tick is 1/100 s for everything outside the kernel (USER_HZ).
        Some((ticks(11)? + ticks(12)?) * 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_used_time() {
        let mut own = Watched::new(std::process::id());
        assert!(own.resident().unwrap() > 1_000);
        assert!(own.peak().unwrap() >= own.resident().unwrap() / 2);
        assert!(own.cpu_milliseconds().is_some());
    }

    #[test]
    fn a_process_that_is_gone_has_none() {
        let mut gone = Watched::new(u32::MAX);
        assert_eq!((gone.resident(), gone.cpu_milliseconds()), (None, None));
    }
}
