//! Putting a job down: back to the queue, to wait for its retry, or at its end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::{Change, EffectSet, Expect, JobChange, Scrub};
use model::plan;
use model::word::code;
use model::{Code, EventKind, Job, JobState, Outcome, OutcomeKind, StepState};

use super::{Runner, backend_lane};
use crate::failsafe;
use crate::log;
use crate::port::{Moment, Stop};
use crate::settle::{Sight, Wrote};

/// What is said of a job that an operator ended.
const CANCELLED: &str = "cancelled by an operator";
/// What is said of a job that somebody else does now.
pub(crate) const TAKEN_OVER: &str = "another worker has taken it over";

impl Runner {
    /// Back to the queue: the next step's backend is not free, or the hub stops.
    pub(super) async fn put_back(&mut self, place: usize) {
        // Not started and nothing to write: it is still queued. One that was approved leaves its set's lane.
        let in_its_lane = failsafe::set_of(&self.due.lane).is_none();
        if in_its_lane && self.open.is_none() && self.carry.ended.is_none() && self.carry.steps.is_empty() {
            self.offer_again();
            return;
        }
        let now = self.core.clock.now();
        let lane = self.steps.get(place).map(|local| backend_lane(&local.step.backend));
        self.carry.events.push((EventKind::Requeued, None, None, None));
        let to = self.job_change(JobState::Queued, now, lane, None);
        let change = self.change(now, to);
        let wrote = self.core.insist(change, None).await;
        self.counted(wrote);
    }

    /// The lane was free a moment ago and is not any more: the dispatcher looks at the job again.
    fn offer_again(&self) {
        if !self.core.is_stopping() {
            self.core.wiring.offer(self.due.clone());
        }
    }

    /// Whether the attempt did not come to its own end because the hub stops.
    pub(super) fn interrupted(&self, outcome: &Outcome) -> bool {
        match *self.stop.borrow() {
            Some(Stop::Stopping) => outcome.kind != OutcomeKind::Done,
            Some(Stop::Cancelled | Stop::TakenOver) => false,
            None if outcome.is_shortage() => self.core.is_stopping(),
            None => outcome.was_told_to_stop() && self.core.is_leaving(),
        }
    }

    /// The hub stops and the attempt was ended by that: it runs again after the next start.
    pub(super) async fn hand_back(&mut self, place: usize, outcome: Outcome) {
        let now = self.core.clock.now();
        self.record_end(
            place,
            &Outcome { kind: OutcomeKind::Soft, code: Some(code::INTERRUPTED), ..outcome },
            now,
        );
        let message = Some("the hub was stopped while this step was running".to_owned());
        self.move_step(place, StepState::Pending, 0, Some(code::INTERRUPTED), message);
        self.put_back(place).await;
    }

    pub(super) async fn wait_for_retry(&mut self) {
        let now = self.core.clock.now();
        let due_at = self.steps.iter().filter_map(|local| local.retry_at).max().unwrap_or(now);
        let waiting = self.steps.iter().find(|local| local.tried);
        let lane = waiting.map(|local| backend_lane(&local.step.backend));
        let why = waiting.map(|local| (local.step.code.clone(), local.step.message.clone()));
        self.carry.events.push((
            EventKind::Retrying,
            None,
            None,
            why.as_ref().and_then(|(code, _)| code.clone()),
        ));
        let mut to = self.job_change(JobState::Retrying, due_at, lane, None);
        (to.code, to.message) = why.unwrap_or_default();
        let change = self.change(now, to);
        if self.core.insist(change, self.told(JobState::Retrying, Moment::Soft)).await == Wrote::Yes
            && let Some(waiting) = self.steps.iter().find(|local| local.tried)
        {
            log::waits(&self.job, &waiting.step.backend, due_at);
        }
    }

