//! Times and durations for people: in the local time zone, as short as can be. Programs get RFC 3339 in UTC.

use std::time::Duration;

use api::dto::Moved;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Shows times in one time zone.
#[derive(Clone, Debug)]
pub struct Times {
    zone: TimeZone,
}

impl Times {
    /// In the time zone of the machine.
    pub fn local() -> Self {
        Times { zone: TimeZone::system() }
    }

    /// In this one.
    pub fn in_zone(zone: TimeZone) -> Self {
        Times { zone }
    }

    /// `14:05:30.123`.
    pub fn clock(&self, at: Timestamp) -> String {
        self.show(at, "%H:%M:%S.%3f")
    }

    /// `14:05:30` today, `2026-11-21 14:05` otherwise.
    pub fn short(&self, at: Timestamp, now: Timestamp) -> String {
        let day = |t: Timestamp| t.to_zoned(self.zone.clone()).date();
        self.show(at, if day(at) == day(now) { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" })
    }

    /// `2026-11-21 14:05:30`.
    pub fn full(&self, at: Timestamp) -> String {
        self.show(at, "%Y-%m-%d %H:%M:%S")
    }

    /// Where a dead letter was sent on to, when and by whom.
    pub fn moved(&self, moved: &Moved) -> String {
        format!("to {}, by {} at {}", moved.to, moved.by, self.full(moved.at.0))
    }

    fn show(&self, at: Timestamp, format: &str) -> String {
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

/// How long something took: `3 ms`, `1.04 s`, `2 min 05 s`, `3 h 20 min`, `4 d 2 h`.
pub fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.2} s", time.as_secs_f64().min(59.99)),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// The time between two moments; none when the clock was set back between them.
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let shown = |millis| took(Duration::from_millis(millis));
        assert_eq!(shown(0), "0 ms");
        assert_eq!(shown(999), "999 ms");
        assert_eq!(shown(1_042), "1.04 s");
        assert_eq!(shown(59_999), "59.99 s");
        assert_eq!(shown(125_000), "2 min 05 s");
        assert_eq!(shown(12_000_000), "3 h 20 min");
        assert_eq!(shown(352_800_000), "4 d 2 h");
    }

    #[test]
    fn the_date_is_shown_when_it_is_not_today() {
        let times = Times::in_zone(TimeZone::UTC);
        let at: Timestamp = "2026-11-21T14:05:30.123Z".parse().unwrap();
        assert_eq!(times.clock(at), "14:05:30.123");
        assert_eq!(times.short(at, "2026-11-21T23:00:00Z".parse().unwrap()), "14:05:30");
        assert_eq!(times.short(at, "2026-11-22T00:00:00Z".parse().unwrap()), "2026-11-21 14:05");
        assert_eq!(times.full(at), "2026-11-21 14:05:30");
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_negative_duration() {
        let at: Timestamp = "2026-11-21T14:05:30Z".parse().unwrap();
        assert_eq!(between(at, at - Duration::from_secs(5)), Duration::ZERO);
    }
}
