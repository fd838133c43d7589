//! The writer: one thread that owns the writing connection. It takes all that is queued, writes it in one commit,
//! tells the observer, answers the callers, and repeats. There is no timer: under load the groups grow by
//! themselves.

use std::rc::Rc;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::mpsc::UnboundedReceiver;

use super::backup;
use super::checkpoint::Checkpoints;
use super::presence::Presence;
use super::queue::{Kind, Message, Queued};
use super::statements::Statements;
use super::tx::{Numbers, Tx};
use crate::api::Observer;
use crate::crash::crash_point;
use crate::error::Error;
use crate::health::Health;
use crate::lock::Lock;

/// A group has at most so many operations and bytes.
const GROUP: usize = 1024;
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// What the writer's thread owns, beside its connection.
pub(super) struct Writer {
    pub(super) numbers: Numbers,
    pub(super) life: i64,
    pub(super) observer: Observer,
    pub(super) checkpoints: Arc<Checkpoints>,
    pub(super) receiver: UnboundedReceiver<Message>,
    pub(super) closing: bool,
    pub(super) health: Arc<Health>,
    pub(super) presence: Arc<Presence>,
    /// Held until the last write is done.
    pub(super) _lock: Lock,
}

/// Why a group was not committed.
enum Failure {
    /// An operation failed halfway: the group has to be run again, each in a savepoint of its own.
    Halfway,
    /// The journal cannot be written at all.
    Unwritable(String),
}

type Outcomes = Vec<Result<(), Error>>;

impl Writer {
    /// Works until the journal is closed.
    pub(super) fn run(mut self, conn: Connection) {
        let sql = Rc::new(Statements::new(&conn));
        while !self.closing
            && let Some(message) = self.receiver.blocking_recv()
        {
            self.serve(&sql, message);
        }
        drop(sql);
        self.checkpoints.close();
        // Closing does it too, but only when no reader's connection outlives this one.
        if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::debug!(%error, "the write-ahead log stays until the next start");
        }
        if let Err((_, error)) = conn.close() {
            tracing::warn!(%error, "closing the journal");
        }
    }

    /// Writes what is queued now, if anything is.
    pub(super) fn serve_queued(&mut self, sql: &Rc<Statements<'_>>) {
        if let Ok(message) = self.receiver.try_recv() {
            self.serve(sql, message);
        }
    }

    fn serve(&mut self, sql: &Rc<Statements<'_>>, first: Message) {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Write(queued) => {
                    bytes += queued.bytes;
                    group.push(queued);
                }
                Message::Backup(request) => {
                    self.write(sql, group);
                    return backup::run(sql, self, request);
                }
                Message::Close => self.closing = true,
            }
            let full = group.len() >= GROUP || bytes >= GROUP_BYTES;
            next = if full { None } else { self.receiver.try_recv().ok() };
        }
        self.write(sql, group);
    }

    /// Writes a group and answers it.
    fn write(&mut self, sql: &Rc<Statements<'_>>, mut group: Vec<Queued>) {
        if group.is_empty() {
            return;
        }
        let outcome = match self.presence.check().and_then(|()| self.checkpoints.before_write()) {
            Err(why) => Err(Failure::Unwritable(why)),
            Ok(()) => match self.commit(sql, &mut group, together) {
                Err(Failure::Halfway) => self.commit(sql, &mut group, apart),
                outcome => outcome,
            },
        };
        // Nobody is told of a commit into a file that went away meanwhile.
        let outcome =
            outcome.and_then(|done| self.presence.check().map(|()| done).map_err(Failure::Unwritable));
        match outcome {
            Ok(outcomes) => {
                self.health.written();
                for (queued, outcome) in group.into_iter().zip(outcomes) {
                    queued.operation.answer(outcome);
                }
            }
            Err(failure) => {
                let why = match failure {
                    Failure::Unwritable(why) => why,
                    Failure::Halfway => "an operation failed twice".to_owned(),
                };
                self.health.failed(&why);
                for queued in group {
                    queued.operation.answer(Err(Error::Unwritable(why.clone())));
                }
            }
        }
    }

    fn commit(
        &mut self,
        sql: &Rc<Statements<'_>>,
        group: &mut [Queued],
        run: fn(&mut Tx<'_>, &mut [Queued]) -> Result<Outcomes, Failure>,
    ) -> Result<Outcomes, Failure> {
        sql.execute("BEGIN IMMEDIATE", []).map_err(unwritable)?;
        let mut tx = Tx::new(Rc::clone(sql), self.numbers, self.life);
        let outcome = run(&mut tx, group).and_then(|outcomes| {
            tx.finish().map_err(unwritable)?;
            crash_points(group, "before_commit");
            sql.execute("COMMIT", []).map_err(unwritable)?;
            Ok(outcomes)
        });
        if outcome.is_ok() {
            crash_points(group, "after_commit");
            self.numbers = tx.numbers;
            self.checkpoints.after_commit();
            (self.observer)(tx.committed);
        } else if !sql.conn().is_autocommit() {
            // SQLite rolls back by itself after some failures; when it cannot roll back, `BEGIN` will say so.
            let _ = sql.conn().execute_batch("ROLLBACK");
        }
        outcome
    }
}

fn unwritable(error: impl Into<Error>) -> Failure {
    Failure::Unwritable(match error.into() {
        Error::Unwritable(why) => why,
        other => other.to_string(),
    })
}

/// The fast way: no savepoints. An operation that fails before it wrote anything does no harm.
fn together(tx: &mut Tx<'_>, group: &mut [Queued]) -> Result<Outcomes, Failure> {
    let mut outcomes = Vec::with_capacity(group.len());
    for queued in group {
        let mark = tx.mark();
        let outcome = queued.operation.run(tx);
        match &outcome {
            Ok(()) => {}
            Err(Error::Unwritable(why)) => return Err(Failure::Unwritable(why.clone())),
            Err(_) if tx.wrote_since(&mark) => return Err(Failure::Halfway),
            Err(_) => tx.forget_since(&mark),
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The safe way: one operation's failure takes back only what it wrote itself.
fn apart(tx: &mut Tx<'_>, group: &mut [Queued]) -> Result<Outcomes, Failure> {
    let mut outcomes = Vec::with_capacity(group.len());
    for queued in group {
        let mark = tx.mark();
        tx.conn().execute_batch("SAVEPOINT operation").map_err(unwritable)?;
        let outcome = queued.operation.run(tx);
        match &outcome {
            Ok(()) => {}
            Err(Error::Unwritable(why)) => return Err(Failure::Unwritable(why.clone())),
            Err(_) => {
                tx.conn().execute_batch("ROLLBACK TO operation").map_err(unwritable)?;
                tx.forget_since(&mark);
            }
        }
        tx.conn().execute_batch("RELEASE operation").map_err(unwritable)?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Reaches the points `accept.before_commit` and the like, once for each operation of the group.
fn crash_points(group: &[Queued], moment: &str) {
    if cfg!(feature = "crash-points") {
        for queued in group {
            match queued.kind {
                Kind::Accept => crash_point(&format!("accept.{moment}")),
                Kind::Start => crash_point(&format!("start.{moment}")),
                Kind::Settle => crash_point(&format!("settle.{moment}")),
                Kind::Mark => crash_point(&format!("mark.{moment}")),
                Kind::Other => {}
            }
        }
    }
}
