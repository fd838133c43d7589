//! Who is at work on which account. One account has several names, and only whoever holds all that are known of it may
//! touch it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The names of accounts that somebody works on.
#[derive(Clone, Default)]
pub(super) struct Busy(Arc<Mutex<HashSet<String>>>);

/// Names that are held until this is dropped.
pub(super) struct Hold {
    busy: Busy,
    names: Vec<String>,
}

impl Busy {
    /// Holds nothing yet.
    pub(super) fn hold(&self) -> Hold {
        Hold { busy: self.clone(), names: Vec::new() }
    }
}

impl Hold {
    /// Holds one more name, unless somebody else does.
    pub(super) fn take(&mut self, name: String) -> bool {
        if self.names.contains(&name) {
            return true;
        }
        let mut held = self.busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = held.insert(name.clone());
        if is_free {
            self.names.push(name);
        }
        is_free
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        for name in &self.names {
            held.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_by_one_until_it_lets_go() {
        let busy = Busy::default();
        let (mut one, mut other) = (busy.hold(), busy.hold());
        assert!(one.take("a".to_owned()) && one.take("b".to_owned()) && one.take("a".to_owned()));
        assert!(!other.take("b".to_owned()) && other.take("c".to_owned()));
        drop(one);
        assert!(other.take("b".to_owned()));
        drop(other);
        assert!(busy.0.lock().unwrap().is_empty());
    }
}
