//! How far a job has come, and every move that it makes: by its runner, by an operator, at its deadline, after a restart.
//! Pure: whoever moves it brings the time, and writes what comes back.

use std::time::Duration;

use jiff::Timestamp;
use journal::{
    AttemptEnd, AttemptStart, Change, EffectSet, Expect, JobChange, NewEvent, NewStep, Scrub, StepChange,
};
use model::plan::{self, Next};
use model::word::code;
use model::{Code, EventKind, Job, JobState, Outcome, OutcomeKind, Step, StepState};

/// What is said of a step whose attempt the hub's stop has ended.
const INTERRUPTED: &str = "the hub stopped while this step was running; it runs again";
/// What is said of a job of whose plan nothing is left.
const NOTHING_LEFT: &str = "every backend of the plan was made inactive";

/// What is said of a dry run for which nobody could be asked.
const NOBODY_CAN: &str = "no backend of the plan could be asked for a dry run: none was started";

/// What is known and not yet written.
#[derive(Default)]
struct Unwritten {
    plan: Vec<NewStep>,
    ended: Option<AttemptEnd>,
    steps: Vec<StepChange>,
    events: Vec<NewEvent>,
}

/// A job with its steps, each with its last outcome where one is known, as they stand after the moves made so far.
pub(crate) struct Progress {
    pub(crate) job: Job,
    pub(crate) steps: Vec<(Step, Option<Outcome>)>,
    /// How many wait for an answer, also those whose address cannot be read.
    callers: usize,
    /// What the journal must say of the job when the next move is written.
    expect: Expect,
    unwritten: Unwritten,
}

impl Progress {
    /// A job as it stands in the journal.
    pub(crate) fn new(job: Job, steps: Vec<(Step, Option<Outcome>)>, callers: usize, expect: Expect) -> Self {
        Progress { job, steps, callers, expect, unwritten: Unwritten::default() }
    }

    // === what is known ===

    /// What comes next.
    pub(crate) fn next(&self, now: Timestamp) -> Next {
        plan::next(self.steps.iter().map(|(step, _)| step), now)
    }

    pub(crate) fn step(&self, place: usize) -> Option<&Step> {
        self.steps.get(place).map(|(step, _)| step)
    }

    /// The first step that has failed: its status is the job's.
    pub(crate) fn first_failed(&self) -> Option<&Step> {
        self.steps.iter().map(|(step, _)| step).find(|step| step.state == StepState::Failed)
    }

    /// Whether there is something left to run.
    pub(crate) fn is_open(&self) -> bool {
        self.steps.iter().any(|(step, _)| !step.state.is_terminal())
    }

    /// Whether there is something to write.
    pub(crate) fn is_ahead(&self) -> bool {
        self.unwritten.ended.is_some()
            || !self.unwritten.steps.is_empty()
            || matches!(self.expect, Expect::Running(..) | Expect::Orphan(..))
    }

    // === steps ===

    /// Freezes the plan.
    pub(crate) fn freeze(&mut self, plan: Vec<NewStep>) {
        for (index, step) in (0..).zip(&plan) {
            self.steps.push((Step::new(index, step.backend.clone(), step.on_error), None));
        }
        self.unwritten.plan = plan;
    }

    /// The backend said: not now. It uses none of the step's tries; the step waits until then, for so long.
    pub(crate) fn put_off(
        &mut self,
        place: usize,
        outcome: Outcome,
        pause: Duration,
        until: Timestamp,
        now: Timestamp,
    ) {
        self.record_end(place, &outcome, now);
        let Some((step, last)) = self.steps.get_mut(place) else { return };
        (step.waits, step.waited) = (step.waits.saturating_add(1), step.waited.saturating_add(pause));
        step.due_at = Some(until);
        let why = (outcome.code.clone(), outcome.message.clone());
        *last = Some(outcome);
        self.move_step(place, StepState::Pending, 0, why);
    }

    /// An attempt has come to its own end. `retry_at`: when the step is tried again.
    pub(crate) fn ended(
        &mut self,
        place: usize,
        outcome: Outcome,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        let (state, event) = match outcome.kind {
            OutcomeKind::Done => (StepState::Succeeded, EventKind::StepSucceeded),
            OutcomeKind::Soft if retry_at.is_some() => (StepState::Pending, EventKind::StepSoft),
            OutcomeKind::Soft | OutcomeKind::Hard | OutcomeKind::Wait => {
                (StepState::Failed, EventKind::StepFailed)
            }
        };
        self.record_end(place, &outcome, now);
        let Some((step, last)) = self.steps.get_mut(place) else { return };
        step.tried += 1;
        step.due_at = retry_at.filter(|_| state == StepState::Pending);
        let event = (event, Some(step.index), Some(step.attempts), outcome.code.clone());
        let (status, why) = (outcome.status, (outcome.code.clone(), outcome.message.clone()));
        *last = Some(outcome);
        self.unwritten.events.push(event);
        self.move_step(place, state, status, why);
    }

