//! What happened in the last 30 days, in slots of three lengths. Each length is a ring of fixed size, so that what is kept
//! is bounded and nothing has to be tidied; a slot whose time is not asked for is as good as empty. Pure: the time is an
//! argument.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use model::OutcomeKind;
use serde::{Deserialize, Serialize};

use super::{Histogram, named};

/// How far back is looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// The last hour, by minutes.
    Hour,
    /// The last 24 hours, by quarters of an hour.
    #[default]
    Day,
    /// The last seven days, by two hours.
    Week,
    /// The last 30 days, by six hours.
    Month,
}

impl Range {
    /// All of them, the shortest first.
    pub const ALL: [Range; 4] = [Range::Hour, Range::Day, Range::Week, Range::Month];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Range::Hour => "1h",
            Range::Day => "24h",
            Range::Week => "7d",
            Range::Month => "30d",
        }
    }

    /// The range of that name.
    pub fn of_word(word: &str) -> Option<Self> {
        Range::ALL.into_iter().find(|range| range.as_str() == word)
    }

    /// How long each of its stretches is.
    pub fn step(self) -> Duration {
        Duration::from_secs(self.ring().seconds().unsigned_abs() * self.slots().unsigned_abs())
    }

    fn ring(self) -> Length {
        match self {
            Range::Hour => Length::Minute,
            Range::Day => Length::Quarter,
            Range::Week | Range::Month => Length::Hour,
        }
    }

    /// How many slots of its ring make a stretch.
    fn slots(self) -> i64 {
        match self {
            Range::Hour | Range::Day => 1,
            Range::Week => 2,
            Range::Month => 6,
        }
    }

    fn stretches(self) -> i64 {
        match self {
            Range::Hour => 60,
            Range::Day => 96,
            Range::Week => 84,
            Range::Month => 120,
        }
    }
}

/// A stretch of time, and what happened in it: to jobs, or of attempts on one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub at: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Jobs or attempts that succeeded.
    pub succeeded: u32,
    /// Those that failed for good.
    pub failed: u32,
    /// Attempts that failed for now. Of jobs there are none.
    pub soft: u32,
    /// From acceptance to success or failure of jobs, or from start to end of attempts: half took no longer.
    pub p50: Option<Duration>,
    /// The same for 95 of a hundred.
    pub p95: Option<Duration>,
}

/// What ended within a slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    pub(super) soft: u32,
    pub(super) took: Histogram,
}

impl Ended {
    /// Counts one that ended so.
    pub(super) fn note(&mut self, outcome: OutcomeKind, took: Duration) {
        let counted = match outcome {
            OutcomeKind::Done => &mut self.succeeded,
            OutcomeKind::Hard => &mut self.failed,
            OutcomeKind::Soft => &mut self.soft,
            // Nothing has ended.
            OutcomeKind::Wait => return,
        };
        *counted = counted.saturating_add(1);
        self.took.note(took);
    }

    fn add(&mut self, other: &Ended) {
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        self.failed = self.failed.saturating_add(other.failed);
        self.soft = self.soft.saturating_add(other.soft);
        self.took.add(&other.took);
    }
}

/// What happened within a slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) jobs: Ended,
    pub(super) backends: BTreeMap<String, Ended>,
}

impl Tally {
    pub(super) fn backend(&mut self, name: &str) -> &mut Ended {
        named(&mut self.backends, name)
    }
}

/// How long the slots of a ring are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Minute,
    Quarter,
    Hour,
}

impl Length {
    const ALL: [Length; 3] = [Length::Minute, Length::Quarter, Length::Hour];

    fn seconds(self) -> i64 {
        match self {
            Length::Minute => 60,
            Length::Quarter => 900,
            Length::Hour => 3600,
        }
    }

    /// Slots of the ring: one more than are shown, since the first and the last are there in part.
    fn places(self) -> usize {
        match self {
            Length::Minute => 61,
            Length::Quarter => 97,
            Length::Hour => 30 * 24 + 6,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Length::Minute => "minute",
            Length::Quarter => "quarter",
            Length::Hour => "hour",
        }
    }

    /// The number of the slot of this time, since 1970.
    fn number(self, at: Timestamp) -> i64 {
        at.as_second().div_euclid(self.seconds())
    }

    fn place(self, number: i64) -> usize {
        let places = i64::try_from(self.places()).unwrap_or(i64::MAX);
        usize::try_from(number.rem_euclid(places)).unwrap_or_default()
    }
}

/// A slot of a ring.
#[derive(Clone, Debug, Default)]
struct Slot {
    number: i64,
    tally: Tally,
    /// Grows with each change.
    changes: u32,
    /// So many of them are in the journal.
    kept: u32,
}

