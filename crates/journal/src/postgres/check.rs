//! The full check: does the journal say what it must. How its files hold together is PostgreSQL's own business, and there are
//! tools for it (checksums, amcheck).

use std::collections::BTreeMap;

use model::{DeliveryState, EntityKey, JobState, Seq, StepState};
use tokio_postgres::Row;
use uuid::Uuid;

use super::name;
use super::record;
use super::row::{self, JOB, get};
use super::session::Session;
use super::steps;
use super::turn::some_entities;
use super::values::{TABLES, Table, is_cut};
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;

/// No more than so many findings of one kind are listed.
const FINDINGS: usize = 20;
/// No more than so many findings are listed in all.
const LISTED: usize = 200;
/// So many rows are read in one go, so that no snapshot is held for long.
const CHUNK: i64 = 500;
/// About so many bytes are.
const BYTES: usize = 4 << 20;
/// So many numbers of jobs are looked at in one go.
const NUMBERS: i64 = 50_000;
/// So many parts of jobs are.
const PARTS: usize = 5_000;

/// Where a check has come. Each step is a read of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// The rule of this place in [`RULES`], for jobs after this number.
    Rule(usize, i64),
    /// What belongs to jobs: the table of this place in [`PARTS_OF_JOBS`], after this job.
    Parts(usize, Uuid),
    Tallies,
    /// What searches compare of entities, after this one.
    Labels(String, String),
    /// The rows of the table of this place in [`ROWS`], after this one.
    Rows(usize, i64),
    /// The sealed values in the table of this place in [`TABLES`], after this one.
    Sealed(usize, i64),
    /// The sealed values of entities, after this one.
    Entities(String, String),
    Done,
}

impl Cursor {
    pub(super) fn start() -> Self {
        Cursor::Rule(0, 0)
    }

    /// Where to go on when this part has come to its end.
    fn skip(self) -> Self {
        match self {
            Cursor::Rule(place, _) if place + 1 < RULES.len() => Cursor::Rule(place + 1, 0),
            Cursor::Rule(..) => Cursor::Parts(0, Uuid::nil()),
            Cursor::Parts(place, _) if place + 1 < PARTS_OF_JOBS.len() => {
                Cursor::Parts(place + 1, Uuid::nil())
            }
            Cursor::Parts(..) => Cursor::Tallies,
            Cursor::Tallies => Cursor::Labels(String::new(), String::new()),
            Cursor::Labels(..) => Cursor::Rows(0, 0),
            Cursor::Rows(place, _) if place + 1 < ROWS.len() => Cursor::Rows(place + 1, 0),
            Cursor::Rows(..) => Cursor::Sealed(0, 0),
            Cursor::Sealed(place, _) if place + 1 < TABLES.len() => Cursor::Sealed(place + 1, 0),
            Cursor::Sealed(..) => Cursor::Entities(String::new(), String::new()),
            Cursor::Entities(..) | Cursor::Done => Cursor::Done,
        }
    }
}

