//! Records of one kind: entities in the journal, and in memory because every request asks for them.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use engine::{AuditEntry, Hub};
use journal::EffectSet;
use model::effect::EntityContent;
use model::{EntityKey, EntityWrite};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Entities read at once.
const ROWS: usize = 1000;

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
    rows: RwLock<BTreeMap<String, Row<T>>>,
}

impl<T: Kept> Store<T> {
    pub(super) async fn load(hub: Hub) -> Result<Self, engine::Error> {
        let mut rows = BTreeMap::new();
        loop {
            let after = rows.last_key_value().map(|(key, _): (&String, _)| key.clone());
            let entities = hub.journal().entities(T::KIND.to_owned(), after, ROWS).await?;
            let complete = entities.len() < ROWS;
            for entity in entities {
                match serde_json::from_value(entity.body) {
                    Ok(value) => _ = rows.insert(entity.key.key, Row { rev: entity.rev, value }),
                    Err(error) => {
                        tracing::error!(
                            "the {} {} cannot be read and is void: {error}",
                            T::KIND,
                            entity.label
                        );
                    }
                }
            }
            if complete {
                return Ok(Store { hub, rows: RwLock::new(rows) });
            }
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Row<T>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(super) fn all(&self) -> Vec<(String, Row<T>)> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|(key, row)| (key.clone(), row.clone())).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).is_empty()
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
        let body = serde_json::to_value(&value).map_err(|e| Problem::bug(&e))?;
        let content =
            EntityContent { state: value.state().to_owned(), label: value.label().to_owned(), body };
        self.write(key, rev, Some(content), entry).await?;
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.insert(key.to_owned(), Row { rev: rev + 1, value });
        Ok(())
    }

    /// Removes a record.
    pub(super) async fn remove(&self, key: &str, rev: u64, entry: Option<AuditEntry>) -> Result<(), Problem> {
        self.write(key, rev, None, entry).await?;
        self.rows.write().unwrap_or_else(PoisonError::into_inner).remove(key);
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
