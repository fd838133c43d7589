//! Moving: one move of one job, fenced.

use std::time::Duration;

use model::{Cause, JobState, OutcomeKind, Step, StepState, Subject};

use super::super::page::{AttemptRow, JobRow, Note, OpenRow, Page, Ruled, Wants};
use super::{dead, effects, order};
use crate::change::{AttemptStart, Change, Scrub, StepChange};
use crate::error::Error;
use crate::rules::fence::{Open, Stored};
use crate::rules::{fence, steps};
use crate::sealed::SealedChange;

/// Whether something ends with it.
pub(super) fn settles(sealed: &SealedChange) -> bool {
    sealed.change.ended.is_some() || sealed.change.to.state.is_terminal()
}

/// What a move needs.
pub(super) fn wants(sealed: &SealedChange, wants: &mut Wants) {
    let change = &sealed.change;
    if change.to.state.is_terminal() {
        wants.leaving.insert(change.job);
    } else {
        wants.jobs.insert(change.job);
    }
    if change.to.state == JobState::Failed {
        let cause = crate::rules::dead::id_of(&cause_of(change));
        wants.causes.insert(crate::rules::dead::place(cause));
    }
    effects::wants(&sealed.effects, wants);
}

fn cause_of(change: &Change) -> Cause {
    let to = &change.to;
    let said = || Cause::new(None, to.code.as_ref(), to.message.as_deref(), &[]);
    to.cause.clone().unwrap_or_else(said)
}

/// Writes one move of one job with everything in it.
pub(super) fn change(page: &mut Page, sealed: &SealedChange) -> Ruled<()> {
    let change = &sealed.change;
    let found = page.the_job(change.job)?;
    if !page.owns(&found.job) {
        return Err(Error::NotOurs(change.job).into());
    }
    let was = found.stored(page.life);
    fence::fence(&was, change)?;
    let mut row = JobRow::clone(&found);
    let mut plan = row.steps()?;
    close_attempt(page, &was, &mut plan, change, &sealed.output);
    if !change.plan.is_empty() {
        plan = freeze_plan(&was, change)?;
    }
    let planned = plan.len();
    for step in &change.steps {
        move_step(&mut plan, planned, step)?;
    }
    if let Some(start) = change.started
        && change.plan.is_empty()
    {
        start_step(&mut plan, start)?;
    }
    row.set_steps(&plan);
    scrub(page, &mut row, change);
    move_job(page, &was, row, sealed)?;
    for (kind, step, attempt, code) in &change.events {
        page.event(change.at, *kind, Some(change.job), (*step, *attempt), code.clone());
    }
    effects::write(page, &sealed.effects, Some(change.job))
}

/// Gives the open attempt its row when the job moves on: with its end, or without one when it was interrupted. Its
/// step is pending again, unless the move says otherwise.
fn close_attempt(page: &mut Page, was: &Stored, plan: &mut [Step], change: &Change, output: &[u8]) {
    let Some(Open { step, number, at, .. }) = fence::closed(was, change) else { return };
    let end = change.ended.as_ref();
    page.notes.push(Note::Attempt(AttemptRow {
        job: change.job,
        step,
        number,
        started_at: at,
        ended_at: end.map(|_| change.at),
        kind: end.map(|end| end.kind),
        status: end.map_or(0, |end| end.status),
        code: end.and_then(|end| end.code.clone()),
        message: end.and_then(|end| end.message.clone()),
        sealed: end.map(|_| output.to_vec()),
    }));
    if end.is_some_and(|end| end.kind == OutcomeKind::Wait) {
        // However often a backend says "not now": of those in a row the last one stands for all.
        page.notes.push(Note::WaitGone(change.job, step, number.saturating_sub(1)));
    }
    if steps::waits_again(step, change)
        && let Some(step) = plan.get_mut(usize::from(step))
    {
        step.state = StepState::Pending;
    }
}

