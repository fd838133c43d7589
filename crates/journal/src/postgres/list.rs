//! Listing jobs by what is in clear. However many there are, a page looks at a bounded number of them: it may come
//! back short, and says where to go on.

use jiff::Timestamp;
use model::composed::folded;
use model::{Job, Seq, Subject};
use tokio_postgres::Row;

use super::query::{Query, can_be};
use super::row::{self, JOB, code_of, get};
use super::session::Session;
use super::stretch::{Stretch, stretch};
use super::{dead, job};
use crate::api::{Count, Filter, Listing, Order, Page, Waiting};
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::text::contains;
use crate::way::{LOOKED_AT, Plan, Way, told_by_tallies, whole_id};

/// Texts are looked at in so many jobs at a time.
const CHUNK: usize = 500;

/// The name of a job's subject: it is called as the entity of its kind and value is.
const LABEL: &str = "(SELECT label FROM entity WHERE kind = split_part(subject, ':', 1)
    AND key = substr(subject, strpos(subject, ':') + 1))";

/// A listing that is asked for, with what its ways need.
pub(super) struct Asked<'a> {
    pub(super) filter: &'a Filter,
    pub(super) ways: Vec<Way>,
    states: Vec<i16>,
    dead: bool,
    known: Vec<i64>,
    subject: Option<&'a str>,
    cause: Option<i64>,
    lanes: Option<&'a Vec<String>>,
    /// After and until when they are due.
    due: (i64, i64),
    /// When they were accepted.
    accepted: (Option<i64>, Option<i64>),
    /// And when they ended.
    ended: (Option<i64>, Option<i64>),
    text: Option<String>,
    named: Option<Vec<&'a str>>,
}

/// See [`crate::Read::jobs`].
pub(super) async fn jobs(
    sql: &Session,
    sieve: &mut Sieve,
    filter: &Filter,
    page: Page,
) -> Result<Listing<Job>, Error> {
    let asked = Asked::new(sql, filter).await?;
    let stretch = stretch(sql, &asked, page.after, page.order).await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    // A damaged one has its place in the order as well.
    let mut found: Vec<(Seq, Result<Job, Damaged>)> = Vec::new();
    for way in &asked.ways {
        for row in asked.rows(sql, *way, stretch, page.order, limit).await? {
            let seq = Seq(get(&row, 0)?);
            let job = sieve.pass(|| Spot::Job(seq), row::job(&row))?;
            found.push((seq, job.ok_or_else(|| sieve.last())));
        }
    }
    match page.order {
        Order::Newest => found.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq)),
        Order::Oldest => found.sort_by_key(|(seq, _)| *seq),
    }
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
pub(super) async fn count(
    sql: &Session,
    filter: &Filter,
    before: Option<Seq>,
    at_most: u32,
) -> Result<Count, Error> {
    if before.is_none() {
        let told = match told_by_tallies(filter, &job::tallies(sql).await?) {
            Some(jobs) => Some(jobs),
            None => dead::count(sql, filter).await?,
        };
        if let Some(jobs) = told {
            return Ok(Count { jobs, more: false, next: None });
        }
    }
    let asked = Asked::new(sql, filter).await?;
    let stretch = stretch(sql, &asked, before, Order::Newest).await?;
    let limit = usize::try_from(at_most).unwrap_or(usize::MAX).saturating_add(1);
    let mut jobs: u64 = 0;
    for way in &asked.ways {
        jobs += asked.number(sql, *way, stretch, limit).await?;
    }
    let bound = u64::from(at_most);
    let next = stretch.next.filter(|_| jobs <= bound).map(Seq);
    Ok(Count { jobs: jobs.min(bound), more: jobs > bound || next.is_some(), next })
}

/// See [`crate::Read::newest`].
pub(super) async fn newest(sql: &Session) -> Result<Option<Seq>, Error> {
    let select = "SELECT greatest((SELECT max(seq) FROM live), (SELECT max(seq) FROM done))";
    Ok(get::<Option<i64>>(&sql.one(select, &[]).await?, 0)?.map(Seq))
}

/// Where a way leads: the table, and its order.
pub(super) struct Road {
    pub(super) table: &'static str,
    pub(super) order: &'static str,
}

