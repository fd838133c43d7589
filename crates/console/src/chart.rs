//! Two charts of a range of time: how much was done, and how long it took. Pure: what is drawn comes from the caller.

mod scale;

use std::fmt::Write as _;
use std::time::Duration;

use askama::Template;
use engine::{Range, Stretch};
use http::page::Visit;
use jiff::Timestamp;

use self::scale::{nice_count, nice_time};
use crate::show::{When, span};

/// The drawing, in its own units: it is stretched to the room there is.
const STEP: usize = 10;
const HEIGHT: f64 = 100.0;
/// Moments named below a chart.
const TICKS: usize = 4;

/// What is drawn.
#[derive(Template)]
#[template(path = "charts.html")]
pub(crate) struct Charts<'v> {
    v: &'v Visit,
    /// What it is about: the messages `chart-KIND-done` and `chart-KIND-took`.
    kind: &'static str,
    /// Each range: its word, its name, where it is shown, whether it is.
    ranges: Vec<(String, String, String, bool)>,
    /// What may be chosen: backends, each with whether it is.
    backends: Vec<(String, bool)>,
    chosen: Range,
    /// Where a choice leads.
    path: String,
    width: usize,
    bars: Vec<Bar>,
    /// What the lines at the top and in the middle stand for.
    most: [String; 2],
    longest: [String; 2],
    succeeded: u64,
    failed: u64,
    soft: u64,
    half: String,
    nearly_all: String,
    ticks: Vec<When>,
}

/// A stretch of time: what is drawn, where it leads, and what it says.
struct Bar {
    x: usize,
    good: (String, String),
    soft: (String, String),
    bad: (String, String),
    /// The jobs that ended in it, to which the state is added.
    link: String,
    at: String,
    until: String,
    /// In words; the time is put before it by whoever knows the reader's zone.
    says: String,
    took: String,
    /// Anything ended in it.
    any: bool,
    stretch: Stretch,
}

/// What the charts are about.
pub(crate) struct Subject<'s> {
    /// `jobs` or `attempts`.
    pub(crate) kind: &'static str,
    /// Where they are shown.
    pub(crate) path: &'s str,
    /// The backend that they are about.
    pub(crate) backend: Option<&'s str>,
    /// Backends to choose from; none = there is no choice.
    pub(crate) backends: Vec<String>,
}

impl<'v> Charts<'v> {
    pub(crate) fn new(v: &'v Visit, range: Range, stretches: Vec<Stretch>, about: &Subject<'_>) -> Self {
        let tallest = stretches.iter().map(ended).max().unwrap_or_default();
        let most = nice_count(tallest);
        let longest = nice_time(stretches.iter().filter_map(|s| s.p95.or(s.p50)).max().unwrap_or_default());
        let sum = |of: fn(&Stretch) -> u32| stretches.iter().map(|s| u64::from(of(s))).sum();
        let half_way = |count: u64| if count.is_multiple_of(2) { v.number(count / 2) } else { String::new() };
        let every = stretches.len().div_ceil(TICKS).max(1);
        let ticks = stretches.iter().step_by(every).map(|s| s.at.into());
        let link = |range: Range| {
            let of = about.backend.filter(|_| !about.backends.is_empty());
            let of = of.map(|name| format!("&backend={}", crate::show::segment(name))).unwrap_or_default();
            format!("{}?range={}{of}", about.path, range.as_str())
        };
        Charts {
            v,
            kind: about.kind,
            ranges: Range::ALL
                .map(|r| {
                    let [word, name] = ["short", "range"].map(|key| v.t(&format!("{key}-{}", r.as_str())));
                    (word, name, link(r), r == range)
                })
                .into(),
            backends: about
                .backends
                .iter()
                .map(|name| (name.clone(), about.backend == Some(name.as_str())))
                .collect(),
            chosen: range,
            path: about.path.to_owned(),
            width: stretches.len() * STEP,
            most: [v.number(most), half_way(most)],
            longest: [span(v, longest), span(v, longest / 2)],
            succeeded: sum(|s| s.succeeded),
            failed: sum(|s| s.failed),
            soft: sum(|s| s.soft),
            half: line(&stretches, longest, |s| s.p50),
            nearly_all: line(&stretches, longest, |s| s.p95),
            ticks: ticks.collect(),
            bars: stretches
                .into_iter()
                .enumerate()
                .map(|(place, stretch)| Bar::new(v, place * STEP, stretch, most, about.backend))
                .collect(),
        }
    }

