//! When a backend may begin work: the minutes that cron patterns say, by the clocks of a time zone.
//!
//! A pattern names minutes of the local day, so a window follows the clocks of its zone: minutes that are left out in spring
//! do not come that night, and those that come twice in autumn are open twice.

use std::fmt;

use croner::{Cron, parser::CronParser, parser::Seconds};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Unit, Zoned};

/// The patterns of a backend, at least one.
#[derive(Clone)]
pub struct Windows {
    /// Each as it was written, and as it was read.
    patterns: Vec<(String, Cron)>,
    zone: TimeZone,
}

/// A pattern that cannot be used, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadWindow(pub String);

/// Whether work may begin, and for how long that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It may; to be looked at again then.
    Open(Timestamp),
    /// It may not before then; `None` = no more.
    Shut(Option<Timestamp>),
}

impl Windows {
    /// Work may begin in each minute that one of the patterns says: `* 20-23,0-5 * * *` = at night.
    pub fn parse(patterns: &[impl AsRef<str>], zone: TimeZone) -> Result<Self, BadWindow> {
        if patterns.is_empty() {
            return Err(BadWindow("without a pattern no work would ever begin".to_owned()));
        }
        let pattern = |text: &str| parse(text).map(|cron| (text.trim().to_owned(), cron));
        let patterns = patterns.iter().map(|text| pattern(text.as_ref())).collect::<Result<_, _>>()?;
        Ok(Windows { patterns, zone })
    }

    /// Whether work may begin now.
    pub fn at(&self, now: Timestamp) -> Opening {
        let local = now.to_zoned(self.zone.clone());
        let Ok(minute) =
            local.round(jiff::ZonedRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Trunc))
        else {
            return Opening::Shut(None);
        };
        if self.fit(&minute) {
            let next = minute.timestamp().checked_add(SignedDuration::from_mins(1));
            return Opening::Open(next.unwrap_or(Timestamp::MAX));
        }
        let opens = |cron: &Cron| cron.find_next_occurrence(&local, false).ok().map(|next| next.timestamp());
        Opening::Shut(self.patterns.iter().filter_map(|(_, cron)| opens(cron)).min())
    }

    /// What the next change of the clocks means for these windows, in a sentence; `None` = nothing, within a year.
    pub fn at_change_of_clocks(&self, now: Timestamp) -> Option<String> {
        let year = now.checked_add(SignedDuration::from_hours(366 * 24)).ok()?;
        let mut changes = self.zone.following(now).take_while(|change| change.timestamp() < year);
        changes.find_map(|change| self.told_of(change.timestamp()))
    }

    /// What becomes of these windows when the clocks are changed at this time.
    fn told_of(&self, at: Timestamp) -> Option<String> {
        let before = self.zone.to_offset(at.checked_sub(SignedDuration::from_secs(1)).ok()?);
        let after = self.zone.to_offset(at);
        let (old, new) = (before.to_datetime(at), after.to_datetime(at));
        let minutes = self.minutes(old.min(new), old.max(new));
        let (how, what) = if old < new { ("forward", "do not come") } else { ("back", "come twice") };
        (minutes > 0).then(|| {
            let (day, time) = (old.strftime("%Y-%m-%d"), old.strftime("%H:%M"));
            let zone = self.zone.iana_name().unwrap_or("this machine");
            format!(
                "on {day} at {time} the clocks of {zone} go {how}: {minutes} minutes of the windows {what}"
            )
        })
    }

    /// Whether one of the patterns says this minute.
    fn fit(&self, minute: &Zoned) -> bool {
        self.patterns.iter().any(|(_, cron)| cron.is_time_matching(minute).unwrap_or(false))
    }

    /// How many minutes of the windows lie between two times of the local day.
    fn minutes(&self, from: DateTime, to: DateTime) -> usize {
        let minutes = from.series(1.minute()).take_while(|minute| *minute < to);
        let fits = |minute: &DateTime| minute.to_zoned(TimeZone::UTC).is_ok_and(|plain| self.fit(&plain));
        minutes.filter(fits).count()
    }
}

