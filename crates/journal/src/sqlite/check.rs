//! The full check: does the file hold together, and does it say what it must.

use model::{DeliveryState, EntityKey, JobState, Seq};
use rusqlite::{Connection, Row, params};

use super::code::Raw;
use super::name;
use super::number;
use super::row::{self, select_job, step_columns};
use super::values::{TABLES, Table};
use crate::aad::Aad;
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::seal::{Format, Seal};

/// No more than so many findings of one kind are listed.
const FINDINGS: usize = 20;
/// No more than so many findings are listed in all.
const LISTED: usize = 200;
/// So many sealed values are opened in one go, so that a check never holds up the write-ahead log for long.
const CHUNK: i64 = 500;

/// Where a check has come. Each step is a read of its own, so that none holds up the write-ahead log for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    Start,
    /// What SQLite says of these tables, the last one first.
    Structure(Vec<String>),
    /// The rule of this place in [`RULES`].
    Rule(usize),
    Tallies,
    Labels,
    /// The rows of the table of this place in [`ROWS`], after this one.
    Rows(usize, i64),
    /// The sealed values in the table of this place in [`TABLES`], after this row.
    Sealed(usize, i64),
    /// The sealed values of entities, after this one: its kind and key as they are stored.
    Entities(Raw, Raw),
    Done,
}

impl Cursor {
    /// Where to go on when damage ends a step early.
    fn skip(self) -> Self {
        match self {
            Cursor::Start => Cursor::Structure(Vec::new()),
            Cursor::Structure(mut tables) => {
                tables.pop();
                if tables.is_empty() { Cursor::Rule(0) } else { Cursor::Structure(tables) }
            }
            Cursor::Rule(place) if place + 1 < RULES.len() => Cursor::Rule(place + 1),
            Cursor::Rule(_) => Cursor::Tallies,
            Cursor::Tallies => Cursor::Labels,
            Cursor::Labels => Cursor::Rows(0, 0),
            Cursor::Rows(place, _) if place + 1 < ROWS.len() => Cursor::Rows(place + 1, 0),
            Cursor::Rows(..) => Cursor::Sealed(0, 0),
            Cursor::Sealed(place, _) if place + 1 < TABLES.len() => Cursor::Sealed(place + 1, 0),
            Cursor::Sealed(..) => Cursor::Entities(Raw::first(), Raw::first()),
            Cursor::Entities(..) | Cursor::Done => Cursor::Done,
        }
    }
}

/// The whole check in one go.
pub(super) fn all(conn: &Connection, seal: &Seal) -> Result<Vec<String>, Error> {
    let (mut cursor, mut findings) = (Cursor::Start, Vec::new());
    while cursor != Cursor::Done {
        cursor = step(conn, seal, &mut Sieve::default(), cursor, &mut findings)?;
    }
    Ok(findings)
}

/// The same for a backup: what is wrong with the file, and what with rows in it.
pub(super) fn file_and_rows(conn: &Connection, seal: &Seal) -> Result<(Vec<String>, Vec<String>), Error> {
    let (mut cursor, mut file, mut rows) = (Cursor::Start, Vec::new(), Vec::new());
    while cursor != Cursor::Done {
        let of_file = matches!(cursor, Cursor::Start | Cursor::Structure(_));
        let findings = if of_file { &mut file } else { &mut rows };
        cursor = step(conn, seal, &mut Sieve::default(), cursor, findings)?;
    }
    Ok((file, rows))
}

/// Takes a step and returns where to go on. Damage is what a check looks for: a finding, and no error. The rows that
/// cannot be read are in the sieve as well.
pub(super) fn step(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    cursor: Cursor,
    findings: &mut Vec<String>,
) -> Result<Cursor, Error> {
    let next = match look(conn, seal, sieve, &cursor, findings) {
        Ok(Some(next)) => next,
        Ok(None) => cursor.skip(),
        Err(Error::Damaged(what)) => {
            findings.push(what);
            cursor.skip()
        }
        Err(error) => return Err(error),
    };
    findings.truncate(LISTED);
    Ok(next)
}

