//! Where sealed values lie, and what each is bound to: for those who go through all of them.

use model::{DeliveryId, DeliveryTo};
use tokio_postgres::Row;

use super::row::{self, get};
use super::session::Session;
use super::steps;
use crate::aad::{Aad, Deciding};
use crate::error::Error;
use crate::opened;

/// So many numbers are gone through in one go, however few of them have a value.
const NUMBERS: i64 = 20_000;
/// So many jobs are where each has many values, which have to be put in order.
const JOBS: i64 = 512;

/// A table of sealed values, each with a number.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// What its numbers are made of: so many of each number in this table.
    pub(super) numbered_by: &'static str,
    pub(super) of_each: i64,
    /// Its rows whose number is greater than $1 and at most $2, in order: number `n`, sealed bytes, and what `aad` needs.
    select: &'static str,
    aad: fn(&Row) -> Result<Aad, Error>,
    /// Puts other values in the places of those that are still there: numbers, values as they were, as they become.
    pub(super) exchange: &'static str,
}

/// A sealed value with its place.
pub(super) type Value = (Aad, Option<Vec<u8>>);

impl Table {
    /// What a row holds, see [`Table::some`].
    pub(super) fn read(&self, row: &Row) -> Result<Value, Error> {
        Ok(((self.aad)(row)?, get(row, 1)?))
    }