impl<'a> Asked<'a> {
    async fn new(sql: &Session, filter: &'a Filter) -> Result<Self, Error> {
        let known = match &filter.text {
            Some(text) => known(sql, text).await?,
            None => Vec::new(),
        };
        let (mut lanes, mut due) = (None, (Timestamp::MIN, Timestamp::MAX));
        if let Some(Waiting::Lanes { lanes: named, after, until }) = &filter.waiting {
            lanes = Some(named);
            due = (after.unwrap_or(due.0), until.unwrap_or(due.1));
        }
        let are_few = match lanes {
            Some(lanes) => are_few(sql, lanes).await?,
            None => false,
        };
        let tallies = job::tallies(sql).await?;
        let Plan { states, dead, mut ways } = Plan::new(filter, &tallies, !known.is_empty(), are_few);
        let Filter { action, subject, source, backend, code, failed_on, .. } = filter;
        let texts = [action, source, backend, code, failed_on].into_iter().flatten().map(String::as_str);
        if !texts.chain(subject.as_ref().map(Subject::as_str)).all(can_be) {
            ways.clear();
        }
        let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
        let named = filter.named.as_ref().map(|named| named.iter().map(Subject::as_str).collect());
        Ok(Asked {
            ways,
            states: states.into_iter().map(code_of).collect(),
            dead,
            known,
            subject: filter.subject.as_ref().map(Subject::as_str),
            cause: filter.cause.map(crate::rules::dead::place),
            lanes,
            due: (due.0.as_millisecond(), due.1.as_millisecond()),
            accepted: (millis(filter.since), millis(filter.until)),
            ended: (millis(filter.ended_since), millis(filter.ended_until)),
            text: filter.text.as_deref().map(folded),
            named,
            filter,
        })
    }

