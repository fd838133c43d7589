//! Hours in which nothing is sent. Pure.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// From one time of the day to another, by the clocks of a time zone; over midnight where the second comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quiet {
    from: Time,
    until: Time,
    zone: TimeZone,
}

impl Quiet {
    /// As it is written: `22:00-07:00`. An error is a sentence.
    pub(crate) fn read(text: &str, zone: TimeZone) -> Result<Self, String> {
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let ends = text.split_once('-').and_then(|(from, until)| Some((time(from)?, time(until)?)));
        match ends {
            Some((from, until)) if from != until => Ok(Quiet { from, until, zone }),
            _ => Err(format!("{text:?} are no two times of the day such as 22:00-07:00")),
        }
    }

    /// Whether a moment lies within.
    pub(crate) fn holds(&self, at: Timestamp) -> bool {
        let time = at.to_zoned(self.zone.clone()).time();
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}–{}", self.from.strftime("%H:%M"), self.until.strftime("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_may_go_over_midnight_and_begin_and_end_on_the_minute() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let night = Quiet::read("22:00-07:00", zone.clone()).unwrap();
        let noon = Quiet::read(" 12:00 - 13:30 ", zone).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Paris is an hour ahead in winter.
        let cases = [
            ("2026-11-27T20:59:59Z", false, false),
            ("2026-11-27T21:00:00Z", true, false),
            ("2026-11-28T05:59:59Z", true, false),
            ("2026-11-28T06:00:00Z", false, false),
            ("2026-11-28T11:00:00Z", false, true),
            ("2026-11-28T12:30:00Z", false, false),
        ];
        for (moment, of_night, of_noon) in cases {
            assert_eq!((night.holds(at(moment)), noon.holds(at(moment))), (of_night, of_noon), "{moment}");
        }
        assert_eq!(night.to_string(), "22:00–07:00");
        for odd in ["", "22:00", "22-7", "24:00-07:00", "07:00-07:00", "a-b"] {
            assert!(Quiet::read(odd, TimeZone::UTC).unwrap_err().contains("22:00-07:00"), "{odd}");
        }
    }
}
