//! The pen: the row of a life, without which nothing is written. Of all lives one leads; the others work beside it, or stand by.

use std::time::Duration;

use super::boot::since_boot;
use super::held::{Held, free_rows};
use super::schema::{self, LOCK};
use super::session::Session;
use super::{notice, row};
use crate::address::Address;
use crate::error::Error;
use crate::life::Life;
use crate::node::End;

/// It is tried so often, when a session of somebody else stands in the way.
pub(super) const TRIES: u32 = 3;

/// What is written down of ourselves.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The right to write, as long as nobody declares us dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pen {
    pub(super) node: i64,
    pub(super) epoch: i64,
    /// The number of our last commit. Of one that stands by it is not kept: it only moves.
    pub(super) batch: i64,
}

/// The statement with which every batch begins. It says what its events have in common, and where the row lies now.
pub(super) const STEP: &str = "UPDATE pen SET batch = batch + 1 WHERE node = $1 AND epoch = $2 AND batch = $3
    RETURNING nextval('tick'), ctid";

/// The same, where the row is known to lie.
pub(super) const STEP_THERE: &str =
    "UPDATE pen SET batch = batch + 1 WHERE ctid = $4 AND node = $1 AND epoch = $2 AND batch = $3
    RETURNING nextval('tick'), ctid";

/// Asked while the batch holds its pen, and after what it follows of others: whether others are there; whether any of them is at
/// work; whether any was or is of which not all is known (behind node $2, or of the nodes $3); and whether anything has arrived
/// that is not in line yet, of jobs and of deliveries.
pub(super) const THERE: &str = "WITH at_work AS MATERIALIZED (
        SELECT EXISTS (SELECT 1 FROM pen WHERE NOT over AND node < $1 AND role > 0)
               OR EXISTS (SELECT 1 FROM pen WHERE NOT over AND node > $1 AND role > 0) AS there)
    SELECT there OR EXISTS (SELECT 1 FROM pen WHERE NOT over AND node < $1)
                 OR EXISTS (SELECT 1 FROM pen WHERE NOT over AND node > $1), there,
           there OR EXISTS (SELECT 1 FROM pen WHERE node > $2)
                 OR EXISTS (SELECT 1 FROM pen WHERE node = ANY($3::bigint[]) AND role > 0),
           EXISTS (SELECT 1 FROM live WHERE NOT placed), EXISTS (SELECT 1 FROM delivery WHERE NOT placed)
    FROM at_work";

/// Adds two, so that the commit that is looked for, which adds one, is told apart from any number of these.
pub(super) const CONFIRM: &str =
    "UPDATE pen SET batch = batch + 2 WHERE node = $1 AND epoch = $2 AND batch = $3
    RETURNING batch, EXISTS (SELECT 1 FROM pen AS other WHERE NOT other.over AND other.node <> $1)";

/// What a life may do when it takes a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// It works beside others.
    pub(super) beside: bool,
    /// It takes no work for now.
    pub(super) drained: bool,
}

/// What a life does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    StandsBy,
    /// It works, and does what one alone must do for all.
    Leads,
    /// It works beside the one that leads.
    Works,
}

impl Role {
    /// As it is stored.
    pub(super) fn of(code: i16) -> Self {
        match code {
            0 => Role::StandsBy,
            1 => Role::Leads,
            _ => Role::Works,
        }
    }
}

/// Where a pen was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Now {
    /// Here.
    At(i64),
    /// Its life is over: somebody has said so.
    Over,
    /// The database does not know it.
    Gone,
}

