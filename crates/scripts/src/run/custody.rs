//! Whose a process is that lost its parent and carries no mark: it may have been started by any script that ran when it
//! was first seen. It is ended when all of those are over and none of them may leave something running.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A process: its number, and when it began, which tells it from every other one of that number.
pub(crate) type Orphan = (i32, u64);

/// The scripts that run, and the orphans that are there.
#[derive(Debug, Default)]
pub(crate) struct Custody {
    last: u64,
    here: BTreeMap<u64, Guardian>,
    /// One that ended since the last look may leave something running.
    left_some: bool,
    orphans: HashMap<Orphan, Claim>,
}

/// A script that runs.
#[derive(Debug)]
struct Guardian {
    pid: i32,
    mark: String,
    /// What it leaves running stays.
    keeps: bool,
}

#[derive(Debug)]
enum Claim {
    /// It may belong to one that leaves it running on purpose.
    Kept,
    /// It belongs to one of these, or to one that is over.
    Of(BTreeSet<u64>),
}

impl Custody {
    /// A script was started. It is known by the number that comes back.
    pub(crate) fn enter(&mut self, pid: i32, mark: String, keeps: bool) -> u64 {
        self.last += 1;
        self.here.insert(self.last, Guardian { pid, mark, keeps });
        self.last
    }

    /// It was reaped.
    pub(crate) fn leave(&mut self, number: u64) {
        self.left_some |= self.here.remove(&number).is_some_and(|guardian| guardian.keeps);
    }

    /// Nothing of it may stay after all: it is ended by force.
    pub(crate) fn disown(&mut self, number: u64) {
        if let Some(guardian) = self.here.get_mut(&number) {
            guardian.keeps = false;
        }
    }

    /// Whether a process is a script that was started here, which its own thread waits for.
    pub(crate) fn is_ours(&self, pid: i32) -> bool {
        self.here.values().any(|guardian| guardian.pid == pid)
    }

    /// Whether a mark is that of a script that runs.
    pub(crate) fn runs(&self, mark: &str) -> bool {
        self.here.values().any(|guardian| guardian.mark == mark)
    }

    /// Whether an orphan can be this script's only.
    pub(crate) fn belongs_to(&self, number: u64, orphan: Orphan) -> bool {
        match self.orphans.get(&orphan) {
            Some(Claim::Kept) => false,
            Some(Claim::Of(claim)) => claim.iter().all(|one| *one == number),
            None => !self.somebody_keeps() && self.here.keys().all(|one| *one == number),
        }
    }

    /// Looks at all orphans there are that carry no mark. `others`: there are some that carry the mark of a script that
    /// is over, and may have started those. Names those that nobody has a right to.
    pub(crate) fn look(&mut self, orphans: &BTreeSet<Orphan>, others: bool) -> Vec<Orphan> {
        self.orphans.retain(|orphan, _| orphans.contains(orphan));
        let kept = others || self.somebody_keeps();
        self.left_some = false;
        for orphan in orphans {
            let claim = self.orphans.entry(*orphan).or_insert_with(|| {
                if kept { Claim::Kept } else { Claim::Of(self.here.keys().copied().collect()) }
            });
            if let Claim::Of(claim) = claim {
                claim.retain(|number| self.here.contains_key(number));
            }
        }
        let nobodys =
            self.orphans.iter().filter(|(_, claim)| matches!(claim, Claim::Of(of) if of.is_empty()));
        nobodys.map(|(orphan, _)| *orphan).collect()
    }

    fn somebody_keeps(&self) -> bool {
        self.left_some
            || self.here.values().any(|guardian| guardian.keeps)
            || self.orphans.values().any(|claim| matches!(claim, Claim::Kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORPHAN: Orphan = (100, 7);

    fn enter(custody: &mut Custody, pid: i32, keeps: bool) -> u64 {
        custody.enter(pid, format!("mark of {pid}"), keeps)
    }

    fn look(custody: &mut Custody, others: bool) -> Vec<Orphan> {
        custody.look(&BTreeSet::from([ORPHAN]), others)
    }

    #[test]
    fn an_orphan_ends_when_the_last_script_is_over_that_may_have_started_it() {
        let mut custody = Custody::default();
        let (first, second) = (enter(&mut custody, 1, false), enter(&mut custody, 2, false));
        assert!(!custody.belongs_to(first, ORPHAN));
        assert_eq!(look(&mut custody, false), []);
        custody.leave(first);
        let third = enter(&mut custody, 3, false);
        assert_eq!(look(&mut custody, false), []);
        assert!(custody.belongs_to(second, ORPHAN) && !custody.belongs_to(third, ORPHAN));
        custody.leave(second);
        // The third began after it was seen.
        assert_eq!(look(&mut custody, false), [ORPHAN]);
    }

    #[test]
    fn one_that_may_have_been_left_on_purpose_stays_for_ever() {
        let mut custody = Custody::default();
        let keeper = enter(&mut custody, 1, true);
        let other = enter(&mut custody, 2, false);
        custody.leave(keeper);
        assert_eq!(look(&mut custody, false), []);
        custody.leave(other);
        assert_eq!(look(&mut custody, false), []);
        // So does what that one may have started.
        let late = enter(&mut custody, 3, false);
        assert!(!custody.belongs_to(late, (101, 9)));
        custody.leave(late);
        assert_eq!(custody.look(&BTreeSet::from([ORPHAN, (101, 9)]), false), []);
        // When it is gone, the rule holds again.
        custody.look(&BTreeSet::new(), false);
        assert_eq!(look(&mut custody, false), [ORPHAN]);
    }

    #[test]
    fn a_marked_one_that_was_left_may_have_started_it() {
        let mut custody = Custody::default();
        assert_eq!(look(&mut custody, true), []);
        assert_eq!(look(&mut custody, false), []);
    }

    #[test]
    fn after_a_forced_end_nothing_is_kept() {
        let mut custody = Custody::default();
        let keeper = enter(&mut custody, 1, true);
        assert!(!custody.belongs_to(keeper, ORPHAN));
        custody.disown(keeper);
        assert!(custody.belongs_to(keeper, ORPHAN));
        custody.leave(keeper);
        assert_eq!(look(&mut custody, false), [ORPHAN]);
    }

    #[test]
    fn scripts_are_known_by_number_and_mark_while_they_run() {
        let mut custody = Custody::default();
        let number = enter(&mut custody, 5, false);
        assert!(custody.is_ours(5) && !custody.is_ours(6) && custody.runs("mark of 5"));
        // The same process number, given out again before the first was noted as gone.
        enter(&mut custody, 5, false);
        custody.leave(number);
        assert!(custody.is_ours(5));
    }
}
