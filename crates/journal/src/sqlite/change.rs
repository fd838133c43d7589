//! Moving: one move of one job, fenced.

use jiff::Timestamp;
use model::{Class, Code, JobId, JobState, StepState};
use rusqlite::{Row, params};

use super::code::{Coded, Id, Time, Word};
use super::tx::{Ready, Tx};
use super::{effects, number, order, row, secret};
use crate::change::{AttemptEnd, AttemptStart, Change, Expect, Scrub, StepChange};
use crate::error::Error;
use crate::sealed::SealedChange;

/// An attempt under way: step, number, when it started.
type Open = (u16, u32, Timestamp);

/// Where a job stands, as far as a move needs to know.
struct Standing {
    seq: i64,
    state: JobState,
    head: bool,
    subject: Option<String>,
    class: Class,
    lane: String,
    steps: i64,
    replies: usize,
    secrets: bool,
    open: Option<Open>,
    cancelled: bool,
}

impl Standing {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let open = match row.get(9)? {
            None => None,
            Some(step) => Some((step, row.get(10)?, row::time(row, 11)?)),
        };
        Ok(Standing {
            seq: row.get(0)?,
            state: row::word(row, 1)?,
            head: row.get(2)?,
            subject: row.get(3)?,
            class: row::word(row, 4)?,
            lane: row.get(5)?,
            steps: row.get(6)?,
            replies: row.get(7)?,
            secrets: row.get(8)?,
            open,
            cancelled: row.get(12)?,
        })
    }
}

/// Writes one move of one job with everything in it.
pub(super) fn change(tx: &mut Tx<'_>, sealed: &SealedChange) -> Result<(), Error> {
    let change = &sealed.change;
    let was = standing(tx, change.job)?;
    fence(&was, change)?;
    close_attempt(tx, &was, change, &sealed.output)?;
    let steps = freeze_plan(tx, &was, change)?;
    for step in &change.steps {
        move_step(tx, was.seq, steps, step)?;
    }
    if let Some(start) = change.started
        && change.plan.is_empty()
    {
        start_step(tx, was.seq, start)?;
    }
    let secrets = was.secrets && !scrub(tx, &was, change)?;
    move_job(tx, &was, sealed, steps, secrets)?;
    for (kind, step, attempt, code) in &change.events {
        tx.event(change.at, *kind, Some(change.job), (*step, *attempt), code.clone());
    }
    effects::write(tx, &sealed.effects, Some(was.seq))
}

fn standing(tx: &Tx<'_>, job: JobId) -> Result<Standing, Error> {
    tx.sql.first("SELECT seq, state, head, subject, class, lane, steps, replies, secrets, open_step, open_number, open_at,
             cancelled_by IS NOT NULL FROM job WHERE id = ?1", [Id(job.0)], Standing::read)?
        .ok_or_else(|| Error::Missing(format!("job {job}")))
}

/// Whether the move fits where the job stands now.
fn fence(was: &Standing, change: &Change) -> Result<(), Error> {
    let job = change.job;
    let fenced = |why: String| Err(Error::Fenced(format!("{job} {why}")));
    let waiting = matches!(was.state, JobState::Queued | JobState::Retrying);
    match change.expect {
        Expect::Ready if !(waiting && was.head) => {
            return fenced(format!("is {}, and not the first of its subject to run", was.state.as_str()));
        }
        Expect::Waiting if !waiting => return fenced(format!("is {}, not waiting", was.state.as_str())),
        Expect::Running(step, number) => {
            if was.state != JobState::Running || was.open.is_none_or(|(s, n, _)| (s, n) != (step, number)) {
                return fenced(format!("does not run attempt {number} of step {step} any more"));
            }
        }
        Expect::Ready | Expect::Waiting => {}
    }
    let to = change.to.state;
    if was.cancelled && matches!(to, JobState::Queued | JobState::Retrying) {
        return Err(Error::Cancelled(job));
    }
    let stays = was.state == to && !to.is_terminal();
    if !stays && !was.state.may_become(to) {
        return fenced(format!("cannot become {} from {}", to.as_str(), was.state.as_str()));
    }
    if change.started.is_some() && !(to == JobState::Running && was.head) {
        return fenced("cannot start an attempt: only the first of its subject that runs may".to_owned());
    }
    // It runs exactly as long as an attempt is open.
    let opens = was.state != JobState::Running || change.ended.is_some();
    if to == JobState::Running && opens && change.started.is_none() {
        return fenced("cannot run without an attempt".to_owned());
    }
    if let Some(AttemptEnd { step, number, .. }) = &change.ended
        && was.open.is_none_or(|(s, n, _)| (s, n) != (*step, *number))
    {
        return fenced(format!("has no open attempt {number} of step {step} to end"));
    }
    if to.is_terminal() && was.replies > change.replies {
        return Err(Error::Conflict { kind: "job".to_owned(), key: job.to_string() });
    }
    Ok(())
}

/// Gives the open attempt its row when the job moves on: with its end, or without one when it was interrupted. Its
/// step is pending again, unless the move says otherwise.
fn close_attempt(tx: &Tx<'_>, was: &Standing, change: &Change, output: &[u8]) -> Result<(), Error> {
    let Some((step, number, started_at)) = was.open else { return Ok(()) };
    let moves_on = change.to.state != JobState::Running || change.started.is_some();
    if !moves_on {
        return Ok(());
    }
    let end = change.ended.as_ref();
    tx.sql.execute(
        "INSERT INTO attempt (id, started_at, ended_at, kind, status, code, message, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            number::attempt(was.seq, step, number)?,
            Time(started_at),
            end.map(|_| Time(change.at)),
            end.map(|e| Word(e.kind)),
            end.map_or(0, |e| e.status),
            end.and_then(|e| e.code.as_ref()).map(Code::as_str),
            end.and_then(|e| e.message.as_deref()),
            end.map(|_| output),
        ],
    )?;
    if !change.steps.iter().any(|s| s.index == step) {
        tx.sql.execute(
            "UPDATE step SET state = ?2 WHERE id = ?1",
            params![number::step(was.seq, step)?, Word(StepState::Pending)],
        )?;
    }
    Ok(())
}