impl Pen {
    /// Takes a place: that of the leader when there is none, and otherwise at work `beside` the others, or standing by; and standing
    /// by where it is `drained`. Lives of our own seat are over, since we hold its lock: when one of them led, nobody comes in
    /// between.
    pub(super) async fn enter(session: &Session, life: &Life, ways: Ways) -> Result<(Self, Role), Error> {
        let Ways { beside, drained } = ways;
        patiently(session, async || {
            let buried = bury_own(session, life).await?;
            let insert = "INSERT INTO pen (life, seat, pid, server, version, drained, role)
                          SELECT $1, $2, $3, pg_backend_pid(), $4, $5,
                                 CASE WHEN $5 THEN 0
                                      WHEN NOT EXISTS (SELECT 1 FROM pen WHERE role = 1 AND NOT over) THEN 1
                                      WHEN $6 THEN 2 ELSE 0 END
                          RETURNING node, epoch, batch, role";
            let pid = i64::from(std::process::id());
            let made = session
                .one(insert, &[&life.number(), &life.seat(), &pid, &VERSION, &drained, &beside])
                .await?;
            let pen =
                Pen { node: row::get(&made, 0)?, epoch: row::get(&made, 1)?, batch: row::get(&made, 2)? };
            let role = Role::of(row::get(&made, 3)?);
            if role != Role::StandsBy {
                // What our life before has begun may run on this machine still, and can be ended by nobody else.
                let inherit = "UPDATE shard SET owner = $1 WHERE owner = ANY($2)";
                session.execute(inherit, &[&pen.node, &buried]).await?;
            }
            Ok((pen, role))
        })
        .await
    }

    /// Goes to work at once, or not at all: when anybody of another seat is there, also one that stands by, it is
    /// [`Error::Locked`]. Whoever is silent for too long is not there.
    /// Says when the commit was sent by which it did.
    pub(super) async fn take(
        session: &Session,
        at: &Address,
        life: &Life,
    ) -> Result<(Self, Duration), Error> {
        patiently(session, async || bury_own(session, life).await.map(drop)).await?;
        for held in Held::living(session).await? {
            held.outwait(session, at).await?;
        }
        // Of two who find that nobody has it only one takes it.
        let sent = since_boot();
        let taken = patiently(session, async || {
            let insert = "INSERT INTO pen (life, seat, pid, server, version, role)
                          SELECT $1, $2, $3, pg_backend_pid(), $4, 1 WHERE NOT EXISTS (SELECT 1 FROM pen WHERE NOT over)
                          RETURNING node, epoch, batch";
            let pid = i64::from(std::process::id());
            session.first(insert, &[&life.number(), &life.seat(), &pid, &VERSION]).await
        });
        if let Some(made) = taken.await? {
            let (node, epoch, batch) = (row::get(&made, 0)?, row::get(&made, 1)?, row::get(&made, 2)?);
            return Ok((Pen { node, epoch, batch }, sent));
        }
        let held = Held::living(session).await?.into_iter().next();
        Err(held.map_or(Error::Closed, |held| held.locked(at)))
    }

    /// Goes from standing by to work, and ends the one that led, if one is left, unless it has moved. In one commit: there is
    /// never none at work, and of several who try one comes through; whoever may work `beside` others does in any case.
    /// `None` = it is not our turn.
    pub(super) async fn take_over(
        &self,
        session: &Session,
        dead: Option<&Held>,
        beside: bool,
    ) -> Result<Option<(Self, Role)>, Error> {
        let gone = patiently(session, async || {
            if let Some(dead) = dead
                && !dead.bury(session).await?
            {
                return Ok(None);
            }
            let go = "WITH led AS MATERIALIZED (SELECT EXISTS (SELECT 1 FROM pen WHERE role = 1 AND NOT over) AS so)
                      UPDATE pen SET role = CASE WHEN so THEN 2 ELSE 1 END, batch = batch + 1 FROM led
                      WHERE node = $1 AND epoch = $2 AND NOT over AND NOT drained AND ($3 OR NOT so)
                      RETURNING batch, role";
            let gone = session.first(go, &[&self.node, &self.epoch, &beside]).await?;
            gone.map(|gone| Ok((row::get(&gone, 0)?, Role::of(row::get(&gone, 1)?)))).transpose()
        });
        Ok(gone.await?.map(|(batch, role)| (Pen { batch, ..*self }, role)))
    }

    /// Shows that one that stands by is there. Nobody waits for the disk: it is nothing that has to last.
    pub(super) async fn beat(&self, session: &Session) -> Result<(), Error> {
        let Pen { node, epoch, .. } = self;
        let beat = format!(
            "BEGIN; SET LOCAL synchronous_commit = off;
             UPDATE pen SET batch = batch + 1 WHERE node = {node} AND epoch = {epoch} AND role = 0; COMMIT"
        );
        Ok(session.client().batch_execute(&beat).await?)
    }

