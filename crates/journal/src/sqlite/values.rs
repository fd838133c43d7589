//! Where sealed values lie, and what each is bound to: for those who go through all of them.

use model::{DeliveryId, DeliveryTo, JobId, OnError, Subject};
use rusqlite::{Connection, Row};

use super::code::{CodeText, Id, SubjectText};
use super::{number, row};
use crate::aad::{Aad, Deciding, Ending};
use crate::error::Error;

/// A table of sealed values with numbered rows.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// What its numbers are made of: so many of each number in this table.
    pub(super) numbered_by: &'static str,
    pub(super) of_each: i64,
    /// Its rows after number ?1, at most ?2 of them, in order: number, sealed bytes, and what `aad` needs.
    pub(super) select: &'static str,
    aad: fn(&Connection, &Row<'_>) -> Result<Aad, Error>,
    /// Puts ?3 in the place of ?2 in row ?1, if that is still there.
    pub(super) exchange: &'static str,
}

/// A sealed value with its place; a plan of an older version is not sealed.
pub(super) type Value = (Aad, Option<Vec<u8>>);

impl Table {
    /// What a row of `select` holds.
    pub(super) fn read(&self, conn: &Connection, row: &Row<'_>) -> Result<Value, Error> {
        Ok(((self.aad)(conn, row)?, row.get(1)?))
    }
}

/// All tables whose rows have a number. Entities have none, see [`super::entity`].
pub(super) const TABLES: [Table; 7] = [
    Table {
        name: "body",
        numbered_by: "job",
        of_each: 1,
        select: "SELECT seq, sealed, id, source, external_id, action, subject, class, deadline, accepted_at, replay_of,
                        not_before, dry_run
                 FROM body JOIN job USING (seq) WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        aad: body,
        exchange: "UPDATE body SET sealed = ?3 WHERE seq = ?1 AND sealed = ?2",
    },
    Table {
        name: "plan",
        numbered_by: "job",
        of_each: 1,
        select: "SELECT seq, plan, id FROM job INDEXED BY job_alive
                 WHERE ended_at IS NULL AND steps > 0 AND seq > ?1 ORDER BY seq LIMIT ?2",
        aad: |conn, row| plan(conn, row.get(0)?, row::job_id(row, 2)?),
        exchange: "UPDATE job SET plan = ?3 WHERE seq = ?1 AND plan IS ?2 AND ended_at IS NULL",
    },
    Table {
        name: "secret",
        numbered_by: "job",
        of_each: 1,
        select: "SELECT seq, sealed, id FROM secret JOIN job USING (seq) WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        aad: |_, row| Ok(Aad::secrets(row::job_id(row, 2)?)),
        exchange: "UPDATE secret SET sealed = ?3 WHERE seq = ?1 AND sealed = ?2",
    },
    // A job has many: what numbers them is made of both.
    Table {
        name: "reply",
        numbered_by: "job",
        of_each: 1 << 20,
        select: "SELECT seq << 20 | place, sealed, id, source, external_id FROM reply JOIN job USING (seq)
                 WHERE (seq, place) > (?1 >> 20, ?1 & 1048575) ORDER BY seq, place LIMIT ?2",
        aad: |_, row| {
            let (source, external_id): (String, Option<String>) = (row.get(3)?, row.get(4)?);
            Ok(Aad::reply(&source, external_id.as_deref(), row::job_id(row, 2)?))
        },
        exchange: "UPDATE reply SET sealed = ?3 WHERE seq = ?1 >> 20 AND place = ?1 & 1048575 AND sealed = ?2",
    },
    Table {
        name: "attempt",
        numbered_by: "job",
        of_each: 1 << 24,
        select: "SELECT attempt.id, sealed, job.id, attempt.ended_at, kind, attempt.status, attempt.code, attempt.message
                 FROM attempt JOIN job ON job.seq = attempt.id / 16777216
                 WHERE attempt.id > ?1 AND sealed IS NOT NULL ORDER BY attempt.id LIMIT ?2",
        aad: output,
        exchange: "UPDATE attempt SET sealed = ?3 WHERE id = ?1 AND sealed = ?2",
    },
    Table {
        name: "delivery",
        numbered_by: "delivery",
        of_each: 1,
        select: "SELECT seq, sealed, id, courier, address FROM delivery WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        aad: |_, row| {
            let to = DeliveryTo { courier: row.get(3)?, address: row.get(4)? };
            Ok(Aad::delivery(DeliveryId(row.get::<_, Id>(2)?.0), &to))
        },
        exchange: "UPDATE delivery SET sealed = ?3 WHERE seq = ?1 AND sealed = ?2",
    },
    Table {
        name: "record",
        numbered_by: "record",
        of_each: 1,
        select: "SELECT seq, sealed, kind, at, who, what, code, message FROM record
                 WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        aad: |_, row| {
            let (who, what): (String, Option<String>) = (row.get(4)?, row.get(5)?);
            let (code, message) = (row.get::<_, CodeText>(6)?.0, row.get::<_, String>(7)?);
            Ok(Aad::record(row::word(row, 2)?, row::time(row, 3)?, &who, what.as_deref(), &code, &message))
        },
        exchange: "UPDATE record SET sealed = ?3 WHERE seq = ?1 AND sealed = ?2",
    },
];

fn body(_: &Connection, row: &Row<'_>) -> Result<Aad, Error> {
    let (source, external_id, action): (String, Option<String>, String) =
        (row.get(3)?, row.get(4)?, row.get(5)?);
    let subject: Option<Subject> = row.get::<_, Option<SubjectText>>(6)?.map(|subject| subject.0);
    Ok(Aad::body(Deciding {
        id: row::job_id(row, 2)?,
        source: &source,
        external_id: external_id.as_deref(),
        action: &action,
        subject: subject.as_ref(),
        class: row::word(row, 7)?,
        deadline: row::maybe_time(row, 8)?,
        not_before: row::maybe_time(row, 11)?,
        dry_run: row.get(12)?,
        accepted_at: row::time(row, 9)?,
        replay_of: row.get::<_, Option<Id>>(10)?.map(|id| JobId(id.0)),
    }))
}

fn output(_: &Connection, row: &Row<'_>) -> Result<Aad, Error> {
    let (step, number) = number::place_of_attempt(row.get(0)?);
    let (code, message) = (row::maybe_code(row, 6)?, row.get::<_, Option<String>>(7)?);
    let end = Ending {
        at: row::maybe_time(row, 3)?,
        kind: row::maybe_word(row, 4)?,
        status: row.get(5)?,
        code: code.as_ref(),
        message: message.as_deref(),
    };
    Ok(Aad::output(row::job_id(row, 2)?, step, number, end))
}

/// The place of the plan of the job of this number.
pub(super) fn plan(conn: &Connection, seq: i64, job: JobId) -> Result<Aad, Error> {
    let (first, last) = number::steps_of(seq);
    let mut select =
        conn.prepare_cached("SELECT backend, on_error FROM step WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let steps: Vec<(String, OnError)> = select
        .query_map([first, last], |row| Ok((row.get(0)?, row::word(row, 1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Aad::plan(job, steps.iter().map(|(backend, on_error)| (backend.as_str(), *on_error))))
}
