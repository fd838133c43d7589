//! The sets that are open, found by their names and by the sessions that lead to them.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Set;

/// Open sets. A session leads to one of them.
#[derive(Default)]
pub(super) struct Open {
    sets: HashMap<String, Arc<Set>>,
    /// By the hash of the session. Whether it still leads there, its set says.
    sessions: HashMap<String, Arc<Set>>,
}

impl Open {
    /// Adds a set, or notes that others may use it now.
    pub(super) fn put(&mut self, set: &Arc<Set>) {
        let hashes: Vec<String> = set.document().sessions.into_iter().map(|session| session.hash).collect();
        self.sessions.retain(|hash, of| !Arc::ptr_eq(of, set) || hashes.contains(hash));
        self.sessions.extend(hashes.into_iter().map(|hash| (hash, Arc::clone(set))));
        self.sets.insert(set.id.clone(), Arc::clone(set));
    }

    /// Takes a set away.
    pub(super) fn drop_set(&mut self, set: &Arc<Set>) {
        self.sets.remove(&set.id);
        self.sessions.retain(|_, of| !Arc::ptr_eq(of, set));
    }

    /// The set that whoever has this session may use now.
    pub(super) fn of_session(&self, hash: &str, now: Timestamp) -> Option<Arc<Set>> {
        self.sessions.get(hash).filter(|set| set.state().document.admits(hash, now)).cloned()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Set>> {
        self.sets.values().cloned().collect()
    }
}

impl FromIterator<Arc<Set>> for Open {
    fn from_iter<T: IntoIterator<Item = Arc<Set>>>(sets: T) -> Self {
        let mut open = Open::default();
        for set in sets {
            // Each has sessions of its own: nothing has to be looked for.
            let hashes = set.document().sessions.into_iter().map(|session| session.hash);
            open.sessions.extend(hashes.map(|hash| (hash, Arc::clone(&set))));
            open.sets.insert(set.id.clone(), set);
        }
        open
    }
}
