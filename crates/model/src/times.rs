//! Times at which something is done: again and again after a pause, or as a cron pattern says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use croner::{Cron, parser::CronParser, parser::Seconds};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// When something is done.
#[derive(Clone)]
pub enum Times {
    /// So long after it was begun the last time.
    Every(Duration),
    /// In the minutes of a cron pattern, by the clocks of a time zone.
    At(Arc<Cron>, TimeZone),
}

/// A pattern that cannot be used, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTimes(pub String);

impl Times {
    /// At the times of a cron pattern: `0 2 * * *` = every night at two.
    pub fn cron(pattern: &str, zone: TimeZone) -> Result<Self, BadTimes> {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let cron = parser.parse(pattern).map_err(|error| {
            BadTimes(format!("{pattern:?} is no cron pattern such as \"0 2 * * *\": {error}"))
        })?;
        let long_ago = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        match cron.find_next_occurrence(&long_ago, true) {
            Ok(_) => Ok(Times::At(Arc::new(cron), zone)),
            Err(_) => Err(BadTimes(format!(
                "{pattern:?} never comes: no day of any year fits it; write one that does, such as \"0 2 * * *\""
            ))),
        }
    }

    /// The first time after this one; `None` = never again. What lies in an hour that the clocks leave out in spring comes
    /// right after it; what lies in one that comes twice in autumn comes once.
    pub fn after(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Times::Every(pause) => at.checked_add(SignedDuration::try_from(*pause).ok()?).ok(),
            Times::At(cron, zone) => {
                let next = cron.find_next_occurrence(&at.to_zoned(zone.clone()), false).ok()?;
                Some(next.timestamp()).filter(|next| *next > at)
            }
        }
    }

    /// When the clocks are changed next, if one of these times lies within the hour that is left out or comes twice, in a
    /// sentence; `None` = no such change within a year.
    pub fn at_change_of_clocks(&self, now: Timestamp) -> Option<String> {
        let Times::At(cron, zone) = self else { return None };
        let year = now.checked_add(SignedDuration::from_hours(366 * 24)).ok()?;
        let mut changes = zone.following(now).take_while(|change| change.timestamp() < year);
        changes.find_map(|change| told_of(cron, zone, change.timestamp()))
    }
}

