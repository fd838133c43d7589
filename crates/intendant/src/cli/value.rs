//! Values that are typed as text and mean something.

use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A moment: a date and time (`2026-11-21T18:00:00Z`), or a distance from now (`30s`, `5m`, `2h`, `3d`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Given as such.
    At(Timestamp),
    /// So far from now.
    Distance(SignedDuration),
}

impl When {
    /// The moment, when the distance points forward (a deadline).
    pub fn ahead_of(self, now: Timestamp) -> Timestamp {
        match self {
            When::At(time) => time,
            When::Distance(far) => now.saturating_add(far).unwrap_or(Timestamp::MAX),
        }
    }

    /// The moment, when the distance points back (a listing since then).
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            When::At(time) => time,
            When::Distance(far) => now.saturating_sub(far).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = text.parse() {
            return Ok(When::At(time));
        }
        duration(text).map(When::Distance).ok_or_else(|| {
            "write a date and time such as 2026-11-21T18:00:00Z, or a distance such as 30s, 5m, 2h, 3d"
                .to_owned()
        })
    }
}

/// A length of time: seconds (`30`), or with a unit (`500ms`, `30s`, `5m`, `2h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.parse().ok().map(Duration::from_secs);
        let with_unit = || duration(text).and_then(|d| Duration::try_from(d).ok());
        plain
            .or_else(with_unit)
            .map(Seconds)
            .ok_or_else(|| "write seconds such as 30, or a length of time such as 500ms, 5m".to_owned())
    }
}

/// Reads `5m`, `1h30m`, `3d`. Days are 24 hours: nobody means a change of clocks by `--since 3d`.
fn duration(text: &str) -> Option<SignedDuration> {
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
        return days.checked_mul(86_400).map(SignedDuration::from_secs).filter(|d| !d.is_negative());
    }
    text.parse::<SignedDuration>().ok().filter(|d| !d.is_negative())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_or_distances() {
        let now: Timestamp = "2026-11-21T18:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<When>().unwrap().ahead_of(now).to_string();
        assert_eq!(at("2026-11-22T01:02:03Z"), "2026-11-22T01:02:03Z");
        assert_eq!(at("2026-11-22T01:02:03+01:00"), "2026-11-22T00:02:03Z");
        assert_eq!(at("90s"), "2026-11-21T18:01:30Z");
        assert_eq!(at("1h30m"), "2026-11-21T19:30:00Z");
        assert_eq!("2d".parse::<When>().unwrap().before(now).to_string(), "2026-11-19T18:00:00Z");
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "soon", "-5m", "5", "99999999999999999d", "2026-13-01"] {
            assert!(text.parse::<When>().is_err(), "{text:?}");
        }
        for text in ["", "-1", "1.5.2", "soon"] {
            assert!(text.parse::<Seconds>().is_err(), "{text:?}");
        }
        assert_eq!("30".parse::<Seconds>().unwrap().0, Duration::from_secs(30));
        assert_eq!("500ms".parse::<Seconds>().unwrap().0, Duration::from_millis(500));
    }
}
