//! Moving: one move of one job, fenced.

use model::{Cause, Class, Code, JobId, JobState, OutcomeKind, StepState};
use rusqlite::params;

use super::code::{Coded, Id, Time, Word};
use super::tx::{Ready, Tx};
use super::{dead, effects, number, order, row, secret};
use crate::api::Whose;
use crate::change::{AttemptStart, Change, Scrub, StepChange};
use crate::error::Error;
use crate::rules::fence::{Open, Stored};
use crate::rules::{fence, steps};
use crate::sealed::SealedChange;

/// A job's row, as far as a move needs it.
struct Row {
    seq: i64,
    subject: Option<String>,
    class: Class,
    lane: String,
    secrets: bool,
    replay_of: Option<JobId>,
    stored: Stored,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>, us: i64) -> rusqlite::Result<Self> {
        let whose = if row.get::<_, Option<i64>>(13)? == Some(us) { Whose::Ours } else { Whose::Gone };
        let open = match row.get(9)? {
            None => None,
            Some(step) => Some(Open { step, number: row.get(10)?, at: row::time(row, 11)?, whose }),
        };
        let stored = Stored {
            state: row::word(row, 1)?,
            head: row.get(2)?,
            steps: row.get(6)?,
            replies: row.get(7)?,
            cancelled: row.get(12)?,
            open,
        };
        Ok(Row {
            seq: row.get(0)?,
            subject: row.get(3)?,
            class: row::word(row, 4)?,
            lane: row.get(5)?,
            secrets: row.get(8)?,
            replay_of: row.get::<_, Option<Id>>(14)?.map(|id| JobId(id.0)),
            stored,
        })
    }
}

/// Writes one move of one job with everything in it.
pub(super) fn change(tx: &mut Tx<'_>, sealed: &SealedChange) -> Result<(), Error> {
    let change = &sealed.change;
    let was = find(tx, change.job)?;
    fence::fence(&was.stored, change)?;
    close_attempt(tx, &was, change, &sealed.output)?;
    let planned = freeze_plan(tx, &was, change)?;
    for step in &change.steps {
        move_step(tx, was.seq, planned, step)?;
    }
    if let Some(start) = change.started
        && change.plan.is_empty()
    {
        start_step(tx, was.seq, start)?;
    }
    let secrets = was.secrets && !scrub(tx, &was, change)?;
    move_job(tx, &was, sealed, planned, secrets)?;
    for (kind, step, attempt, code) in &change.events {
        tx.event(change.at, *kind, Some(change.job), (*step, *attempt), code.clone());
    }
    effects::write(tx, &sealed.effects, Some((was.seq, change.job)))
}

fn find(tx: &Tx<'_>, job: JobId) -> Result<Row, Error> {
    tx.sql.first("SELECT seq, state, head, subject, class, lane, steps, replies, secrets, open_step, open_number, open_at,
             cancelled_by IS NOT NULL, open_life, replay_of FROM job WHERE id = ?1", [Id(job.0)], |row| Row::read(row, tx.life))?
        .ok_or_else(|| Error::Missing(format!("job {job}")))
}

/// Gives the open attempt its row when the job moves on: with its end, or without one when it was interrupted. Its
/// step is pending again, unless the move says otherwise.
fn close_attempt(tx: &Tx<'_>, was: &Row, change: &Change, output: &[u8]) -> Result<(), Error> {
    let Some(Open { step, number, at, .. }) = fence::closed(&was.stored, change) else { return Ok(()) };
    let end = change.ended.as_ref();
    tx.sql.execute(
        "INSERT INTO attempt (id, started_at, ended_at, kind, status, code, message, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            number::attempt(was.seq, step, number)?,
            Time(at),
            end.map(|_| Time(change.at)),
            end.map(|e| Word(e.kind)),
            end.map_or(0, |e| e.status),
            end.and_then(|e| e.code.as_ref()).map(Code::as_str),
            end.and_then(|e| e.message.as_deref()),
            end.map(|_| output),
        ],
    )?;
    if end.is_some_and(|end| end.kind == OutcomeKind::Wait) {
        // However often a backend says "not now": of those in a row the last one stands for all.
        tx.sql.execute(
            "DELETE FROM attempt WHERE id = ?1 AND kind = ?2",
            params![number::attempt(was.seq, step, number.saturating_sub(1))?, Word(OutcomeKind::Wait)],
        )?;
    }
    if steps::waits_again(step, change) {
        tx.sql.execute(
            "UPDATE step SET state = ?2 WHERE id = ?1",
            params![number::step(was.seq, step)?, Word(StepState::Pending)],
        )?;
    }
    Ok(())
}

/// Writes the plan at first start; the step that starts at once is written as running. Returns how many steps there
/// are.
fn freeze_plan(tx: &Tx<'_>, was: &Row, change: &Change) -> Result<i64, Error> {
    if change.plan.is_empty() {
        return Ok(was.stored.steps);
    }
    steps::freeze(&was.stored, change)?;
    for (place, step) in change.plan.iter().enumerate() {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        let state = steps::first_state(place, change.started);
        let starts = state == StepState::Running;
        let id = number::step(was.seq, place)?;
        tx.sql.execute(
            "INSERT INTO step (id, backend, on_error, state, attempts) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, step.backend, Word(step.on_error), Word(state), starts],
        )?;
    }
    Ok(i64::try_from(change.plan.len()).unwrap_or(i64::MAX))
}

