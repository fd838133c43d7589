//! The transaction in which a group of operations runs: the connection, what is numbered, and what has to be told
//! after the commit.

use std::rc::Rc;
use std::slice;

use jiff::Timestamp;
use model::{Class, Code, Event, EventKind, EventSeq, JobId, JobState, Seq};
use rusqlite::{Connection, params};

use super::code::{Coded, Id, Time, Word};
use super::number;
use super::statements::Statements;
use crate::api::{Committed, Due};
use crate::error::Error;

/// So many events are written by one statement; most groups have more.
const EVENTS: usize = 8;
macro_rules! insert_events {
    ($($values:literal)+) => {
        concat!("INSERT INTO event (seq, at, kind, job, step, attempt, code) VALUES ", $($values),+)
    };
}
const INSERT_EVENT: &str = insert_events!("(?, ?, ?, ?, ?, ?, ?)");
const INSERT_EVENTS: &str = insert_events!(
    "(?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?), "
    "(?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?)"
);

/// The last numbers given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) job: i64,
    pub(super) delivery: i64,
    pub(super) record: i64,
    pub(super) event: i64,
}

impl Numbers {
    /// Reads them at start: the last row, or what pruning left as floor. A number that the journal never gives would be
    /// the last one for ever: it does not count.
    pub(super) fn load(conn: &Connection) -> Result<Self, Error> {
        let last = |table: &str, end: i64| -> Result<i64, Error> {
            let sql = format!(
                "SELECT max(seq) FROM (SELECT coalesce(max(seq), 0) AS seq FROM {table} WHERE seq < ?1
                 UNION ALL SELECT seq FROM floor WHERE name = '{table}' AND seq < ?1)"
            );
            Ok(conn.query_row(&sql, [end], |row| row.get(0))?)
        };
        Ok(Numbers {
            job: last("job", number::JOBS)?,
            delivery: last("delivery", number::NEVER)?,
            record: last("record", number::NEVER)?,
            event: last("event", number::NEVER)?,
        })
    }
}

/// A job that may run.
#[derive(Clone, Copy)]
pub(super) struct Ready<'a> {
    pub(super) id: JobId,
    pub(super) seq: i64,
    pub(super) lane: &'a str,
    pub(super) class: Class,
    pub(super) due_at: Timestamp,
}

/// A group's transaction.
pub(super) struct Tx<'c> {
    pub(super) sql: Rc<Statements<'c>>,
    pub(super) numbers: Numbers,
    /// The number of our life.
    pub(super) life: i64,
    pub(super) committed: Committed,
    tallies: [i64; JobState::ALL.len()],
}

/// How far a transaction was, to go back there when one operation fails.
pub(super) struct Mark {
    numbers: Numbers,
    tallies: [i64; JobState::ALL.len()],
    due: usize,
    deadlines: usize,
    events: usize,
    owed: usize,
    left: usize,
    entities: usize,
    cancels: usize,
    revived: usize,
    changes: u64,
}

impl<'c> Tx<'c> {
    pub(super) fn new(sql: Rc<Statements<'c>>, numbers: Numbers, life: i64) -> Self {
        Tx { sql, numbers, life, committed: Committed::default(), tallies: Default::default() }
    }

    pub(super) fn conn(&self) -> &'c Connection {
        self.sql.conn()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            numbers: self.numbers,
            tallies: self.tallies,
            due: self.committed.due.len(),
            deadlines: self.committed.deadlines.len(),
            events: self.committed.events.len(),
            owed: self.committed.owed.len(),
            left: self.committed.left.len(),
            entities: self.committed.entities.len(),
            cancels: self.committed.cancels.len(),
            revived: self.committed.revived.len(),
            changes: self.conn().total_changes(),
        }
    }

    /// Whether rows were written since.
    pub(super) fn wrote_since(&self, mark: &Mark) -> bool {
        self.conn().total_changes() != mark.changes
    }

    /// Forgets what was gathered since; the rows are the caller's business.
    pub(super) fn forget_since(&mut self, mark: &Mark) {
        self.numbers = mark.numbers;
        self.tallies = mark.tallies;
        self.committed.due.truncate(mark.due);
        self.committed.deadlines.truncate(mark.deadlines);
        self.committed.events.truncate(mark.events);
        self.committed.owed.truncate(mark.owed);
        self.committed.left.truncate(mark.left);
        self.committed.entities.truncate(mark.entities);
        self.committed.cancels.truncate(mark.cancels);
        self.committed.revived.truncate(mark.revived);
    }

    /// Counts a job into a state, or (`-1`) out of it.
    pub(super) fn count(&mut self, state: JobState, by: i64) {
        if let Some(tally) = usize::try_from(state.code()).ok().and_then(|code| self.tallies.get_mut(code)) {
            *tally += by;
        }
    }

    /// By how much a state is about to hold more than its tally says.
    pub(super) fn counted(&self, state: JobState) -> i64 {
        usize::try_from(state.code()).ok().and_then(|code| self.tallies.get(code)).copied().unwrap_or(0)
    }

    /// Tells after the commit that a job may run.
    pub(super) fn due(&mut self, job: Ready<'_>) {
        self.committed.due.push(Due {
            id: job.id,
            seq: Seq(job.seq),
            lane: job.lane.into(),
            class: job.class,
            due_at: job.due_at,
        });
    }

    /// Numbers an event; [`Tx::finish`] writes it.
    pub(super) fn event(
        &mut self,
        at: Timestamp,
        kind: EventKind,
        job: Option<JobId>,
        (step, attempt): (Option<u16>, Option<u32>),
        code: Option<Code>,
    ) {
        self.numbers.event += 1;
        let seq = EventSeq::new(self.numbers.event);
        self.committed.events.push(Event { seq, at, kind, job, step, attempt, code });
    }

    /// Writes what was gathered: once for the whole group.
    pub(super) fn finish(&self) -> Result<(), Error> {
        for (state, by) in (0_i64..).zip(self.tallies).filter(|(_, by)| *by != 0) {
            self.sql.execute("UPDATE tally SET jobs = jobs + ?1 WHERE state = ?2", params![by, state])?;
        }
        let mut events = self.committed.events.chunks_exact(EVENTS);
        for events in events.by_ref() {
            self.insert_events(INSERT_EVENTS, events)?;
        }
        for event in events.remainder() {
            self.insert_events(INSERT_EVENT, slice::from_ref(event))?;
        }
        Ok(())
    }

    /// Runs a statement that inserts so many events.
    fn insert_events(&self, sql: &'static str, events: &[Event]) -> Result<(), Error> {
        let insert = self.sql.get(sql)?;
        let mut insert = insert.borrow_mut();
        for (event, first) in events.iter().zip((1..).step_by(7)) {
            insert.raw_bind_parameter(first, event.seq.number())?;
            insert.raw_bind_parameter(first + 1, Time(event.at))?;
            insert.raw_bind_parameter(first + 2, Word(event.kind))?;
            insert.raw_bind_parameter(first + 3, event.job.map(|j| Id(j.0)))?;
            insert.raw_bind_parameter(first + 4, event.step)?;
            insert.raw_bind_parameter(first + 5, event.attempt)?;
            insert.raw_bind_parameter(first + 6, event.code.as_ref().map(Code::as_str))?;
        }
        insert.raw_execute()?;
        Ok(())
    }
}
