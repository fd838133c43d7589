//! Lives that are not over, as others see them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_postgres::Row;

use super::pause::pause;
use super::pen::Role;
use super::row;
use super::session::Session;
use super::watch::SILENCE;
use crate::address::Address;
use crate::error::Error;
use crate::life::Life;
use crate::node::{Node, NodeRole};

/// One that somebody waits for is looked at so often.
const LOOK: Duration = Duration::from_millis(250);

/// A pen that is not over.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) node: i64,
    pub(super) epoch: i64,
    pub(super) batch: i64,
    pub(super) role: Role,
    pub(super) drained: bool,
    told_by: String,
    life: Life,
    pid: i64,
    version: String,
    since: Timestamp,
}

impl Held {
    /// All of them, the one that leads first, and then those that work beside it.
    pub(super) async fn living(session: &Session) -> Result<Vec<Self>, Error> {
        let living = "SELECT node, epoch, batch, role, life, seat, pid, version,
                             (extract(epoch FROM since) * 1000)::bigint, drained, told_by
                      FROM pen WHERE NOT over ORDER BY node";
        let rows = session.all(living, &[]).await?;
        let mut living = rows.iter().map(Held::of).collect::<Result<Vec<_>, _>>()?;
        living.sort_by_key(|held| match held.role {
            Role::Leads => 0,
            Role::Works => 1,
            Role::StandsBy => 2,
        });
        Ok(living)
    }

    fn of(found: &Row) -> Result<Self, Error> {
        Ok(Held {
            node: row::get(found, 0)?,
            epoch: row::get(found, 1)?,
            batch: row::get(found, 2)?,
            role: Role::of(row::get(found, 3)?),
            drained: row::get(found, 9)?,
            told_by: row::get(found, 10)?,
            life: Life::new(row::get::<String>(found, 5)?, row::get(found, 4)?),
            pid: row::get(found, 6)?,
            version: row::get(found, 7)?,
            since: Timestamp::from_millisecond(row::get(found, 8)?).unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }

    /// As it is shown, when it has been silent for so long; `own` is the node of whoever looks.
    pub(super) fn shown(&self, silent: Duration, own: i64) -> Node {
        Node {
            life: self.life.clone(),
            pid: self.pid,
            role: self.node_role(),
            leads: self.role == Role::Leads,
            drained: self.drained,
            told_by: self.told_by.clone(),
            version: self.version.clone(),
            since: self.since,
            silent,
            is_own: self.node == own,
        }
    }

    /// What others are told that it does.
    fn node_role(&self) -> NodeRole {
        if self.role == Role::StandsBy { NodeRole::StandsBy } else { NodeRole::AtWork }
    }

    /// Whether it is the life of this name.
    pub(super) fn is_life(&self, name: &str) -> bool {
        self.life.to_string() == name
    }

    /// What people are told of it.
    pub(super) fn who(&self) -> String {
        self.shown(Duration::ZERO, 0).who()
    }

    /// What somebody is told for whom there is no place beside it.
    pub(super) fn locked(&self, at: &Address) -> Error {
        let who = format!("{} of {}", self.pid, self.life.seat());
        let pid = match self.node_role() {
            NodeRole::AtWork => who,
            NodeRole::StandsBy => format!("{who}, which stands by"),
        };
        Error::Locked { at: at.clone(), pid }
    }

    /// Waits until it has been silent for long enough, and ends it. Fails as soon as it writes.
    pub(super) async fn outwait(self, session: &Session, at: &Address) -> Result<(), Error> {
        let began = Instant::now();
        while began.elapsed() < SILENCE {
            pause(LOOK).await;
            let now =
                session.first("SELECT epoch, batch, over FROM pen WHERE node = $1", &[&self.node]).await?;
            let Some(now) = now else { return Ok(()) };
            if row::get::<bool>(&now, 2)? {
                return Ok(());
            }
            if (row::get::<i64>(&now, 0)?, row::get::<i64>(&now, 1)?) != (self.epoch, self.batch) {
                return Err(self.locked(at));
            }
        }
        if !self.end(session).await? {
            return Err(self.locked(at));
        }
        Ok(())
    }

    /// Ends it, unless it has moved. A batch under way holds the row: this waits for its end, and then ends nothing. A session
    /// that stands still in the middle of one is ended itself.
    pub(super) async fn end(&self, session: &Session) -> Result<bool, Error> {
        let mut held = None;
        for _ in 0..super::pen::TRIES {
            match self.bury(session).await {
                Ok(ended) => {
                    if ended {
                        tracing::warn!("the hub in {} writes no more: its life is over", self.who());
                    }
                    return Ok(ended);
                }
                Err(error) => held = Some(error),
            }
            free_rows(session).await?;
        }
        Err(held.unwrap_or(Error::Closed))
    }

    /// The same, tried once.
    pub(super) async fn bury(&self, session: &Session) -> Result<bool, Error> {
        let end =
            "UPDATE pen SET epoch = epoch + 1, over = true WHERE node = $1 AND epoch = $2 AND batch = $3";
        Ok(session.execute(end, &[&self.node, &self.epoch, &self.batch]).await? > 0)
    }
}

/// Ends sessions that hold rows of pens.
pub(super) async fn free_rows(session: &Session) -> Result<(), Error> {
    let free = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'pen'::regclass
                AND pid <> pg_backend_pid() AND mode IN ('RowShareLock', 'RowExclusiveLock')";
    session.all(free, &[]).await.map(|_| ())
}
