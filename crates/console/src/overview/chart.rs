//! The last hour in two charts: how much was done, and how long it took. Pure: time is an argument.

use std::fmt::Write as _;
use std::time::Duration;

use engine::Minute;
use http::page::Visit;
use jiff::Timestamp;

use crate::show::{When, span};

/// Minutes that are shown.
const MINUTES: i64 = 60;
/// The drawing, in its own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 130.0;

/// A minute's bar: jobs that succeeded, and on top of them those that failed.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) good: (String, String),
    pub(super) bad: (String, String),
}

/// What is drawn, and the same in words and figures.
pub(super) struct Charts {
    pub(super) bars: Vec<Bar>,
    /// Jobs of the tallest bar.
    pub(super) most: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    /// Pieces of the lines: half of the jobs took no longer, 95 of a hundred took no longer.
    pub(super) half: String,
    pub(super) nearly_all: String,
    pub(super) longest: String,
    /// Minutes in which anything happened, newest first.
    pub(super) rows: Vec<(When, Minute, String, String)>,
}

impl Charts {
    pub(super) fn new(v: &Visit, minutes: &[Minute], now: Timestamp) -> Self {
        let shown: Vec<(f64, &Minute)> =
            minutes.iter().filter_map(|m| Some((place(m.at, now)?, m))).collect();
        let most = shown.iter().map(|(_, m)| m.succeeded + m.failed).max().unwrap_or(0);
        let longest = shown.iter().filter_map(|(_, m)| m.p95.or(m.p50)).max().unwrap_or_default();
        let time = |time: Option<Duration>| time.map(|time| span(v, time)).unwrap_or_default();
        let ended = shown.iter().rev().filter(|(_, m)| m.succeeded + m.failed > 0);
        Charts {
            bars: shown.iter().map(|(x, m)| bar(*x, m, most)).collect(),
            succeeded: shown.iter().map(|(_, m)| m.succeeded).sum(),
            failed: shown.iter().map(|(_, m)| m.failed).sum(),
            half: line(&shown, longest, |m| m.p50),
            nearly_all: line(&shown, longest, |m| m.p95),
            longest: span(v, longest),
            rows: ended.map(|(_, m)| (m.at.into(), (*m).clone(), time(m.p50), time(m.p95))).collect(),
            most,
        }
    }

    /// Whether anything ended within the hour.
    pub(super) fn has_some(&self) -> bool {
        self.most > 0
    }
}

/// Where a minute is drawn; `None` = not within the hour.
#[expect(clippy::cast_precision_loss, reason = "minutes of an hour")]
fn place(at: Timestamp, now: Timestamp) -> Option<f64> {
    let ago = now.as_second().div_euclid(60) - at.as_second().div_euclid(60);
    let slot = slot();
    (0..MINUTES).contains(&ago).then(|| (MINUTES - 1 - ago) as f64 * slot)
}

fn bar(x: f64, minute: &Minute, most: u32) -> Bar {
    let high = |jobs: u32| HEIGHT * f64::from(jobs) / f64::from(most.max(1));
    let (good, bad) = (high(minute.succeeded), high(minute.failed));
    let number = |n: f64| format!("{n:.1}");
    Bar {
        x: number(x + 1.0),
        good: (number(HEIGHT - good), number(good)),
        bad: (number(HEIGHT - good - bad), number(bad)),
    }
}

/// A line through the minutes that have a value: an SVG path, broken where there is none for more than a minute.
fn line(shown: &[(f64, &Minute)], longest: Duration, value: impl Fn(&Minute) -> Option<Duration>) -> String {
    let slot = slot();
    let mut path = String::new();
    let mut last: Option<f64> = None;
    for (x, minute) in shown {
        let Some(time) = value(minute) else { continue };
        let share = if longest.is_zero() { 0.0 } else { time.as_secs_f64() / longest.as_secs_f64() };
        let joined = last.is_some_and(|last| x - last < 1.5 * slot);
        let (x, y) = (x + slot / 2.0, HEIGHT * (1.0 - share));
        // A point of its own is a short dash.
        // Writing to a string cannot fail.
        let _ =
            if joined { write!(path, "L{x:.1} {y:.1}") } else { write!(path, "M{:.1} {y:.1}h6", x - 3.0) };
        last = Some(x - slot / 2.0);
    }
    path
}

/// The width of a minute.
#[expect(clippy::cast_precision_loss, reason = "minutes of an hour")]
fn slot() -> f64 {
    WIDTH / MINUTES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(number: i64, succeeded: u32, failed: u32, p95: Option<u64>) -> Minute {
        let time = p95.map(Duration::from_millis);
        let at = Timestamp::from_second(number * 60).unwrap();
        Minute { at, accepted: 0, succeeded, failed, p50: time, p95: time }
    }

    #[test]
    fn the_last_hour_is_drawn_and_no_more() {
        let now = Timestamp::from_second(100 * 60 + 30).unwrap();
        assert_eq!(place(minute(100, 0, 0, None).at, now), Some(590.0));
        assert_eq!(place(minute(41, 0, 0, None).at, now), Some(0.0));
        assert_eq!(place(minute(40, 0, 0, None).at, now), None);
        assert_eq!(place(minute(101, 0, 0, None).at, now), None);
    }

    #[test]
    fn failures_stand_on_top_of_successes() {
        let drawn = bar(0.0, &minute(1, 3, 1, None), 4);
        assert_eq!(drawn.good, ("32.5".to_owned(), "97.5".to_owned()));
        assert_eq!(drawn.bad, ("0.0".to_owned(), "32.5".to_owned()));
        assert_eq!(bar(0.0, &minute(1, 0, 0, None), 0).good.1, "0.0");
    }

    #[test]
    fn a_line_is_broken_where_nothing_happened() {
        let minutes = [minute(1, 1, 0, Some(10)), minute(2, 1, 0, Some(5)), minute(4, 1, 0, Some(10))];
        let shown: Vec<_> = [0.0, 10.0, 30.0].into_iter().zip(&minutes).collect();
        let path = line(&shown, Duration::from_millis(10), |m| m.p95);
        assert_eq!(path, "M2.0 0.0h6L15.0 65.0M32.0 0.0h6");
    }
}