fn parse(text: &str) -> Result<Cron, BadWindow> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
    let example = "\"* 20-23,0-5 * * *\" (at night)";
    let cron = parser.parse(text).map_err(|error| {
        BadWindow(format!("{text:?} is no cron pattern of minutes such as {example}: {error}"))
    })?;
    let long_ago = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    match cron.find_next_occurrence(&long_ago, true) {
        Ok(_) => Ok(cron),
        Err(_) => Err(BadWindow(format!(
            "{text:?} never comes: no day of any year fits it; write one such as {example}"
        ))),
    }
}

impl fmt::Display for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<&str> = self.patterns.iter().map(|(text, _)| text.as_str()).collect();
        write!(f, "{}", patterns.join("; "))?;
        match self.zone.iana_name() {
            Some(zone) => write!(f, " ({zone})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Windows({self})")
    }
}

impl PartialEq for Windows {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone && self.to_string() == other.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn paris(patterns: &[&str]) -> Windows {
        Windows::parse(patterns, TimeZone::get("Europe/Paris").unwrap()).unwrap()
    }

    #[test]
    fn open_in_the_minutes_of_the_patterns() {
        let nights = paris(&["* 20-23 * * mon-fri", "* * * * sat,sun"]);
        // A Friday in winter, 19:59:30 in Paris.
        assert_eq!(nights.at(at("2026-11-27T18:59:30Z")), Opening::Shut(Some(at("2026-11-27T19:00:00Z"))));
        assert_eq!(nights.at(at("2026-11-27T19:00:00Z")), Opening::Open(at("2026-11-27T19:01:00Z")));
        assert_eq!(nights.at(at("2026-11-29T22:59:59Z")), Opening::Open(at("2026-11-29T23:00:00Z")));
        assert_eq!(nights.at(at("2026-11-29T23:00:00Z")), Opening::Shut(Some(at("2026-11-30T19:00:00Z"))));
    }

    #[test]
    fn a_window_follows_the_clocks_of_its_zone() {
        let two = paris(&["* 2 * * *"]);
        // In spring there is no hour of two o'clock: the window does not come that night.
        let Opening::Shut(Some(next)) = two.at(at("2027-03-28T00:59:00Z")) else { panic!() };
        assert!(next >= at("2027-03-28T01:00:00Z"), "{next}");
        assert!(matches!(two.at(at("2027-03-28T01:00:00Z")), Opening::Shut(_)), "it is three o'clock");
        assert!(matches!(two.at(at("2027-03-29T00:30:00Z")), Opening::Open(_)), "the night after");
        // In autumn it comes twice.
        for minute in ["2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"] {
            assert!(matches!(two.at(at(minute)), Opening::Open(_)), "{minute}");
        }
        assert!(matches!(two.at(at("2027-10-31T02:00:00Z")), Opening::Shut(_)));
    }

    #[test]
    fn what_a_change_of_the_clocks_means_is_told() {
        assert_eq!(
            paris(&["* 2 * * *"]).at_change_of_clocks(at("2027-01-01T00:00:00Z")).unwrap(),
            "on 2027-03-28 at 02:00 the clocks of Europe/Paris go forward: 60 minutes of the windows do not come"
        );
        assert_eq!(
            paris(&["0-29 2 * * *"]).at_change_of_clocks(at("2027-04-01T00:00:00Z")).unwrap(),
            "on 2027-10-31 at 03:00 the clocks of Europe/Paris go back: 30 minutes of the windows come twice"
        );
        assert_eq!(paris(&["* 12 * * *"]).at_change_of_clocks(at("2027-01-01T00:00:00Z")), None);
        let utc = Windows::parse(&["* 2 * * *"], TimeZone::UTC).unwrap();
        assert_eq!(utc.at_change_of_clocks(at("2027-01-01T00:00:00Z")), None);
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for (wrong, why) in
            [("at night", "cron pattern"), ("0 0 31 4 *", "never comes"), ("0 * 2 * * *", "cron")]
        {
            let error = Windows::parse(&[wrong], TimeZone::UTC).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains(why), "{error}");
        }
        assert!(Windows::parse(&[] as &[&str], TimeZone::UTC).is_err());
    }
}
