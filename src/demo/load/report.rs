//! What came of it, in numbers.

use super::process::Watched;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How one person fared.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// Codes of the tries that were refused, at most two.
    pub(super) refused: Vec<String>,
    /// From coming to Studio, if they got there.
    pub(super) took: Option<Duration>,
    /// Whether their assertion opened Studio a second time.
    pub(super) replay_granted: bool,
}

/// How all fared so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    done: u32,
    at_once: u32,
    after_retry: u32,
    refused: BTreeMap<String, u32>,
    retried: BTreeMap<String, u32>,
    replays_granted: u32,
    milliseconds: Vec<f64>,
    /// Sign-ins that were done, and memory then (KiB).
    memory: Vec<(u32, u64)>,
}

impl Tally {
    pub(super) fn add(&mut self, tried: &Tried) {
        self.done += 1;
        self.replays_granted += u32::from(tried.replay_granted);
        match (tried.took, tried.refused.as_slice()) {
            (Some(took), refused) => {
                self.milliseconds.push(took.as_secs_f64() * 1_000.0);
                if let Some(code) = refused.first() {
                    self.after_retry += 1;
                    *self.retried.entry(code.clone()).or_default() += 1;
                } else {
                    self.at_once += 1;
                }
            }
            (None, refused) => {
                let code = refused.last().cloned().unwrap_or_default();
                *self.refused.entry(code).or_default() += 1;
            }
        }
    }

    pub(super) fn memory(&mut self, kib: u64) {
        self.memory.push((self.done, kib));
    }
}

/// The numbers of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How many signed in or tried to.
    pub sign_ins: u32,
    /// How long all took, in seconds.
    pub seconds: f64,
    /// Sign-ins granted per second.
    pub per_second: f64,
    /// Who was let in at the first try.
    pub granted_at_once: u32,
    /// Who was let in at the second.
    pub granted_after_retry: u32,
    /// What the first try of those had been refused with.
    pub retried: BTreeMap<String, u32>,
    /// Who was not let in, by the last code.
    pub refused: BTreeMap<String, u32>,
    /// Assertions that were granted twice. Has to be none.
    pub replays_granted: u32,
    /// Median of the time to be let in, in milliseconds.
    pub p50: f64,
    /// 95 of 100 were let in within so many milliseconds.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
    /// CPU time of the gateways for each sign-in, in milliseconds. Includes their start.
    pub cpu_each: f64,
    /// CPU time and memory of each gateway.
    pub processes: Vec<Process>,
    /// Memory of all gateways by sign-ins done, in KiB: ten points.
    pub memory: Vec<(u32, u64)>,
    /// Connections that were held open.
    pub idle: u32,
    /// How many of them answered at the end.
    pub idle_at_the_end: u32,
}

/// A gateway's process.
#[derive(Debug, Serialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// CPU time, in milliseconds.
    pub cpu_milliseconds: u64,
    /// Memory at the end, in KiB.
    pub resident: u64,
    /// The most memory that it had, in KiB.
    pub peak: u64,
}

impl Report {
    pub(super) fn new(
        mut tally: Tally,
        took: Duration,
        watched: Vec<Watched>,
        idle: u32,
        idle_at_the_end: u32,
    ) -> Self {
        tally.milliseconds.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let last = tally.milliseconds.len().saturating_sub(1);
            tally.milliseconds.get(last * percent / 100).copied().unwrap_or_default()
        };
        let (p50, p95, p99) = (at(50), at(95), at(99));
        let processes: Vec<_> = watched
            .into_iter()
            .filter_map(|mut watched| {
                Some(Process {
                    pid: watched.pid(),
                    cpu_milliseconds: watched.cpu_milliseconds()?,
                    resident: watched.resident()?,
                    peak: watched.peak()?,
                })
            })
            .collect();
        let cpu: Duration =
            processes.iter().map(|process| Duration::from_millis(process.cpu_milliseconds)).sum();
        let granted = tally.at_once + tally.after_retry;
        Self {
            sign_ins: tally.done,
            seconds: took.as_secs_f64(),
            per_second: f64::from(granted) / took.as_secs_f64().max(0.001),
            granted_at_once: tally.at_once,
            granted_after_retry: tally.after_retry,
            retried: tally.retried,
            refused: tally.refused,
            replays_granted: tally.replays_granted,
            p50,
            p95,
            p99,
            cpu_each: cpu.as_secs_f64() * 1_000.0 / f64::from(tally.done.max(1)),
            processes,
            memory: tenths(&tally.memory, tally.done),
            idle,
            idle_at_the_end,
        }
    }

    /// What must not be: somebody who was not let in, an assertion that was granted twice, a connection that was lost, and,
    /// if it is to be flat, memory that grew by more than so many per cent between the first tenth and the last.
    #[must_use]
    pub fn faults(&self, flat: Option<u32>) -> Vec<String> {
        let mut faults = Vec::new();
        let refused: u32 = self.refused.values().sum();
        for (count, what) in [
            (refused, "people were not let in"),
            (self.replays_granted, "assertions were granted twice"),
            (self.idle.saturating_sub(self.idle_at_the_end), "idle connections were lost"),
        ] {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        }
        let ends = self.memory.first().zip(self.memory.last());
        if let Some(((first, last), percent)) = ends.zip(flat)
            && last.1 * 100 > first.1 * u64::from(100 + percent)
        {
            faults.push(format!("memory grew from {} KiB to {} KiB", first.1, last.1));
        }
        faults
    }
}

