//! What may be taken up next: a bounded view of the journal's waiting heads, sorted by lane and class.
//!
//! All jobs of a lane wait for the same thing (an action's first backend, or one backend), so a lane is blocked or
//! not as a whole, and one that is blocked costs nothing and holds up nobody else. Each lane and class holds at most
//! [`CAP`] jobs; what is beyond them stays in the journal and is fetched when the lane runs low.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use journal::Due;
use model::{Class, JobId, Seq};

use crate::state::failsafe::set_of;

/// Jobs kept in memory for each lane and class.
pub(crate) const CAP: usize = 2048;

type DueKey = (Timestamp, Seq);

/// Names a part of the window: a lane and a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Partition {
    // The class first: the order of partitions is the order of service.
    pub(crate) class: Class,
    pub(crate) lane: Arc<str>,
}

#[derive(Debug, Default)]
struct Content {
    jobs: BTreeMap<DueKey, JobId>,
    /// Whether the journal may hold more than what is here.
    more: bool,
}

/// The window.
#[derive(Debug, Default)]
pub(crate) struct Window {
    partitions: BTreeMap<Partition, Content>,
    places: HashMap<JobId, (Partition, DueKey)>,
}

impl Window {
    /// Takes note of a job. The newest word on a job counts.
    pub(crate) fn offer(&mut self, due: Due) {
        self.forget(due.id);
        let partition = Partition { class: due.class, lane: due.lane };
        let place = (due.due_at, due.seq);
        let content = self.partitions.entry(partition.clone()).or_default();
        let beyond = content.more && content.jobs.last_key_value().is_none_or(|(last, _)| place > *last);
        if beyond {
            return;
        }
        content.jobs.insert(place, due.id);
        self.places.insert(due.id, (partition, place));
        if content.jobs.len() > CAP
            && let Some((_, dropped)) = content.jobs.pop_last()
        {
            self.places.remove(&dropped);
            content.more = true;
        }
    }

    /// Takes a job out.
    pub(crate) fn forget(&mut self, job: JobId) {
        if let Some((partition, place)) = self.places.remove(&job)
            && let Some(content) = self.partitions.get_mut(&partition)
        {
            content.jobs.remove(&place);
        }
    }

    /// Takes out the job that is next: interactive before bulk, then the one due longest, among the lanes that are
    /// `free`.
    pub(crate) fn take(&mut self, now: Timestamp, free: impl Fn(&str) -> bool) -> Option<Due> {
        let mut best: Option<(&Partition, DueKey)> = None;
        for (partition, content) in &self.partitions {
            if best.is_some_and(|(found, _)| found.class < partition.class) {
                break;
            }
            let Some((place, _)) = content.jobs.first_key_value() else { continue };
            let better = best.is_none_or(|(_, other)| *place < other);
            // What the failsafe has let go waits for nothing: its times are its order.
            let due = place.0 <= now || set_of(&partition.lane).is_some();
            if better && due && free(&partition.lane) {
                best = Some((partition, *place));
            }
        }
        let (partition, place) = best.map(|(partition, place)| (partition.clone(), place))?;
        let id = self.partitions.get_mut(&partition)?.jobs.remove(&place)?;
        self.places.remove(&id);
        Some(Due { id, seq: place.1, lane: partition.lane, class: partition.class, due_at: place.0 })
    }

    /// When the next job can start: it is due then, and its lane `opens` by then.
    pub(crate) fn next_start(&self, opens: impl Fn(&str) -> Option<Timestamp>) -> Option<Timestamp> {
        let first = |content: &Content| content.jobs.first_key_value().map(|(place, _)| place.0);
        let starts = self.partitions.iter().filter_map(|(partition, content)| {
            let opens = opens(&partition.lane)?;
            // What the journal holds of a lane that is shut is read when it opens.
            let unread = || (content.more && opens > Timestamp::MIN).then_some(opens);
            Some(opens.max(first(content).or_else(unread)?))
        });
        starts.min()
    }

    /// Says that the journal may hold more on this lane than is here.
    pub(crate) fn expect_more(&mut self, lane: &str) {
        for class in [Class::Interactive, Class::Bulk] {
            self.partitions.entry(Partition { class, lane: lane.into() }).or_default().more = true;
        }
    }