    /// Confirms with a commit of its own that it is at work, when it was left open whether its takeover got through.
    pub(super) async fn confirm(&self, session: &Session) -> Result<Option<(Self, Role)>, Error> {
        let confirm =
            "UPDATE pen SET batch = batch + 1 WHERE node = $1 AND epoch = $2 AND role > 0 AND NOT over
                       RETURNING batch, role";
        let Some(found) = session.first(confirm, &[&self.node, &self.epoch]).await? else { return Ok(None) };
        certain(session)?;
        Ok(Some((Pen { batch: row::get(&found, 0)?, ..*self }, Role::of(row::get(&found, 1)?))))
    }

    /// Becomes the leader within its own batch, when there is none. Whoever takes or gives a place at this moment comes first:
    /// then it is tried again.
    pub(super) async fn lead(&self, session: &Session) -> Result<bool, Error> {
        let free = session.one("SELECT pg_try_advisory_xact_lock($1)", &[&LOCK]).await?;
        if !row::get::<bool>(&free, 0)? {
            return Ok(false);
        }
        let lead = "UPDATE pen SET role = 1 WHERE node = $1 AND role = 2 AND NOT over AND NOT drained
                    AND NOT EXISTS (SELECT 1 FROM pen AS other WHERE other.role = 1 AND NOT other.over)";
        Ok(session.execute(lead, &[&self.node]).await? > 0)
    }

    /// How it stands in the database.
    pub(super) async fn now(&self, session: &Session) -> Result<Now, Error> {
        let now = "SELECT batch, over OR epoch <> $2 FROM pen WHERE node = $1";
        let Some(found) = session.first(now, &[&self.node, &self.epoch]).await? else { return Ok(Now::Gone) };
        Ok(if row::get(&found, 1)? { Now::Over } else { Now::At(row::get(&found, 0)?) })
    }

    /// Why our life is over, when it was found like this where we had left it at our last commit; `None` = it is not.
    pub(super) fn ended(&self, now: Now) -> Option<End> {
        let lost = |commits: i64| End::Lost(commits.unsigned_abs());
        match now {
            Now::At(batch) if batch < self.batch => Some(lost(self.batch - batch)),
            Now::At(batch) => (batch > self.batch).then_some(End::TakenOver),
            Now::Over => Some(End::TakenOver),
            // Rows of lives are never removed.
            Now::Gone => Some(lost(self.batch + 1)),
        }
    }

    /// Its life is over. Those who work beside it are told, and take what was its.
    pub(super) async fn lay_down(&self, session: &Session) -> Result<(), Error> {
        let over = "UPDATE pen SET over = true WHERE node = $1 AND epoch = $2";
        session.execute(over, &[&self.node, &self.epoch]).await?;
        Ok(session.client().batch_execute(&notice::statement(session).await?).await?)
    }
}

/// Ends all lives of our seat; returns their nodes.
async fn bury_own(session: &Session, life: &Life) -> Result<Vec<i64>, Error> {
    let ours = "UPDATE pen SET epoch = epoch + 1, over = true WHERE seat = $1 AND NOT over RETURNING node";
    session.all(ours, &[&life.seat()]).await?.iter().map(|buried| row::get(buried, 0)).collect()
}

/// Does something in a transaction in which nobody else takes or gives a place. A batch under way holds a row: it is waited
/// for, and a session that stands still in the middle of one is ended.
async fn patiently<T>(session: &Session, work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        session.client().batch_execute("BEGIN").await?;
        // Whoever is waited for here does not stand in the way of rows: what was begun ends with the session.
        schema::alone(session).await?;
        let error = match work().await {
            Ok(done) => {
                session.client().batch_execute("COMMIT").await?;
                certain(session)?;
                return Ok(done);
            }
            Err(error) => error,
        };
        let rolled_back = session.client().batch_execute("ROLLBACK").await;
        if tries == 0 || rolled_back.is_err() || !matches!(error, Error::Unwritable(_)) {
            return Err(error);
        }
        free_rows(session).await?;
    }
}

/// A commit that may not have reached the standby it had to wait for is not known to last.
fn certain(session: &Session) -> Result<(), Error> {
    if session.was_doubtful() {
        return Err(Error::Unwritable("PostgreSQL: the commit may not have been replicated".to_owned()));
    }
    Ok(())
}