/// The first sample after each tenth of all.
fn tenths(memory: &[(u32, u64)], all: u32) -> Vec<(u32, u64)> {
    (1..=10)
        .filter_map(|tenth| {
            let due = u64::from(all) * tenth / 10;
            memory.iter().find(|(done, _)| u64::from(*done) >= due).or(memory.last()).copied()
        })
        .collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "sign-ins         {} in {:.1} s: {:.1} per second",
            self.sign_ins, self.seconds, self.per_second
        )?;
        writeln!(
            f,
            "granted          {} at once, {} after a retry",
            self.granted_at_once, self.granted_after_retry
        )?;
        for (code, count) in &self.retried {
            writeln!(f, "  retried after  {count} {code}")?;
        }
        for (code, count) in &self.refused {
            writeln!(f, "refused          {count} {code}")?;
        }
        writeln!(f, "granted twice    {}", self.replays_granted)?;
        writeln!(f, "milliseconds     p50 {:.1}, p95 {:.1}, p99 {:.1}", self.p50, self.p95, self.p99)?;
        writeln!(f, "CPU each         {:.2} ms", self.cpu_each)?;
        for Process { pid, cpu_milliseconds, resident, peak } in &self.processes {
            writeln!(
                f,
                "process {pid:<8} CPU {cpu_milliseconds} ms, memory {resident} KiB, at most {peak} KiB"
            )?;
        }
        for (done, kib) in &self.memory {
            writeln!(f, "  after {done:<8} {kib} KiB")?;
        }
        if self.idle > 0 {
            writeln!(f, "idle             {} held, {} answer at the end", self.idle, self.idle_at_the_end)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(refused: &[&str], milliseconds: Option<u64>) -> Tried {
        Tried {
            refused: refused.iter().map(ToString::to_string).collect(),
            took: milliseconds.map(Duration::from_millis),
            replay_granted: false,
        }
    }

    #[test]
    fn everybody_is_counted_once() {
        let mut tally = Tally::default();
        for milliseconds in 1..=100 {
            tally.add(&tried(&[], Some(milliseconds)));
        }
        tally.add(&tried(&["connection"], Some(2_000)));
        tally.add(&tried(&["connection", "aws.timeout"], None));
        tally.memory(10);
        let report = Report::new(tally, Duration::from_secs(10), Vec::new(), 0, 0);
        assert_eq!((report.sign_ins, report.granted_at_once, report.granted_after_retry), (102, 100, 1));
        assert_eq!((report.retried["connection"], report.refused["aws.timeout"]), (1, 1));
        assert!((report.p50 - 51.0).abs() < 0.1 && (report.p99 - 100.0).abs() < 0.1, "{report}");
        assert!((report.per_second - 10.1).abs() < 0.01);
    }

    #[test]
    fn what_must_not_be_is_told() {
        let mut tally = Tally::default();
        tally.add(&tried(&[], Some(1)));
        tally.memory(1_000);
        tally.add(&tried(&["aws.timeout"], None));
        tally.add(&Tried { replay_granted: true, ..tried(&[], Some(1)) });
        for _ in 0..8 {
            tally.add(&tried(&[], Some(1)));
        }
        tally.memory(1_101);
        let report = Report::new(tally, Duration::from_secs(1), Vec::new(), 5, 3);
        let all = [
            "1 people were not let in",
            "1 assertions were granted twice",
            "2 idle connections were lost",
            "memory grew from 1000 KiB to 1101 KiB",
        ];
        assert_eq!(report.faults(Some(10)), all);
        assert_eq!(report.faults(Some(11)), all[..3]);
        assert_eq!(report.faults(None), all[..3]);
    }

    #[test]
    fn memory_is_told_for_each_tenth() {
        let samples: Vec<_> = (0..=50).map(|sample| (sample * 20, u64::from(sample))).collect();
        let told = tenths(&samples, 1_000);
        assert_eq!(told.len(), 10);
        assert_eq!((told[0], told[9]), ((100, 5), (1_000, 50)));
    }
}
