//! Putting a job down: back to the queue, to wait for its retry, or at its end.

use jiff::Timestamp;
use journal::Change;
use model::word::code;
use model::{Code, JobState, Outcome, OutcomeKind};

use super::Runner;
use crate::port::{Moment, Stop};
use crate::state::failsafe;
use crate::work::ending::{CANCELLED, TAKEN_OVER, ended};
use crate::work::log;
use crate::work::settle::{JobSnapshot, Wrote};

impl Runner {
    /// Back to the queue: the next step's backend is not free, or the hub stops.
    pub(super) async fn put_back(&mut self, place: usize) {
        // Not started and nothing to write: it is still queued. One that was approved leaves its set's lane, and one whose
        // turn came in the lane of another backend goes to its own.
        let progress = &self.found.progress;
        let waits_there = progress.step(place).is_some_and(|step| {
            let own = model::plan::backend_of(&self.due.lane);
            own.is_none_or(|backend| backend == step.backend)
        });
        let in_its_lane = failsafe::set_of(&self.due.lane).is_none() && waits_there;
        if in_its_lane && !progress.is_ahead() {
            self.offer_again();
            return;
        }
        let change = self.found.progress.requeue(place, self.core.clock.now());
        let change = self.counting(change);
        let wrote = self.core.insist(change, None).await;
        self.counted(&wrote);
        self.if_cancelled(wrote).await;
    }

    /// The lane was free a moment ago and is not any more: the dispatcher looks at the job again.
    fn offer_again(&self) {
        if !self.core.is_stopping() {
            self.core.wiring.offer(self.due.clone());
        }
    }

    /// Whether the job goes back to the queue before its next step: the hub stops, or was not sure that it is its own.
    pub(super) fn goes_back(&self) -> bool {
        self.core.is_stopping() || *self.stop.borrow() == Some(Stop::Unsure)
    }

    /// Whether the attempt did not come to its own end because the hub stops, or may have lost it.
    pub(super) fn interrupted(&self, outcome: &Outcome) -> bool {
        match *self.stop.borrow() {
            Some(Stop::Stopping | Stop::Unsure) => {
                !matches!(outcome.kind, OutcomeKind::Done | OutcomeKind::Wait)
            }
            Some(Stop::Cancelled | Stop::TakenOver) => false,
            None if outcome.is_shortage() => self.core.is_stopping(),
            None => outcome.was_told_to_stop() && self.core.is_leaving(),
        }
    }

    /// The hub stops and the attempt was ended by that: it runs again after the next start.
    pub(super) async fn hand_back(&mut self, place: usize, outcome: Outcome) {
        self.found.progress.interrupted(place, outcome, self.core.clock.now());
        self.put_back(place).await;
    }

    /// The job waits until the step at this place is tried again. That its backend said "not now" is no failure: nobody
    /// is told of one.
    pub(super) async fn wait(&mut self, place: usize, until: Timestamp) {
        let change = self.found.progress.wait(place, until, self.core.clock.now());
        let put_off = self.found.progress.was_put_off(place);
        let told = if put_off { None } else { self.told(Moment::Soft) };
        let wrote = self.core.insist(change, told).await;
        if wrote == Wrote::Yes
            && let Some(step) = self.found.progress.step(place)
        {
            let job = &self.found.progress.job;
            if put_off {
                log::put_off(job, step, until);
            } else {
                log::waits(job, &step.backend, until);
            }
        }
        self.if_cancelled(wrote).await;
    }

    /// Somebody cancelled the job while it went to wait: it ends.
    async fn if_cancelled(&mut self, wrote: Wrote) {
        if let Wrote::Cancelled(change) = wrote {
            self.found.progress.take_back(*change);
            self.end(JobState::Cancelled, Some((code::CANCELLED, CANCELLED.to_owned()))).await;
        }
    }

    /// The job ends.
    pub(super) async fn end(&mut self, state: JobState, why: Option<(Code, String)>) {
        let now = self.core.clock.now();
        let keep = self.core.snapshot().limits.keep_secrets;
        let change = self.found.end(state, why, now, keep);
        if self.core.insist(change, self.told(Moment::Settled)).await == Wrote::Yes {
            ended(&self.core, &self.found.progress, now);
        }
    }

    /// Why it is to end, when somebody asked for that.
    pub(super) fn cancelled(&self) -> Option<(Code, String)> {
        match *self.stop.borrow() {
            Some(Stop::TakenOver) => Some((code::TAKEN_OVER, TAKEN_OVER.to_owned())),
            Some(Stop::Cancelled) => Some((code::CANCELLED, CANCELLED.to_owned())),
            _ if self.found.progress.job.cancelled_by.is_some() => {
                Some((code::CANCELLED, CANCELLED.to_owned()))
            }
            _ => None,
        }
    }

    pub(super) fn too_late(&self) -> bool {
        let progress = &self.found.progress;
        progress.job.deadline.is_some_and(|deadline| deadline <= self.core.clock.now()) && progress.is_open()
    }

    /// The change that freezes a plan is the one that counts for the failsafe.
    pub(super) fn counting(&self, mut change: Change) -> Change {
        if !change.plan.is_empty() {
            change.effects.entities = self.count();
        }
        change
    }

    /// What the reactors are told, if there are any.
    fn told(&self, moment: Moment) -> Option<(JobSnapshot, Moment)> {
        (!self.core.reactors.is_empty()).then(|| (self.found.shown(), moment))
    }
}
