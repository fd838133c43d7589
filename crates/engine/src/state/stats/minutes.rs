//! The last 24 hours, minute by minute.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Histogram;

/// Minutes kept.
const KEPT: usize = 24 * 60;

/// What happened within a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minute {
    /// Its beginning.
    pub at: Timestamp,
    /// Jobs accepted.
    pub accepted: u32,
    /// Jobs that succeeded.
    pub succeeded: u32,
    /// Jobs that failed.
    pub failed: u32,
    /// From acceptance to success or failure: half of the jobs took no longer.
    pub p50: Option<Duration>,
    /// The same for 95 of a hundred.
    pub p95: Option<Duration>,
}

/// The same as it is counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Minutes since 1970.
    number: i64,
    pub(super) accepted: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    pub(super) latency: Histogram,
}

/// Minutes in which anything happened, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Minutes {
    past: VecDeque<Tally>,
    current: Option<Tally>,
}

impl Minutes {
    /// The minute of this time. When the clock was set back, the last one.
    pub(super) fn at(&mut self, now: Timestamp) -> &mut Tally {
        let number = now.as_second().div_euclid(60);
        if let Some(over) = self.current.take_if(|current| current.number < number) {
            self.past.push_back(over);
            let oldest = number - i64::try_from(KEPT).unwrap_or(i64::MAX);
            while self.past.pop_front_if(|first| first.number <= oldest).is_some() {}
        }
        self.current.get_or_insert_with(|| Tally { number, ..Tally::default() })
    }

    /// All minutes from the first to the last, also those in which nothing happened.
    pub(super) fn view(&self) -> Vec<Minute> {
        let Some(last) = &self.current else { return Vec::new() };
        let first = self.past.front().unwrap_or(last);
        let mut counted = self.past.iter().chain([last]).peekable();
        let minute = |number: i64| {
            let tally = counted.next_if(|tally| tally.number == number).cloned().unwrap_or_default();
            let since = SignedDuration::from_mins(number);
            Minute {
                at: Timestamp::UNIX_EPOCH.checked_add(since).unwrap_or(Timestamp::MAX),
                accepted: tally.accepted,
                succeeded: tally.succeeded,
                failed: tally.failed,
                p50: tally.latency.quantile(0.5),
                p95: tally.latency.quantile(0.95),
            }
        };
        (first.number..=last.number).map(minute).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60 + 7).unwrap()
    }

    #[test]
    fn gaps_are_filled_and_old_minutes_are_forgotten() {
        let mut minutes = Minutes::default();
        minutes.at(at(10)).accepted += 1;
        minutes.at(at(13)).accepted += 2;
        // Set back: it counts where the clock was.
        minutes.at(at(11)).accepted += 4;
        let view = minutes.view();
        assert_eq!(view.iter().map(|m| m.accepted).collect::<Vec<_>>(), [1, 0, 0, 6]);
        assert_eq!(view[1].at, Timestamp::from_second(11 * 60).unwrap());
        minutes.at(at(10 + 1440)).accepted += 8;
        let view = minutes.view();
        assert_eq!((view.len(), view[0].accepted, view[1437].accepted), (1438, 6, 8));
        minutes.at(at(5_000)).failed += 1;
        assert_eq!(minutes.view().len(), 1);
    }
}