    /// Whether anything ended within the range.
    fn has_some(&self) -> bool {
        self.succeeded + self.failed + self.soft > 0
    }

    /// The last of its bars, which the keyboard reaches first.
    fn last(&self) -> usize {
        self.width.saturating_sub(STEP)
    }

    /// The stretches in which anything ended, the newest first.
    fn rows(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().rev().filter(|bar| bar.any)
    }
}

impl Bar {
    fn new(v: &Visit, x: usize, stretch: Stretch, most: u64, backend: Option<&str>) -> Self {
        let (good, soft, bad) =
            (high(stretch.succeeded, most), high(stretch.soft, most), high(stretch.failed, most));
        let rect = |top: f64, high: f64| (format!("{top:.1}"), format!("{high:.1}"));
        let at = exact(stretch.at);
        let until = exact(stretch.until);
        let backend = backend.map(|name| format!("&backend={}", crate::show::segment(name)));
        let mut says =
            vec![v.count("chart-succeeded", stretch.succeeded), v.count("chart-failed", stretch.failed)];
        if stretch.soft > 0 {
            says.push(v.count("chart-soft", stretch.soft));
        }
        let took = stretch.p50.zip(stretch.p95).map(|(half, most)| {
            v.say("chart-within", &[("half", span(v, half).into()), ("most", span(v, most).into())])
        });
        Bar {
            x,
            good: rect(HEIGHT - good, good),
            soft: rect(HEIGHT - good - soft, soft),
            bad: rect(HEIGHT - good - soft - bad, bad),
            link: format!("/jobs?ended_since={at}&ended_until={until}{}", backend.unwrap_or_default()),
            any: ended(&stretch) > 0,
            says: says.join(", "),
            took: took.unwrap_or_else(|| v.t("chart-nothing")),
            at,
            until,
            stretch,
        }
    }

    /// The jobs that ended in it, one way or the other.
    fn ended(&self) -> String {
        format!("{}&state=succeeded&state=failed", self.link)
    }

    /// Its beginning, for a table.
    fn when(&self) -> When {
        self.stretch.at.into()
    }
}

/// How many ended in it, one way or another.
fn ended(stretch: &Stretch) -> u64 {
    u64::from(stretch.succeeded) + u64::from(stretch.failed) + u64::from(stretch.soft)
}

fn exact(at: Timestamp) -> String {
    format!("{at:.0}")
}

#[expect(clippy::cast_precision_loss, reason = "a drawing is a hundred units high")]
fn high(count: u32, most: u64) -> f64 {
    HEIGHT * f64::from(count) / most.max(1) as f64
}

/// A line through the stretches that have a value: an SVG path, broken where there is none.
#[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
fn line(stretches: &[Stretch], longest: Duration, value: impl Fn(&Stretch) -> Option<Duration>) -> String {
    let mut path = String::new();
    let mut joined = false;
    for (place, stretch) in stretches.iter().enumerate() {
        let Some(time) = value(stretch) else {
            joined = false;
            continue;
        };
        let share = if longest.is_zero() { 0.0 } else { time.as_secs_f64() / longest.as_secs_f64() };
        let (x, y) = (((place * STEP) + STEP / 2) as f64, HEIGHT * (1.0 - share));
        // A point of its own is a short dash. Writing to a string cannot fail.
        let _ =
            if joined { write!(path, "L{x:.0} {y:.1}") } else { write!(path, "M{:.0} {y:.1}h6", x - 3.0) };
        joined = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(place: i64, p95: Option<u64>) -> Stretch {
        let moment = |place: i64| Timestamp::from_second(place * 60).unwrap();
        let time = p95.map(Duration::from_millis);
        let (at, until) = (moment(place), moment(place + 1));
        Stretch { at, until, succeeded: 3, failed: 1, soft: 0, p50: time, p95: time }
    }

    #[test]
    fn a_line_is_broken_where_nothing_happened() {
        let all = [Some(10), Some(5), None, Some(10)].iter().zip(1..).map(|(p95, at)| stretch(at, *p95));
        let path = line(&all.collect::<Vec<_>>(), Duration::from_millis(10), |s| s.p95);
        assert_eq!(path, "M2 0.0h6L15 50.0M32 0.0h6");
    }

    #[test]
    fn heights_are_shares_of_the_whole() {
        assert!((high(3, 4) - 75.0).abs() < 1e-9 && high(0, 0).abs() < 1e-9);
        assert_eq!(ended(&stretch(1, None)), 4);
    }
}
