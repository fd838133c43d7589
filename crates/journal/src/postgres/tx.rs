//! The transaction of a batch: what is numbered in it, and what has to be told after the commit.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use model::{Code, Event, EventKind, EventSeq, JobId, JobState};

use super::row::{self, code_of};
use super::session::Session;
use crate::api::Committed;
use crate::code::Coded;
use crate::error::Error;

/// The last numbers given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) job: i64,
    pub(super) delivery: i64,
    pub(super) record: i64,
    pub(super) event: i64,
}

impl Numbers {
    /// Reads them at start: the last row, or what pruning left as floor.
    pub(super) async fn load(session: &Session) -> Result<Self, Error> {
        let row = session
            .one(
                "SELECT greatest((SELECT max(seq) FROM live), (SELECT max(seq) FROM done),
                                 (SELECT seq FROM floor WHERE name = 'job')),
                        greatest((SELECT max(seq) FROM delivery), (SELECT seq FROM floor WHERE name = 'delivery')),
                        greatest((SELECT max(seq) FROM record), (SELECT seq FROM floor WHERE name = 'record')),
                        greatest((SELECT max(seq) FROM event), (SELECT seq FROM floor WHERE name = 'event'))",
                &[],
            )
            .await?;
        let last = |column| Ok::<_, Error>(row::get::<Option<i64>>(&row, column)?.unwrap_or_default());
        Ok(Numbers { job: last(0)?, delivery: last(1)?, record: last(2)?, event: last(3)? })
    }
}

/// A batch's transaction. Statements are those of its session.
pub(super) struct Tx {
    session: Arc<Session>,
    pub(super) numbers: Numbers,
    /// The number of our life.
    pub(super) life: i64,
    pub(super) committed: Committed,
    tallies: [i64; JobState::ALL.len()],
    /// By how many jobs causes come to have more, or (negative) fewer.
    causes: BTreeMap<i64, i64>,
}

impl Deref for Tx {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Tx {
    pub(super) fn new(session: Arc<Session>, numbers: Numbers, life: i64) -> Self {
        let (tallies, causes) = Default::default();
        Tx { session, numbers, life, committed: Committed::default(), tallies, causes }
    }

    /// Counts jobs into a state, or (negative) out of it.
    pub(super) fn count(&mut self, state: JobState, by: i64) {
        if let Some(tally) = usize::try_from(state.code()).ok().and_then(|code| self.tallies.get_mut(code)) {
            *tally += by;
        }
    }

    /// Counts dead letters to a cause, or (negative) away from it. One that has none any more goes.
    pub(super) fn count_cause(&mut self, cause: i64, by: i64) {
        *self.causes.entry(cause).or_default() += by;
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

    /// Writes what was gathered: once for the whole batch.
    pub(super) async fn finish(&self) -> Result<(), Error> {
        for (state, by) in (0_i16..).zip(self.tallies).filter(|(_, by)| *by != 0) {
            self.execute("UPDATE tally SET jobs = jobs + $1 WHERE state = $2", &[&by, &state]).await?;
        }
        for (cause, by) in self.causes.iter().filter(|(_, by)| **by != 0) {
            self.execute("UPDATE cause SET jobs = jobs + $1 WHERE id = $2", &[by, cause]).await?;
            self.execute("DELETE FROM cause WHERE id = $1 AND jobs < 1", &[cause]).await?;
        }
        for event in &self.committed.events {
            self.execute(
                "INSERT INTO event (seq, at, kind, job, step, attempt, code) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                &[
                    &event.seq.number(),
                    &event.at.as_millisecond(),
                    &code_of(event.kind),
                    &event.job.map(|job| job.0),
                    &event.step.map(i32::from),
                    &event.attempt.map(u32::cast_signed),
                    &event.code.as_ref().map(Code::as_str),
                ],
            )
            .await?;
        }
        Ok(())
    }
}