/// Returns where to go on, `None` when this part is done.
fn look(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    cursor: &Cursor,
    findings: &mut Vec<String>,
) -> Result<Option<Cursor>, Error> {
    match cursor {
        Cursor::Start => return Ok(Some(Cursor::Structure(tables(conn)?))),
        Cursor::Structure(tables) => {
            if let Some(table) = tables.last() {
                structure(conn, table, findings)?;
            }
        }
        Cursor::Rule(place) => {
            if let Some(rule) = RULES.get(*place) {
                follow(conn, rule, findings)?;
            }
        }
        Cursor::Tallies => tallies(conn, findings)?,
        Cursor::Labels => labels(conn, findings)?,
        Cursor::Rows(place, after) => {
            if let Some(table) = ROWS.get(*place) {
                let last = read_rows(conn, sieve, table, *after, findings)?;
                return Ok(last.map(|last| Cursor::Rows(*place, last)));
            }
        }
        Cursor::Sealed(place, after) => {
            if let Some(table) = TABLES.get(*place) {
                let last = open_numbered(conn, seal, sieve, table, *after, findings)?;
                return Ok(last.map(|last| Cursor::Sealed(*place, last)));
            }
        }
        Cursor::Entities(kind, key) => {
            let last = open_entities(conn, seal, sieve, (kind, key), findings)?;
            return Ok(last.map(|(kind, key)| Cursor::Entities(kind, key)));
        }
        Cursor::Done => {}
    }
    Ok(None)
}

fn tables(conn: &Connection) -> Result<Vec<String>, Error> {
    let mut select =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name DESC")?;
    Ok(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// What SQLite itself says of a table: pages, indices, constraints.
fn structure(conn: &Connection, table: &str, findings: &mut Vec<String>) -> Result<(), Error> {
    let mut select = conn.prepare("SELECT * FROM pragma_integrity_check(?1)")?;
    for line in select.query_map([table], |row| row.get::<_, String>(0))?.take(FINDINGS) {
        let line = line?;
        if line != "ok" {
            findings.push(format!("the table {table}: {line}"));
        }
    }
    Ok(())
}

/// Rules between rows, each a query for what breaks it.
const RULES: [(&str, &str); 10] = [
    (
        "a live job has no body",
        "SELECT seq FROM job INDEXED BY job_live WHERE ended_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM body WHERE body.seq = job.seq)",
    ),
    (
        "a job's state and its end do not fit",
        "SELECT seq FROM job WHERE (ended_at IS NULL) <> (state < 3)",
    ),
    (
        "a job's place as head is wrong",
        "SELECT seq FROM job WHERE head <> (ended_at IS NULL AND (subject IS NULL OR NOT EXISTS (
             SELECT 1 FROM job AS older INDEXED BY job_live
             WHERE older.subject = job.subject AND older.ended_at IS NULL AND older.seq < job.seq)))",
    ),
    (
        "a job is a dead letter, or was one, and has not failed",
        "SELECT seq FROM job WHERE settled IS NOT NULL AND state <> 4",
    ),
    (
        "a job runs without an attempt, or has an attempt without running",
        "SELECT seq FROM job WHERE (open_step IS NULL) <> (state <> 1)",
    ),
    (
        "a running attempt belongs to no running step",
        "SELECT seq FROM job INDEXED BY job_live WHERE ended_at IS NULL AND open_step IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM step WHERE step.id = job.seq * 256 + open_step
             AND step.state = 1 AND step.attempts = open_number)",
    ),
    (
        "a job has not as many steps as its plan",
        "SELECT seq FROM job WHERE steps <> (
             SELECT count(*) FROM step WHERE step.id BETWEEN job.seq * 256 AND job.seq * 256 + 255)",
    ),
    (
        "a job has not as many reply addresses as it says",
        "SELECT seq FROM job WHERE replies <> (SELECT count(*) FROM reply WHERE reply.seq = job.seq)",
    ),
    (
        "a job has secrets and says that it has none, or the other way round",
        "SELECT seq FROM job WHERE secrets <> EXISTS (SELECT 1 FROM secret WHERE secret.seq = job.seq)",
    ),
    (
        "rows belong to a job that is gone",
        "SELECT seq FROM (
             SELECT seq FROM body UNION ALL SELECT seq FROM secret UNION ALL SELECT seq FROM reply
             UNION ALL SELECT id / 256 FROM step UNION ALL SELECT id / 16777216 FROM attempt
             UNION ALL SELECT job FROM delivery WHERE job IS NOT NULL)
         AS part WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.seq = part.seq)",
    ),
];

