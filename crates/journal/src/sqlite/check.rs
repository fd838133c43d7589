//! The full check: does the file hold together, and does it say what it must.

use model::{EntityKey, JobState};
use rusqlite::{Connection, params};

use super::row;
use super::values::{TABLES, Table};
use crate::error::Error;
use crate::place::Place;
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
    /// The sealed values in the table of this place in [`TABLES`], after this row.
    Sealed(usize, i64),
    /// The sealed values of entities, after this one.
    Entities(EntityKey),
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
            Cursor::Tallies => Cursor::Sealed(0, 0),
            Cursor::Sealed(place, _) if place + 1 < TABLES.len() => Cursor::Sealed(place + 1, 0),
            Cursor::Sealed(..) => Cursor::Entities(EntityKey { kind: String::new(), key: String::new() }),
            Cursor::Entities(_) | Cursor::Done => Cursor::Done,
        }
    }
}

/// The whole check in one go.
pub(super) fn all(conn: &Connection, seal: &Seal) -> Result<Vec<String>, Error> {
    let (mut cursor, mut findings) = (Cursor::Start, Vec::new());
    while cursor != Cursor::Done {
        cursor = step(conn, seal, cursor, &mut findings)?;
    }
    Ok(findings)
}

/// Takes a step and returns where to go on. Damage is what a check looks for: a finding, and no error.
pub(super) fn step(
    conn: &Connection,
    seal: &Seal,
    cursor: Cursor,
    findings: &mut Vec<String>,
) -> Result<Cursor, Error> {
    let next = match look(conn, seal, &cursor, findings) {
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
        Cursor::Sealed(place, after) => {
            if let Some(table) = TABLES.get(*place) {
                let last = open_numbered(conn, seal, table, *after, findings)?;
                return Ok(last.map(|last| Cursor::Sealed(*place, last)));
            }
        }
        Cursor::Entities(after) => {
            return Ok(open_entities(conn, seal, after, findings)?.map(Cursor::Entities));
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
const RULES: [(&str, &str); 9] = [
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

/// Opens some values of a numbered table; returns the last one's number, `None` at the end.
fn open_numbered(
    conn: &Connection,
    seal: &Seal,
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
        let opened = table.read(conn, row).and_then(|(place, sealed)| match sealed {
            Some(sealed) => seal.open(&place, sealed, &what).map(drop),
            None if seal.is_turning_from(Format::Id) => Ok(()),
            None => Err(Error::Damaged(format!("{what} is missing"))),
        });
        findings.extend(opened.err().map(|error| error.to_string()));
        last = Some(id);
    }
    Ok(last)
}

/// Opens some entities; returns the last one's key, `None` at the end.
fn open_entities(
    conn: &Connection,
    seal: &Seal,
    after: &EntityKey,
    findings: &mut Vec<String>,
) -> Result<Option<EntityKey>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT kind, key, rev, state, label, sealed FROM entity WHERE (kind, key) > (?1, ?2)
         ORDER BY kind, key LIMIT ?3",
    )?;
    let mut rows = select.query(params![after.kind, after.key, CHUNK])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let key = EntityKey { kind: row.get(0)?, key: row.get(1)? };
        let what = format!("the body of {} {}", key.kind, key.key);
        let (state, label): (String, String) = (row.get(3)?, row.get(4)?);
        let place = Place::entity(&key, row.get(2)?, &state, &label);
        if let Err(error) = seal.open(&place, row.get(5)?, &what) {
            findings.push(error.to_string());
        }
        last = Some(key);
    }
    Ok(last)
}
