//! Who comes when.

use std::time::Duration;

/// Who comes when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// So many at a time, each new one when another is done.
    Steady {
        /// How many sign-ins there are.
        sign_ins: u32,
        /// How many are under way.
        at_once: u32,
    },
    /// The hour around nine on a Monday, so many times faster than it is.
    Morning {
        /// How many people come in that hour.
        people: u32,
        /// How many times faster.
        compress: u32,
    },
}

/// Minutes of the hour: from half past eight to half past nine.
const MINUTES: u32 = 60;
/// Nine o'clock: when the calendar of half the company says that something begins.
const NINE: u32 = 30;

/// How many come in a minute, compared with others: a few all the time, a wave that rises towards nine and falls after it
/// (with a standard deviation of eight minutes), and twice as many in the minute of nine itself. So in the busiest
/// minute, five times as many come as in the average one.
fn weight(minute: u32) -> f64 {
    let away = (f64::from(minute) - f64::from(NINE)) / 8.0;
    let wave = 1.0 + 9.0 * (-away * away / 2.0).exp();
    if minute == NINE { 2.0 * wave } else { wave }
}

/// When each of them comes, after the beginning. Within a minute, evenly.
pub(super) fn times(people: u32, compress: u32) -> impl Iterator<Item = Duration> {
    let all: f64 = (0..MINUTES).map(weight).sum();
    let minute = Duration::from_mins(1) / compress.max(1);
    let mut due = 0.0;
    let mut come = 0;
    (0..MINUTES).flat_map(move |number| {
        due += f64::from(people) * weight(number) / all;
        let mut now = 0;
        // The last minute has whoever is left.
        while come + now < people && (f64::from(come + now) < due || number + 1 == MINUTES) {
            now += 1;
        }
        come += now;
        (0..now).map(move |one| minute * number + minute * one / now)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_within_the_hour_in_order() {
        for people in [1, 59, 50_000] {
            let times: Vec<_> = times(people, 1).collect();
            assert_eq!(times.len(), usize::try_from(people).unwrap());
            assert!(times.is_sorted());
            assert!(*times.last().unwrap() < Duration::from_hours(1));
        }
    }

    #[test]
    fn the_minute_of_nine_is_five_times_the_average() {
        let at_nine = Duration::from_mins(30)..Duration::from_mins(31);
        let busiest = times(60_000, 1).filter(|time| at_nine.contains(time)).count();
        assert!((4_500..5_500).contains(&busiest), "{busiest}");
    }

    #[test]
    fn an_hour_is_replayed_faster() {
        let (slow, fast): (Vec<_>, Vec<_>) = (times(1_000, 1).collect(), times(1_000, 60).collect());
        assert!(*fast.last().unwrap() <= Duration::from_mins(1));
        assert!((slow[500].as_secs_f64() / 60.0 - fast[500].as_secs_f64()).abs() < 0.01);
    }
}
