//! Copies in memory of entities: whoever keeps one is told of every commit, by the journal itself. Nobody writes to such
//! a copy after having written to the journal, so that no commit is missed by it, whoever went away meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use journal::{Error, Journal, Spot};
use model::{Entity, EntityKey};

/// Entities read at once.
const ROWS: usize = 1000;

/// Keeps a copy of the entities of a kind.
pub trait Follower: Send + Sync {
    /// An entity stands so now; `None` = it is gone. Told between a commit and the answer to whoever wrote it, on the
    /// journal's own thread: it must not block, nor ask the journal for anything.
    fn told(&self, key: &str, now: Option<&Entity>);

    /// There is an entity that cannot be read. What is written over it, or that it is gone, is told as of any other.
    fn unreadable(&self, key: &str);
}

/// A follower, and the entities of which it was told while those that were there before are still being read.
struct Following {
    follower: Arc<dyn Follower>,
    ahead: Mutex<Option<BTreeSet<String>>>,
}

impl Following {
    fn ahead(&self) -> MutexGuard<'_, Option<BTreeSet<String>>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a commit left is newer than whatever is read later on.
    fn committed(&self, key: &str, now: Option<&Entity>) {
        let mut ahead = self.ahead();
        if let Some(ahead) = &mut *ahead {
            ahead.insert(key.to_owned());
        }
        self.follower.told(key, now);
    }

    /// Tells of what was read, unless a commit has told of it meanwhile.
    fn read(&self, key: &str, tell: impl FnOnce(&dyn Follower)) {
        let ahead = self.ahead();
        if ahead.as_ref().is_none_or(|ahead| !ahead.contains(key)) {
            tell(&*self.follower);
        }
    }
}

/// All followers, by kind.
#[derive(Default)]
pub(crate) struct Followers(RwLock<HashMap<&'static str, Vec<Arc<Following>>>>);

impl Followers {
    /// Tells of what a commit wrote. Says whether anybody keeps a copy of any of it.
    pub(crate) fn told(&self, entities: &[(EntityKey, Option<Arc<Entity>>)]) -> bool {
        if entities.is_empty() {
            return false;
        }
        let followers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut any = false;
        for (key, now) in entities {
            for following in followers.get(&*key.kind).into_iter().flatten() {
                following.committed(&key.key, now.as_deref());
                any = true;
            }
        }
        any
    }

    /// Has a follower told of all entities of a kind: of those that are there, and of what commits do to them from now on.
    pub(crate) async fn add(
        &self,
        journal: &dyn Journal,
        kind: &'static str,
        follower: Arc<dyn Follower>,
    ) -> Result<(), Error> {
        let following = Arc::new(Following { follower, ahead: Mutex::new(Some(BTreeSet::new())) });
        {
            let mut followers = self.0.write().unwrap_or_else(PoisonError::into_inner);
            followers.entry(kind).or_default().push(Arc::clone(&following));
        }
        let mut after = None;
        loop {
            let page = journal.entities(kind.to_owned(), after, ROWS).await?;
            for entity in page.rows {
                following.read(&entity.key.key, |follower| follower.told(&entity.key.key, Some(&entity)));
            }
            for row in page.damaged {
                if let Spot::Entity(_, key) = row.spot {
                    following.read(&key, |follower| follower.unreadable(&key));
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        *following.ahead() = None;
        Ok(())
    }
}
