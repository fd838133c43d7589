//! Rows in memory: as they stand in the database, and as they will after the batch.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// A row: as it was loaded, and as it is now. `None` = there is none.
struct Cell<V> {
    was: Option<Arc<V>>,
    now: Option<Arc<V>>,
}

/// Rows by key, with what is needed to take back what one operation did.
pub(super) struct Table<K, V> {
    cells: HashMap<K, Cell<V>>,
    undo: Vec<(K, Option<Arc<V>>)>,
}

/// A row that is not as it was.
pub(super) enum Changed<'t, V> {
    New(&'t Arc<V>),
    Other(&'t Arc<V>, &'t Arc<V>),
    Gone(&'t Arc<V>),
}

impl<K: Hash + Eq + Clone, V> Default for Table<K, V> {
    fn default() -> Self {
        Table { cells: HashMap::new(), undo: Vec::new() }
    }
}

impl<K: Hash + Eq + Clone, V> Table<K, V> {
    /// The row as it is now; the outer `None` = nobody has loaded it.
    #[allow(clippy::option_option, reason = "not loaded and not there are two things")]
    pub(super) fn get(&self, key: &K) -> Option<Option<&Arc<V>>> {
        self.cells.get(key).map(|cell| cell.now.as_ref())
    }

    /// Takes in what the database holds, unless it is known.
    pub(super) fn load(&mut self, key: K, row: Option<V>) {
        self.cells.entry(key).or_insert_with(|| {
            let was = row.map(Arc::new);
            Cell { now: was.clone(), was }
        });
    }

    /// The same, of a row that others may have as well.
    pub(super) fn load_shared(&mut self, key: K, row: Arc<V>) {
        self.cells.entry(key).or_insert_with(|| Cell { was: Some(Arc::clone(&row)), now: Some(row) });
    }

    /// The row becomes this one. One that nobody has loaded is new.
    pub(super) fn set(&mut self, key: K, row: Option<V>) {
        let cell = self.cells.entry(key.clone()).or_insert(Cell { was: None, now: None });
        let before = std::mem::replace(&mut cell.now, row.map(Arc::new));
        self.undo.push((key, before));
    }

    /// What is done from here on may be taken back.
    pub(super) fn begin(&mut self) {
        self.undo.clear();
    }

    /// Takes it back.
    pub(super) fn back(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            if let Some(cell) = self.cells.get_mut(&key) {
                cell.now = before;
            }
        }
    }

    /// What is not as it was.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&K, Changed<'_, V>)> {
        self.cells.iter().filter_map(|(key, cell)| match (&cell.was, &cell.now) {
            (None, Some(now)) => Some((key, Changed::New(now))),
            (Some(was), Some(now)) if !Arc::ptr_eq(was, now) => Some((key, Changed::Other(was, now))),
            (Some(was), None) => Some((key, Changed::Gone(was))),
            _ => None,
        })
    }

    /// What is not as it was: whether it is new, and how it is now.
    pub(super) fn into_changed(self) -> impl Iterator<Item = (K, bool, Option<V>)>
    where
        V: Clone,
    {
        self.cells.into_iter().filter_map(|(key, Cell { was, now })| {
            let is_same = match (&was, &now) {
                (Some(was), Some(now)) => Arc::ptr_eq(was, now),
                (was, now) => was.is_none() && now.is_none(),
            };
            (!is_same).then(|| (key, was.is_none(), now.map(Arc::unwrap_or_clone)))
        })
    }

    /// All rows as they are now.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Arc<V>> {
        self.cells.values().filter_map(|cell| cell.now.as_ref())
    }
}