    /// The job ends.
    pub(super) async fn end(&mut self, state: JobState, why: Option<(Code, String)>) {
        let now = self.core.clock.now();
        for place in 0..self.steps.len() {
            let Some(local) = self.steps.get(place) else { continue };
            let Some(closed) = plan::closing(local.stand(), local.step.attempts) else { continue };
            let known = (local.step.status, local.step.code.clone(), local.step.message.clone());
            match (closed, known.1.is_some()) {
                (StepState::Failed, true) => self.close(place, closed, known.0, known.1, known.2),
                _ => self.close(place, closed, 0, Some(code::STOPPED), None),
            }
        }
        let failed =
            self.steps.iter().find(|local| local.step.state == StepState::Failed).map(|local| &local.step);
        let (code, message) = match why {
            Some((code, message)) => (Some(code), Some(message)),
            None if state == JobState::Succeeded => (None, None),
            None => match failed {
                Some(step) => (step.code.clone(), step.message.clone()),
                None => {
                    (Some(code::NO_BACKEND), Some("every backend of the plan was made inactive".to_owned()))
                }
            },
        };
        let status = match failed {
            Some(step) => step.status,
            None => i32::from(state != JobState::Succeeded),
        };
        let event = match state {
            JobState::Succeeded => EventKind::Succeeded,
            JobState::Cancelled => EventKind::Cancelled,
            _ => EventKind::Failed,
        };
        self.carry.events.push((event, None, None, code.clone()));
        self.job.ended_at = Some(now);
        let scrub = scrub(&self.job, state, now, self.core.snapshot().limits.keep_secrets);
        let to = JobChange { state, lane: None, due_at: self.job.due_at, status, code, message, scrub };
        let change = self.change(now, to);
        if self.core.insist(change, self.told(state, Moment::Settled)).await == Wrote::Yes {
            self.core.stats.ended(&self.job.action, state, self.job.accepted_at, now);
            self.job.state = state;
            let failed = self.steps.iter().find(|local| local.step.state == StepState::Failed);
            log::ended(&self.job, failed.map(|local| &*local.step.backend), now);
        }
    }

    /// Why it is to end, when somebody asked for that.
    pub(super) fn cancelled(&self) -> Option<(Code, String)> {
        match *self.stop.borrow() {
            Some(Stop::TakenOver) => Some((code::TAKEN_OVER, TAKEN_OVER.to_owned())),
            Some(Stop::Cancelled) => Some((code::CANCELLED, CANCELLED.to_owned())),
            _ if self.job.cancelled_by.is_some() => Some((code::CANCELLED, CANCELLED.to_owned())),
            _ => None,
        }
    }

    pub(super) fn too_late(&self) -> bool {
        self.job.deadline.is_some_and(|deadline| deadline <= self.core.clock.now())
            && self.steps.iter().any(|local| !local.step.state.is_terminal())
    }

    /// The change that writes what is carried and moves the job.
    pub(super) fn change(&mut self, at: Timestamp, to: JobChange) -> Change {
        let carry = std::mem::take(&mut self.carry);
        let entities =
            if carry.plan.is_empty() || to.state.is_terminal() { Vec::new() } else { self.count() };
        let expect = self.open.take().map_or(Expect::Ready, |(step, number)| Expect::Running(step, number));
        (self.job.status, self.job.code, self.job.message) = (to.status, to.code.clone(), to.message.clone());
        self.job.due_at = to.due_at;
        Change {
            job: self.job.id,
            at,
            expect,
            replies: self.callers,
            plan: carry.plan,
            ended: carry.ended,
            steps: carry.steps,
            started: None,
            to,
            events: carry.events,
            effects: EffectSet { entities, ..EffectSet::default() },
        }
    }

    pub(super) fn job_change(
        &self,
        state: JobState,
        due_at: Timestamp,
        lane: Option<String>,
        code: Option<Code>,
    ) -> JobChange {
        JobChange { state, lane, due_at, status: self.job.status, code, message: None, scrub: Scrub::Keep }
    }

    /// What the reactors are told, if there are any.
    fn told(&self, state: JobState, moment: Moment) -> Option<(Sight, Moment)> {
        let sight = || Sight {
            job: Job { state, ..self.job.clone() },
            body: Arc::clone(&self.masked),
            replies: self.replies.clone(),
            steps: self.steps.iter().map(|local| (local.step.clone(), local.outcome.clone())).collect(),
        };
        (!self.core.reactors.is_empty()).then(|| (sight(), moment))
    }
}

/// What becomes of a job's secrets when it ends so: a failed job that nobody waits for any more may be replayed.
pub(crate) fn scrub(job: &Job, state: JobState, now: Timestamp, keep: Duration) -> Scrub {
    let replayable = state == JobState::Failed && job.deadline.is_none() && !keep.is_zero();
    let until = jiff::SignedDuration::try_from(keep).ok().and_then(|keep| now.checked_add(keep).ok());
    match until {
        Some(until) if replayable => Scrub::Until(until),
        _ => Scrub::Now,
    }
}
