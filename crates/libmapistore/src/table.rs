//! Who is registered by this process, how often, and what of it the hub has been told.
//!
//! While nobody listens, only what is registered takes room: what went away again leaves nothing behind. While the hub
//! listens, a triple whose count differs from the one last told waits in a queue, once. So the net count is never lost,
//! and memory follows from the number of triples, not of calls.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};

use crate::index::Index;

/// What cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// There is no memory.
    Memory,
    /// There are as many triples as a process may have.
    Triples,
}

/// A triple's place. It may be vacant and still wait in the queue; then it is passed over.
#[derive(Default)]
struct Slot {
    /// The triple; empty when the place is vacant.
    key: Box<str>,
    count: u64,
    /// The count that the hub was told last; 0 when nothing.
    told: u64,
    waits: bool,
}

/// The table.
pub(crate) struct Table {
    most: usize,
    hasher: RandomState,
    index: Index,
    slots: Vec<Slot>,
    vacant: Vec<usize>,
    waiting: VecDeque<usize>,
    listens: bool,
    anomalies: u64,
    anomalies_told: u64,
}

impl Table {
    /// An empty table of at most so many triples.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            hasher: RandomState::new(),
            index: Index::default(),
            slots: Vec::new(),
            vacant: Vec::new(),
            waiting: VecDeque::new(),
            listens: false,
            anomalies: 0,
            anomalies_told: 0,
        }
    }

    /// Counts up.
    pub(crate) fn register(&mut self, key: &str) -> Result<(), Full> {
        let at = match self.find(key) {
            Some(at) => at,
            None => self.insert(key)?,
        };
        if let Some(slot) = self.slots.get_mut(at) {
            slot.count = slot.count.saturating_add(1);
        }
        self.changed(at);
        Ok(())
    }

    /// Counts down. What was not registered is an anomaly, and changes nothing else.
    pub(crate) fn unregister(&mut self, key: &str) {
        let at = self.find(key);
        let slot = at.and_then(|at| self.slots.get_mut(at)).filter(|slot| slot.count > 0);
        let (Some(at), Some(slot)) = (at, slot) else {
            self.anomalies = self.anomalies.saturating_add(1);
            return;
        };
        slot.count -= 1;
        self.changed(at);
    }

    fn find(&self, key: &str) -> Option<usize> {
        let same = |at: usize| self.slots.get(at).is_some_and(|slot| *slot.key == *key);
        self.index.find(self.hasher.hash_one(key), same)
    }

    /// Makes room for a new triple. From then on nothing that happens to it needs memory.
    fn insert(&mut self, key: &str) -> Result<usize, Full> {
        if self.index.len() >= self.most {
            return Err(Full::Triples);
        }
        let mut copy = String::new();
        copy.try_reserve_exact(key.len()).map_err(|_| Full::Memory)?;
        copy.push_str(key);
        let Self { hasher, index, slots, vacant, waiting, .. } = self;
        let hash_of = |at: usize| hasher.hash_one(slots.get(at).map_or("", |slot| &*slot.key));
        index.reserve(hash_of).map_err(|_| Full::Memory)?;
        let at = if let Some(at) = vacant.last() {
            *at
        } else {
            slots.try_reserve(1).map_err(|_| Full::Memory)?;
            vacant.try_reserve(slots.len() + 1).map_err(|_| Full::Memory)?;
            let room = slots.len() + 1 - waiting.len();
            waiting.try_reserve(room).map_err(|_| Full::Memory)?;
            slots.push(Slot::default());
            vacant.push(slots.len() - 1);
            slots.len() - 1
        };
        vacant.pop();
        if let Some(slot) = slots.get_mut(at) {
            slot.key = copy.into_boxed_str();
        }
        index.insert(hasher.hash_one(key), at);
        Ok(at)
    }

    /// After a change of the count: the hub is to be told, or what nobody knows of is forgotten.
    fn changed(&mut self, at: usize) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        if slot.count == 0 && slot.told == 0 {
            self.forget(at);
        } else if self.listens && !slot.waits {
            slot.waits = true;
            self.waiting.push_back(at);
        }
    }

    /// Gives up a place, which another triple may have from now on.
    fn forget(&mut self, at: usize) {
        let Self { hasher, index, slots, vacant, .. } = self;
        let hash_of = |at: usize| hasher.hash_one(slots.get(at).map_or("", |slot| &*slot.key));
        index.remove(hash_of(at), at, hash_of);
        if let Some(slot) = slots.get_mut(at) {
            slot.key = Box::default();
            vacant.push(at);
        }
    }

    /// The hub listens, and knows nothing: everything waits to be told. Says how many triples that are.
    pub(crate) fn begin(&mut self) -> usize {
        self.end();
        self.listens = true;
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if !slot.key.is_empty() {
                slot.waits = true;
                self.waiting.push_back(at);
            }
        }
        self.waiting.len()
    }

    /// Nobody listens any more: what was told counts for nothing.
    pub(crate) fn end(&mut self) {
        self.listens = false;
        self.waiting.clear();
        self.anomalies_told = 0;
        for at in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(at) else { break };
            (slot.told, slot.waits) = (0, false);
            if slot.count == 0 && !slot.key.is_empty() {
                self.forget(at);
            }
        }
    }

    /// Takes the triple that waits longest, with its count; `tell` says whether it could be written down. The key is empty
    /// when there is nothing to tell about it after all. `None` when nothing waits.
    pub(crate) fn next(&mut self, tell: impl FnOnce(&str, u64)) -> Option<()> {
        let at = self.waiting.pop_front()?;
        let slot = self.slots.get_mut(at)?;
        slot.waits = false;
        if !slot.key.is_empty() && slot.told != slot.count {
            tell(&slot.key, slot.count);
            slot.told = slot.count;
            if slot.count == 0 {
                self.forget(at);
            }
        }
        Some(())
    }

    /// The number of anomalies, when the hub was told another one.
    pub(crate) fn anomalies(&mut self) -> Option<u64> {
        let news = self.listens && self.anomalies_told != self.anomalies;
        self.anomalies_told = if news { self.anomalies } else { self.anomalies_told };
        news.then_some(self.anomalies)
    }

    /// Whether there is something to tell.
    pub(crate) fn has_news(&self) -> bool {
        self.listens && (!self.waiting.is_empty() || self.anomalies_told != self.anomalies)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// All that waits to be told, in its order.
    fn told(table: &mut Table) -> Vec<(String, u64)> {
        let mut told = Vec::new();
        while table.next(|key, count| told.push((key.to_owned(), count))).is_some() {}
        told
    }

    fn pairs(of: &[(&str, u64)]) -> Vec<(String, u64)> {
        of.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
    }

    #[test]
    fn what_came_and_went_while_nobody_listened_leaves_nothing() {
        let mut table = Table::new(10);
        for n in 0..1000 {
            table.register(&format!("user {n}")).unwrap();
            table.unregister(&format!("user {n}"));
        }
        table.register("alice").unwrap();
        table.register("alice").unwrap();
        assert_eq!(table.slots.len(), 1);
        assert!(!table.has_news());
        assert_eq!(table.begin(), 1);
        assert_eq!(told(&mut table), pairs(&[("alice", 2)]));
    }

    #[test]
    fn only_the_count_that_differs_is_told_and_once() {
        let mut table = Table::new(10);
        table.begin();
        for _ in 0..5 {
            table.register("alice").unwrap();
        }
        table.register("bob").unwrap();
        table.unregister("bob");
        assert_eq!(told(&mut table), pairs(&[("alice", 5)]));
        table.register("alice").unwrap();
        table.unregister("alice");
        assert_eq!(told(&mut table), pairs(&[]));
        for _ in 0..5 {
            table.unregister("alice");
        }
        assert_eq!(told(&mut table), pairs(&[("alice", 0)]));
        assert_eq!((table.index.len(), table.vacant.len()), (0, table.slots.len()));
        assert!(!table.has_news());
    }

    #[test]
    fn what_goes_away_while_it_is_told_elsewhere_is_told_gone() {
        let mut table = Table::new(10);
        table.begin();
        table.register("alice").unwrap();
        told(&mut table);
        table.unregister("alice");
        // Told anew: the next listener never heard of alice.
        assert_eq!(table.begin(), 0);
        table.register("alice").unwrap();
        table.end();
        assert_eq!(table.begin(), 1);
        assert_eq!(told(&mut table), pairs(&[("alice", 1)]));
    }

    #[test]
    fn a_full_table_takes_what_it_knows_and_nothing_else() {
        let mut table = Table::new(2);
        table.begin();
        table.register("alice").unwrap();
        table.register("bob").unwrap();
        assert_eq!(table.register("carol"), Err(Full::Triples));
        assert_eq!(table.register("alice"), Ok(()));
        table.unregister("bob");
        assert_eq!(table.register("carol"), Ok(()));
        assert_eq!(told(&mut table), pairs(&[("alice", 2), ("carol", 1)]));
    }

    #[test]
    fn unregistering_what_is_not_there_is_counted_and_told_once() {
        let mut table = Table::new(2);
        table.unregister("alice");
        table.begin();
        table.unregister("alice");
        assert!(table.has_news());
        assert_eq!(table.anomalies(), Some(2));
        assert_eq!(table.anomalies(), None);
        assert!(!table.has_news());
        table.begin();
        assert_eq!(table.anomalies(), Some(2));
    }

    /// Whatever happens in whatever order, who listens knows in the end what is registered.
    #[test]
    fn a_listener_knows_the_net_count() {
        let mut random = 7_u64;
        let mut draw = |n: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % n
        };
        let (mut table, mut known, mut real) =
            (Table::new(100), BTreeMap::new(), BTreeMap::<String, u64>::new());
        for _ in 0..100_000 {
            let key = format!("user {}", draw(20));
            match draw(20) {
                0 => {
                    table.begin();
                    known.clear();
                }
                1 => table.end(),
                2..=5 => {
                    table.next(|key, count| {
                        known.insert(key.to_owned(), count);
                    });
                }
                6..=12 => {
                    table.register(&key).unwrap();
                    *real.entry(key).or_default() += 1;
                }
                _ => {
                    table.unregister(&key);
                    let count = real.entry(key).or_default();
                    *count = count.saturating_sub(1);
                }
            }
            assert!(table.slots.len() <= 20, "places are used again");
        }
        if !table.listens {
            table.begin();
            known.clear();
        }
        known.extend(told(&mut table));
        known.retain(|_, count| *count > 0);
        real.retain(|_, count| *count > 0);
        assert_eq!(known, real);
    }
}