/// Lists the jobs that break a rule.
fn follow(conn: &Connection, (what, sql): &(&str, &str), findings: &mut Vec<String>) -> Result<(), Error> {
    let mut select = conn.prepare(&format!("{sql} LIMIT {FINDINGS}"))?;
    for seq in select.query_map([], |row| row.get::<_, i64>(0))? {
        findings.push(format!("{what}: job number {}", seq?));
    }
    Ok(())
}

/// Compares the tallies with the jobs and the entities.
fn tallies(conn: &Connection, findings: &mut Vec<String>) -> Result<(), Error> {
    let mut select = conn
        .prepare("SELECT state, jobs, (SELECT count(*) FROM job WHERE job.state = tally.state) FROM tally")?;
    let tallies = select.query_map([], |row| Ok((row::word(row, 0)?, row.get(1)?, row.get(2)?)))?;
    for tally in tallies {
        let (state, told, counted): (JobState, i64, i64) = tally?;
        if told != counted {
            findings.push(format!("{counted} jobs are {}, the tally says {told}", state.as_str()));
        }
    }
    let mut select = conn.prepare(
        "SELECT id, sum(told), sum(counted) FROM (
             SELECT id, jobs AS told, 0 AS counted FROM cause
             UNION ALL SELECT cause, 0, count(*) FROM job INDEXED BY job_cause WHERE settled = 0 GROUP BY cause)
         GROUP BY id HAVING sum(told) <> sum(counted)",
    )?;
    for tally in select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
        let (id, told, counted): (Option<i64>, i64, i64) = tally?;
        findings.push(format!("{counted} dead letters have the cause {id:?}, its tally says {told}"));
    }
    let mut select = conn.prepare(
        "SELECT kind, state, sum(told), sum(counted) FROM (
             SELECT kind, state, entities AS told, 0 AS counted FROM entity_tally
             UNION ALL SELECT kind, state, 0, count(*) FROM entity GROUP BY kind, state)
         GROUP BY kind, state HAVING sum(told) <> sum(counted)",
    )?;
    let wrong = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    for tally in wrong {
        let (kind, state, told, counted): (String, String, i64, i64) = tally?;
        findings.push(format!("{counted} entities {kind} are {state}, the tally says {told}"));
    }
    Ok(())
}

/// Compares what searches compare with the labels.
fn labels(conn: &Connection, findings: &mut Vec<String>) -> Result<(), Error> {
    for (kind, key) in name::astray(conn, FINDINGS)? {
        findings.push(format!("a search does not see what the entity {kind} {key} is called"));
    }
    Ok(())
}