    /// The partitions that run low while the journal may hold more, of lanes that are `free`.
    pub(crate) fn low(&self, free: impl Fn(&str) -> bool) -> Vec<Partition> {
        let low = |c: &Content| c.more && c.jobs.len() < CAP / 4;
        let partitions =
            self.partitions.iter().filter(|(partition, content)| low(content) && free(&partition.lane));
        partitions.map(|(partition, _)| partition.clone()).collect()
    }

    /// Fills a partition with what the journal holds on it. `complete` = there is no more.
    pub(crate) fn fill(&mut self, partition: &Partition, jobs: Vec<Due>, complete: bool) {
        if let Some(content) = self.partitions.get_mut(partition) {
            content.more = false;
        }
        for due in jobs {
            self.offer(due);
        }
        if let Some(content) = self.partitions.get_mut(partition) {
            content.more |= !complete;
        }
    }

    /// Drops partitions that are empty and complete, so that passing actions leave nothing behind.
    pub(crate) fn tidy(&mut self) {
        self.partitions.retain(|_, content| content.more || !content.jobs.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(n: i64, lane: &str, class: Class, at: i64) -> Due {
        let id = JobId::from_parts(
            Timestamp::UNIX_EPOCH,
            [0, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(n % 256).unwrap()],
        );
        let id = JobId(uuid::Uuid::from_u128(id.0.as_u128() ^ (u128::from(n.unsigned_abs()) << 64)));
        Due { id, seq: Seq(n), lane: lane.into(), class, due_at: Timestamp::from_millisecond(at).unwrap() }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn interactive_first_then_the_one_due_longest() {
        let mut w = Window::default();
        for d in
            [due(1, "A", Class::Bulk, 5), due(2, "A", Class::Bulk, 3), due(3, "B", Class::Interactive, 9)]
        {
            w.offer(d);
        }
        let order: Vec<_> = std::iter::from_fn(|| w.take(at(10), |_| true)).map(|d| d.seq.0).collect();
        assert_eq!(order, [3, 2, 1]);
    }

    #[test]
    fn nothing_before_its_time_and_nothing_from_a_blocked_lane() {
        let mut w = Window::default();
        w.offer(due(1, "A", Class::Bulk, 50));
        w.offer(due(2, "B", Class::Bulk, 1));
        assert_eq!(w.take(at(10), |lane| lane != "B"), None);
        assert_eq!(w.next_start(|lane| (lane != "B").then_some(at(0))), Some(at(50)));
        assert_eq!(w.next_start(|lane| Some(at(if lane == "B" { 20 } else { 90 }))), Some(at(20)));
        assert_eq!(w.take(at(10), |_| true).map(|d| d.seq.0), Some(2));
    }

    #[test]
    fn the_newest_word_counts() {
        let mut w = Window::default();
        w.offer(due(1, "A", Class::Bulk, 50));
        w.offer(due(1, "A", Class::Interactive, 5));
        assert_eq!(w.take(at(10), |_| true).map(|d| d.class), Some(Class::Interactive));
        assert_eq!(w.take(at(100), |_| true), None);
    }

    #[test]
    fn a_full_shelf_keeps_the_earliest_and_remembers_that_there_is_more() {
        let mut w = Window::default();
        let cap = i64::try_from(CAP).unwrap();
        (0..cap + 10).rev().for_each(|n| w.offer(due(n, "A", Class::Bulk, n)));
        let partition = Partition { class: Class::Bulk, lane: "A".into() };
        assert_eq!(w.partitions[&partition].jobs.len(), CAP);
        w.offer(due(cap + 100, "A", Class::Bulk, cap + 100));
        assert_eq!(
            w.partitions[&partition].jobs.len(),
            CAP,
            "what is beyond the last one stays in the journal"
        );
        let taken: Vec<_> = std::iter::from_fn(|| w.take(at(10 * cap), |_| true)).map(|d| d.seq.0).collect();
        assert_eq!(taken, (0..cap).collect::<Vec<_>>());
        assert_eq!(w.low(|_| true), std::slice::from_ref(&partition));
        w.fill(&partition, vec![due(cap, "A", Class::Bulk, cap)], true);
        assert!(w.low(|_| true).is_empty());
        assert_eq!(w.take(at(10 * cap), |_| true).map(|d| d.seq.0), Some(cap));
        w.tidy();
        assert!(w.partitions.is_empty());
    }
}
