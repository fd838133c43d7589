//! Loading what a page needs.

use std::collections::{BTreeMap, BTreeSet};

use model::{DeliveryId, JobId, Seq, Subject};
use tokio_postgres::Row;
use uuid::Uuid;

use super::ask::{Ask, Value, column};
use super::floors::Floors;
use super::number::{Needs, Of};
use super::page::{CauseRow, DeliveryRow, EntityRow, External, JobRow, Line, OpenRow, Page, Wants};
use super::row;
use crate::error::Error;

/// So many of a line are loaded at first: most want to know of the first one only.
pub(super) const FIRST: usize = 1;
/// So many when more of it is wanted.
pub(super) const MORE: usize = 8;

/// The columns of a job's row, as [`job`] reads them: those of [`row::JOB`] first.
macro_rules! select_jobs {
    ($rest:literal) => {
        concat!(
            "SELECT seq, id, source, external_id, action, subject, class, state, head, lane, due_at, deadline, ",
            "status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of, cancelled_by, ",
            "not_before, dry_run, failed_on, cause, settled, aside, steps, backends, plan, replies, secrets, ",
            "open_step, open_number, open_at, open_life, rev, placed FROM ",
            $rest
        )
    };
}

const JOBS: &str = select_jobs!("job WHERE id = ANY($1::uuid[])");
/// A live job by its id.
pub(super) const LIVE_BY_ID: &str = select_jobs!("live WHERE id = $1");
/// A live job by its number.
pub(super) const LIVE_BY_SEQ: &str = select_jobs!("live WHERE seq = $1");
/// Behind the head itself: what was before it has ended, and may lie there dead for as long as somebody looks at it.
const LEAVING: &str = select_jobs!(
    "(SELECT subject AS of_subject, seq AS behind FROM live
      WHERE id = ANY($1::uuid[]) AND head AND subject IS NOT NULL) AS left_by
     CROSS JOIN LATERAL (SELECT * FROM live WHERE live.subject IS NOT NULL AND (live.subject, live.seq) > (of_subject, behind)
         AND (live.subject, live.seq) < (of_subject, 9223372036854775807) AND placed
         ORDER BY live.subject, live.seq LIMIT $2) AS line"
);
const LINES: &str = select_jobs!(
    "unnest($1::text[], $2::bigint[]) AS wanted (of_subject, behind)
     CROSS JOIN LATERAL (SELECT * FROM live WHERE live.subject IS NOT NULL AND (live.subject, live.seq) > (of_subject, behind)
         AND (live.subject, live.seq) < (of_subject, 9223372036854775807) AND placed
         ORDER BY live.subject, live.seq LIMIT $3) AS line"
);
const BULK: &str = select_jobs!(
    "unnest($1::text[], $2::bigint[]) AS wanted (of_subject, behind)
     JOIN live ON subject IS NOT NULL AND subject = of_subject AND seq > behind AND class = 1 AND placed"
);
const REPLAYS: &str = concat!(
    "WITH RECURSIVE replay (of_id) AS (
         SELECT id FROM job WHERE replay_of = ANY($1::uuid[])
         UNION SELECT job.id FROM replay JOIN job ON job.replay_of = replay.of_id) ",
    select_jobs!("job WHERE id = ANY(ARRAY(SELECT of_id FROM replay))")
);
const EXTERNALS: &str = "SELECT value, source, digest, job, seq, at
    FROM unnest($1::text[], $2::text[]) AS wanted (v, s) JOIN external ON value = v AND source = s";
const ENTITIES: &str = "SELECT kind, key, rev, state
    FROM unnest($1::text[], $2::text[]) AS wanted (k, n) JOIN entity ON kind = k AND key = n FOR UPDATE OF entity";
const DELIVERIES: &str =
    "SELECT id, seq, state, attempts, due_at, ended_at, message FROM delivery WHERE id = ANY($1::uuid[])
    FOR UPDATE";
const REPLIES: &str = "SELECT job, digest FROM reply WHERE job = ANY($1::uuid[])";
const CAUSES: &str = "SELECT id FROM cause WHERE id = ANY($1::bigint[]) FOR UPDATE";
const CAUSE_COUNT: &str = "SELECT count(*) FROM cause";
/// Jobs that other hubs have accepted: some of each of our shards, in their order.
pub(super) const ARRIVED: &str = select_jobs!(
    "unnest($1::smallint[]) AS ours (of_shard) CROSS JOIN LATERAL (
         SELECT * FROM live WHERE NOT placed AND live.shard = of_shard ORDER BY live.shard, live.seq LIMIT 16) AS arrived"
);
/// So many of each at once.
pub(super) const ARRIVE: usize = 16;
const JOB_NUMBERS: &str = "SELECT array_agg(nextval('job_number')) FROM generate_series(1, $1::bigint)";
const DELIVERY_NUMBERS: &str =
    "SELECT array_agg(nextval('delivery_number')) FROM generate_series(1, $1::bigint)";
