//! Records (refusals, audit) and events: listed, bounded.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::composed::folded;
use model::{Event, EventSeq, EventsCursor, Record, RecordKind};
use tokio_postgres::Row;

use super::query::{Query, can_be};
use super::row::{self, code_of, get};
use super::session::Session;
use crate::api::{Listing, Match, RecordBody, RecordFilter};
use crate::damage::{Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;
use crate::text::contains;

/// A page looks at so many records of its kind at most.
const LOOKED_AT: i64 = 10_000;
/// Texts are looked at in so many of them at a time.
const CHUNK: usize = 500;
/// The columns that [`row::record`] reads.
const RECORD: &str = "seq, kind, at, who, what, code, message";

/// See [`crate::Read::refusals`].
pub(super) async fn refusals(
    sql: &Session,
    sieve: &mut Sieve,
    after: i64,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let select = format!(
        "SELECT {RECORD} FROM record WHERE (kind, seq) > ($1, $2) AND kind <= $1 ORDER BY kind, seq LIMIT {limit}"
    );
    let found = sql.all(&select, &[&code_of(RecordKind::Refusal), &after]).await?;
    records(sieve, &found)
}

/// Records, as far as they can be read.
fn records(sieve: &mut Sieve, found: &[Row]) -> Result<Vec<Record>, Error> {
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let seq = get(row, 0)?;
        rows.extend(sieve.pass(|| Spot::Record(seq), row::record(row))?);
    }
    Ok(rows)
}

/// See [`crate::Read::records`].
pub(super) async fn list(
    sql: &Session,
    sieve: &mut Sieve,
    filter: &RecordFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Listing<Record>, Error> {
    let what = filter.what.as_ref().map(|what| match what {
        Match::Is(what) | Match::Begins(what) => what,
    });
    if ![filter.who.as_ref(), what, filter.code.as_ref()].into_iter().flatten().all(|text| can_be(text)) {
        return Ok(Listing { rows: Vec::new(), next: None, damaged: Vec::new() });
    }
    let mut before = before.unwrap_or(i64::MAX);
    let floor = floor(sql, filter.kind, before).await?;
    let text = filter.text.as_deref().map(folded);
    let fits = |row: &Row| {
        let holds = |column, text| {
            get::<Option<&str>>(row, column).ok().flatten().is_some_and(|it| contains(it, text))
        };
        // Who, what, message; see [`RECORD`].
        text.as_ref().is_none_or(|text| [3, 4, 6].into_iter().any(|column| holds(column, text)))
    };
    let go = if text.is_some() { CHUNK } else { limit };
    let mut found = Vec::new();
    while found.len() < limit {
        let rows = some(sql, filter, (floor.unwrap_or(0), before), go).await?;
        let is_end = rows.len() < go;
        if let Some(last) = rows.last() {
            before = get(last, 0)?;
        }
        found.extend(rows.into_iter().filter(fits).take(limit - found.len()));
        if is_end {
            break;
        }
    }
    let last = found.last().map(|row| get(row, 0)).transpose()?;
    let next = if found.len() < limit { floor } else { last };
    Ok(Listing { rows: records(sieve, &found)?, next, damaged: sieve.damaged.clone() })
}

/// Some records from `low` on and before `high`, newest first, whatever they say in texts.
async fn some(
    sql: &Session,
    filter: &RecordFilter,
    (low, high): (i64, i64),
    limit: usize,
) -> Result<Vec<Row>, Error> {
    let kind = code_of(filter.kind);
    let (since, until) =
        (filter.since.map(Timestamp::as_millisecond), filter.until.map(Timestamp::as_millisecond));
    let mut query = Query::default();
    let (kind, low, high) = (query.give(&kind), query.give(&low), query.give(&high));
    query.is(format!("(kind, seq) >= ({kind}, {low}) AND (kind, seq) < ({kind}, {high})"));
    query.fits("who = {}", filter.who.as_ref());
    match &filter.what {
        None => {}
        Some(Match::Is(what)) => query.fits("what = {}", Some(what)),
        Some(Match::Begins(prefix)) => query.fits("starts_with(what, {})", Some(prefix)),
    }
    query.fits("code = {}", filter.code.as_ref());
    query.fits("at >= {}", since.as_ref());
    query.fits("at < {}", until.as_ref());
    if filter.dead {
        query.is("settled = 0");
    }
    let conditions = query.conditions();
    let select =
        format!("SELECT {RECORD} FROM record WHERE {conditions} ORDER BY kind DESC, seq DESC LIMIT {limit}");
    query.all(sql, &select).await
}

/// The last record that a page before this place looks at, if there are more.
async fn floor(sql: &Session, kind: RecordKind, before: i64) -> Result<Option<i64>, Error> {
    let select = format!(
        "SELECT seq FROM record WHERE kind >= $1 AND (kind, seq) < ($1, $2)
         ORDER BY kind DESC, seq DESC LIMIT 1 OFFSET {}",
        LOOKED_AT - 1
    );
    sql.first(&select, &[&code_of(kind), &before]).await?.map(|row| get(&row, 0)).transpose()
}

/// A record with its body.
pub(super) async fn one(sql: &Session, seal: &Seal, seq: i64) -> Result<Option<RecordBody>, Error> {
    let select = format!("SELECT {RECORD}, sealed FROM record WHERE seq = $1");
    let Some(row) = sql.first(&select, &[&seq]).await? else { return Ok(None) };
    opened::record(seal, row::record(&row)?, get(&row, 7)?).map(Some)
}

/// Those who have written events that there are, and the last one of each: a step through an index for each, however many those
/// are. From the last one on: the oldest are removed, and may lie there for as long as somebody holds an old snapshot.
const ORIGINS: &str = "one (origin, last) AS (
             (SELECT origin, seq FROM event ORDER BY origin DESC, seq DESC LIMIT 1)
             UNION ALL
             SELECT next.* FROM one CROSS JOIN LATERAL (
                 SELECT origin, seq FROM event WHERE origin < one.origin ORDER BY origin DESC, seq DESC LIMIT 1) AS next)";

