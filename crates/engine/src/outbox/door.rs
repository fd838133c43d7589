//! What waits to leave through one courier: a line for each address, in order. Pure.

use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use journal::Mark;
use model::Delivery;

/// Deliveries held in memory for one courier; the rest stays in the journal.
pub(super) const HELD: usize = 4096;

/// The lines of one courier. An address with a line is ready, or waits for its time, or has one under way.
#[derive(Default)]
pub(super) struct Door {
    lines: HashMap<String, VecDeque<Delivery>>,
    ready: VecDeque<String>,
    later: BTreeSet<(Timestamp, String)>,
    under_way: usize,
    held: usize,
    /// Place of the last delivery that was taken from the journal in order.
    pub(super) read_to: i64,
    /// More of this courier's lies in the journal, after that place.
    pub(super) behind: bool,
}

impl Door {
    /// How many more it may hold.
    pub(super) fn room(&self) -> usize {
        HELD.saturating_sub(self.held)
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Takes the next one of the journal, unless it has it or has no room.
    pub(super) fn take(&mut self, delivery: Delivery) {
        if delivery.seq <= self.read_to {
            return;
        }
        if self.room() == 0 {
            self.behind = true;
            return;
        }
        self.read_to = delivery.seq;
        self.push(delivery);
    }

    /// Puts a delivery at the end of the line of its address.
    pub(super) fn push(&mut self, delivery: Delivery) {
        self.held += 1;
        let address = delivery.to.address.clone();
        let due_at = delivery.due_at;
        let line = self.lines.entry(address.clone()).or_default();
        line.push_back(delivery);
        if line.len() == 1 {
            self.later.insert((due_at, address));
        }
    }

    /// The next one that is due, if less than `lanes` are under way.
    pub(super) fn next(&mut self, now: Timestamp, lanes: usize) -> Option<Delivery> {
        while let Some((due_at, _)) = self.later.first()
            && *due_at <= now
        {
            self.ready.extend(self.later.pop_first().map(|(_, address)| address));
        }
        if self.under_way >= lanes {
            return None;
        }
        let address = self.ready.pop_front()?;
        let first = self.lines.get(&address)?.front()?.clone();
        self.under_way += 1;
        Some(first)
    }

    /// When something is due that is not yet.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.later.first().map(|(due_at, _)| *due_at)
    }

    /// The clock was set back by so much: what waits for a time waits no longer for that.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        let earlier = |at: Timestamp| at.checked_sub(by).unwrap_or(at);
        let later = std::mem::take(&mut self.later);
        self.later = later.into_iter().map(|(at, address)| (earlier(at), address)).collect();
        for delivery in self.lines.values_mut().flatten() {
            delivery.due_at = earlier(delivery.due_at);
        }
    }

    /// What became of the first one of an address.
    pub(super) fn note(&mut self, address: &str, mark: &Mark) {
        self.under_way -= 1;
        let Some(line) = self.lines.get_mut(address) else { return };
        match mark {
            Mark::Later(at, why) => {
                if let Some(first) = line.front_mut() {
                    (first.due_at, first.attempts, first.message) =
                        (*at, first.attempts + 1, Some(why.clone()));
                }
            }
            Mark::Delivered | Mark::Never(_) => {
                line.pop_front();
                self.held -= 1;
            }
        }
        match line.front() {
            Some(first) => drop(self.later.insert((first.due_at, address.to_owned()))),
            None => drop(self.lines.remove(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{DeliveryId, DeliveryState, DeliveryTo};
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn delivery(seq: i64, address: &str) -> Delivery {
        Delivery {
            seq,
            id: DeliveryId(Uuid::nil()),
            job: None,
            to: DeliveryTo { courier: "bus".to_owned(), address: address.to_owned() },
            state: DeliveryState::Pending,
            attempts: 0,
            due_at: NOW,
            message: None,
            body: Value::Null,
        }
    }

    fn seqs(door: &mut Door, lanes: usize) -> Vec<i64> {
        std::iter::from_fn(|| door.next(NOW, lanes)).map(|delivery| delivery.seq).collect()
    }

    #[test]
    fn an_address_has_one_under_way_and_keeps_its_order() {
        let mut door = Door::default();
        for (seq, address) in [(1, "a"), (2, "a"), (3, "b")] {
            door.take(delivery(seq, address));
        }
        assert_eq!(seqs(&mut door, 9), [1, 3]);
        door.note("a", &Mark::Delivered);
        assert_eq!(seqs(&mut door, 9), [2]);
        door.note("b", &Mark::Never("no".to_owned()));
        door.note("a", &Mark::Delivered);
        assert_eq!((door.held(), door.under_way(), door.next_due()), (0, 0, None));
    }

    #[test]
    fn one_that_failed_comes_again_before_those_behind_it() {
        let mut door = Door::default();
        door.take(delivery(1, "a"));
        door.take(delivery(2, "a"));
        assert_eq!(seqs(&mut door, 9), [1]);
        let later = NOW + std::time::Duration::from_secs(1);
        door.note("a", &Mark::Later(later, "busy".to_owned()));
        assert_eq!(seqs(&mut door, 9), Vec::<i64>::new());
        assert_eq!(door.next_due(), Some(later));
        let again = door.next(later, 9).map(|delivery| (delivery.seq, delivery.attempts));
        assert_eq!(again, Some((1, 1)));
    }

    #[test]
    fn so_many_lanes_and_no_more() {
        let mut door = Door::default();
        for seq in 1..=5 {
            door.take(delivery(seq, &seq.to_string()));
        }
        assert_eq!(seqs(&mut door, 2), [1, 2]);
        door.note("2", &Mark::Delivered);
        assert_eq!(seqs(&mut door, 2), [3]);
    }

    #[test]
    fn what_it_has_no_room_for_it_reads_later_in_order() {
        let mut door = Door::default();
        let many = i64::try_from(HELD).unwrap_or_default();
        for seq in 1..=many + 10 {
            door.take(delivery(seq, "a"));
        }
        assert_eq!((door.held(), door.read_to, door.behind), (HELD, many, true));
        // Read again from there: nothing comes twice.
        door.take(delivery(many, "a"));
        assert_eq!(door.held(), HELD);
    }
}