/// A slot as it is kept in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    number: i64,
    tally: Tally,
}

/// A slot that is to be written: under which key, what, and what to say when it was.
pub(crate) struct Unkept {
    pub(crate) key: String,
    pub(crate) slot: Kept,
    changes: u32,
}

/// The rings.
#[derive(Clone, Debug)]
pub(super) struct History(Vec<(Length, Vec<Slot>)>);

impl Default for History {
    fn default() -> Self {
        History(Length::ALL.map(|length| (length, vec![Slot::default(); length.places()])).into())
    }
}

impl History {
    /// Counts something that happens now. A clock that was set back or ahead harms the slots it shows, and no others.
    pub(super) fn note(&mut self, now: Timestamp, count: impl Fn(&mut Tally)) {
        for (length, ring) in &mut self.0 {
            let number = length.number(now);
            let Some(slot) = ring.get_mut(length.place(number)) else { continue };
            if slot.number != number {
                *slot = Slot { number, changes: slot.changes, ..Slot::default() };
            }
            slot.changes = slot.changes.wrapping_add(1);
            count(&mut slot.tally);
        }
    }

    /// The stretches of a range up to now, oldest first, also those in which nothing happened; of jobs, or of a backend.
    /// Together with what was counted elsewhere.
    pub(super) fn view<'h>(
        &'h self,
        elsewhere: impl Iterator<Item = &'h History>,
        range: Range,
        backend: Option<&str>,
        now: Timestamp,
    ) -> Vec<Stretch> {
        let all: Vec<&History> = std::iter::once(self).chain(elsewhere).collect();
        let (length, slots) = (range.ring(), range.slots());
        let last = length.number(now).div_euclid(slots);
        let stretch = |number: i64| {
            let mut sum = Ended::default();
            for slot in number * slots..(number + 1) * slots {
                for tally in all.iter().filter_map(|history| history.tally(length, slot)) {
                    let ended = match backend {
                        Some(backend) => tally.backends.get(backend),
                        None => Some(&tally.jobs),
                    };
                    if let Some(ended) = ended {
                        sum.add(ended);
                    }
                }
            }
            let moment = |number: i64| {
                let seconds = number.saturating_mul(slots).saturating_mul(length.seconds());
                Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
            };
            Stretch {
                at: moment(number),
                until: moment(number + 1),
                succeeded: sum.succeeded,
                failed: sum.failed,
                soft: sum.soft,
                p50: sum.took.quantile(0.5),
                p95: sum.took.quantile(0.95),
            }
        };
        (last + 1 - range.stretches()..=last).map(stretch).collect()
    }

    fn tally(&self, length: Length, number: i64) -> Option<&Tally> {
        let slot = self.ring(length)?.get(length.place(number))?;
        (slot.number == number).then_some(&slot.tally)
    }

    fn ring(&self, length: Length) -> Option<&Vec<Slot>> {
        self.0.iter().find(|(of, _)| *of == length).map(|(_, ring)| ring)
    }

    /// What the journal does not know yet.
    pub(super) fn unkept(&self) -> Vec<Unkept> {
        let all = self.0.iter().flat_map(|(length, ring)| {
            ring.iter().enumerate().map(move |(place, slot)| (*length, place, slot))
        });
        all.filter(|(.., slot)| slot.changes != slot.kept)
            .map(|(length, place, slot)| Unkept {
                key: format!("{}/{place}", length.name()),
                slot: Kept { number: slot.number, tally: slot.tally.clone() },
                changes: slot.changes,
            })
            .collect()
    }

    /// This is in the journal now.
    pub(super) fn keep<'w>(&mut self, written: impl IntoIterator<Item = &'w Unkept>) {
        for Unkept { key, changes, .. } in written {
            if let Some(slot) = self.at(key) {
                slot.kept = *changes;
            }
        }
    }

    /// What the journal has, read at the start, before anything is counted.
    pub(super) fn load(&mut self, key: &str, kept: Kept) {
        if let Some(slot) = self.at(key) {
            *slot = Slot { number: kept.number, tally: kept.tally, ..Slot::default() };
        }
    }

    /// Whether no range shows this slot any more.
    pub(super) fn is_over(&self, key: &str, now: Timestamp) -> bool {
        let Some((length, ring, place)) = self.place(key) else { return true };
        let places = i64::try_from(length.places()).unwrap_or(i64::MAX);
        ring.get(place).is_none_or(|slot| length.number(now) - slot.number > places)
    }

    fn place(&self, key: &str) -> Option<(Length, &Vec<Slot>, usize)> {
        let (length, place) = key.split_once('/')?;
        let (length, ring) = self.0.iter().find(|(of, _)| of.name() == length)?;
        Some((*length, ring, place.parse().ok()?))
    }

    fn at(&mut self, key: &str) -> Option<&mut Slot> {
        let (length, place) = key.split_once('/')?;
        let (_, ring) = self.0.iter_mut().find(|(of, _)| of.name() == length)?;
        ring.get_mut(place.parse::<usize>().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60 + 7).unwrap()
    }

    fn succeed(history: &mut History, minute: i64, times: u32) {
        history.note(at(minute), |tally| {
            tally.jobs.succeeded += times;
            tally.backend("b").failed += times;
        });
    }

    fn succeeded(history: &History, range: Range, minute: i64) -> Vec<(usize, u32)> {
        let view = history.view([].iter(), range, None, at(minute));
        let counted = view.iter().enumerate().filter(|(_, stretch)| stretch.succeeded > 0);
        counted.map(|(place, stretch)| (place, stretch.succeeded)).collect()
    }

    #[test]
    fn each_range_shows_what_lies_in_it() {
        let mut history = History::default();
        succeed(&mut history, 100_000, 1);
        succeed(&mut history, 100_030, 2);
        assert_eq!(succeeded(&history, Range::Hour, 100_030), [(29, 1), (59, 2)]);
        assert_eq!(succeeded(&history, Range::Hour, 100_060), [(29, 2)]);
        assert_eq!(succeeded(&history, Range::Day, 100_060).iter().map(|(_, n)| n).sum::<u32>(), 3);
        assert_eq!(succeeded(&history, Range::Month, 100_000 + 29 * 1440).len(), 1);
        assert!(succeeded(&history, Range::Month, 100_000 + 31 * 1440).is_empty());
        let view = history.view([].iter(), Range::Hour, Some("b"), at(100_030));
        assert_eq!(
            (view.len(), view[59].failed, view[59].at),
            (60, 2, Timestamp::from_second(100_030 * 60).unwrap())
        );
        assert!(
            history
                .view([].iter(), Range::Hour, Some("c"), at(100_030))
                .iter()
                .all(|stretch| stretch.failed == 0)
        );
    }

    #[test]
    fn a_clock_that_jumps_ahead_and_back_loses_nothing_of_the_day() {
        let mut history = History::default();
        succeed(&mut history, 100_000, 1);
        succeed(&mut history, 100_000 + 30 * 1440, 5);
        succeed(&mut history, 100_001, 2);
        assert_eq!(succeeded(&history, Range::Hour, 100_001), [(58, 1), (59, 2)]);
    }

    #[test]
    fn what_is_kept_is_there_again_and_is_written_once() {
        let mut history = History::default();
        succeed(&mut history, 100_000, 3);
        let written = history.unkept();
        assert_eq!(written.len(), 3);
        // Something happens while it is written.
        succeed(&mut history, 100_000, 4);
        history.keep(&written);
        assert_eq!(history.unkept().len(), 3);
        let last = history.unkept();
        history.keep(&last);
        assert!(history.unkept().is_empty());
        let mut again = History::default();
        for Unkept { key, slot, .. } in last {
            again.load(&key, slot);
        }
        assert!(again.unkept().is_empty());
        for range in Range::ALL {
            assert_eq!(
                again.view([].iter(), range, Some("b"), at(100_001)),
                history.view([].iter(), range, Some("b"), at(100_001))
            );
        }
        assert_eq!(succeeded(&again, Range::Hour, 100_000), [(59, 7)]);
        again.load("minute/5000", Kept { number: 1, tally: Tally::default() });
        again.load("century/1", Kept { number: 1, tally: Tally::default() });
    }

    #[test]
    fn what_was_counted_elsewhere_is_seen_with_it() {
        let (mut own, mut other) = (History::default(), History::default());
        succeed(&mut own, 100_000, 3);
        succeed(&mut other, 100_000, 4);
        succeed(&mut other, 100_001, 1);
        let view = own.view([&other].into_iter(), Range::Hour, None, at(100_001));
        assert_eq!((view[58].succeeded, view[59].succeeded), (7, 1));
        assert!(!own.is_over("minute/20", at(100_001)) || own.is_over("minute/20", at(200_000)));
        assert!(own.is_over("century/1", at(0)));
    }

    #[test]
    fn ranges_are_named_and_as_long_as_they_say() {
        for range in Range::ALL {
            assert_eq!(Range::of_word(range.as_str()), Some(range));
        }
        let long = |range: Range| range.step() * u32::try_from(range.stretches()).unwrap();
        assert_eq!(Range::ALL.map(long).map(|length| length.as_secs() / 3600), [1, 24, 7 * 24, 30 * 24]);
    }
}
