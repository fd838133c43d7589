//! Listing jobs by what is in clear. However many there are, a page looks at a bounded number of them: it may come
//! back short, and says where to go on.

use std::fmt::Write as _;

use jiff::Timestamp;
use model::composed::folded;
use model::{Job, Seq, Subject};
use rusqlite::{Connection, Row, ToSql, params};

use super::code::{Coded, Id, Time};
use super::number;
use super::row::{self, select_job};
use super::stretch::{Stretch, stretch};
use crate::api::{Count, Filter, Listing, Order, Page, Waiting};
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::way::{LOOKED_AT, Plan, Way, WholeId, told_by_tallies, whole_id};

/// The index that leads along a way, and where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Road {
    pub(super) way: Way,
    pub(super) index: &'static str,
    pub(super) along: &'static str,
}

impl From<Way> for Road {
    fn from(way: Way) -> Self {
        let (index, along) = match way {
            Way::All => ("", "1"),
            Way::Known => ("", "seq IN (SELECT value FROM json_each(:known))"),
            Way::Subject => ("INDEXED BY job_subject", "subject = :subject"),
            Way::Live => ("INDEXED BY job_alive", "ended_at IS NULL"),
            Way::Unlucky => ("INDEXED BY job_unlucky", "state > 3"),
            Way::Dead => ("INDEXED BY job_dead", "settled = 0"),
            Way::Cause => ("INDEXED BY job_cause", "settled = 0 AND cause = :cause"),
            Way::FailedOn => ("INDEXED BY job_failed_on", "failed_on IS NOT NULL AND failed_on = :failed_on"),
            Way::Ready => (
                "INDEXED BY job_ready",
                "head = 1 AND state IN (0, 2) AND lane IN (SELECT value FROM json_each(:lanes))",
            ),
        };
        Road { way, index, along }
    }
}

/// What is always asked of a job on its road. A state that cannot be read might be any.
const FITS: &str = "seq > :low AND seq < :high
    AND (((1 << state) & :states) <> 0 OR typeof(state) <> 'integer' OR state NOT BETWEEN 0 AND 6)";
/// Whether the name of a job's subject holds the text, where the names that do were not looked up.
const CALLED: &str = "EXISTS (SELECT 1 FROM called WHERE kind = substr(subject, 1, instr(subject, ':') - 1)
    AND key = substr(subject, instr(subject, ':') + 1) AND instr(folded, :text))";

/// What else a filter asks for: a row is asked nothing that it does not ask.
fn fits(filter: &Filter, text: Option<&str>, dead: bool) -> String {
    let conditions = [
        (filter.action.is_some(), "action = :action"),
        (filter.subject.is_some(), "subject = :subject"),
        (
            filter.source.is_some(),
            "(source = :source OR substr(source, 1, length(:source) + 1) = :source || '/')",
        ),
        (filter.code.is_some(), "code = :code"),
        (filter.since.is_some(), "accepted_at >= :since"),
        (filter.until.is_some(), "accepted_at < :until"),
        (filter.ended_since.is_some(), "ended_at >= :ended_since"),
        (filter.ended_until.is_some(), "ended_at < :ended_until"),
        (matches!(filter.waiting, Some(Waiting::Subject)), "head = 0"),
        (
            matches!(filter.waiting, Some(Waiting::Lanes { .. })),
            "head = 1 AND lane IN (SELECT value FROM json_each(:lanes)) AND due_at > :due_after AND due_at <= :due_until",
        ),
        (
            filter.backend.is_some(),
            // Within an OR, or SQLite makes a join of it and begins with the steps.
            "(:backend IS NULL OR EXISTS (SELECT 1 FROM step
             WHERE step.id BETWEEN job.seq * :steps AND job.seq * :steps + :steps - 1 AND step.backend = :backend))",
        ),
        (dead, "settled = 0"),
        (filter.cause.is_some(), "cause = :cause"),
        (filter.failed_on.is_some(), "failed_on = :failed_on"),
    ];
    let mut fits = FITS.to_owned();
    for (_, condition) in conditions.into_iter().filter(|(is_asked, _)| *is_asked) {
        fits.push_str(" AND ");
        fits.push_str(condition);
    }
    if let Some(text) = text {
        // No other letters are in an id.
        let id = if text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') { "id, " } else { "" };
        let named = match &filter.named {
            Some(named) if named.is_empty() => "0",
            Some(_) => "subject IN (SELECT value FROM json_each(:named))",
            None => CALLED,
        };
        let _ = write!(
            fits,
            " AND (holds(:text, {id}external_id, subject, action, source, code, message) OR {named})"
        );
    }
    fits
}

