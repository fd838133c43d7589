//! Jobs that many take up at the same moment are read together: a statement of its own for each costs more than what it reads.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio_postgres::Row;
use uuid::Uuid;

use super::row::get;
use super::session::Session;
use crate::error::Error;

/// So many are read with one statement.
const MOST: usize = 64;

type Waiting = (Uuid, oneshot::Sender<Option<Row>>);

/// Those who wait for a row.
#[derive(Default)]
pub(super) struct Together {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

impl Together {
    /// The row of this id, read with `select`, which is the same for all: it takes ids and has them in its second column.
    pub(super) async fn row(&self, sql: &Session, select: &str, id: Uuid) -> Result<Option<Row>, Error> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((id, answer));
            // Whoever has the turn reads for all who wait by then.
            let turn = tokio::select! {
                biased;
                row = &mut answered => match row {
                    Ok(row) => return Ok(row),
                    // Whoever read for us has failed or gone away.
                    Err(_) => continue,
                },
                turn = self.turn.lock() => turn,
            };
            if let Ok(row) = answered.try_recv() {
                return Ok(row);
            }
            self.read(sql, select).await?;
            drop(turn);
            if let Ok(row) = answered.try_recv() {
                return Ok(row);
            }
        }
    }

    async fn read(&self, sql: &Session, select: &str) -> Result<(), Error> {
        let group: Vec<Waiting> = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let most = waiting.len().min(MOST);
            waiting.drain(..most).filter(|(_, answer)| !answer.is_closed()).collect()
        };
        let ids: Vec<Uuid> = group.iter().map(|(id, _)| *id).collect();
        let mut found = HashMap::new();
        for row in sql.all(select, &[&ids]).await? {
            found.insert(get::<Uuid>(&row, 1)?, row);
        }
        let there: HashSet<Uuid> = found.keys().copied().collect();
        for (id, answer) in group {
            match found.remove(&id) {
                // Another one had asked for the same row, and has it: this one asks again.
                None if there.contains(&id) => {}
                row => drop(answer.send(row)),
            }
        }
        Ok(())
    }
}
