//! Listing jobs, newest first, by what is in clear.

use model::{Job, JobState, Subject};
use rusqlite::{Connection, named_params};

use super::code::{Coded, Time};
use super::number;
use super::row::{self, select_job};
use crate::api::{Filter, Page};
use crate::error::Error;

/// Which index leads to the jobs asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    All,
    OfSubject,
    Live,
    Unlucky,
}

macro_rules! filtered {
    ($road:literal) => {
        select_job!($road
            " AND seq < :before AND ((1 << state) & :states) <> 0
              AND (:action IS NULL OR action = :action)
              AND (:subject IS NULL OR subject = :subject)
              AND (:source IS NULL OR source = :source)
              AND (:code IS NULL OR code = :code)
              AND (:since IS NULL OR accepted_at >= :since)
              AND (:until IS NULL OR accepted_at < :until)
              AND (:backend IS NULL OR EXISTS (SELECT 1 FROM step
                   WHERE step.id BETWEEN job.seq * :steps AND job.seq * :steps + :steps - 1
                     AND step.backend = :backend))
              ORDER BY seq DESC LIMIT :limit")
    };
}

/// See [`crate::Journal::jobs`].
pub(super) fn jobs(conn: &Connection, filter: &Filter, page: Page) -> Result<Vec<Job>, Error> {
    let wanted = |state: &JobState| filter.states.is_empty() || filter.states.contains(state);
    let states = JobState::ALL.into_iter().filter(wanted);
    if filter.subject.is_some() {
        return walk(conn, Road::OfSubject, filter, page, states);
    }
    if wanted(&JobState::Succeeded) {
        return walk(conn, Road::All, filter, page, states);
    }
    // Without the many that succeeded, the rest has indices of its own.
    let (live, ended): (Vec<_>, Vec<_>) = states.partition(|state| !state.is_terminal());
    let mut jobs = walk(conn, Road::Live, filter, page, live.into_iter())?;
    jobs.extend(walk(conn, Road::Unlucky, filter, page, ended.into_iter())?);
    jobs.sort_by_key(|job| std::cmp::Reverse(job.seq));
    jobs.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    Ok(jobs)
}

fn walk(
    conn: &Connection,
    road: Road,
    filter: &Filter,
    page: Page,
    states: impl Iterator<Item = JobState>,
) -> Result<Vec<Job>, Error> {
    let states: i64 = states.map(|state| 1 << state.code()).sum();
    if states == 0 {
        return Ok(Vec::new());
    }
    let sql = match road {
        Road::All => filtered!("WHERE 1"),
        Road::OfSubject => filtered!("INDEXED BY job_subject WHERE subject = :subject"),
        Road::Live => filtered!("INDEXED BY job_live WHERE ended_at IS NULL"),
        Road::Unlucky => filtered!("INDEXED BY job_unlucky WHERE state > 3"),
    };
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(
        named_params! {
            ":before": page.before.map_or(i64::MAX, |seq| seq.0),
            ":states": states,
            ":action": filter.action,
            ":subject": filter.subject.as_ref().map(Subject::as_str),
            ":source": filter.source,
            ":code": filter.code,
            ":since": filter.since.map(Time),
            ":until": filter.until.map(Time),
            ":backend": filter.backend,
            ":steps": number::STEPS,
            ":limit": page.limit,
        },
        row::job,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
