//! Which places the workers of this process have: a number within their backend, and the mark that goes with it.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::time::Deadline;

type Place = (Uuid, String, usize);

static TAKEN: Mutex<BTreeSet<Place>> = Mutex::new(BTreeSet::new());
static FREED: Condvar = Condvar::new();

/// A place. It is free again when nothing that carries its mark is left, so that no two workers ever share one.
#[derive(Debug)]
pub(crate) struct Slot(Place);

impl Slot {
    /// The first that is free. Workers that are just ending hold theirs: there may be more than run.
    pub(crate) fn take(journal: Uuid, backend: &str) -> Slot {
        let backend: String = backend.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let mut taken = taken();
        let mut number = 0;
        while taken.contains(&(journal, backend.clone(), number)) {
            number += 1;
        }
        let place = (journal, backend, number);
        taken.insert(place.clone());
        Slot(place)
    }

    /// What every process in it carries.
    pub(crate) fn mark(&self) -> String {
        let (journal, backend, number) = &self.0;
        format!("{}{backend}/{number}", marks_of(*journal))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        taken().remove(&self.0);
        FREED.notify_all();
    }
}

/// How all marks of workers begin that a hub with this journal has started.
pub(crate) fn marks_of(journal: Uuid) -> String {
    format!("{journal}/worker/")
}

/// Waits until no worker is left. `false`: not in time.
pub(crate) fn all_free(limit: Deadline) -> bool {
    let busy = |taken: &mut BTreeSet<Place>| !taken.is_empty();
    let waited = FREED.wait_timeout_while(taken(), limit.left(), busy);
    waited.unwrap_or_else(PoisonError::into_inner).0.is_empty()
}

fn taken() -> MutexGuard<'static, BTreeSet<Place>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_number_is_given_out_and_comes_back() {
        let journal = Uuid::from_u128(7);
        let take = || Slot::take(journal, "my/back end");
        let (first, second) = (take(), take());
        assert_eq!(first.mark(), format!("{journal}/worker/my_back_end/0"));
        assert!(second.mark().ends_with("/1"));
        drop(first);
        assert!(take().mark().ends_with("/0"));
        assert!(Slot::take(journal, "other").mark().ends_with("/0"));
    }
}
