//! Records of one kind: entities in the journal, and in memory because every request asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use engine::clock::within;
use engine::{AuditEntry, Follower, Hub};
use model::effect::EntityContent;
use model::{Effects, Entity, EntityKey, EntityWrite};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use http::Problem;

/// What another hub has written is heard of within this time, or something is wrong.
const HEARD: Duration = Duration::from_secs(2);

/// Tells those who follow something that a right may have changed.
pub(super) type Changed = Arc<watch::Sender<()>>;

/// Something that is kept.
pub(super) trait Kept: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The entities' kind.
    const KIND: &'static str;
    /// See [`model::Entity::state`].
    fn state(&self) -> &'static str;
    /// See [`model::Entity::label`].
    fn label(&self) -> &str;
}

/// A record with its revision.
#[derive(Clone, Debug)]
pub(super) struct Row<T> {
    pub(super) rev: u64,
    pub(super) value: T,
}

/// All records of a kind, as the journal's commits left them: nothing else changes what is here.
pub(super) struct Store<T> {
    hub: Hub,
    copy: Arc<Copied<T>>,
}

struct Copied<T> {
    rows: RwLock<Rows<T>>,
    changed: Changed,
}

struct Rows<T> {
    read: BTreeMap<String, Row<T>>,
    /// Keys of those that cannot be read: they grant nothing, and can be removed or made anew.
    void: BTreeSet<String>,
}

impl<T> Copied<T> {
    fn count(&self, which: impl Fn(&T) -> bool) -> usize {
        self.rows().read.values().filter(|row| which(&row.value)).count()
    }

    fn rows(&self) -> RwLockReadGuard<'_, Rows<T>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows_mut(&self) -> RwLockWriteGuard<'_, Rows<T>> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Kept> Follower for Copied<T> {
    fn told(&self, key: &str, now: Option<&Entity>) {
        let value = match now {
            None => None,
            Some(entity) => match serde_json::from_value(entity.body.clone()) {
                Ok(value) => Some(Row { rev: entity.rev, value }),
                Err(_) => return self.unreadable(key),
            },
        };
        let mut rows = self.rows_mut();
        rows.void.remove(key);
        match value {
            Some(row) => _ = rows.read.insert(key.to_owned(), row),
            None => _ = rows.read.remove(key),
        }
        drop(rows);
        self.changed.send_replace(());
    }

    fn unreadable(&self, key: &str) {
        tracing::error!("the {} {key} cannot be read and is void: remove it, or make it anew", T::KIND);
        let mut rows = self.rows_mut();
        rows.read.remove(key);
        rows.void.insert(key.to_owned());
        drop(rows);
        self.changed.send_replace(());
    }
}

impl<T: Kept> Store<T> {
    pub(super) async fn load(hub: Hub, changed: Changed) -> Result<Self, engine::Error> {
        let rows = RwLock::new(Rows { read: BTreeMap::new(), void: BTreeSet::new() });
        let copy = Arc::new(Copied { rows, changed });
        hub.follow(T::KIND, Arc::<Copied<T>>::clone(&copy)).await?;
        Ok(Store { hub, copy })
    }

    /// Whether there is one of this key that cannot be read.
    pub(super) fn is_void(&self, key: &str) -> bool {
        self.copy.rows().void.contains(key)
    }

    /// Removes one that cannot be read, so that its key is free.
    pub(super) async fn clear(&self, key: &str, entry: Option<AuditEntry>) -> Result<(), Problem> {
        self.hub.erase(place::<T>(key), entry).await?;
        Ok(())
    }

    pub(super) fn get(&self, key: &str) -> Option<Row<T>> {
        self.copy.rows().read.get(key).cloned()
    }

    /// The same, also of one that another hub has just made: it is in the journal, and we are about to hear of it.
    pub(super) async fn heard(&self, key: &str) -> Result<Option<Row<T>>, Problem> {
        let mut told = self.copy.changed.subscribe();
        let known = self.get(key);
        if known.is_some() || !self.hub.is_shared() || self.is_void(key) {
            return Ok(known);
        }
        if self.hub.journal().entity(place::<T>(key)).await?.is_none() {
            return Ok(None);
        }
        let hear = async {
            loop {
                if let Some(row) = self.get(key) {
                    return row;
                }
                // Whoever tells is kept by us.
                let _ = told.changed().await;
            }
        };
        Ok(within(HEARD, hear).await.ok())
    }

    pub(super) fn all(&self) -> Vec<(String, Row<T>)> {
        self.copy.rows().read.iter().map(|(key, row)| (key.clone(), row.clone())).collect()
    }

    /// How many of them there are that are so.
    pub(super) fn count(&self, which: impl Fn(&T) -> bool) -> usize {
        self.copy.count(which)
    }

    /// Whether there is none at all, not even one that cannot be read.
    pub(super) fn is_empty(&self) -> bool {
        let rows = self.copy.rows();
        rows.read.is_empty() && rows.void.is_empty()
    }

    /// Writes a record over the revision that was read; 0 = there was none. A change that somebody made comes with its
    /// entry in the audit.
    pub(super) async fn put(
        &self,
        key: &str,
        rev: u64,
        value: &T,
        entry: Option<AuditEntry>,
    ) -> Result<(), Problem> {
        if self.is_void(key) {
            self.clear(key, None).await?;
        }
        write(&self.hub, vec![Self::writing(key, rev, value)?], entry).await
    }

    /// Removes a record.
    pub(super) async fn remove(&self, key: &str, rev: u64, entry: Option<AuditEntry>) -> Result<(), Problem> {
        write(&self.hub, vec![Self::removal(key, rev)], entry).await
    }

    /// The write of a record, for a commit with others.
    pub(super) fn writing(key: &str, rev: u64, value: &T) -> Result<EntityWrite, Problem> {
        let body = serde_json::to_value(value).map_err(|e| Problem::bug(&e))?;
        let content =
            EntityContent { state: value.state().to_owned(), label: value.label().to_owned(), body };
        Ok(EntityWrite { key: place::<T>(key), expected_rev: rev, content: Some(content) })
    }

    /// The removal of a record, for a commit with others.
    pub(super) fn removal(key: &str, rev: u64) -> EntityWrite {
        EntityWrite { key: place::<T>(key), expected_rev: rev, content: None }
    }
}

/// Writes records of any kind in one commit.
pub(super) async fn write(
    hub: &Hub,
    entities: Vec<EntityWrite>,
    entry: Option<AuditEntry>,
) -> Result<(), Problem> {
    Ok(hub.write(Effects { entities, ..Effects::default() }, entry).await?)
}

fn place<T: Kept>(key: &str) -> EntityKey {
    EntityKey { kind: T::KIND.to_owned(), key: key.to_owned() }
}