/// Takes a step and returns where to go on. Damage is what a check looks for: a finding, and no error. The rows that
/// cannot be read are in the sieve as well.
pub(super) async fn step(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    cursor: Cursor,
    findings: &mut Vec<String>,
) -> Result<Cursor, Error> {
    let next = match look(sql, seal, sieve, &cursor, findings).await {
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
async fn look(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    cursor: &Cursor,
    findings: &mut Vec<String>,
) -> Result<Option<Cursor>, Error> {
    Ok(match cursor {
        Cursor::Rule(place, after) => match RULES.get(*place) {
            Some(rule) => follow(sql, rule, *after, findings).await?.map(|last| Cursor::Rule(*place, last)),
            None => None,
        },
        Cursor::Parts(place, after) => match PARTS_OF_JOBS.get(*place) {
            Some(table) => parts(sql, table, *after, findings).await?.map(|last| Cursor::Parts(*place, last)),
            None => None,
        },
        Cursor::Tallies => {
            tallies(sql, findings).await?;
            None
        }
        Cursor::Labels(kind, key) => {
            let (astray, next) = name::astray(sql, &(kind.clone(), key.clone()), FINDINGS).await?;
            let words = |(kind, key)| format!("a search does not see what the entity {kind} {key} is called");
            findings.extend(astray.into_iter().map(words));
            next.map(|(kind, key)| Cursor::Labels(kind, key))
        }
        Cursor::Rows(place, after) => match ROWS.get(*place) {
            Some(table) if table.0 == EVENT => {
                read_events(sql, sieve, table, *after, findings).await?.map(|last| Cursor::Rows(*place, last))
            }
            Some(table) => {
                read_rows(sql, sieve, table, *after, findings).await?.map(|last| Cursor::Rows(*place, last))
            }
            None => None,
        },
        Cursor::Sealed(place, after) => match TABLES.get(*place) {
            Some(table) => open_numbered(sql, seal, sieve, table, *after, findings)
                .await?
                .map(|last| Cursor::Sealed(*place, last)),
            None => None,
        },
        Cursor::Entities(kind, key) => {
            let after = (kind.clone(), key.clone());
            let last = open_entities(sql, seal, sieve, &after, findings).await?;
            last.map(|(kind, key)| Cursor::Entities(kind, key))
        }
        Cursor::Done => None,
    })
}

/// Rules between rows, each for what breaks it among jobs of a table.
const RULES: [(&str, &str, &str); 9] = [
    ("a live job has no body", "live", "NOT EXISTS (SELECT 1 FROM body WHERE body.job = id)"),
    ("a job's state and its end do not fit", "live", "ended_at IS NOT NULL OR state > 2"),
    ("a job's state and its end do not fit", "done", "ended_at IS NULL OR state < 3"),
    (
        "a job's place as head is wrong",
        "live",
        "head <> (placed AND (subject IS NULL OR NOT EXISTS (SELECT 1 FROM live AS older
             WHERE older.subject = live.subject AND older.seq < live.seq AND older.placed)))",
    ),
    ("a job is a dead letter, or was one, and has not failed", "job", "settled IS NOT NULL AND state <> 4"),
    (
        "a job runs without an attempt, or has an attempt without running",
        "job",
        "(open_step IS NULL) <> (state <> 1)",
    ),
    (
        "a job has not as many reply addresses as it says",
        "job",
        "replies <> (SELECT count(*) FROM reply WHERE reply.job = id)",
    ),
    (
        "a job has secrets and says that it has none, or the other way round",
        "job",
        "secrets <> EXISTS (SELECT 1 FROM secret WHERE secret.job = id)",
    ),
    (
        "a job is there twice, as one that lives and as one that has ended",
        "live",
        "EXISTS (SELECT 1 FROM done WHERE done.id = live.id)",
    ),
];

/// Lists some jobs that break a rule; returns after which number to go on.
async fn follow(
    sql: &Session,
    (what, table, broken): &(&str, &str, &str),
    after: i64,
    findings: &mut Vec<String>,
) -> Result<Option<i64>, Error> {
    let until = after.saturating_add(NUMBERS);
    let select = format!(
        "SELECT seq FROM {table} WHERE seq > $1 AND seq <= $2 AND ({broken}) ORDER BY seq LIMIT {FINDINGS}"
    );
    for row in &sql.all(&select, &[&after, &until]).await? {
        findings.push(format!("{what}: job number {}", get::<i64>(row, 0)?));
    }
    let last = "SELECT greatest((SELECT max(seq) FROM live), (SELECT max(seq) FROM done), 0)";
    let last: i64 = get(&sql.one(last, &[]).await?, 0)?;
    Ok((until < last).then_some(until))
}

/// Tables of what belongs to jobs.
const PARTS_OF_JOBS: [&str; 5] = ["body", "secret", "reply", "attempt", "delivery"];

/// Lists what belongs to jobs that are gone; returns after which job to go on.
async fn parts(
    sql: &Session,
    table: &str,
    after: Uuid,
    findings: &mut Vec<String>,
) -> Result<Option<Uuid>, Error> {
    let select = format!(
        "SELECT job, EXISTS (SELECT 1 FROM live WHERE live.id = part.job)
                  OR EXISTS (SELECT 1 FROM done WHERE done.id = part.job)
         FROM (SELECT job FROM {table} WHERE job IS NOT NULL AND job > $1 ORDER BY job LIMIT {PARTS}) AS part"
    );
    let rows = sql.all(&select, &[&after]).await?;
    let mut gone = Vec::new();
    for row in &rows {
        if !get::<bool>(row, 1)? {
            gone.push(get::<Uuid>(row, 0)?);
        }
    }
    gone.dedup();
    findings.extend(
        gone.iter().take(FINDINGS).map(|job| format!("rows of {table} belong to a job that is gone: {job}")),
    );
    rows.last().filter(|_| rows.len() >= PARTS).map(|row| get(row, 0)).transpose()
}