const RECORD_NUMBERS: &str = "SELECT array_agg(nextval('record_number')) FROM generate_series(1, $1::bigint)";

/// All of them: prepared before they are needed.
pub(super) const ALL: [&str; 15] = [
    JOBS,
    LEAVING,
    LINES,
    BULK,
    REPLAYS,
    EXTERNALS,
    ENTITIES,
    DELIVERIES,
    REPLIES,
    CAUSES,
    CAUSE_COUNT,
    ARRIVED,
    JOB_NUMBERS,
    DELIVERY_NUMBERS,
    RECORD_NUMBERS,
];

/// The statements that load what is wanted, so many of each line.
pub(super) fn asks(wants: &Wants, floors: &Floors, most: usize) -> Vec<Ask<'static>> {
    let ids = |ids: &BTreeSet<JobId>| column(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>().into_iter());
    let pairs = |pairs: &BTreeSet<(String, String)>| -> Vec<Value<'static>> {
        // What the database cannot hold it does not hold.
        let can_be = |pair: &&(String, String)| !pair.0.contains('\0') && !pair.1.contains('\0');
        let (first, second): (Vec<String>, Vec<String>) = pairs.iter().filter(can_be).cloned().unzip();
        vec![Box::new(first), Box::new(second)]
    };
    let mut asks = Vec::new();
    let mut add = |wanted: bool, sql, values: &dyn Fn() -> Vec<Value<'static>>| {
        if wanted {
            asks.push(Ask::new(sql, values()));
        }
    };
    let jobs: BTreeSet<JobId> = wants.jobs.union(&wants.leaving).copied().collect();
    add(!jobs.is_empty(), JOBS, &|| vec![ids(&jobs)]);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    add(!wants.leaving.is_empty(), LEAVING, &|| vec![ids(&wants.leaving), Box::new(most)]);
    add(!wants.behind.is_empty(), LINES, &|| {
        let (subjects, behind): (Vec<String>, Vec<i64>) =
            wants.behind.iter().map(|(subject, behind)| (subject.clone(), *behind)).unzip();
        vec![Box::new(subjects), Box::new(behind), Box::new(most)]
    });
    add(!wants.lines.is_empty(), LINES, &|| {
        let from = |(subject, behind): (&String, &i64)| (subject.clone(), floors.of(subject).max(*behind));
        let (subjects, behind): (Vec<String>, Vec<i64>) = wants.lines.iter().map(from).unzip();
        vec![Box::new(subjects), Box::new(behind), Box::new(most)]
    });
    add(!wants.bulk.is_empty(), BULK, &|| {
        let from = |subject: &String| (subject.clone(), floors.of(subject));
        let (subjects, behind): (Vec<String>, Vec<i64>) = wants.bulk.iter().map(from).unzip();
        vec![Box::new(subjects), Box::new(behind)]
    });
    add(!wants.replays.is_empty(), REPLAYS, &|| vec![ids(&wants.replays)]);
    add(!wants.externals.is_empty(), EXTERNALS, &|| pairs(&wants.externals));
    add(!wants.entities.is_empty(), ENTITIES, &|| pairs(&wants.entities));
    add(!wants.deliveries.is_empty(), DELIVERIES, &|| {
        vec![column(wants.deliveries.iter().map(|id| id.0).collect::<Vec<Uuid>>().into_iter())]
    });
    add(!wants.replies.is_empty(), REPLIES, &|| vec![ids(&wants.replies)]);
    add(!wants.causes.is_empty(), CAUSES, &|| vec![column(wants.causes.clone().into_iter())]);
    add(wants.cause_count, CAUSE_COUNT, &Vec::new);
    for (wanted, sql, _) in numbers(wants) {
        add(wanted > 0, sql, &|| vec![Box::new(wanted)]);
    }
    asks
}