/// A listing that is asked for, with what its roads need.
pub(super) struct Asked<'a> {
    pub(super) filter: &'a Filter,
    /// As JSON.
    lanes: Option<String>,
    due: (Timestamp, Timestamp),
    known: Option<String>,
    text: Option<String>,
    named: Option<String>,
    states: i64,
    /// What else is asked of a job on its road.
    fits: String,
    pub(super) roads: Vec<Road>,
}

/// See [`crate::Read::jobs`].
pub(super) fn jobs(
    conn: &Connection,
    sieve: &mut Sieve,
    filter: &Filter,
    page: Page,
) -> Result<Listing<Job>, Error> {
    let asked = Asked::new(conn, filter)?;
    let stretch = stretch(conn, &asked, page.after, page.order)?;
    let direction = match page.order {
        Order::Newest => "DESC",
        Order::Oldest => "ASC",
    };
    // A damaged one has its place in the order as well.
    let mut found: Vec<(Seq, Result<Job, Damaged>)> = Vec::new();
    for road in &asked.roads {
        let select = format!("{} ORDER BY seq {direction} LIMIT :limit", asked.select(road, select_job!("")));
        found.extend(asked.run(conn, &select, stretch, page.limit, |row| {
            let seq = Seq(row.get(0)?);
            let job = sieve.pass(|| Spot::Job(seq), row::job(row))?;
            Ok((seq, job.ok_or_else(|| sieve.last())))
        })?);
    }
    match page.order {
        Order::Newest => found.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq)),
        Order::Oldest => found.sort_by_key(|(seq, _)| *seq),
    }
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let next = if found.len() < limit {
        stretch.next
    } else {
        found.truncate(limit);
        found.last().map(|(seq, _)| seq.0)
    };
    let (mut rows, mut damaged) = (Vec::with_capacity(found.len()), Vec::new());
    for (_, job) in found {
        match job {
            Ok(job) => rows.push(job),
            Err(row) => damaged.push(row),
        }
    }
    Ok(Listing { rows, next, damaged })
}

/// See [`crate::Read::count`].
pub(super) fn count(
    conn: &Connection,
    filter: &Filter,
    before: Option<Seq>,
    at_most: u32,
) -> Result<Count, Error> {
    if before.is_none() {
        let told = match told_by_tallies(filter, &super::job::tallies(conn)?) {
            Some(jobs) => Some(jobs),
            None => super::dead::count(conn, filter)?,
        };
        if let Some(jobs) = told {
            return Ok(Count { jobs, more: false, next: None });
        }
    }
    let asked = Asked::new(conn, filter)?;
    let stretch = stretch(conn, &asked, before, Order::Newest)?;
    let mut jobs: u64 = 0;
    for road in &asked.roads {
        let select =
            format!("SELECT count(*) FROM ({} LIMIT :limit)", asked.select(road, "SELECT 1 FROM job "));
        let found =
            asked.run(conn, &select, stretch, at_most.saturating_add(1), |row| Ok(row.get::<_, u64>(0)?))?;
        jobs += found.into_iter().sum::<u64>();
    }
    let bound = u64::from(at_most);
    let next = stretch.next.filter(|_| jobs <= bound).map(Seq);
    Ok(Count { jobs: jobs.min(bound), more: jobs > bound || next.is_some(), next })
}

/// See [`crate::Read::newest`].
pub(super) fn newest(conn: &Connection) -> Result<Option<Seq>, Error> {
    let mut select = conn.prepare_cached("SELECT max(seq) FROM job WHERE seq < ?1")?;
    Ok(select.query_row([number::JOBS], |row| row.get::<_, Option<i64>>(0))?.map(Seq))
}

