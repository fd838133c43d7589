//! Who is registered by the last commit: a copy that follows the journal, from which the next writes are made, and by
//! which the world is told who has come and gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use engine::{Follower, Link};
use jiff::Timestamp;
use model::{Effects, Entity, EntityKey, EntityWrite};
use tokio::sync::broadcast;

use crate::notify::Told;
use crate::registry::{Registry, Triple};
use crate::request::told;
use crate::stored::{KIND, Kept, Stored, key};

/// Somebody has come or gone, for good: it is in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub triple: Triple,
    /// He is there now.
    pub is_there: bool,
}

/// What those hear who listen, in the order in which it happened.
#[derive(Clone, Debug)]
pub enum Happened {
    /// Somebody has come or gone.
    Turn(Turn),
    /// Somebody was notified.
    Told(Arc<Told>),
}

/// Counters: those who came, with those who were there at the start, and those who went. The difference is there now.
const CAME: &str = "came";
const WENT: &str = "went";

/// What is kept for those who listen; whoever falls behind is told so.
const STREAM: usize = 4096;

/// The copy.
#[derive(Debug)]
pub struct Ledger {
    by_key: Mutex<Copy>,
    /// Where it is counted, for those who look at connections.
    link: OnceLock<Arc<Link>>,
    happened: broadcast::Sender<Happened>,
}

#[derive(Debug, Default)]
struct Copy {
    stored: HashMap<String, Stored>,
    /// Entities that say nothing which could be used.
    unreadable: Vec<String>,
    /// What is read while it is filled is no news.
    filled: bool,
}

impl Default for Ledger {
    fn default() -> Self {
        Ledger { by_key: Mutex::default(), link: OnceLock::new(), happened: broadcast::channel(STREAM).0 }
    }
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Copy> {
        // Each change is made whole under the lock; a poisoned one is still sound.
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Under which connection of the hub it is counted.
    pub fn count_with(&self, link: Arc<Link>) {
        let _ = self.link.set(link);
    }

    /// Counts what happens.
    pub fn count(&self, what: &'static str, more: u64) {
        if let Some(link) = self.link.get() {
            link.count(what, more);
        }
    }

    /// Counts by how much each has grown.
    pub fn count_more<const N: usize>(
        &self,
        before: [(&'static str, u64); N],
        now: [(&'static str, u64); N],
    ) {
        for ((what, now), (_, before)) in
            now.into_iter().zip(before).filter(|((_, now), (_, before))| now > before)
        {
            self.count(what, now - before);
        }
    }

    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Happened> {
        self.happened.subscribe()
    }

    /// Somebody was notified.
    pub fn tell(&self, told: Told) {
        // Nobody who listens is no error.
        let _ = self.happened.send(Happened::Told(Arc::new(told)));
    }

    /// All that was there was read: what comes now is news. Those who were there, and keys of what cannot be read.
    pub fn filled(&self) -> (Vec<Stored>, Vec<EntityKey>) {
        let mut copy = self.lock();
        copy.filled = true;
        self.count(CAME, u64::try_from(copy.stored.len()).unwrap_or(u64::MAX));
        let unreadable = std::mem::take(&mut copy.unreadable);
        let unreadable = unreadable.into_iter().map(|key| EntityKey { kind: KIND.to_owned(), key });
        (copy.stored.values().cloned().collect(), unreadable.collect())
    }

    /// Since when somebody is there.
    pub fn since(&self, triple: &Triple) -> Option<Timestamp> {
        self.lock().stored.get(&key(triple).key).map(|stored| stored.kept.since)
    }

    /// What has to be written so that the journal says of these what the table says, and what backends are told of it.
    pub fn writes<'t>(
        &self,
        table: &Registry,
        triples: impl IntoIterator<Item = &'t Triple>,
        now: Timestamp,
    ) -> Effects {
        let copy = self.lock();
        let mut effects = Effects::default();
        for triple in triples {
            let key = key(triple);
            let stored = copy.stored.get(&key.key);
            let seen = table.find(triple);
            let kept =
                seen.as_ref().map(|seen| Kept::of(seen, stored.map_or(now, |stored| stored.kept.since)));
            if kept.as_ref() == stored.map(|stored| &stored.kept) {
                continue;
            }
            if kept.is_some() != stored.is_some() {
                let others = table.of_vuser(&triple.backend, &triple.vuser).len();
                let others = others.saturating_sub(usize::from(kept.is_some()));
                effects.follow_ups.push(told(triple, kept.is_some(), others));
            }
            let expected_rev = stored.map_or(0, |stored| stored.rev);
            let content = kept.map(|kept| kept.content(triple));
            effects.entities.push(EntityWrite { key, expected_rev, content });
        }
        effects
    }
}

impl Follower for Ledger {
    fn told(&self, key: &str, now: Option<&Entity>) {
        let mut copy = self.lock();
        let read = now.map(Stored::read);
        if let Some(None) = read {
            copy.unreadable.push(key.to_owned());
        }
        let (before, after) = match read.flatten() {
            Some(stored) => {
                let triple = stored.triple.clone();
                (copy.stored.insert(key.to_owned(), stored).map(|stored| stored.triple), Some(triple))
            }
            None => (copy.stored.remove(key).map(|stored| stored.triple), None),
        };
        if !copy.filled {
            return;
        }
        let turn = match (before, after) {
            (None, Some(triple)) => Turn { triple, is_there: true },
            (Some(triple), None) => Turn { triple, is_there: false },
            _ => return,
        };
        self.count(if turn.is_there { CAME } else { WENT }, 1);
        // Nobody who listens is no error.
        let _ = self.happened.send(Happened::Turn(turn));
    }

    fn unreadable(&self, key: &str) {
        self.lock().unreadable.push(key.to_owned());
    }
}