/// The plan at first start; the step that starts at once is running.
fn freeze_plan(was: &Stored, change: &Change) -> Result<Vec<Step>, Error> {
    steps::freeze(was, change)?;
    let step = |(index, step): (u16, &crate::change::NewStep)| {
        let state = steps::first_state(index, change.started);
        Step {
            index,
            backend: step.backend.clone(),
            on_error: step.on_error,
            state,
            attempts: (state == StepState::Running).into(),
            status: 0,
            code: None,
            message: None,
            tried: 0,
            due_at: None,
            waits: 0,
            waited: Duration::ZERO,
        }
    };
    Ok((0..).zip(&change.plan).map(step).collect())
}

/// Moves a step along the diagram, or not at all.
fn move_step(plan: &mut [Step], planned: usize, change: &StepChange) -> Result<(), Error> {
    let StepChange { index, state, .. } = *change;
    let step = plan.get_mut(usize::from(index));
    let Some(step) = step.filter(|step| steps::to_move(state).states().any(|from| from == step.state)) else {
        return Err(Error::Fenced(format!("step {index} of {planned} cannot become {}", state.as_str())));
    };
    step.state = state;
    step.status = change.status;
    step.code.clone_from(&change.code);
    step.message.clone_from(&change.message);
    step.tried = change.tried;
    step.due_at = change.due_at;
    step.waits = change.waits;
    step.waited = change.waited;
    Ok(())
}

fn start_step(plan: &mut [Step], start: AttemptStart) -> Result<(), Error> {
    let AttemptStart { step: index, number } = start;
    let guard = steps::to_start(number);
    let fits = |step: &&mut Step| {
        guard.states().any(|from| from == step.state)
            && guard.attempts.is_none_or(|attempts| attempts == step.attempts)
    };
    let Some(step) = plan.get_mut(usize::from(index)).filter(fits) else {
        return Err(Error::Fenced(format!(
            "step {index} is not pending, or {number} is not its next attempt"
        )));
    };
    step.state = StepState::Running;
    step.attempts = number;
    step.due_at = None;
    Ok(())
}

/// Carries out what becomes of the secrets.
fn scrub(page: &mut Page, row: &mut JobRow, change: &Change) {
    if !row.secrets {
        return;
    }
    match change.to.scrub {
        Scrub::Keep => {}
        Scrub::Until(at) => page.notes.push(Note::SecretUntil(change.job, at)),
        Scrub::Now => {
            page.notes.push(Note::SecretGone(change.job));
            row.secrets = false;
        }
    }
}

/// Moves the job itself, and with its end frees the next one of its subject.
fn move_job(page: &mut Page, was: &Stored, mut row: JobRow, sealed: &SealedChange) -> Ruled<()> {
    let change = &sealed.change;
    let to = &change.to;
    let ends = to.state.is_terminal();
    let us = page.life;
    let job = &mut row.job;
    job.state = to.state;
    if let Some(lane) = &to.lane {
        job.lane.clone_from(lane);
    }
    job.due_at = to.due_at;
    job.status = to.status;
    job.code.clone_from(&to.code);
    job.message.clone_from(&to.message);
    if change.started.is_some() {
        job.started_at.get_or_insert(change.at);
    }
    if change.ended.is_some() {
        job.attempted_at = Some(change.at);
    }
    row.open = fence::open(was, change).map(|open| OpenRow {
        step: open.step,
        number: open.number,
        at: open.at,
        life: Some(us),
    });
    if ends {
        // No plan is followed any more once the job has ended.
        row.plan = None;
        row.job.head = false;
        row.job.ended_at = Some(change.at);
    } else if sealed.plan.is_some() {
        row.plan.clone_from(&sealed.plan);
    }
    if to.state == JobState::Failed {
        dead::fail(page, &mut row, &cause_of(change))?;
    }
    if !ends && was.head && to.state != JobState::Running {
        page.due(&row);
    }
    let (subject, replay_of) = (row.job.subject.clone(), row.job.replay_of);
    page.put(row);
    if matches!(to.state, JobState::Failed | JobState::Succeeded) {
        dead::follow(page, to.state, replay_of)?;
    }
    if was.state != to.state {
        page.count(was.state, -1);
        page.count(to.state, 1);
    }
    match subject.as_ref().map(Subject::as_str) {
        Some(subject) if ends && was.head => order::leave(page, subject, change.at),
        _ => Ok(()),
    }
}