    /// The hub's stop has ended an attempt: it counts for nobody, and the step runs again.
    pub(crate) fn interrupted(&mut self, place: usize, outcome: Outcome, now: Timestamp) {
        let interrupted = Outcome { kind: OutcomeKind::Soft, code: Some(code::INTERRUPTED), ..outcome };
        self.record_end(place, &interrupted, now);
        if let Some((_, last)) = self.steps.get_mut(place) {
            *last = Some(interrupted);
        }
        let why = (Some(code::INTERRUPTED), Some(INTERRUPTED.to_owned()));
        self.move_step(place, StepState::Pending, 0, why);
    }

    /// The hub that ran an attempt is gone, and left no word of how it ended.
    pub(crate) fn lost(&mut self, place: usize, now: Timestamp) {
        self.interrupted(place, Outcome::soft(0, code::INTERRUPTED, INTERRUPTED), now);
    }

    /// Ends a step without an attempt.
    pub(crate) fn close(&mut self, place: usize, state: StepState, code: Code, message: Option<String>) {
        let status = i32::from(state == StepState::Failed);
        self.close_as(place, state, status, (Some(code), message));
    }

    fn close_as(&mut self, place: usize, state: StepState, status: i32, why: (Option<Code>, Option<String>)) {
        let event = if state == StepState::Skipped { EventKind::StepSkipped } else { EventKind::StepFailed };
        let index = self.step(place).map(|step| step.index);
        self.unwritten.events.push((event, index, None, why.0.clone()));
        self.move_step(place, state, status, why);
    }

    fn move_step(
        &mut self,
        place: usize,
        state: StepState,
        status: i32,
        (code, message): (Option<Code>, Option<String>),
    ) {
        let Some((step, _)) = self.steps.get_mut(place) else { return };
        (step.state, step.status, step.code, step.message) = (state, status, code, message);
        self.unwritten.steps.push(StepChange {
            index: step.index,
            state,
            status,
            code: step.code.clone(),
            message: step.message.clone(),
            tried: step.tried,
            due_at: step.due_at,
            waits: step.waits,
            waited: step.waited,
        });
    }

    fn record_end(&mut self, place: usize, outcome: &Outcome, now: Timestamp) {
        let Some((step, _)) = self.steps.get(place) else { return };
        let said_more = outcome.data.is_some() || outcome.log.is_some() || !outcome.notices.is_empty();
        let output = if said_more { serde_json::to_vec(outcome).unwrap_or_default() } else { Vec::new() };
        self.job.attempted_at = Some(now);
        self.unwritten.ended = Some(AttemptEnd {
            step: step.index,
            number: step.attempts,
            kind: outcome.kind,
            status: outcome.status,
            code: outcome.code.clone(),
            message: outcome.message.clone(),
            output,
        });
    }

    // === moves ===

    /// An attempt of a step starts.
    pub(crate) fn begin(&mut self, place: usize, now: Timestamp) -> Option<Change> {
        let (step, _) = self.steps.get_mut(place)?;
        let started = AttemptStart { step: step.index, number: step.attempts + 1 };
        (step.state, step.attempts, step.due_at) = (StepState::Running, started.number, None);
        let event = (EventKind::StepStarted, Some(started.step), Some(started.number), None);
        self.job.started_at.get_or_insert(now);
        // Its place in the order stays what it was: it is given a new one when it waits again.
        let change = self.change(now, event, self.stays(JobState::Running, self.job.due_at, None));
        self.expect = Expect::Running(started.step, started.number);
        Some(Change { started: Some(started), ..change })
    }

    /// Back to the queue: the next step's backend is not free, or its attempt was interrupted.
    pub(crate) fn requeue(&mut self, place: usize, now: Timestamp) -> Change {
        let lane = self.step(place).map(|step| plan::lane(&step.backend));
        let interrupted = self.unwritten.ended.as_ref().filter(|end| end.code == Some(code::INTERRUPTED));
        let event = match interrupted {
            Some(end) => (EventKind::Requeued, Some(end.step), Some(end.number), end.code.clone()),
            None => (EventKind::Requeued, None, None, None),
        };
        self.change(now, event, self.stays(JobState::Queued, now, lane))
    }

    /// Whether the step at this place waits because its backend said so. Otherwise it has failed for now.
    pub(crate) fn was_put_off(&self, place: usize) -> bool {
        self.step(place).and_then(|step| step.code.as_ref()).is_some_and(|said| code::WAITS.contains(said))
    }