    /// Leads a query along a way, as far as a stretch goes. Conditions and order name all columns of the index that is to be
    /// gone along, so that no other one gives that order.
    pub(super) fn along<'q>(&'q self, query: &mut Query<'q>, way: Way, stretch: &'q Stretch) -> Road {
        let (low, high) = (query.give(&stretch.low), query.give(&stretch.high));
        let between = |query: &mut Query<'q>, column: &str, value: String| {
            query.is(format!(
                "{column} IS NOT NULL AND ({column}, seq) > ({value}, {low}) AND ({column}, seq) < ({value}, {high})"
            ));
        };
        match (way, &self.subject, &self.cause, &self.filter.failed_on) {
            (Way::Subject, Some(subject), ..) => {
                let value = query.give(subject);
                between(query, "subject", value);
                return Road { table: "job", order: "subject :, seq :" };
            }
            (Way::Cause, _, Some(cause), _) => {
                let value = query.give(cause);
                between(query, "cause", value);
                query.is("settled = 0");
                return Road { table: "done", order: "cause :, seq :" };
            }
            (Way::FailedOn, _, _, Some(backend)) => {
                let value = query.give(backend);
                between(query, "failed_on", value);
                return Road { table: "done", order: "failed_on :, seq :" };
            }
            _ => query.is(format!("seq > {low} AND seq < {high}")),
        }
        let table = match way {
            // Those in some lanes are few, and are put in order when they are found.
            Way::Live | Way::Ready => "live",
            Way::Unlucky => {
                query.is("state > 3");
                "done"
            }
            Way::Dead => {
                query.is("settled = 0");
                "done"
            }
            Way::Known => {
                let known = query.give(&self.known);
                query.is(format!("seq = ANY({known})"));
                "job"
            }
            _ => "job",
        };
        Road { table, order: "seq :" }
    }

    /// Everything else that is asked of a job, but for texts. A state that cannot be read might be any. What the way itself
    /// says must not be said again: an order by what is always the same would be none.
    fn fits<'q>(&'q self, query: &mut Query<'q>, way: Way) {
        let Filter { action, source, code, backend, failed_on, waiting, .. } = self.filter;
        query.fits("(state = ANY({}) OR state NOT BETWEEN 0 AND 6)", Some(&self.states));
        query.fits("action = {}", action.as_ref());
        query.fits("subject = {}", self.subject.as_ref().filter(|_| way != Way::Subject));
        query.fits("(source = {} OR left(source, length({}) + 1) = {} || '/')", source.as_ref());
        query.fits("code = {}", code.as_ref());
        query.fits("accepted_at >= {}", self.accepted.0.as_ref());
        query.fits("accepted_at < {}", self.accepted.1.as_ref());
        query.fits("ended_at >= {}", self.ended.0.as_ref());
        query.fits("ended_at < {}", self.ended.1.as_ref());
        query.fits("{} = ANY(backends)", backend.as_ref());
        query.fits("failed_on = {}", failed_on.as_ref().filter(|_| way != Way::FailedOn));
        query.fits("cause = {}", self.cause.as_ref().filter(|_| way != Way::Cause));
        if self.dead {
            query.is("settled = 0");
        }
        if matches!(waiting, Some(Waiting::Subject)) {
            query.is("NOT head");
        }
        if let Some(lanes) = self.lanes {
            query.is("head AND state IN (0, 2)");
            query.fits("lane = ANY({})", Some(lanes));
            query.fits("due_at > {}", Some(&self.due.0));
            query.fits("due_at <= {}", Some(&self.due.1));
        }
    }

    /// So many columns of the first jobs on a way, in its order: whatever they say in texts.
    async fn part(
        &self,
        sql: &Session,
        way: Way,
        stretch: &Stretch,
        order: Order,
        (columns, limit): (&str, usize),
    ) -> Result<Vec<Row>, Error> {
        let mut query = Query::default();
        let road = self.along(&mut query, way, stretch);
        self.fits(&mut query, way);
        let (conditions, table) = (query.conditions(), road.table);
        let order = road.order.replace(':', direction(order));
        let select = match way {
            // Found first and put in order then: it must not be looked for in the order of numbers.
            Way::Ready => format!(
                "SELECT {columns} FROM (SELECT * FROM live WHERE {conditions} OFFSET 0) AS few
                 ORDER BY {order} LIMIT {limit}"
            ),
            _ => format!("SELECT {columns} FROM {table} WHERE {conditions} ORDER BY {order} LIMIT {limit}"),
        };
        query.all(sql, &select).await
    }

    /// The first jobs on a way that fit. Texts are looked at here, in some jobs at a time.
    async fn rows(
        &self,
        sql: &Session,
        way: Way,
        mut stretch: Stretch,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let Some(text) = &self.text else { return self.part(sql, way, &stretch, order, (JOB, limit)).await };
        // The name is needed where nobody has looked it up.
        let columns = if self.named.is_some() { JOB.to_owned() } else { format!("{JOB}, {LABEL}") };
        let mut rows = Vec::new();
        loop {
            let part = self.part(sql, way, &stretch, order, (&columns, CHUNK)).await?;
            let last = part.last().map(|row| get::<i64>(row, 0)).transpose()?;
            let is_end = part.len() < CHUNK;
            for row in part {
                if rows.len() < limit && self.holds(&row, text) {
                    rows.push(row);
                }
            }
            let Some(last) = last.filter(|_| !is_end && rows.len() < limit) else { return Ok(rows) };
            match order {
                Order::Newest => stretch.high = last,
                Order::Oldest => stretch.low = last,
            }
        }
    }

    /// Whether a text is held by what a job says in clear, or by the name of its subject.
    fn holds(&self, row: &Row, text: &str) -> bool {
        let holds =
            |column| get::<Option<&str>>(row, column).ok().flatten().is_some_and(|it| contains(it, text));
        // Id, external id, subject, action, source, code, message; see [`JOB`].
        let id = row::job_id(row, 1).is_ok_and(|id| contains(&id.0.hyphenated().to_string(), text));
        if id || [3, 5, 4, 2, 13, 14].into_iter().any(holds) {
            return true;
        }
        match &self.named {
            None => holds(27),
            Some(named) => get::<Option<&str>>(row, 5).ok().flatten().is_some_and(|it| named.contains(&it)),
        }
    }

    /// How many jobs on a way fit, counted up to a bound.
    async fn number(&self, sql: &Session, way: Way, stretch: Stretch, limit: usize) -> Result<u64, Error> {
        if self.text.is_some() {
            return Ok(self.rows(sql, way, stretch, Order::Newest, limit).await?.len() as u64);
        }
        let mut query = Query::default();
        let Road { table, .. } = self.along(&mut query, way, &stretch);
        self.fits(&mut query, way);
        let conditions = query.conditions();
        let select =
            format!("SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {conditions} LIMIT {limit}) AS found");
        let row = query.first(sql, &select).await?;
        Ok(row.map_or(Ok(0), |row| get::<i64>(&row, 0))?.unsigned_abs())
    }
}

/// As it is written.
pub(super) fn direction(order: Order) -> &'static str {
    match order {
        Order::Newest => "DESC",
        Order::Oldest => "ASC",
    }
}

/// Whether so few jobs wait in these lanes that all can be looked at.
async fn are_few(sql: &Session, lanes: &Vec<String>) -> Result<bool, Error> {
    let select = format!(
        "SELECT 1 FROM live WHERE head AND state IN (0, 2) AND lane = ANY($1) LIMIT 1 OFFSET {LOOKED_AT}"
    );
    Ok(sql.first(&select, &[lanes]).await?.is_none())
}

/// The jobs that a whole id leads to, ours or a caller's.
async fn known(sql: &Session, text: &str) -> Result<Vec<i64>, Error> {
    let Some(known) = whole_id(text) else { return Ok(Vec::new()) };
    let values: Vec<&str> = known.hyphenated.as_deref().into_iter().chain([known.text]).collect();
    let select = "SELECT seq FROM job WHERE id = $1 UNION SELECT seq FROM external WHERE value = ANY($2)";
    sql.all(select, &[&known.id, &values]).await?.iter().map(|row| get(row, 0)).collect()
}