/// Compares the tallies with the jobs and the entities.
async fn tallies(sql: &Session, findings: &mut Vec<String>) -> Result<(), Error> {
    // Everything is counted: that takes its time, and no index.
    sql.client()
        .batch_execute("SET LOCAL statement_timeout = '10min'; SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on")
        .await?;
    let jobs = "SELECT state, sum(told)::bigint, sum(counted)::bigint FROM (
             SELECT state, jobs AS told, 0 AS counted FROM tally
             UNION ALL SELECT state, 0, count(*) FROM live GROUP BY state
             UNION ALL SELECT state, 0, count(*) FROM done GROUP BY state) AS both_of
         GROUP BY state HAVING sum(told) <> sum(counted)";
    for row in &sql.all(jobs, &[]).await? {
        let (told, counted): (i64, i64) = (get(row, 1)?, get(row, 2)?);
        let state = row::word::<JobState>(row, 0).map_or("in a state that there is not", JobState::as_str);
        findings.push(format!("{counted} jobs are {state}, the tally says {told}"));
    }
    let causes = "SELECT id, sum(told)::bigint, sum(counted)::bigint FROM (
             SELECT id, jobs AS told, 0 AS counted FROM cause
             UNION ALL SELECT cause, 0, count(*) FROM done WHERE settled = 0 GROUP BY cause) AS both_of
         GROUP BY id HAVING sum(told) <> sum(counted)";
    for row in &sql.all(causes, &[]).await? {
        let (id, told, counted): (Option<i64>, i64, i64) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        findings.push(format!("{counted} dead letters have the cause {id:?}, its tally says {told}"));
    }
    let entities = "SELECT kind, state, sum(told)::bigint, sum(counted)::bigint FROM (
             SELECT kind, state, entities AS told, 0 AS counted FROM entity_tally
             UNION ALL SELECT kind, state, 0, count(*) FROM entity GROUP BY kind, state) AS both_of
         GROUP BY kind, state HAVING sum(told) <> sum(counted)";
    for row in &sql.all(entities, &[]).await? {
        let (kind, state): (&str, &str) = (get(row, 0)?, get(row, 1)?);
        let (told, counted): (i64, i64) = (get(row, 2)?, get(row, 3)?);
        findings.push(format!("{counted} entities {kind} are {state}, the tally says {told}"));
    }
    Ok(())
}

/// A table whose rows are read as they are elsewhere: what they are called, their columns, which begin with their number, and
/// how they are read.
type Readable = (&'static str, &'static str, fn(&Row) -> Result<(), Error>);

/// Its rows are numbered by each hub for itself.
const EVENT: &str = "event";

const ROWS: [Readable; 3] = [
    ("job", JOB, job),
    (EVENT, "seq, at, kind, job, step, attempt, code, origin", |row| row::event(row).map(drop)),
    ("delivery", "seq, state, due_at", |row| {
        row::word::<DeliveryState>(row, 1).and(row::time(row, 2)).map(drop)
    }),
];

/// Reads a job, its steps, and whether they fit its attempt.
fn job(row: &Row) -> Result<(), Error> {
    row::job(row)?;
    let steps = steps::all(get(row, 27)?)?;
    let backends: Option<Vec<String>> = get(row, 28)?;
    let told = backends.unwrap_or_default();
    if steps.iter().map(|step| &step.backend).ne(&told) {
        return Err(Error::Damaged(format!(
            "its steps are on {} backends, others than it says",
            steps.len()
        )));
    }
    let Some(open) = row::maybe_number::<u16>(row, 29)? else { return Ok(()) };
    let number: u32 = row::number(row, 30)?;
    let is_it = |step: &&model::Step| step.state == StepState::Running && step.attempts == number;
    match steps.get(usize::from(open)).filter(is_it) {
        Some(_) => Ok(()),
        None => Err(Error::Damaged("a running attempt belongs to no running step".to_owned())),
    }
}