/// How many numbers of each kind are wanted.
fn numbers(wants: &Wants) -> [(i64, &'static str, Of); 3] {
    let Needs { jobs, deliveries, records } = wants.numbers;
    let count = |needs: usize| i64::try_from(needs).unwrap_or(i64::MAX);
    [
        (count(jobs), JOB_NUMBERS, Of::Job),
        (count(deliveries), DELIVERY_NUMBERS, Of::Delivery),
        (count(records), RECORD_NUMBERS, Of::Record),
    ]
}

/// Puts on the page what was loaded, in the order of [`asks`], at most so many of each line. What was wanted and is not there is
/// known not to be there.
pub(super) fn put(page: &mut Page, wants: &Wants, loaded: Vec<Vec<Row>>, most: usize) -> Result<(), Error> {
    let mut loaded = loaded.into_iter();
    let mut next = |wanted: bool| wanted.then(|| loaded.next()).flatten().unwrap_or_default();
    for row in next(!wants.jobs.is_empty() || !wants.leaving.is_empty()) {
        let _ = job(page, &row)?;
    }
    let leaving = next(!wants.leaving.is_empty());
    let mut subjects: BTreeMap<String, i64> = BTreeMap::new();
    for id in wants.jobs.union(&wants.leaving) {
        if !page.damaged.contains_key(id) {
            page.jobs.load(*id, None);
        }
    }
    for id in &wants.leaving {
        if let Some(Some(row)) = page.jobs.get(id)
            && row.job.head
            && let Some(subject) = &row.job.subject
        {
            // Nothing is before a head.
            subjects.insert(subject.as_str().to_owned(), i64::MIN);
        }
    }
    line(page, subjects, &leaving, most)?;
    let heads = wants.behind.keys().map(|subject| (subject.clone(), i64::MIN)).collect();
    line(page, heads, &next(!wants.behind.is_empty()), most)?;
    line(page, wants.lines.clone(), &next(!wants.lines.is_empty()), most)?;
    let bulk = next(!wants.bulk.is_empty());
    for subject in &wants.bulk {
        let line = page.lines.entry(subject.clone()).or_insert_with(Line::unknown);
        line.bulk = true;
    }
    for row in bulk {
        come(page, &row)?;
    }
    replays(page, wants, next(!wants.replays.is_empty()))?;
    for row in next(!wants.externals.is_empty()) {
        let digest: &[u8] = row::get(&row, 2)?;
        let external = External {
            digest: digest.try_into().ok(),
            job: row::job_id(&row, 3)?,
            seq: row::get(&row, 4)?,
            at: row::time(&row, 5).unwrap_or_default(),
        };
        page.externals.load((row::get(&row, 0)?, row::get(&row, 1)?), Some(external));
    }
    for key in &wants.externals {
        page.externals.load(key.clone(), None);
    }
    for row in next(!wants.entities.is_empty()) {
        let (rev, state) = (row::get(&row, 2)?, row::get(&row, 3)?);
        let entity = EntityRow { rev, state, label: String::new(), sealed: Vec::new() };
        page.entities.load((row::get(&row, 0)?, row::get(&row, 1)?), Some(entity));
    }
    for key in &wants.entities {
        page.entities.load(key.clone(), None);
    }
    for row in next(!wants.deliveries.is_empty()) {
        let delivery = DeliveryRow {
            seq: row::get(&row, 1)?,
            state: row::word(&row, 2)?,
            attempts: row::get(&row, 3)?,
            due_at: row::time(&row, 4)?,
            ended_at: row::maybe_time(&row, 5)?,
            message: row::get(&row, 6)?,
            made: None,
        };
        page.deliveries.load(DeliveryId(row::get(&row, 0)?), Some(delivery));
    }
    for id in &wants.deliveries {
        page.deliveries.load(*id, None);
    }
    let mut replies: BTreeMap<JobId, Vec<_>> = wants.replies.iter().map(|id| (*id, Vec::new())).collect();
    for row in next(!wants.replies.is_empty()) {
        let digest: &[u8] = row::get(&row, 1)?;
        if let (Some(all), Ok(digest)) = (replies.get_mut(&row::job_id(&row, 0)?), digest.try_into()) {
            all.push(digest);
        }
    }
    for (id, all) in replies {
        page.replies.load(id, Some(all));
    }
    for row in next(!wants.causes.is_empty()) {
        page.causes.load(row::get(&row, 0)?, Some(CauseRow { cause: None }));
    }
    for cause in &wants.causes {
        page.causes.load(*cause, None);
    }
    if let Some(row) = next(wants.cause_count).first() {
        page.cause_count = Some(row::get(row, 0)?);
    }
    for (wanted, _, of) in numbers(wants) {
        if let Some(row) = next(wanted > 0).first() {
            page.give(of, row::get(row, 0)?);
        }
    }
    Ok(())
}

/// The row of a job as it can be read; what is wrong with it is remembered.
pub(super) fn job(page: &mut Page, row: &Row) -> Result<Result<JobId, String>, Error> {
    let id = row::job_id(row, 1)?;
    if page.jobs.get(&id).is_some() {
        return Ok(Ok(id));
    }
    match read(row) {
        Ok(read) => {
            page.jobs.load(id, Some(read));
            Ok(Ok(id))
        }
        Err(Error::Damaged(why)) => {
            page.damaged.insert(id, why.clone());
            Ok(Err(why))
        }
        Err(error) => Err(error),
    }
}

fn read(row: &Row) -> Result<JobRow, Error> {
    let open = match row::maybe_number(row, 32)? {
        None => None,
        Some(step) => Some(OpenRow {
            step,
            number: row::number(row, 33)?,
            at: row::time(row, 34)?,
            life: row::get(row, 35)?,
        }),
    };
    Ok(JobRow {
        job: row::job(row)?,
        steps: row::get(row, 27)?,
        backends: row::get(row, 28)?,
        plan: row::get(row, 29)?,
        replies: row::get(row, 30)?,
        secrets: row::get(row, 31)?,
        open,
        rev: row::get(row, 36)?,
        placed: row::get(row, 37)?,
    })
}

/// A live job comes to the line of its subject, unless the page knows better.
fn come(page: &mut Page, row: &Row) -> Result<(), Error> {
    let (seq, subject): (i64, Option<String>) = (row::get(row, 0)?, row::get(row, 5)?);
    let entry = job(page, row)?;
    if let Ok(id) = entry
        && let Some(Some(known)) = page.jobs.get(&id)
        && !known.is_live()
    {
        return Ok(());
    }
    if let Some(line) = subject.and_then(|subject| page.lines.get_mut(&subject)) {
        line.known.insert(seq, entry);
    }
    Ok(())
}

/// The lines of these subjects, each from behind a number on, at most so many of each.
fn line(page: &mut Page, subjects: BTreeMap<String, i64>, rows: &[Row], most: usize) -> Result<(), Error> {
    let loaded: BTreeSet<String> = subjects.keys().cloned().collect();
    let mut found: BTreeMap<String, (usize, i64)> = BTreeMap::new();
    for row in rows {
        let (seq, subject): (i64, Option<String>) = (row::get(row, 0)?, row::get(row, 5)?);
        let (count, last) = found.entry(subject.unwrap_or_default()).or_insert((0, i64::MIN));
        *count += 1;
        *last = seq.max(*last);
    }
    for (subject, behind) in subjects {
        let (count, last) = found.get(&subject).copied().unwrap_or((0, i64::MIN));
        let line = page.lines.entry(subject).or_insert_with(Line::unknown);
        // It may have been loaded further already.
        if behind <= line.horizon {
            line.horizon = if count < most { i64::MAX } else { last.max(line.horizon) };
        }
    }
    for row in rows {
        come(page, row)?;
    }
    // What the page itself has put there while nobody knew of the line.
    let made: Vec<(String, i64, JobId)> = page
        .jobs
        .rows()
        .filter(|row| row.is_live() && row.placed)
        .filter_map(|row| {
            let (subject, Seq(seq)) = (row.job.subject.as_ref().map(Subject::as_str)?, row.job.seq);
            loaded.contains(subject).then(|| (subject.to_owned(), seq, row.job.id))
        })
        .collect();
    for (subject, seq, id) in made {
        if let Some(line) = page.lines.get_mut(&subject) {
            line.known.insert(seq, Ok(id));
        }
    }
    Ok(())
}

/// The replays of jobs, and theirs.
fn replays(page: &mut Page, wants: &Wants, rows: Vec<Row>) -> Result<(), Error> {
    for of in &wants.replays {
        page.replays.insert(*of, Vec::new());
    }
    for row in rows {
        let (id, of) = (row::job_id(&row, 1)?, row::maybe_job_id(&row, 19)?);
        let _ = job(page, &row)?;
        page.replays.entry(id).or_default();
        if let Some(of) = of {
            page.replays.entry(of).or_default().push(id);
        }
    }
    Ok(())
}

impl Line {
    /// One of which nothing is known.
    fn unknown() -> Self {
        Line { known: BTreeMap::new(), horizon: i64::MIN, bulk: false }
    }
}
