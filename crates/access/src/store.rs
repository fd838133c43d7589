//! Records of one kind: entities in the journal, and in memory because every request asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use engine::{AuditEntry, Hub};
use journal::{EffectSet, Spot};
use model::effect::EntityContent;
use model::{EntityKey, EntityWrite};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use http::Problem;

/// Entities read at once.
const ROWS: usize = 1000;

/// Tells those who follow something that a right may have changed.
pub(super) type Changed = Arc<watch::Sender<()>>;

/// Something that is kept.
pub(super) trait Kept: Serialize + DeserializeOwned + Clone {
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

/// All records of a kind. This hub is the only one that writes them.
pub(super) struct Store<T> {
    hub: Hub,
    changed: Changed,
    rows: RwLock<BTreeMap<String, Row<T>>>,
    /// Keys of those that cannot be read: they grant nothing, and can be removed or made anew.
    void: RwLock<BTreeSet<String>>,
}

impl<T: Kept> Store<T> {
    pub(super) async fn load(hub: Hub, changed: Changed) -> Result<Self, engine::Error> {
        let (mut rows, mut void, mut after) = (BTreeMap::new(), BTreeSet::new(), None);
        loop {
            let page = hub.journal().entities(T::KIND.to_owned(), after, ROWS).await?;
            for entity in page.rows {
                match serde_json::from_value(entity.body) {
                    Ok(value) => _ = rows.insert(entity.key.key, Row { rev: entity.rev, value }),
                    Err(_) => _ = void.insert(entity.key.key),
                }
            }
            void.extend(page.damaged.into_iter().filter_map(|row| match row.spot {
                Spot::Entity(_, key) => Some(key),
                _ => None,
            }));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for key in &void {
            tracing::error!("the {} {key} cannot be read and is void: remove it, or make it anew", T::KIND);
        }
        Ok(Store { hub, changed, rows: RwLock::new(rows), void: RwLock::new(void) })
    }

    /// Whether there is one of this key that cannot be read.
    pub(super) fn is_void(&self, key: &str) -> bool {
        self.void.read().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    /// Removes one that cannot be read, so that its key is free.
    pub(super) async fn clear(&self, key: &str, entry: Option<AuditEntry>) -> Result<(), Problem> {
        let records = entry.into_iter().map(|entry| entry.record(self.hub.now())).collect();
        let key = EntityKey { kind: T::KIND.to_owned(), key: key.to_owned() };
        let effects = EffectSet { records, ..EffectSet::default() };
        self.hub.journal().erase(key.clone(), effects).await?;
        self.void.write().unwrap_or_else(PoisonError::into_inner).remove(&key.key);
        Ok(())
    }

    pub(super) fn get(&self, key: &str) -> Option<Row<T>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(super) fn all(&self) -> Vec<(String, Row<T>)> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|(key, row)| (key.clone(), row.clone())).collect()
    }

    /// Whether there is none at all, not even one that cannot be read.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).is_empty()
            && self.void.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Writes a record over the revision that was read; 0 = there was none. A change that somebody made comes with its
    /// entry in the audit.
    pub(super) async fn put(
        &self,
        key: &str,
        rev: u64,
        value: T,
        entry: Option<AuditEntry>,
    ) -> Result<(), Problem> {
        if self.is_void(key) {
            self.clear(key, None).await?;
        }
        let body = serde_json::to_value(&value).map_err(|e| Problem::bug(&e))?;
        let content =
            EntityContent { state: value.state().to_owned(), label: value.label().to_owned(), body };
        self.write(key, rev, Some(content), entry).await?;
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.insert(key.to_owned(), Row { rev: rev + 1, value });
        drop(rows);
        self.changed.send_replace(());
        Ok(())
    }

    /// Removes a record.
    pub(super) async fn remove(&self, key: &str, rev: u64, entry: Option<AuditEntry>) -> Result<(), Problem> {
        self.write(key, rev, None, entry).await?;
        self.rows.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.changed.send_replace(());
        Ok(())
    }

    async fn write(
        &self,
        key: &str,
        rev: u64,
        content: Option<EntityContent>,
        entry: Option<AuditEntry>,
    ) -> Result<(), Problem> {
        let now = self.hub.now();
        let key = EntityKey { kind: T::KIND.to_owned(), key: key.to_owned() };
        let entities = vec![EntityWrite { key, expected_rev: rev, content }];
        let records = entry.into_iter().map(|entry| entry.record(now)).collect();
        let effects = EffectSet { entities, records, ..EffectSet::default() };
        Ok(self.hub.journal().apply(effects, None, now).await?)
    }
}
