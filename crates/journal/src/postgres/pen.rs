//! The pen: the row of a life, without which nothing is written.

use std::time::Duration;

use super::pause::pause;
use super::row;
use super::session::Session;
use crate::address::Address;
use crate::error::Error;
use crate::life::Life;

/// A life of another seat is over when it has written nothing for so long, though it writes every second.
const SILENCE: Duration = Duration::from_secs(6);
/// It is looked at so often.
const LOOK: Duration = Duration::from_millis(250);

/// It is tried to end it so often, when a session of it stands in the way.
const TRIES: u32 = 3;

/// The right to write, as long as nobody declares us dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pen {
    pub(super) node: i64,
    pub(super) epoch: i64,
    /// The number of our last commit.
    pub(super) batch: i64,
}

/// The statement with which every batch begins.
pub(super) const STEP: &str = "UPDATE pen SET batch = batch + 1 WHERE node = $1 AND epoch = $2 AND batch = $3
    RETURNING batch";

/// A pen that is not over.
struct Held {
    node: i64,
    epoch: i64,
    batch: i64,
    seat: String,
    pid: i64,
}

impl Pen {
    /// Takes a new one. Lives of our own seat are over, since we hold its lock; of another seat there may be none.
    pub(super) async fn take(session: &Session, at: &Address, life: &Life) -> Result<Self, Error> {
        let ours = "UPDATE pen SET epoch = epoch + 1, over = true WHERE seat = $1 AND NOT over";
        session.execute(ours, &[&life.seat()]).await?;
        for held in Held::all(session).await? {
            held.outwait(session, at).await?;
        }
        // Of two who find that nobody has it only one takes it.
        let client = session.client();
        client
            .batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({})", super::schema::LOCK))
            .await?;
        let taken = Pen::take_free(session, at, life).await;
        client.batch_execute(if taken.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        taken
    }

    async fn take_free(session: &Session, at: &Address, life: &Life) -> Result<Self, Error> {
        let pid = i64::from(std::process::id());
        let take = "INSERT INTO pen (life, seat, pid, server)
                    SELECT $1, $2, $3, pg_backend_pid() WHERE NOT EXISTS (SELECT 1 FROM pen WHERE NOT over)
                    RETURNING node, epoch, batch";
        let found = session.first(take, &[&life.number(), &life.seat(), &pid]).await?;
        let Some(found) = found else {
            let held = Held::all(session).await?.into_iter().next();
            return Err(held.map_or(Error::Closed, |held| held.locked(at)));
        };
        Ok(Pen { node: row::get(&found, 0)?, epoch: row::get(&found, 1)?, batch: row::get(&found, 2)? })
    }
}

impl Pen {
    /// How it stands in the database; `None` = its life is over.
    pub(super) async fn batch_now(&self, session: &Session) -> Result<Option<i64>, Error> {
        let now = "SELECT batch FROM pen WHERE node = $1 AND epoch = $2 AND NOT over";
        session.first(now, &[&self.node, &self.epoch]).await?.map(|found| row::get(&found, 0)).transpose()
    }

    /// Its life is over.
    pub(super) async fn lay_down(&self, session: &Session) -> Result<(), Error> {
        let over = "UPDATE pen SET over = true WHERE node = $1 AND epoch = $2";
        session.execute(over, &[&self.node, &self.epoch]).await.map(|_| ())
    }
}

impl Held {
    async fn all(session: &Session) -> Result<Vec<Self>, Error> {
        let rows = session
            .all("SELECT node, epoch, batch, seat, pid FROM pen WHERE NOT over ORDER BY node", &[])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Held {
                    node: row::get(row, 0)?,
                    epoch: row::get(row, 1)?,
                    batch: row::get(row, 2)?,
                    seat: row::get(row, 3)?,
                    pid: row::get(row, 4)?,
                })
            })
            .collect()
    }

    fn locked(&self, at: &Address) -> Error {
        Error::Locked { at: at.clone(), pid: format!("{} of {}", self.pid, self.seat) }
    }

    /// Waits until it has been silent for long enough, and ends it. Fails as soon as it writes.
    async fn outwait(self, session: &Session, at: &Address) -> Result<(), Error> {
        let began = tokio::time::Instant::now();
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
        tracing::warn!("the hub in process {} of {} writes no more: its life is over", self.pid, self.seat);
        Ok(())
    }

    /// Ends it, unless it has moved. A batch under way holds the row: this waits for its end, and then ends nothing. A session
    /// that stands still in the middle of one is ended itself.
    async fn end(&self, session: &Session) -> Result<bool, Error> {
        let end =
            "UPDATE pen SET epoch = epoch + 1, over = true WHERE node = $1 AND epoch = $2 AND batch = $3";
        let free = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'pen'::regclass
                    AND pid <> pg_backend_pid() AND mode IN ('RowShareLock', 'RowExclusiveLock')";
        let mut held = None;
        for _ in 0..TRIES {
            match session.execute(end, &[&self.node, &self.epoch, &self.batch]).await {
                Ok(ended) => return Ok(ended > 0),
                Err(error) => held = Some(error),
            }
            session.all(free, &[]).await?;
        }
        Err(held.unwrap_or(Error::Closed))
    }
}