fn told_of(cron: &Cron, zone: &TimeZone, at: Timestamp) -> Option<String> {
    let before = zone.to_offset(at.checked_sub(SignedDuration::from_secs(1)).ok()?).to_datetime(at);
    let after = zone.to_offset(at).to_datetime(at);
    let (from, to) = (before.min(after), before.max(after));
    // As if there were no change: local times as such.
    let first = cron.find_next_occurrence(&from.to_zoned(TimeZone::UTC).ok()?, true).ok()?;
    (first.datetime() < to).then(|| {
        let (day, time) = (before.strftime("%Y-%m-%d"), first.strftime("%H:%M"));
        let name = zone.iana_name().unwrap_or("this machine");
        if before < after {
            let until = after.strftime("%H:%M");
            format!("on {day} the clocks of {name} leave out {time}: what is done then is done at {until} or later")
        } else {
            format!("on {day} it is {time} twice by the clocks of {name}")
        }
    })
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Times::Every(pause) => match (pause.as_secs(), pause.subsec_nanos()) {
                (3600, 0) => f.write_str("every hour"),
                (60, 0) => f.write_str("every minute"),
                (1, 0) => f.write_str("every second"),
                (seconds, 0) if seconds % 3600 == 0 => write!(f, "every {} h", seconds / 3600),
                (seconds, 0) if seconds % 60 == 0 => write!(f, "every {} min", seconds / 60),
                _ => write!(f, "every {} s", pause.as_secs_f64()),
            },
            Times::At(cron, zone) => match zone.iana_name() {
                Some(zone) => write!(f, "{} ({zone})", cron.as_str()),
                None => f.write_str(cron.as_str()),
            },
        }
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Times({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_pause_is_told_in_the_largest_unit_that_fits() {
        for (seconds, told) in [
            (3600.0, "every hour"),
            (7200.0, "every 2 h"),
            (60.0, "every minute"),
            (5400.0, "every 90 min"),
            (1.0, "every second"),
            (90.0, "every 90 s"),
            (0.25, "every 0.25 s"),
        ] {
            assert_eq!(Times::Every(Duration::from_secs_f64(seconds)).to_string(), told);
        }
    }

    fn paris(pattern: &str) -> Times {
        Times::cron(pattern, TimeZone::get("Europe/Paris").unwrap()).unwrap()
    }

    /// All times from one on, up to another.
    fn between(times: &Times, from: &str, to: &str) -> Vec<String> {
        let next = |at: &Timestamp| times.after(*at);
        let all = std::iter::successors(next(&at(from)), next).take_while(|time| *time <= at(to));
        all.map(|time| time.to_string()).collect()
    }

    #[test]
    fn the_next_time_follows_pattern_and_zone() {
        let nightly = paris("0 2 * * *");
        assert_eq!(nightly.after(at("2026-11-22T00:30:00Z")), Some(at("2026-11-22T01:00:00Z")));
        assert_eq!(nightly.after(at("2026-11-22T01:00:00Z")), Some(at("2026-11-23T01:00:00Z")), "not twice");
        assert_eq!(nightly.after(at("2026-07-01T12:00:00Z")), Some(at("2026-07-02T00:00:00Z")), "summer");
        let minutely = Times::Every(Duration::from_mins(1));
        assert_eq!(minutely.after(at("2026-07-01T12:00:30Z")), Some(at("2026-07-01T12:01:30Z")));
    }

    #[test]
    fn a_nightly_time_comes_once_each_night_when_the_clocks_change() {
        let nightly = paris("30 2 * * *");
        let spring = between(&nightly, "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z");
        assert_eq!(spring.len(), 2, "{spring:?}");
        assert!(spring[0].starts_with("2027-03-28T01:"), "right after the hour that is left out: {spring:?}");
        assert_eq!(spring[1], "2027-03-29T00:30:00Z");
        let autumn = between(&nightly, "2027-10-30T12:00:00Z", "2027-11-01T12:00:00Z");
        assert_eq!(autumn, ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]);
    }

    #[test]
    fn an_hourly_time_comes_each_hour_when_the_clocks_change() {
        let hourly = paris("0 * * * *");
        for (from, to) in [
            ("2027-03-27T22:30:00Z", "2027-03-28T03:30:00Z"),
            ("2027-10-30T22:30:00Z", "2027-10-31T03:30:00Z"),
        ] {
            assert_eq!(between(&hourly, from, to).len(), 5, "{:?}", between(&hourly, from, to));
        }
    }

    #[test]
    fn what_a_change_of_the_clocks_means_is_told() {
        assert_eq!(
            paris("30 2 * * *").at_change_of_clocks(at("2027-01-01T00:00:00Z")).unwrap(),
            "on 2027-03-28 the clocks of Europe/Paris leave out 02:30: what is done then is done at 03:00 or later"
        );
        assert_eq!(
            paris("30 2 * * *").at_change_of_clocks(at("2027-04-01T00:00:00Z")).unwrap(),
            "on 2027-10-31 it is 02:30 twice by the clocks of Europe/Paris"
        );
        assert_eq!(paris("0 12 * * *").at_change_of_clocks(at("2027-01-01T00:00:00Z")), None);
    }

    #[test]
    fn a_pattern_that_never_comes_is_refused_and_a_rare_one_is_not() {
        for never in ["0 2 30 2 *", "0 0 31 4 *", "0 2 31 6,9,11 *"] {
            let error = Times::cron(never, TimeZone::UTC).unwrap_err().to_string();
            assert!(error.contains(never) && error.contains("never comes"), "{error}");
        }
        Times::cron("0 2 29 2 *", TimeZone::UTC).unwrap();
        Times::cron("0 2 31 12 *", TimeZone::UTC).unwrap();
        let error = Times::cron("every night", TimeZone::UTC).unwrap_err().to_string();
        assert!(error.contains("every night") && error.contains("0 2 * * *"), "{error}");
    }
}