/// A hub that has written events, and which of them there are: without gaps.
pub(super) struct Origin {
    pub(super) node: i64,
    pub(super) first: i64,
    pub(super) last: i64,
    /// That of the first one.
    pub(super) tick: i64,
}

/// All hubs of which there are events. `gone`: of a hub those before this number are known to be removed.
pub(super) async fn origins(sql: &Session, gone: &BTreeMap<i64, i64>) -> Result<Vec<Origin>, Error> {
    let select = format!(
        "WITH RECURSIVE {ORIGINS}
         SELECT one.origin, first.seq, last, first.tick FROM one
         LEFT JOIN unnest($1::bigint[], $2::bigint[]) AS gone (of_origin, before) ON of_origin = one.origin
         CROSS JOIN LATERAL (SELECT seq, tick FROM event WHERE event.origin = one.origin AND event.seq >= coalesce(before, 0)
                             ORDER BY event.origin, event.seq LIMIT 1) AS first"
    );
    let (of, before): (Vec<i64>, Vec<i64>) = gone.iter().unzip();
    let origin = |row: &Row| {
        Ok(Origin { node: get(row, 0)?, first: get(row, 1)?, last: get(row, 2)?, tick: get(row, 3)? })
    };
    sql.all(&select, &[&of, &before]).await?.iter().map(origin).collect()
}

/// That of an event.
pub(super) async fn tick(sql: &Session, node: i64, seq: i64) -> Result<Option<i64>, Error> {
    let select = "SELECT tick FROM event WHERE origin = $1 AND seq = $2";
    sql.first(select, &[&node, &seq]).await?.map(|row| get(&row, 0)).transpose()
}

/// Events behind this position. Each hub numbers its own as they are committed; between them they are in the order of their
/// commits as far as one was told before the other began.
pub(super) async fn events(
    sql: &Session,
    sieve: &mut Sieve,
    after: &EventsCursor,
    limit: usize,
) -> Result<Listing<Event, EventsCursor>, Error> {
    let (known, seen): (Vec<i64>, Vec<i64>) = after.places().map(|it| (it.origin(), it.number())).unzip();
    // In one snapshot: what led to an event is not read after it.
    let select = format!(
        "WITH RECURSIVE {ORIGINS}
         SELECT new.seq, at, kind, job, step, attempt, code, new.origin, tick FROM one
         LEFT JOIN unnest($1::bigint[], $2::bigint[]) AS known (of_origin, seen) ON of_origin = one.origin
         CROSS JOIN LATERAL (SELECT * FROM event WHERE event.origin = one.origin AND event.seq > coalesce(seen, 0)
                             ORDER BY event.origin, event.seq LIMIT {limit}) AS new"
    );
    let mut found = sql.all(&select, &[&known, &seen]).await?;
    let place = |row: &Row| Ok::<_, Error>((get::<i64>(row, 8)?, get::<i64>(row, 7)?, get::<i64>(row, 0)?));
    found.sort_by_key(|row| place(row).unwrap_or_default());
    let is_all = found.len() < limit;
    found.truncate(limit);
    let (mut rows, mut next) = (Vec::with_capacity(found.len()), after.clone());
    for row in &found {
        let seq = get(row, 0)?;
        next.pass(EventSeq::of(get(row, 7)?, seq));
        rows.extend(sieve.pass(|| Spot::Event(seq), row::event(row))?);
    }
    Ok(Listing { rows, next: (!is_all).then_some(next), damaged: sieve.damaged.clone() })
}

/// The position behind the last events that there are.
pub(super) async fn last_event(sql: &Session) -> Result<EventsCursor, Error> {
    let mut last = EventsCursor::default();
    for row in &sql.all(&format!("WITH RECURSIVE {ORIGINS} SELECT origin, last FROM one"), &[]).await? {
        last.pass(EventSeq::of(get(row, 0)?, get(row, 1)?));
    }
    Ok(last)
}