    /// The job waits until the step at this place is tried again, or until the time that its backend said. Who is told to
    /// wait is hurried by nobody: it is queued.
    pub(crate) fn wait(&mut self, place: usize, until: Timestamp, now: Timestamp) -> Change {
        let lane = self.step(place).map(|step| plan::lane(&step.backend));
        let (state, event) = if self.was_put_off(place) {
            (JobState::Queued, EventKind::Waiting)
        } else {
            (JobState::Retrying, EventKind::Retrying)
        };
        let mut to = self.stays(state, until, lane);
        if let Some(step) = self.step(place) {
            (to.code, to.message) = (step.code.clone(), step.message.clone());
        }
        self.change(now, (event, None, None, to.code.clone()), to)
    }

    /// The job waits for somebody's decision, in this lane and at this place of its order. It has no plan yet.
    pub(crate) fn hold(&mut self, lane: String, place: Timestamp, message: String, now: Timestamp) -> Change {
        self.unwritten.plan.clear();
        self.steps.clear();
        let held = Some(code::FAILSAFE_HELD);
        let to = self.stays(JobState::Queued, place, Some(lane));
        let to = JobChange { code: held.clone(), message: Some(message), ..to };
        self.change(now, (EventKind::Held, None, None, held), to)
    }

    /// The job ends. What is open of its steps ends with it; without a reason it ends for that of its first failed step.
    pub(crate) fn end(
        &mut self,
        state: JobState,
        why: Option<(Code, String)>,
        now: Timestamp,
        keep_secrets: Duration,
    ) -> Change {
        for place in 0..self.steps.len() {
            self.close_open(place);
        }
        let failed = self.first_failed();
        let status = failed.map_or(i32::from(state != JobState::Succeeded), |step| step.status);
        let (code, message) = match (why, failed) {
            (Some((code, message)), _) => (Some(code), Some(message)),
            (None, _) if state == JobState::Succeeded => (None, None),
            (None, Some(step)) => (step.code.clone(), step.message.clone()),
            (None, None) if self.job.dry_run => (Some(code::NO_DRY_RUN), Some(NOBODY_CAN.to_owned())),
            (None, None) => (Some(code::NO_BACKEND), Some(NOTHING_LEFT.to_owned())),
        };
        let event = match state {
            JobState::Succeeded => EventKind::Succeeded,
            JobState::Cancelled => EventKind::Cancelled,
            _ => EventKind::Failed,
        };
        self.job.ended_at = Some(now);
        let scrub = scrub(&self.job, state, now, keep_secrets);
        let event = (event, None, None, code.clone());
        let due_at = self.job.due_at;
        let to = JobChange { state, lane: None, due_at, status, code, message, scrub, cause: None };
        self.change(now, event, to)
    }

    /// A step that was tried ends with what it said last, one that was not is skipped.
    fn close_open(&mut self, place: usize) {
        let Some((step, _)) = self.steps.get(place) else { return };
        let Some(closed) = plan::closing(step) else { return };
        let said = step.code.is_some().then(|| (step.status, step.code.clone(), step.message.clone()));
        match said {
            Some((status, code, message)) if closed == StepState::Failed => {
                self.close_as(place, closed, if status == 0 { 1 } else { status }, (code, message));
            }
            _ => self.close(place, closed, code::STOPPED, None),
        }
    }

    /// A change that was not written: what is in it goes with the next one.
    pub(crate) fn take_back(&mut self, change: Change) {
        let Change { expect, plan, ended, steps, mut events, .. } = change;
        // How it would have gone on.
        events.pop();
        self.expect = expect;
        self.unwritten = Unwritten { plan, ended, steps, events };
    }

    /// The job goes on in this state.
    fn stays(&self, state: JobState, due_at: Timestamp, lane: Option<String>) -> JobChange {
        let status = self.job.status;
        let (code, message, cause) = (None, None, None);
        JobChange { state, lane, due_at, status, code, message, scrub: Scrub::Keep, cause }
    }

    /// The change that writes what is not written yet and moves the job.
    fn change(&mut self, at: Timestamp, event: NewEvent, to: JobChange) -> Change {
        let Unwritten { plan, ended, steps, mut events } = std::mem::take(&mut self.unwritten);
        events.push(event);
        let job = &mut self.job;
        (job.state, job.status, job.due_at) = (to.state, to.status, to.due_at);
        (job.code, job.message) = (to.code.clone(), to.message.clone());
        Change {
            job: job.id,
            at,
            expect: std::mem::replace(&mut self.expect, Expect::Ready),
            replies: self.callers,
            plan,
            ended,
            steps,
            started: None,
            to,
            events,
            effects: EffectSet::default(),
        }
    }
}

/// What becomes of a job's secrets when it ends so: a failed job that nobody waits for any more may be replayed.
fn scrub(job: &Job, state: JobState, now: Timestamp, keep: Duration) -> Scrub {
    let replayable = state == JobState::Failed && job.deadline.is_none() && !keep.is_zero();
    let until = jiff::SignedDuration::try_from(keep).ok().and_then(|keep| now.checked_add(keep).ok());
    match until {
        Some(until) if replayable => Scrub::Until(until),
        _ => Scrub::Now,
    }
}
