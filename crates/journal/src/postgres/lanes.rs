//! Where lanes begin. Rows of jobs that have begun or ended, and that nobody may vacuum yet, since somebody holds an old snapshot,
//! still lie at the front of the index of what may run: whoever reads on begins where the last one found the first.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{Class, Seq};

use crate::api::Due;

/// So many lanes are remembered.
const LANES: usize = 1024;

/// The place of a job in its lane and class: when it is due, in milliseconds, and its number.
pub(super) type Place = (i64, i64);

/// Before everything.
const START: Place = (i64::MIN, i64::MIN);

type Lane = (String, Class);

/// Nothing that may run stands before these places, in our own shards.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<Lane, First>>);

#[derive(Clone, Copy)]
struct First {
    at: Place,
    /// So many read just now.
    reading: u32,
    /// The first one that has come since one of them began.
    come: Option<Place>,
}

/// Somebody reads a lane.
pub(super) struct ReadingLane<'r> {
    lanes: &'r Lanes,
    lane: Lane,
    /// From here on.
    pub(super) from: Place,
    found: Option<Place>,
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, HashMap<Lane, First>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reading of a lane begins.
    pub(super) fn read(&self, lane: &str, class: Class) -> ReadingLane<'_> {
        let lane = (lane.to_owned(), class);
        let mut all = self.lock();
        if all.len() >= LANES {
            all.retain(|_, first| first.reading > 0);
        }
        let first = all.entry(lane.clone()).or_insert(First { at: START, reading: 0, come: None });
        first.reading += 1;
        ReadingLane { lanes: self, from: first.at, lane, found: None }
    }

    /// These may run from now on: those who read just now may not have seen them.
    pub(super) fn come(&self, dues: &[Due]) {
        if dues.is_empty() {
            return;
        }
        let mut all = self.lock();
        if all.is_empty() {
            return;
        }
        for Due { lane, class, due_at, seq: Seq(seq), .. } in dues {
            if let Some(first) = all.get_mut(&((**lane).to_owned(), *class)) {
                let place = (due_at.as_millisecond(), *seq);
                first.at = first.at.min(place);
                first.come = (first.reading > 0).then(|| first.come.map_or(place, |come| come.min(place)));
            }
        }
    }

    /// Nothing is known any more: other jobs are ours, or have been moved.
    pub(super) fn forget(&self) {
        let mut all = self.lock();
        all.retain(|_, first| first.reading > 0);
        for first in all.values_mut() {
            (first.at, first.come) = (START, Some(START));
        }
    }
}

impl ReadingLane<'_> {
    /// This is the first one that was found.
    pub(super) fn found(&mut self, first: Place) {
        self.found = Some(first);
    }
}

impl Drop for ReadingLane<'_> {
    fn drop(&mut self) {
        let mut all = self.lanes.lock();
        let Some(first) = all.get_mut(&self.lane) else { return };
        if let Some(found) = self.found {
            first.at = first.come.map_or(found, |come| come.min(found));
        }
        first.reading = first.reading.saturating_sub(1);
        if first.reading == 0 {
            first.come = None;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use jiff::Timestamp;
    use model::JobId;

    use super::*;

    fn due(at: i64, seq: i64) -> Due {
        Due {
            id: JobId::from_parts(Timestamp::UNIX_EPOCH, [0; 10]),
            seq: Seq(seq),
            lane: "A".into(),
            class: Class::Bulk,
            due_at: Timestamp::from_millisecond(at).unwrap(),
        }
    }

    fn begins(lanes: &Lanes) -> Place {
        lanes.read("A", Class::Bulk).from
    }

    #[test]
    fn a_lane_is_read_from_the_first_one_on_that_was_found() {
        let lanes = Lanes::default();
        lanes.read("A", Class::Bulk).found((5, 1));
        assert_eq!(begins(&lanes), (5, 1));
        assert_eq!(lanes.read("A", Class::Interactive).from, START);
        assert_eq!(lanes.read("B", Class::Bulk).from, START);
        // A reading that finds nothing, or is given up, says nothing.
        drop(lanes.read("A", Class::Bulk));
        assert_eq!(begins(&lanes), (5, 1));
    }

    #[test]
    fn what_comes_before_it_is_not_passed_over() {
        let lanes = Lanes::default();
        lanes.read("A", Class::Bulk).found((5, 1));
        lanes.come(&[due(4, 9), due(7, 2)]);
        assert_eq!(begins(&lanes), (4, 9));
    }

    #[test]
    fn what_comes_while_somebody_reads_is_not_passed_over() {
        let lanes = Lanes::default();
        let mut reading = lanes.read("A", Class::Bulk);
        let mut beside = lanes.read("A", Class::Bulk);
        lanes.come(&[due(4, 9)]);
        reading.found((8, 3));
        drop(reading);
        assert_eq!(begins(&lanes), (4, 9));
        beside.found((8, 3));
        drop(beside);
        assert_eq!(begins(&lanes), (4, 9));
        // Whoever begins later has seen it.
        lanes.read("A", Class::Bulk).found((8, 3));
        assert_eq!(begins(&lanes), (8, 3));
    }

    #[test]
    fn what_is_forgotten_while_somebody_reads_stays_so() {
        let lanes = Lanes::default();
        let mut reading = lanes.read("A", Class::Bulk);
        lanes.forget();
        reading.found((8, 3));
        drop(reading);
        assert_eq!(begins(&lanes), START);
    }
}
