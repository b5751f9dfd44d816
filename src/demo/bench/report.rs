//! The figures, each as a ratio within one run, with what it must not exceed and what is aimed at.

use std::fmt;
use std::time::Duration;

/// What was measured.
#[derive(Debug)]
pub struct Report {
    /// CPU, round by round.
    pub(super) costs: Vec<Costs>,
    /// Resident memory after 10,000 sign-ins of 10,000 people.
    pub(super) resident_kib: u64,
    /// From the start of the process to the first redirect, and the same of the handler that only answers.
    pub(super) starts: Vec<Pair>,
    /// Sum of what STS, Describe and Presign are made to take.
    pub(super) calls: Duration,
    /// A returning sign-in then.
    pub(super) alone: Duration,
    /// 99th percentiles with 32 at once, and of the AWS calls alone.
    pub(super) crowds: Vec<Pair>,
}

/// CPU of a post to the handler that only answers, and of a returning sign-in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    pub(super) floor: Duration,
    /// With ten people.
    pub(super) few: Duration,
    /// With 10,000 profiles and ledger entries.
    pub(super) people: Duration,
    /// With 10,000 rules.
    pub(super) rules: Duration,
    /// With 10,000 identity providers.
    pub(super) idps: Duration,
}

/// Two times of one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) measured: Duration,
    pub(super) against: Duration,
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
        let mebibytes = f64::from(u32::try_from(self.resident_kib).unwrap_or(u32::MAX)) / 1024.0;
        let costs = |measured: fn(&Costs) -> Duration, against: fn(&Costs) -> Duration| {
            let pair = |round| Pair { measured: measured(round), against: against(round) };
            self.costs.iter().map(pair).collect::<Vec<_>>()
        };
        let alone = [Pair { measured: self.alone, against: self.calls }];
        vec![
            Line::of(
                "CPU of a returning sign-in / handler that answers 303",
                &costs(|round| round.few, |round| round.floor),
                Pair::ratio,
                (25.0, 12.0),
            ),
            Line::of("start to first 303 / start of that handler", &self.starts, Pair::ratio, (6.0, 3.0)),
            Line {
                what: "resident after 10,000 sign-ins, MiB",
                measured: format!("{} KiB", self.resident_kib),
                against: String::new(),
                figure: mebibytes,
                must: 32.0,
                aim: 16.0,
            },
            Line::of("returning sign-in / 80 + 60 + 150 ms of AWS", &alone, Pair::ratio, (0.85, 0.80)),
            Line::of("p99 added to the raw calls, 32 at once, ms", &self.crowds, Pair::added, (10.0, 2.0)),
            Line::of(
                "CPU with 10,000 people and ledger entries / 10",
                &costs(|round| round.people, |round| round.few),
                Pair::ratio,
                (1.2, 1.2),
            ),
            Line::of(
                "CPU with 10,000 rules / 1",
                &costs(|round| round.rules, |round| round.few),
                Pair::ratio,
                (1.2, 1.2),
            ),
            Line::of(
                "CPU with 10,000 identity providers / 1",
                &costs(|round| round.idps, |round| round.few),
                Pair::ratio,
                (1.2, 1.2),
            ),
        ]
    }
}

impl Line {
    /// Medians of all rounds, each by itself.
    fn of(what: &'static str, rounds: &[Pair], figure: fn(&Pair) -> f64, (must, aim): (f64, f64)) -> Self {
        Self {
            what,
            measured: shown(median(rounds, |round| round.measured.as_secs_f64())),
            against: shown(median(rounds, |round| round.against.as_secs_f64())),
            figure: median(rounds, figure),
            must,
            aim,
        }
    }
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.measured.as_secs_f64() / self.against.as_secs_f64()
    }

    /// In milliseconds.
    fn added(&self) -> f64 {
        (self.measured.as_secs_f64() - self.against.as_secs_f64()) * 1e3
    }
}

fn median(rounds: &[Pair], figure: impl Fn(&Pair) -> f64) -> f64 {
    let mut sorted: Vec<f64> = rounds.iter().map(figure).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    // What was not measured is not within anything.
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
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

fn shown(seconds: f64) -> String {
    if seconds < 0.01 { format!("{:.0} us", seconds * 1e6) } else { format!("{:.1} ms", seconds * 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let micros = Duration::from_micros;
        let pair = |measured, against| Pair { measured: micros(measured), against: micros(against) };
        let round = Costs {
            floor: micros(50),
            few: micros(500),
            people: micros(510),
            rules: micros(520),
            idps: micros(490),
        };
        Report {
            costs: vec![round; 3],
            resident_kib: 15 * 1024,
            starts: vec![pair(11_000, 4_000); 3],
            calls: micros(290_000),
            alone: micros(231_000),
            crowds: vec![pair(235_000, 234_000); 3],
        }
    }

    #[test]
    fn every_figure_counts() {
        assert!(report().is_within());
        for spoil in [
            |report: &mut Report| report.costs.iter_mut().for_each(|round| round.few *= 3),
            |report: &mut Report| report.starts.iter_mut().for_each(|pair| pair.measured *= 3),
            |report: &mut Report| report.resident_kib *= 3,
            |report: &mut Report| report.alone *= 2,
            |report: &mut Report| report.crowds.iter_mut().for_each(|pair| pair.measured *= 2),
            |report: &mut Report| report.costs.iter_mut().for_each(|round| round.people *= 2),
            |report: &mut Report| report.costs.iter_mut().for_each(|round| round.rules *= 2),
            |report: &mut Report| report.costs.iter_mut().for_each(|round| round.idps *= 2),
            |report: &mut Report| report.costs.clear(),
        ] {
            let mut spoilt = report();
            spoil(&mut spoilt);
            assert!(!spoilt.is_within(), "{spoilt}");
        }
    }

    #[test]
    fn one_disturbed_round_does_not_count() {
        let mut disturbed = report();
        disturbed.costs[1].few *= 10;
        disturbed.crowds[0].measured *= 10;
        assert!(disturbed.is_within(), "{disturbed}");
        disturbed.crowds[1].measured *= 10;
        assert!(!disturbed.is_within(), "two of three do");
    }

    #[test]
    fn the_table_has_ratios() {
        let table = report().to_string();
        assert!(table.contains("500 us      50 us   10.00  25.00  12.00"), "{table}");
        assert!(table.contains("231.0 ms   290.0 ms    0.80"), "{table}");
    }
}