/// A table whose rows are read as they are elsewhere: what they are called, those from ?1 on, and how they are read.
type Readable = (&'static str, &'static str, fn(&Row<'_>) -> rusqlite::Result<()>);

const ROWS: [Readable; 5] = [
    ("job", select_job!("WHERE seq > ?1 ORDER BY seq LIMIT ?2"), |row| row::job(row).map(drop)),
    ("step", concat!("SELECT ", step_columns!(), " FROM step WHERE id > ?1 ORDER BY id LIMIT ?2"), |row| {
        row::step(row).map(drop)
    }),
    (
        "attempt",
        "SELECT id, started_at, ended_at, kind, status, code, message FROM attempt
         WHERE id > ?1 ORDER BY id LIMIT ?2",
        |row| row::attempt(row).map(drop),
    ),
    (
        "event",
        "SELECT seq, at, kind, job, step, attempt, code FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        |row| row::event(row).map(drop),
    ),
    ("delivery", "SELECT seq, state, due_at FROM delivery WHERE seq > ?1 ORDER BY seq LIMIT ?2", |row| {
        row::word::<DeliveryState>(row, 1).and(row::time(row, 2)).map(drop)
    }),
];

/// Reads some rows; returns the last one's number, `None` at the end.
fn read_rows(
    conn: &Connection,
    sieve: &mut Sieve,
    (table, sql, read): &Readable,
    after: i64,
    findings: &mut Vec<String>,
) -> Result<Option<i64>, Error> {
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query([after, CHUNK])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if let Err(error) = read(row) {
            findings.push(format!("{table} {id} cannot be read: {error}"));
            note(sieve, table, id, error.to_string());
        }
        last = Some(id);
    }
    Ok(last.filter(|last| *last > after))
}

/// Opens some values of a numbered table; returns the last one's number, `None` at the end.
fn open_numbered(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    table: &Table,
    after: i64,
    findings: &mut Vec<String>,
) -> Result<Option<i64>, Error> {
    let mut select = conn.prepare_cached(table.select)?;
    let mut rows = select.query([after, CHUNK])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let what = format!("the sealed value of {} {id}", table.name);
        // A value that is no bytes any more is a finding as well.
        let opened = table.read(conn, row).and_then(|(aad, sealed)| match sealed {
            Some(sealed) => seal.open(&aad, sealed, &what).map(drop),
            None if seal.is_turning_from(Format::Id) => Ok(()),
            None => Err(Error::Damaged(format!("{what} is missing"))),
        });
        if let Err(error) = opened {
            findings.push(error.to_string());
            note(sieve, table.name, id, what);
        }
        last = Some(id);
    }
    // A damaged tree may lead back.
    Ok(last.filter(|last| *last > after))
}

/// Notes a row that cannot be read, by the number that it has in its table.
fn note(sieve: &mut Sieve, table: &str, id: i64, why: String) {
    let spot = match table {
        "job" => Spot::Job(Seq(id)),
        "body" | "plan" | "secret" => Spot::OfJob(Seq(id)),
        "reply" => Spot::OfJob(Seq(id >> 20)),
        "step" => Spot::OfJob(Seq(number::job_of_step(id))),
        "attempt" => Spot::OfJob(Seq(number::job_of_attempt(id))),
        "delivery" => Spot::Delivery(id),
        "record" => Spot::Record(id),
        _ => Spot::Event(id),
    };
    sieve.damaged.push(Damaged { spot, why });
}

/// Opens some entities; returns the last one's kind and key, `None` at the end.
fn open_entities(
    conn: &Connection,
    seal: &Seal,
    sieve: &mut Sieve,
    (kind, key): (&Raw, &Raw),
    findings: &mut Vec<String>,
) -> Result<Option<(Raw, Raw)>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT kind, key, rev, state, label, sealed FROM entity WHERE (kind, key) > (?1, ?2)
         ORDER BY kind, key LIMIT ?3",
    )?;
    let mut rows = select.query(params![kind, key, CHUNK])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let raw = (Raw::get(row, 0)?, Raw::get(row, 1)?);
        let what = format!("the body of {} {}", raw.0, raw.1);
        let read = || -> rusqlite::Result<_> {
            let key = EntityKey { kind: row.get(0)?, key: row.get(1)? };
            let (state, label): (String, String) = (row.get(3)?, row.get(4)?);
            Ok((Aad::entity(&key, row.get(2)?, &state, &label), row.get(5)?))
        };
        let read = read().map_err(|error| Error::Damaged(format!("{what} is not there: {error}")));
        if let Err(error) = read.and_then(|(aad, sealed)| seal.open(&aad, sealed, &what)) {
            findings.push(error.to_string());
            sieve
                .damaged
                .push(Damaged { spot: Spot::Entity(raw.0.to_string(), raw.1.to_string()), why: what });
        }
        last = Some(raw);
    }
    Ok(last.filter(|last| (&last.0, &last.1) > (kind, key)))
}