/// Writes the plan at first start; the step that starts at once is written as running. Returns how many steps there
/// are.
fn freeze_plan(tx: &Tx<'_>, was: &Standing, change: &Change) -> Result<i64, Error> {
    if change.plan.is_empty() {
        return Ok(was.steps);
    }
    if was.steps > 0 {
        return Err(Error::Fenced(format!("{} has a plan already", change.job)));
    }
    if let Some(AttemptStart { step, number }) = change.started
        && (number != 1 || usize::from(step) >= change.plan.len())
    {
        return Err(Error::Fenced(format!(
            "{} has no step {step} to start with attempt {number}",
            change.job
        )));
    }
    for (place, step) in change.plan.iter().enumerate() {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        let starts = change.started.is_some_and(|s| s.step == place);
        let state = if starts { StepState::Running } else { StepState::Pending };
        let id = number::step(was.seq, place)?;
        tx.sql.execute(
            "INSERT INTO step (id, backend, on_error, state, attempts) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, step.backend, Word(step.on_error), Word(state), starts],
        )?;
    }
    Ok(i64::try_from(change.plan.len()).unwrap_or(i64::MAX))
}

/// Moves a step along the diagram, or not at all.
fn move_step(tx: &Tx<'_>, seq: i64, steps: i64, step: &StepChange) -> Result<(), Error> {
    let from: i64 = StepState::ALL
        .into_iter()
        .filter(|state| state.may_become(step.state))
        .map(|state| 1 << state.code())
        .sum();
    let moved = tx.sql.execute(
        "UPDATE step SET state = ?2, status = ?3, code = ?4, message = ?5, tried = ?6, due_at = ?7
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
        ],
    )?;
    if moved == 0 {
        let (index, state) = (step.index, step.state.as_str());
        return Err(Error::Fenced(format!("step {index} of {steps} cannot become {state}")));
    }
    Ok(())
}

fn start_step(tx: &Tx<'_>, seq: i64, start: AttemptStart) -> Result<(), Error> {
    let AttemptStart { step, number } = start;
    // The attempt's number has to fit its row's id later.
    number::attempt(seq, step, number)?;
    let moved = tx.sql.execute(
        "UPDATE step SET state = ?2, attempts = ?3, due_at = NULL WHERE id = ?1 AND state = ?4 AND attempts = ?3 - 1",
        params![number::step(seq, step)?, Word(StepState::Running), number, Word(StepState::Pending),],
    )?;
    if moved == 0 {
        return Err(Error::Fenced(format!(
            "step {step} is not pending, or {number} is not its next attempt"
        )));
    }
    Ok(())
}

/// Carries out what becomes of the secrets; returns whether they are gone.
fn scrub(tx: &Tx<'_>, was: &Standing, change: &Change) -> Result<bool, Error> {
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
    was: &Standing,
    sealed: &SealedChange,
    steps: i64,
    secrets: bool,
) -> Result<(), Error> {
    let change = &sealed.change;
    macro_rules! update {
        ($end:literal) => {
            concat!(
                "UPDATE job SET state = ?2, lane = ?3, due_at = ?4, status = ?5, code = ?6, message = ?7, ",
                "started_at = coalesce(started_at, ?8), attempted_at = coalesce(?9, attempted_at), ",
                "open_step = ?10, open_number = ?11, open_at = ?12, steps = ?13, secrets = ?14",
                $end,
                " WHERE seq = ?1"
            )
        };
    }
    let to = &change.to;
    let ends = to.state.is_terminal();
    let lane = to.lane.as_deref().unwrap_or(&was.lane);
    let open = match change.started {
        Some(start) => Some((start.step, start.number, change.at)),
        None => was.open.filter(|_| to.state == JobState::Running),
    };
    // Two statements: one that names `ended_at` and `head` would touch the indices of live jobs at every start. No plan
    // is followed any more once the job has ended.
    let sql = if ends {
        update!(", head = 0, plan = NULL, ended_at = ?15")
    } else {
        update!(", plan = coalesce(?15, plan)")
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
        open.map(|(step, _, _)| step),
        open.map(|(_, number, _)| number),
        open.map(|(_, _, at)| Time(at)),
        steps,
        secrets,
    ];
    for (place, value) in (1..).zip(common) {
        update.raw_bind_parameter(place, value)?;
    }
    if ends {
        update.raw_bind_parameter(15, Time(change.at))?;
    } else {
        update.raw_bind_parameter(15, &sealed.plan)?;
    }
    update.raw_execute()?;
    drop(update);

    if was.state != to.state {
        tx.count(was.state, -1);
        tx.count(to.state, 1);
    }
    if ends {
        match &was.subject {
            Some(subject) if was.head => order::leave(tx, subject, change.at)?,
            _ => {}
        }
    } else if was.head && to.state != JobState::Running {
        tx.due(Ready { id: change.job, seq: was.seq, lane, class: was.class, due_at: to.due_at });
    }
    Ok(())
}
