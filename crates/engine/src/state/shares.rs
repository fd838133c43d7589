//! How the places on a backend are shared out among the hubs of a journal, so that no more attempts run there at once than may,
//! whoever runs them. A hub has places that it has taken, and takes more while there are free ones. It keeps them as long as
//! nobody else wants any: a hub that works alone on a backend is not slowed down. When others do, nobody keeps more than a fair
//! part for long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::effect::EntityContent;
use model::{Entity, EntityKey, EntityWrite};
use serde::{Deserialize, Serialize};

/// The kind of the entities that keep them, one for each backend.
pub(crate) const SHARE: &str = "backend_places";
/// Who has more than a fair part keeps it for so long when others want some.
pub(crate) const TURN: Duration = Duration::from_secs(1);

/// Who has how many places, and who wants more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shared {
    /// By the life of the hub.
    held: BTreeMap<String, usize>,
    /// Those that have work for which they have no place, in the order in which they asked: each before another one has a free
    /// place before it.
    wants: Vec<String>,
}

/// A hub that looks at them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looker<'a> {
    /// Its life.
    pub(crate) life: &'a str,
    /// So many may run at once, over all.
    pub(crate) limit: usize,
    /// So many attempts run here.
    pub(crate) running: usize,
    /// There is work here for which there is no place.
    pub(crate) wants: bool,
    /// It has had what it has for a while.
    pub(crate) is_long: bool,
}

impl Shared {
    pub(crate) fn read(entity: &Entity) -> Self {
        // What nobody can make sense of is shared out anew.
        serde_json::from_value(entity.body.clone()).unwrap_or_default()
    }

    pub(crate) fn write(&self, backend: &str, expected_rev: u64) -> EntityWrite {
        let content = EntityContent {
            state: "shared".to_owned(),
            label: backend.to_owned(),
            // Words and numbers: there is nothing that could fail.
            body: serde_json::to_value(self).unwrap_or_default(),
        };
        EntityWrite { key: key(backend), expected_rev, content: Some(content) }
    }

    /// The lives that have a part in it.
    pub(crate) fn lives(&self) -> impl Iterator<Item = &String> {
        self.held.keys().chain(&self.wants)
    }

    /// Without those that are over.
    pub(crate) fn without(mut self, over: &BTreeSet<String>) -> Self {
        self.held.retain(|life, _| !over.contains(life));
        self.wants.retain(|life| !over.contains(life));
        self
    }

    fn of(&self, life: &str) -> usize {
        self.held.get(life).copied().unwrap_or(0)
    }

    /// How many attempts may run at this hub: those places that it has, but for what it is to give up.
    pub(crate) fn usable(&self, looker: Looker<'_>) -> usize {
        let within = self.within(looker);
        if self.others_want(looker.life) && looker.is_long { within.min(self.fair(looker)) } else { within }
    }

    /// The places that it has, as far as all that were given out are there: the limit may have been lowered.
    fn within(&self, Looker { life, limit, .. }: Looker<'_>) -> usize {
        let before: usize =
            self.held.iter().take_while(|(other, _)| other.as_str() < life).map(|(_, held)| held).sum();
        self.of(life).min(limit.saturating_sub(before))
    }

    fn others_want(&self, life: &str) -> bool {
        self.wants.iter().any(|other| other != life)
    }

    /// What nobody is asked to give up.
    fn fair(&self, Looker { life, limit, .. }: Looker<'_>) -> usize {
        let all: BTreeSet<&str> =
            self.held.keys().chain(&self.wants).map(String::as_str).chain([life]).collect();
        limit / all.len()
    }

    /// How it is to be, as this hub sees it.
    pub(crate) fn next(&self, looker: Looker<'_>) -> Self {
        let Looker { life, limit, running, wants, .. } = looker;
        let mut next = self.clone();
        let others = self.others_want(life);
        let mut held = self.usable(looker).max(running);
        if wants {
            let given: usize =
                self.held.iter().filter(|(other, _)| *other != life).map(|(_, held)| held).sum();
            let before = self.wants.iter().take_while(|other| *other != life).count();
            let free = limit.saturating_sub(given + held).saturating_sub(before);
            // Those who have their fair part take what is left as well, as long as nobody is before them.
            held += if others { free.min(self.fair(looker).saturating_sub(held).max(1)) } else { free };
        } else if others {
            held = running;
        }
        if held == 0 {
            next.held.remove(life)
        } else {
            next.held.insert(life.to_owned(), held)
        };
        if !wants || held > running {
            next.wants.retain(|other| other != life);
        } else if !next.wants.iter().any(|other| other == life) {
            next.wants.push(life.to_owned());
        }
        next
    }