/// The states of a guard as a statement takes them: a bit for each.
fn states(guard: steps::Guard) -> i64 {
    guard.states().map(|state| 1 << state.code()).sum()
}

/// Moves a step along the diagram, or not at all.
fn move_step(tx: &Tx<'_>, seq: i64, planned: i64, step: &StepChange) -> Result<(), Error> {
    let from = states(steps::to_move(step.state));
    let moved = tx.sql.execute(
        "UPDATE step SET state = ?2, status = ?3, code = ?4, message = ?5, tried = ?6, due_at = ?7,
             waits = ?9, waited = ?10
             WHERE id = ?1 AND ((1 << state) & ?8) <> 0",
        params![
            number::step(seq, step.index)?,
            Word(step.state),
            step.status,
            step.code.as_ref().map(Code::as_str),
            step.message,
            step.tried,
            step.due_at.map(Time),
            from,
            step.waits,
            i64::try_from(step.waited.as_millis()).unwrap_or(i64::MAX),
        ],
    )?;
    if moved == 0 {
        let (index, state) = (step.index, step.state.as_str());
        return Err(Error::Fenced(format!("step {index} of {planned} cannot become {state}")));
    }
    Ok(())
}

fn start_step(tx: &Tx<'_>, seq: i64, start: AttemptStart) -> Result<(), Error> {
    let AttemptStart { step, number } = start;
    // The attempt's number has to fit its row's id later.
    number::attempt(seq, step, number)?;
    let guard = steps::to_start(number);
    let moved = tx.sql.execute(
        "UPDATE step SET state = ?2, attempts = ?3, due_at = NULL
             WHERE id = ?1 AND ((1 << state) & ?4) <> 0 AND attempts = ?5",
        params![number::step(seq, step)?, Word(StepState::Running), number, states(guard), guard.attempts],
    )?;
    if moved == 0 {
        return Err(Error::Fenced(format!(
            "step {step} is not pending, or {number} is not its next attempt"
        )));
    }
    Ok(())
}

/// Carries out what becomes of the secrets; returns whether they are gone.
fn scrub(tx: &Tx<'_>, was: &Row, change: &Change) -> Result<bool, Error> {
    if !was.secrets {
        return Ok(false);
    }
    match change.to.scrub {
        Scrub::Keep => Ok(false),
        Scrub::Until(at) => secret::keep_until(&tx.sql, was.seq, at).map(|()| false),
        Scrub::Now => secret::erase(&tx.sql, was.seq, was.seq).map(|()| true),
    }
}

/// Moves the job itself, and with its end frees the next one of its subject.
fn move_job(
    tx: &mut Tx<'_>,
    was: &Row,
    sealed: &SealedChange,
    planned: i64,
    secrets: bool,
) -> Result<(), Error> {
    let change = &sealed.change;
    macro_rules! update {
        ($end:literal) => {
            concat!(
                "UPDATE job SET state = ?2, lane = ?3, due_at = ?4, status = ?5, code = ?6, message = ?7, ",
                "started_at = coalesce(started_at, ?8), attempted_at = coalesce(?9, attempted_at), ",
                "open_step = ?10, open_number = ?11, open_at = ?12, steps = ?13, secrets = ?14, open_life = ?15",
                $end,
                " WHERE seq = ?1"
            )
        };
    }
    let to = &change.to;
    let ends = to.state.is_terminal();
    let lane = to.lane.as_deref().unwrap_or(&was.lane);
    let open = fence::open(&was.stored, change);
    // Two statements: one that names `ended_at` and `head` would touch the indices of live jobs at every start. No plan
    // is followed any more once the job has ended.
    let sql = if ends {
        update!(", head = 0, plan = NULL, ended_at = ?16")
    } else {
        update!(", plan = coalesce(?16, plan)")
    };
    let update = tx.sql.get(sql)?;
    let mut update = update.borrow_mut();
    let common = params![
        was.seq,
        Word(to.state),
        lane,
        Time(to.due_at),
        to.status,
        to.code.as_ref().map(Code::as_str),
        to.message,
        change.started.map(|_| Time(change.at)),
        change.ended.as_ref().map(|_| Time(change.at)),
        open.map(|open| open.step),
        open.map(|open| open.number),
        open.map(|open| Time(open.at)),
        planned,
        secrets,
        open.map(|_| tx.life),
    ];
    for (place, value) in (1..).zip(common) {
        update.raw_bind_parameter(place, value)?;
    }
    if ends {
        update.raw_bind_parameter(16, Time(change.at))?;
    } else {
        update.raw_bind_parameter(16, &sealed.plan)?;
    }
    update.raw_execute()?;
    drop(update);

    match to.state {
        JobState::Failed => {
            let said = || Cause::new(None, to.code.as_ref(), to.message.as_deref(), &[]);
            dead::fail(tx, was.seq, &to.cause.clone().unwrap_or_else(said))?;
            dead::follow(tx, to.state, was.replay_of)?;
        }
        JobState::Succeeded => dead::follow(tx, to.state, was.replay_of)?,
        _ => {}
    }
    if was.stored.state != to.state {
        tx.count(was.stored.state, -1);
        tx.count(to.state, 1);
    }
    if ends {
        match &was.subject {
            Some(subject) if was.stored.head => order::leave(tx, subject, change.at)?,
            _ => {}
        }
    } else if was.stored.head && to.state != JobState::Running {
        tx.due(Ready { id: change.job, seq: was.seq, lane, class: was.class, due_at: to.due_at });
    }
    Ok(())
}