    /// Some rows after this number, at most so many and about so many bytes, and after which number to go on; `None` = that
    /// was the end.
    pub(super) async fn some(
        &self,
        sql: &Session,
        after: i64,
        rows: i64,
        bytes: usize,
    ) -> Result<(Vec<Row>, Option<i64>), Error> {
        let numbers = if self.of_each == 1 { NUMBERS } else { JOBS };
        let until = after.saturating_add(numbers.saturating_mul(self.of_each));
        let select = format!(
            "SELECT * FROM (
                 SELECT *, coalesce(sum(octet_length(sealed)) OVER (
                     ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
                 FROM ({} LIMIT {rows}) AS found) AS counted
             WHERE before < {bytes} ORDER BY n",
            self.select
        );
        let found = sql.all(&select, &[&after, &until]).await?;
        if is_cut(&found, 1, rows, bytes) {
            let last = found.last().map(|row| get(row, 0)).transpose()?;
            return Ok((found, last));
        }
        // To wait for an empty step could take for ever: something may be written before each.
        let last = self.last(sql).await?.saturating_add(1).saturating_mul(self.of_each);
        Ok((found, (until < last).then_some(until)))
    }

    /// The last number of those that its numbers are made of.
    pub(super) async fn last(&self, sql: &Session) -> Result<i64, Error> {
        let select = match self.numbered_by {
            "job" => {
                "SELECT greatest((SELECT max(seq) FROM live), (SELECT max(seq) FROM done), 0)".to_owned()
            }
            table => format!("SELECT coalesce(max(seq), 0) FROM {table}"),
        };
        get(&sql.one(&select, &[]).await?, 0)
    }
}

/// Whether there may be more behind rows of which so many were asked for, and about so many bytes in the column of sealed values.
pub(super) fn is_cut(found: &[Row], sealed: usize, rows: i64, bytes: usize) -> bool {
    let length = |row| get::<Option<&[u8]>>(row, sealed).ok().flatten().map_or(0, <[u8]>::len);
    found.len() >= usize::try_from(rows).unwrap_or(usize::MAX)
        || found.iter().map(length).sum::<usize>() >= bytes
}

/// All tables whose rows have a number. Entities have none.
pub(super) const TABLES: [Table; 7] = [
    Table {
        name: "body",
        numbered_by: "job",
        of_each: 1,
        select: "SELECT seq AS n, sealed, id, source, external_id, action, subject, class, deadline, accepted_at, replay_of,
                        not_before, dry_run
                 FROM job JOIN body ON body.job = id WHERE seq > $1 AND seq <= $2 ORDER BY seq",
        aad: body,
        exchange: "UPDATE body SET sealed = becomes
                   FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS given (n, was, becomes) JOIN job ON seq = n
                   WHERE body.job = id AND sealed = was",
    },
    Table {
        name: "plan",
        numbered_by: "job",
        of_each: 1,
        select: "SELECT seq AS n, plan AS sealed, id, steps FROM live
                 WHERE steps IS NOT NULL AND seq > $1 AND seq <= $2 ORDER BY seq",
        aad: |row| Ok(opened::plan_of(row::job_id(row, 2)?, &steps::all(get(row, 3)?)?)),
        exchange: "UPDATE live SET plan = becomes, rev = rev + 1
                   FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS given (n, was, becomes)
                   WHERE seq = n AND plan = was",
    },
    Table {
        name: "secret",
        numbered_by: "job",
        of_each: 1,
        select: "SELECT seq AS n, sealed, id FROM job JOIN secret ON secret.job = id
                 WHERE secrets AND seq > $1 AND seq <= $2 ORDER BY seq",
        aad: |row| Ok(Aad::secrets(row::job_id(row, 2)?)),
        exchange: "UPDATE secret SET sealed = becomes
                   FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS given (n, was, becomes) JOIN job ON seq = n
                   WHERE secret.job = id AND sealed = was",
    },
    // A job has many: what numbers them is made of both.
    Table {
        name: "reply",
        numbered_by: "job",
        of_each: 1 << 20,
        select: "SELECT (seq << 20) | place AS n, sealed, id, source, external_id FROM job JOIN reply ON reply.job = id
                 WHERE replies > 0 AND seq >= $1::bigint >> 20 AND seq <= $2::bigint >> 20
                   AND ((seq << 20) | place) > $1 AND ((seq << 20) | place) <= $2
                 ORDER BY seq, place",
        aad: |row| {
            let (source, external_id): (&str, Option<&str>) = (get(row, 3)?, get(row, 4)?);
            Ok(Aad::reply(source, external_id, row::job_id(row, 2)?))
        },
        exchange: "UPDATE reply SET sealed = becomes
                   FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS given (n, was, becomes) JOIN job ON seq = (n >> 20)
                   WHERE reply.job = id AND place = (n & 1048575) AND sealed = was",
    },
    Table {
        name: "attempt",
        numbered_by: "job",
        of_each: 1 << 24,
        select: "SELECT (seq << 24) | (step << 16) | number AS n, sealed, id, step, number, attempt.started_at, attempt.ended_at,
                        kind, attempt.status, attempt.code, attempt.message
                 FROM job JOIN attempt ON attempt.job = id
                 WHERE seq >= $1::bigint >> 24 AND seq <= $2::bigint >> 24
                   AND ((seq << 24) | (step << 16) | number) > $1 AND ((seq << 24) | (step << 16) | number) <= $2
                 ORDER BY seq, step, number",
        aad: |row| {
            let attempt = row::attempt(row, 3)?;
            Ok(opened::output_of(row::job_id(row, 2)?, &attempt))
        },
        exchange: "UPDATE attempt SET sealed = becomes
                   FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS given (n, was, becomes) JOIN job ON seq = (n >> 24)
                   WHERE attempt.job = id AND step = ((n >> 16) & 255) AND number = (n & 65535) AND sealed = was",
    },
    Table {
        name: "delivery",
        numbered_by: "delivery",
        of_each: 1,
        select: "SELECT seq AS n, sealed, id, courier, address FROM delivery
                 WHERE seq > $1 AND seq <= $2 ORDER BY seq",
        aad: |row| {
            let to = DeliveryTo { courier: get(row, 3)?, address: get(row, 4)? };
            Ok(Aad::delivery(DeliveryId(get(row, 2)?), &to))
        },
        exchange: "UPDATE delivery SET sealed = becomes
                   FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS given (n, was, becomes)
                   WHERE seq = n AND sealed = was",
    },
    Table {
        name: "record",
        numbered_by: "record",
        of_each: 1,
        select: "SELECT seq AS n, sealed, kind, at, who, what, code, message FROM record
                 WHERE seq > $1 AND seq <= $2 ORDER BY seq",
        aad: |row| {
            let (who, what, message): (&str, Option<&str>, &str) = (get(row, 4)?, get(row, 5)?, get(row, 7)?);
            Ok(Aad::record(row::word(row, 2)?, row::time(row, 3)?, who, what, &row::code(row, 6)?, message))
        },
        exchange: "UPDATE record SET sealed = becomes
                   FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS given (n, was, becomes)
                   WHERE seq = n AND sealed = was",
    },
];

fn body(row: &Row) -> Result<Aad, Error> {
    let subject = row::subject(row, 6)?;
    Ok(Aad::body(Deciding {
        id: row::job_id(row, 2)?,
        source: get(row, 3)?,
        external_id: get(row, 4)?,
        action: get(row, 5)?,
        subject: subject.as_ref(),
        class: row::word(row, 7)?,
        deadline: row::maybe_time(row, 8)?,
        not_before: row::maybe_time(row, 11)?,
        dry_run: get(row, 12)?,
        accepted_at: row::time(row, 9)?,
        replay_of: row::maybe_job_id(row, 10)?,
    }))
}
