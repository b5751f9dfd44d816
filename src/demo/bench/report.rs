//! The figures, each as a ratio within one run, with what it must not exceed and what is aimed at.

use std::fmt;
use std::time::Duration;

/// What was measured.
#[derive(Debug)]
pub struct Report {
    /// CPU of a post to the handler that only answers.
    pub(super) floor_cpu: Duration,
    /// From the start of that handler's process to its first answer.
    pub(super) floor_start: Duration,
    /// CPU of a returning sign-in, with ten people and an empty ledger.
    pub(super) cpu: Duration,
    /// The same with 10,000 profiles and ledger entries.
    pub(super) cpu_many_people: Duration,
    /// The same with 10,000 rules.
    pub(super) cpu_many_rules: Duration,
    /// The same with 10,000 identity providers.
    pub(super) cpu_many_idps: Duration,
    /// Resident memory after 10,000 sign-ins of 10,000 people.
    pub(super) resident_kib: u64,
    /// From the start of the process to the first redirect.
    pub(super) start: Duration,
    /// Sum of what STS, Describe and Presign are made to take.
    pub(super) calls: Duration,
    /// A returning sign-in then.
    pub(super) alone: Duration,
    /// 99th percentile with 32 at once.
    pub(super) crowd: Duration,
    /// The same of the AWS calls alone.
    pub(super) crowd_raw: Duration,
}

/// One line of the table.
struct Line {
    what: &'static str,
    measured: String,
    against: String,
    figure: f64,
    must: f64,
    aim: f64,
}

impl Report {
    /// Whether no figure is beyond what it must not exceed.
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.lines().iter().all(|line| line.figure <= line.must)
    }

    fn lines(&self) -> Vec<Line> {
        let ratio = |what, measured: Duration, against: Duration, must, aim| Line {
            what,
            measured: shown(measured),
            against: shown(against),
            figure: measured.as_secs_f64() / against.as_secs_f64().max(f64::MIN_POSITIVE),
            must,
            aim,
        };
        let added = self.crowd.saturating_sub(self.crowd_raw);
        let mebibytes = f64::from(u32::try_from(self.resident_kib).unwrap_or(u32::MAX)) / 1024.0;
        vec![
            ratio(
                "CPU of a returning sign-in / handler that answers 303",
                self.cpu,
                self.floor_cpu,
                25.0,
                12.0,
            ),
            ratio("start to first 303 / start of that handler", self.start, self.floor_start, 6.0, 3.0),
            Line {
                what: "resident after 10,000 sign-ins, MiB",
                measured: format!("{} KiB", self.resident_kib),
                against: String::new(),
                figure: mebibytes,
                must: 32.0,
                aim: 16.0,
            },
            ratio("returning sign-in / 80 + 60 + 150 ms of AWS", self.alone, self.calls, 0.85, 0.80),
            Line {
                what: "p99 added to the raw calls, 32 at once, ms",
                measured: shown(self.crowd),
                against: shown(self.crowd_raw),
                figure: added.as_secs_f64() * 1e3,
                must: 10.0,
                aim: 2.0,
            },
            ratio("CPU with 10,000 people and ledger entries / 10", self.cpu_many_people, self.cpu, 1.2, 1.2),
            ratio("CPU with 10,000 rules / 1", self.cpu_many_rules, self.cpu, 1.2, 1.2),
            ratio("CPU with 10,000 identity providers / 1", self.cpu_many_idps, self.cpu, 1.2, 1.2),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<54} {:>10} {:>10} {:>7} {:>6} {:>6}",
            "figure", "measured", "against", "", "must", "aim"
        )?;
        for Line { what, measured, against, figure, must, aim } in self.lines() {
            writeln!(f, "{what:<54} {measured:>10} {against:>10} {figure:>7.2} {must:>6.2} {aim:>6.2}")?;
        }
        Ok(())
    }
}

fn shown(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{micros} us"),
        _ => format!("{:.1} ms", time.as_secs_f64() * 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let micros = Duration::from_micros;
        Report {
            floor_cpu: micros(50),
            floor_start: micros(4_000),
            cpu: micros(500),
            cpu_many_people: micros(510),
            cpu_many_rules: micros(520),
            cpu_many_idps: micros(490),
            resident_kib: 15 * 1024,
            start: micros(11_000),
            calls: micros(290_000),
            alone: micros(231_000),
            crowd: micros(235_000),
            crowd_raw: micros(234_000),
        }
    }

    #[test]
    fn every_figure_counts() {
        assert!(report().is_within());
        for spoil in [
            |report: &mut Report| report.cpu *= 3,
            |report: &mut Report| report.start *= 3,
            |report: &mut Report| report.resident_kib *= 3,
            |report: &mut Report| report.alone *= 2,
            |report: &mut Report| report.crowd *= 2,
            |report: &mut Report| report.cpu_many_people *= 2,
            |report: &mut Report| report.cpu_many_rules *= 2,
            |report: &mut Report| report.cpu_many_idps *= 2,
        ] {
            let mut spoilt = report();
            spoil(&mut spoilt);
            assert!(!spoilt.is_within(), "{spoilt}");
        }
    }

    #[test]
    fn the_table_has_ratios() {
        let table = report().to_string();
        assert!(table.contains("500 us      50 us   10.00  25.00  12.00"), "{table}");
        assert!(table.contains("231.0 ms   290.0 ms    0.80"), "{table}");
    }
}
