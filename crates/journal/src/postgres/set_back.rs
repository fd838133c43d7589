//! What waits for a time that no rule allows is brought back: it was written while the clock ran ahead. Each hub does so with
//! the jobs that it runs.

use std::time::Duration;

use jiff::Timestamp;
use model::believe::within;
use model::word::code;
use model::{Class, JobId, Seq, Step};
use tokio_postgres::Row;

use super::row::{self, code_of, get};
use super::steps;
use super::tx::Tx;
use crate::api::Due;
use crate::error::Error;
use crate::rules::order::{First, believed};

/// So many jobs are looked at in one commit.
const BATCH: usize = 500;

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// The lanes after this one; so many were brought back.
    Lanes(String, u64),
    /// The jobs of this lane and class that are due after this time and number.
    Lane(String, Class, (i64, i64), u64),
    Secrets(u64),
    Done(u64),
}

impl Cursor {
    pub(super) fn start() -> Self {
        Cursor::Lanes(String::new(), 0)
    }
}

/// Takes one small step and returns where to go on.
pub(super) async fn step(
    tx: &mut Tx,
    cursor: Cursor,
    now: Timestamp,
    keep_secrets: Duration,
) -> Result<Cursor, Error> {
    match cursor {
        Cursor::Lanes(after, moved) => lanes(tx, after, moved, now).await,
        Cursor::Lane(lane, class, after, moved) => jobs(tx, lane, class, after, moved, now).await,
        Cursor::Secrets(moved) if tx.delivers => secrets(tx, moved, now, keep_secrets).await,
        Cursor::Secrets(moved) | Cursor::Done(moved) => Ok(Cursor::Done(moved)),
    }
}

/// Looks for the next lane in which a job waits for a later time: one step through the index for each.
async fn lanes(tx: &Tx, mut after: String, moved: u64, now: Timestamp) -> Result<Cursor, Error> {
    let ours = tx.owned.condition();
    let next = format!(
        "SELECT lane, EXISTS (
             SELECT 1 FROM live AS later WHERE later.head AND later.state IN (0, 2) AND later.lane = live.lane
               AND later.class IN (0, 1) AND later.due_at > $2{ours})
         FROM live WHERE head AND state IN (0, 2) AND lane > $1{ours} ORDER BY lane LIMIT 1"
    );
    loop {
        let Some(row) = tx.first(&next, &[&after, &now.as_millisecond()]).await? else {
            return Ok(Cursor::Secrets(moved));
        };
        let lane: String = get(&row, 0)?;
        // What the failsafe holds keeps its times: these are its order, and nothing waits for them.
        if get(&row, 1)? && !lane.starts_with('!') {
            return Ok(Cursor::Lane(lane, Class::Interactive, beginning(now), moved));
        }
        after = lane;
    }
}

/// A job that waits for a later time.
struct Waiting {
    seq: Seq,
    id: JobId,
    first: First,
    /// Its backend said until when.
    told: bool,
    steps: Vec<Step>,
}

impl Waiting {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Waiting {
            seq: Seq(get(row, 0)?),
            id: row::job_id(row, 1)?,
            first: First {
                state: row::word(row, 2)?,
                class: row::word(row, 3)?,
                due_at: row::time(row, 4)?,
                attempted_at: row::maybe_time(row, 5)?,
                not_before: row::maybe_time(row, 6)?,
            },
            told: get::<Option<bool>>(row, 7)?.unwrap_or_default(),
            steps: steps::all(get(row, 8)?)?,
        })
    }
}

/// Everything that is due later than now comes after this.
fn beginning(now: Timestamp) -> (i64, i64) {
    (now.as_millisecond(), i64::MAX)
}

async fn jobs(
    tx: &mut Tx,
    lane: String,
    class: Class,
    after: (i64, i64),
    mut moved: u64,
    now: Timestamp,
) -> Result<Cursor, Error> {
    let select = format!(
        "SELECT seq, id, state, class, due_at, greatest(attempted_at, started_at), not_before, code IN ($5, $6), steps FROM live
         WHERE head AND state IN (0, 2) AND lane = $1 AND class = $2 AND (due_at, seq) > ($3, $4){}
         ORDER BY lane, class, due_at, seq LIMIT {BATCH}",
        tx.owned.condition()
    );
    let (wait, of_backend) = (code::WAIT, code::WAIT_BACKEND);
    let told = (wait.as_str(), of_backend.as_str());
    let rows = tx.all(&select, &[&lane, &code_of(class), &after.0, &after.1, &told.0, &told.1]).await?;
    // One that cannot be read is ended when it is met.
    for Waiting { seq, id, first, told, steps } in rows.iter().filter_map(|row| Waiting::read(row).ok()) {
        let due_at = believed(&first, told, now);
        if due_at != first.due_at {
            bring_back(tx, id, steps, due_at).await?;
            let lane = lane.as_str().into();
            tx.committed.due.push(Due { id, seq, lane, class: first.class, due_at });
            moved += 1;
        }
    }
    Ok(match (rows.last(), class) {
        (Some(last), _) => Cursor::Lane(lane, class, (get(last, 4)?, get(last, 0)?), moved),
        (None, Class::Interactive) => Cursor::Lane(lane, Class::Bulk, beginning(now), moved),
        (None, Class::Bulk) => Cursor::Lanes(lane, moved),
    })
}

/// A job is due at this time, and none of its steps later.
async fn bring_back(tx: &mut Tx, id: JobId, mut steps: Vec<Step>, at: Timestamp) -> Result<(), Error> {
    for step in &mut steps {
        step.due_at = step.due_at.map(|due_at| due_at.min(at));
    }
    let write = "UPDATE live SET due_at = $2, steps = $3, rev = rev + 1 WHERE id = $1";
    tx.is_set_back = true;
    tx.execute(write, &[&id.0, &at.as_millisecond(), &steps::write(&steps)]).await.map(|_| ())
}

/// Secrets that would be kept for longer than they may.
async fn secrets(tx: &Tx, moved: u64, now: Timestamp, keep: Duration) -> Result<Cursor, Error> {
    let latest = within(Timestamp::MAX, keep, now).as_millisecond();
    let shorten = "UPDATE secret SET scrub_at = $1 WHERE scrub_at IS NOT NULL AND scrub_at > $1";
    Ok(Cursor::Done(moved + tx.execute(shorten, &[&latest]).await?))
}