impl<'a> Asked<'a> {
    fn new(conn: &Connection, filter: &'a Filter) -> Result<Self, Error> {
        let known = match &filter.text {
            Some(text) => known(conn, text)?,
            None => Vec::new(),
        };
        let (mut lanes, mut due) = (None, (Timestamp::MIN, Timestamp::MAX));
        if let Some(Waiting::Lanes { lanes: named, after, until }) = &filter.waiting {
            lanes = Some(json(named));
            due = (after.unwrap_or(due.0), until.unwrap_or(due.1));
        }
        let tallies = super::job::tallies(conn)?;
        let are_few = lanes.is_some() && are_few(conn, lanes.as_deref())?;
        let Plan { states, dead, ways } = Plan::new(filter, &tallies, !known.is_empty(), are_few);
        let text = filter.text.as_deref().map(folded);
        Ok(Asked {
            fits: fits(filter, text.as_deref(), dead),
            lanes,
            due,
            known: (!known.is_empty()).then(|| json(&known)),
            text,
            named: filter.named.as_ref().map(|subjects| {
                json(&subjects.iter().map(|subject| subject.as_str().to_owned()).collect::<Vec<_>>())
            }),
            states: states.iter().map(|state| 1 << state.code()).sum(),
            roads: ways.into_iter().map(Road::from).collect(),
            filter,
        })
    }

    fn select(&self, road: &Road, columns: &str) -> String {
        format!("{columns} {} WHERE {} AND {}", road.index, road.along, self.fits)
    }

    /// Runs a query along one of the roads. What the query does not name is not bound.
    pub(super) fn run<T>(
        &self,
        conn: &Connection,
        sql: &str,
        stretch: Stretch,
        limit: u32,
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let filter = self.filter;
        let (after, until) = (Time(self.due.0), Time(self.due.1));
        let (since, before) = (filter.since.map(Time), filter.until.map(Time));
        let (ended_since, ended_until) = (filter.ended_since.map(Time), filter.ended_until.map(Time));
        let subject = filter.subject.as_ref().map(Subject::as_str);
        let mut select = conn.prepare_cached(sql)?;
        let cause = filter.cause.map(crate::rules::dead::place);
        let values: [(&str, &dyn ToSql); 22] = [
            (":cause", &cause),
            (":failed_on", &filter.failed_on),
            (":low", &stretch.low),
            (":high", &stretch.high),
            (":limit", &limit),
            (":states", &self.states),
            (":lanes", &self.lanes),
            (":due_after", &after),
            (":due_until", &until),
            (":known", &self.known),
            (":text", &self.text),
            (":named", &self.named),
            (":action", &filter.action),
            (":subject", &subject),
            (":source", &filter.source),
            (":code", &filter.code),
            (":since", &since),
            (":until", &before),
            (":ended_since", &ended_since),
            (":ended_until", &ended_until),
            (":backend", &filter.backend),
            (":steps", &number::STEPS),
        ];
        for (name, value) in values {
            if let Some(place) = select.parameter_index(name)? {
                select.raw_bind_parameter(place, value)?;
            }
        }
        let mut rows = select.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }
}

/// Whether so few jobs wait in these lanes that all can be looked at.
fn are_few(conn: &Connection, lanes: Option<&str>) -> Result<bool, Error> {
    let Road { index, along, .. } = Way::Ready.into();
    let sql = format!("SELECT 1 FROM job {index} WHERE {along} LIMIT 1 OFFSET {LOOKED_AT}");
    let mut select = conn.prepare_cached(&sql)?;
    Ok(!select.exists(rusqlite::named_params! { ":lanes": lanes })?)
}

/// The jobs that a whole id leads to, ours or a caller's.
fn known(conn: &Connection, text: &str) -> Result<Vec<i64>, Error> {
    let Some(WholeId { id, text, hyphenated }) = whole_id(text) else { return Ok(Vec::new()) };
    let mut select = conn.prepare_cached(
        "SELECT seq FROM job WHERE id = ?1 UNION SELECT seq FROM external WHERE value IN (?2, ?3)",
    )?;
    let rows = select.query_map(params![id.map(Id), text, hyphenated], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn json<T: Clone + Into<serde_json::Value>>(values: &[T]) -> String {
    serde_json::Value::from(values.to_vec()).to_string()
}
