//! Dead letters: failed jobs and refusals that nobody has settled, counted and grouped by cause.

use model::{Cause, CauseId};
use tokio_postgres::Row;

use super::job::is_sound;
use super::query::can_be;
use super::row::{self, get};
use super::session::Session;
use crate::api::{CauseTally, DeadTally, Filter};
use crate::error::Error;
use crate::rules::dead::place;
use crate::way::{Letters, only_letters};

/// See [`crate::Read::dead_letters`].
pub(super) async fn tally(sql: &Session) -> Result<DeadTally, Error> {
    let select = "SELECT true, backend, sum(jobs)::bigint FROM cause GROUP BY backend
         UNION ALL SELECT false, NULL, count(*) FROM record WHERE settled = 0";
    let mut tally = DeadTally::default();
    for row in &sql.all(select, &[]).await? {
        // One that cannot be read is told by the check.
        let Ok(letters) = row::number::<u64>(row, 2) else { continue };
        if get(row, 0)? {
            tally.jobs += letters;
            tally.by_backend.extend(get::<Option<String>>(row, 1)?.map(|backend| (backend, letters)));
        } else {
            tally.refusals = letters;
        }
    }
    Ok(tally)
}

/// How many dead letters fit a filter that asks for nothing but them; `None` = it asks for more.
pub(super) async fn count(sql: &Session, filter: &Filter) -> Result<Option<u64>, Error> {
    Ok(match only_letters(filter) {
        None => None,
        Some(Letters::All) => Some(tally(sql).await?.jobs),
        Some(Letters::On(backend)) => {
            Some(tally(sql).await?.by_backend.get(&backend).copied().unwrap_or_default())
        }
        Some(Letters::Of(cause)) => Some(one(sql, cause).await?.map_or(0, |tally| tally.jobs)),
    })
}

/// Causes that fit a condition, those of most jobs first, each with the first and the last of its jobs: a step through an
/// index for each.
fn select(condition: &str, limit: usize) -> String {
    let sound = is_sound("ended_at");
    let end = |order: &str| {
        format!(
            "(SELECT ended_at, message FROM done WHERE settled = 0 AND cause = chosen.id AND {sound}
              ORDER BY cause {order}, ended_at {order}, seq {order} LIMIT 1)"
        )
    };
    let (first, last) = (end("ASC"), end("DESC"));
    format!(
        "SELECT chosen.id, chosen.backend, chosen.code, chosen.message, chosen.jobs, first.ended_at, last.ended_at,
                last.message
         FROM (SELECT * FROM cause WHERE {condition} ORDER BY jobs DESC, id LIMIT {limit}) AS chosen
         LEFT JOIN LATERAL {first} AS first ON true LEFT JOIN LATERAL {last} AS last ON true
         ORDER BY chosen.jobs DESC, chosen.id"
    )
}

/// See [`crate::Read::causes`].
pub(super) async fn causes(
    sql: &Session,
    backend: Option<&str>,
    limit: usize,
) -> Result<Vec<CauseTally>, Error> {
    if !backend.is_none_or(can_be) {
        return Ok(Vec::new());
    }
    let select = select("($1::text IS NULL OR backend = $1)", limit);
    let rows = sql.all(&select, &[&backend]).await?;
    Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
}

/// See [`crate::Read::cause`].
pub(super) async fn one(sql: &Session, id: CauseId) -> Result<Option<CauseTally>, Error> {
    let row = sql.first(&select("id = $1", 1), &[&place(id)]).await?;
    row.map(|row| read(&row)).transpose()
}

fn read(row: &Row) -> Result<CauseTally, Error> {
    Ok(CauseTally {
        id: CauseId(get::<i64>(row, 0)?.cast_unsigned()),
        cause: Cause { backend: get(row, 1)?, code: row::maybe_code(row, 2)?, shape: get(row, 3)? },
        jobs: row::number(row, 4)?,
        first: row::maybe_time(row, 5)?,
        last: row::maybe_time(row, 6)?,
        sample: get(row, 7)?,
    })
}
