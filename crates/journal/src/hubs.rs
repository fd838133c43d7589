//! The hubs on a journal, for those who look at them and tell them what to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;
#[cfg(feature = "postgres")]
use crate::life::Life;
use crate::node::{Nodes, NodesReceiver};
#[cfg(feature = "postgres")]
use crate::postgres::{self, Database};
use crate::report::{Difference, Report};

/// The hubs on a journal that several can reach.
#[derive(Clone, Debug)]
pub struct Hubs {
    nodes: NodesReceiver,
    #[cfg(feature = "postgres")]
    database: Database,
    #[cfg(feature = "postgres")]
    life: Life,
    differences: Arc<Mutex<Arc<Differences>>>,
}

/// Hubs that were told something else than the one that leads, by their lives.
pub type Differences = BTreeMap<String, Difference>;

/// Whether a hub is to take work.
#[derive(Clone, Debug)]
pub struct Drain {
    /// The life of the hub, as it is shown.
    pub life: String,
    /// It is to lay down its work, if it works, and to take none. Otherwise it may take work again.
    pub drained: bool,
    /// Also when nobody else is there who could work.
    pub force: bool,
    /// Who says so.
    pub by: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It stands in the journal, and the hub finds it there.
    Done,
    /// There is no such hub.
    Unknown,
    /// Nobody else is there who could work: nothing was changed.
    NobodyElse,
}

impl Hubs {
    #[cfg(feature = "postgres")]
    pub(crate) fn new(nodes: NodesReceiver, database: Database, life: Life) -> Self {
        Hubs { nodes, database, life, differences: Arc::default() }
    }

    /// As they were found at the last look.
    pub fn now(&self) -> Arc<Nodes> {
        Arc::clone(&self.nodes.borrow())
    }

    /// The same, as it changes.
    pub fn follow(&self) -> NodesReceiver {
        self.nodes.clone()
    }

    /// Which of them were told something else than the one that leads, as it was found when they were compared last.
    pub fn differences(&self) -> Arc<Differences> {
        Arc::clone(&self.differences.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says to all what this hub was told by its files, and looks at what the others were told.
    #[cfg(feature = "postgres")]
    pub async fn compare(&self, own: &Report) -> Result<(), Error> {
        let found = Arc::new(postgres::compare(&self.database, &self.life, own).await?);
        *self.differences.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }

    /// There is nobody to be compared with.
    #[cfg(not(feature = "postgres"))]
    #[allow(clippy::unused_async, reason = "with PostgreSQL it is asked")]
    pub async fn compare(&self, _: &Report) -> Result<(), Error> {
        Ok(())
    }

    /// Tells one of them to lay down its work, or that it may take work again. Within a look of half a second it acts by it.
    #[cfg(feature = "postgres")]
    pub async fn tell(&self, drain: &Drain) -> Result<Told, Error> {
        postgres::tell(&self.database, drain).await
    }

    /// There is no journal that several hubs can reach.
    #[cfg(not(feature = "postgres"))]
    #[allow(clippy::unused_async, reason = "with PostgreSQL it is asked")]
    pub async fn tell(&self, _: &Drain) -> Result<Told, Error> {
        Ok(Told::Unknown)
    }
}