/// Reads some rows; returns the last one's number, `None` at the end.
async fn read_rows(
    sql: &Session,
    sieve: &mut Sieve,
    (table, columns, read): &Readable,
    after: i64,
    findings: &mut Vec<String>,
) -> Result<Option<i64>, Error> {
    let more = if *table == "job" { ", steps, backends, open_step, open_number" } else { "" };
    let select = format!("SELECT {columns}{more} FROM {table} WHERE seq > $1 ORDER BY seq LIMIT {CHUNK}");
    let rows = sql.all(&select, &[&after]).await?;
    for row in &rows {
        if let Err(error) = read(row) {
            let id: i64 = get(row, 0)?;
            findings.push(format!("{table} {id} cannot be read: {error}"));
            note(sieve, table, id, error.to_string());
        }
    }
    let is_full = rows.len() >= usize::try_from(CHUNK).unwrap_or(usize::MAX);
    rows.last().filter(|_| is_full).map(|row| get(row, 0)).transpose()
}

/// Reads some events, those with the same numbers of all hubs; returns the last number, `None` at the end.
async fn read_events(
    sql: &Session,
    sieve: &mut Sieve,
    (_, columns, read): &Readable,
    after: i64,
    findings: &mut Vec<String>,
) -> Result<Option<i64>, Error> {
    let mut origins = record::origins(sql, &BTreeMap::new()).await?;
    origins.retain(|origin| origin.last > after);
    let first = origins.iter().map(|origin| origin.first.max(after.saturating_add(1))).min();
    let Some(first) = first else { return Ok(None) };
    let last = first.saturating_add(CHUNK - 1);
    let origins: Vec<i64> = origins.iter().map(|origin| origin.node).collect();
    let select = format!(
        "SELECT {columns} FROM unnest($1::bigint[]) AS one (of_origin) CROSS JOIN LATERAL (
             SELECT * FROM event WHERE origin = of_origin AND seq BETWEEN $2 AND $3) AS some_of"
    );
    for row in &sql.all(&select, &[&origins, &first, &last]).await? {
        if let Err(error) = read(row) {
            let id: i64 = get(row, 0)?;
            findings.push(format!("event {id} cannot be read: {error}"));
            note(sieve, EVENT, id, error.to_string());
        }
    }
    Ok(Some(last))
}

/// Opens some values of a numbered table; returns after which number to go on, `None` at the end.
async fn open_numbered(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    table: &Table,
    after: i64,
    findings: &mut Vec<String>,
) -> Result<Option<i64>, Error> {
    let (rows, next) = table.some(sql, after, CHUNK, BYTES).await?;
    for row in &rows {
        let id: i64 = get(row, 0)?;
        let what = format!("the sealed value of {} {id}", table.name);
        let read = table
            .read(row)
            .map_err(|error| Error::Damaged(format!("{what} is of a row that cannot be read: {error}")));
        let opened = read.and_then(|(aad, sealed)| match sealed {
            Some(sealed) => seal.open(&aad, sealed, &what).map(drop),
            // An attempt that was interrupted has none.
            None if table.name == "attempt" => Ok(()),
            None => Err(Error::Damaged(format!("{what} is missing"))),
        });
        if let Err(error) = opened {
            findings.push(error.to_string());
            note(sieve, table.name, id / table.of_each, what);
        }
    }
    Ok(next)
}

/// Notes a row that cannot be read, by its number or that of its job.
fn note(sieve: &mut Sieve, table: &str, number: i64, why: String) {
    let spot = match table {
        "job" => Spot::Job(Seq(number)),
        "body" | "plan" | "secret" | "reply" | "attempt" => Spot::OfJob(Seq(number)),
        "delivery" => Spot::Delivery(number),
        "record" => Spot::Record(number),
        _ => Spot::Event(number),
    };
    sieve.damaged.push(Damaged { spot, why });
}

/// Opens some entities; returns the last one's kind and key, `None` at the end.
async fn open_entities(
    sql: &Session,
    seal: &Seal,
    sieve: &mut Sieve,
    after: &(String, String),
    findings: &mut Vec<String>,
) -> Result<Option<(String, String)>, Error> {
    let (found, mut last) = (some_entities(sql, after, CHUNK, BYTES).await?, None);
    for row in &found {
        let key = EntityKey { kind: get(row, 0)?, key: get(row, 1)? };
        let opened = row::entity(row).and_then(|row| opened::entity(seal, row));
        if let Err(error) = opened {
            findings.push(error.to_string());
            sieve.damaged.push(Damaged { spot: Spot::entity(&key), why: error.to_string() });
        }
        last = Some((key.kind, key.key));
    }
    Ok(last.filter(|_| is_cut(&found, 5, CHUNK, BYTES)))
}