    /// Whether anybody waits for a place.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.wants.is_empty()
    }

    /// How many this hub has.
    pub(crate) fn held_by(&self, life: &str) -> usize {
        self.of(life)
    }
}

fn key(backend: &str) -> EntityKey {
    EntityKey { kind: SHARE.to_owned(), key: backend.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looker(life: &str, limit: usize, running: usize, wants: bool) -> Looker<'_> {
        Looker { life, limit, running, wants, is_long: false }
    }

    fn held(shared: &Shared) -> Vec<(&str, usize)> {
        shared.held.iter().map(|(life, held)| (life.as_str(), *held)).collect()
    }

    #[test]
    fn whoever_is_alone_has_all_of_it() {
        let one = Shared::default().next(looker("a", 3, 0, true));
        assert_eq!(held(&one), [("a", 3)]);
        assert!(one.wants.is_empty());
        assert_eq!(one.usable(looker("a", 3, 0, false)), 3);
        // It keeps them although it does nothing.
        assert_eq!(one.next(looker("a", 3, 0, false)), one);
    }

    #[test]
    fn one_place_goes_from_hand_to_hand() {
        let mut shared = Shared::default().next(looker("a", 1, 0, true));
        shared = shared.next(looker("b", 1, 0, true));
        assert_eq!((held(&shared), shared.wants.contains(&"b".to_owned())), (vec![("a", 1)], true));
        // For a while it may be used as it is, then no more.
        assert_eq!(shared.usable(looker("a", 1, 0, true)), 1);
        let long = Looker { is_long: true, ..looker("a", 1, 1, true) };
        assert_eq!(shared.usable(long), 0);
        assert_eq!(held(&shared.next(long)), [("a", 1)], "an attempt runs on it");
        shared = shared.next(Looker { running: 0, ..long });
        assert_eq!((held(&shared), &*shared.wants), (vec![], &["b".to_owned(), "a".to_owned()][..]));
        shared = shared.next(looker("a", 1, 0, true));
        assert!(held(&shared).is_empty(), "the other one is before it");
        shared = shared.next(looker("b", 1, 0, true));
        assert_eq!((held(&shared), &*shared.wants), (vec![("b", 1)], &["a".to_owned()][..]));
    }

    #[test]
    fn never_are_more_given_out_than_there_are() {
        let lives = ["a", "b", "c"];
        for limit in 1..6 {
            let (mut shared, mut running) = (Shared::default(), [0_usize; 3]);
            let mut had = [false; 3];
            let mut dice = 7_u32;
            for _ in 0..4000 {
                dice = dice.wrapping_mul(1_103_515_245).wrapping_add(12345);
                let (place, what) = ((dice >> 16) as usize % 3, (dice >> 20) % 4);
                let me = Looker {
                    is_long: what > 1,
                    ..looker(lives[place], limit, running[place], what % 2 == 0)
                };
                match what {
                    0 if running[place] > 0 => running[place] -= 1,
                    _ if running[place] < shared.usable(me) => running[place] += 1,
                    _ => shared = shared.next(me),
                }
                had[place] |= running[place] > 0;
                assert!(running.iter().sum::<usize>() <= limit);
                assert!(shared.held.values().sum::<usize>() <= limit);
                assert!(lives.iter().zip(running).all(|(life, running)| running <= shared.of(life)));
            }
            assert_eq!(had, [true; 3], "everybody had a turn of {limit}");
        }
    }

    #[test]
    fn a_limit_that_was_lowered_holds_for_what_begins_from_now_on() {
        let mut shared = Shared::default().next(looker("a", 4, 0, true));
        shared.held = [("a".to_owned(), 2), ("b".to_owned(), 2)].into();
        let (a, b) = (looker("a", 3, 2, false), looker("b", 3, 2, false));
        assert_eq!((shared.usable(a), shared.usable(b)), (2, 1));
        assert_eq!(held(&shared.next(b)), [("a", 2), ("b", 2)], "two run");
        assert_eq!(held(&shared.next(Looker { running: 1, ..b })), [("a", 2), ("b", 1)]);
    }

    #[test]
    fn what_a_dead_hub_had_is_free() {
        let shared = Shared::default().next(looker("a", 1, 0, true)).next(looker("b", 1, 0, true));
        let shared = shared.without(&BTreeSet::from(["a".to_owned()])).next(looker("b", 1, 0, true));
        assert_eq!((held(&shared), shared.wants.len()), (vec![("b", 1)], 0));
    }
}
