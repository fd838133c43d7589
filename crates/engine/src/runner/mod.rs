//! One job's life from being taken up to being put down: its steps in order, each attempt on disk before it starts.

mod attempt;
mod guard;
mod load;
mod put_down;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::{AttemptEnd, AttemptStart, Change, Due, NewEvent, NewStep, StepChange};
use model::mask::Mask;
use model::plan::{self, Next, Stand};
use model::redact::SecretSet;
use model::word::code;
use model::{
    Code, EventKind, Job, JobId, JobState, Outcome, OutcomeKind, RetryPolicy, Step, StepState, retry,
};
use serde_json::Value;
use tokio::sync::watch;

pub(crate) use self::load::outcome_of;
pub(crate) use self::put_down::{TAKEN_OVER, scrub};
use crate::breaker;
use crate::core::{Core, Snapshot};
use crate::failsafe::Ticket;
use crate::port::{BackendEntry, Mapping, Standing, Stop, View};
use crate::settle::Wrote;
use crate::slots::{BackendSlot, JobSlot};

/// An attempt ends this long before the deadline: the caller needs a moment to hear of it.
const MARGIN: Duration = Duration::from_secs(1);

/// A retry that gives way to somebody's job leaves it so long before its deadline.
const LEFT_FOR_OTHERS: Duration = Duration::from_secs(5);

/// Runs a job until it ends, waits, or the hub stops.
pub(crate) async fn run(core: Arc<Core>, due: Due, slot: JobSlot, first: Option<BackendSlot>) {
    let stop = core.register(due.id);
    let _end = End { core: Arc::clone(&core), job: due.id };
    let _slot = slot;
    if let Some(mut runner) = Runner::load(&core, &due, stop).await {
        runner.go(first).await;
    }
}

/// Says that the runner is gone, also when it panicked.
struct End {
    core: Arc<Core>,
    job: JobId,
}

impl Drop for End {
    fn drop(&mut self) {
        self.core.unregister(self.job);
        self.core.wiring.ended(self.job);
    }
}

struct Local {
    step: Step,
    outcome: Option<Outcome>,
    /// It failed softly in this round.
    tried: bool,
    /// Attempts that the hub's own stop interrupted: they were no failures.
    excused: u32,
    retry_at: Option<Timestamp>,
}

impl Local {
    fn stand(&self) -> Stand {
        Stand { state: self.step.state, on_error: self.step.on_error, tried: self.tried }
    }
}

/// What is known and not yet written.
#[derive(Default)]
struct Carry {
    plan: Vec<NewStep>,
    ended: Option<AttemptEnd>,
    steps: Vec<StepChange>,
    events: Vec<NewEvent>,
}

struct Runner {
    core: Arc<Core>,
    stop: watch::Receiver<Option<Stop>>,
    due: Due,
    job: Job,
    masked: Arc<Value>,
    secrets: Arc<SecretSet>,
    replies: Vec<Value>,
    /// How many wait for an answer, also those whose address cannot be read.
    callers: usize,
    steps: Vec<Local>,
    first_attempt_at: Option<Timestamp>,
    /// Body with its secrets, and what finds them again; made at the first attempt.
    call: Option<(Arc<Value>, Arc<Mask>, Arc<str>)>,
    carry: Carry,
    /// The attempt that is open in the journal.
    open: Option<(u16, u32)>,
    /// That its start counts for the failsafe; written with the plan.
    ticket: Option<Ticket>,
}

/// What becomes of a step that is next.
enum Turn {
    Start(Box<BackendEntry>, Mapping, BackendSlot),
    /// It ends without an attempt.
    Instead(StepState, Code, String),
    /// Its backend is paused, full or left alone.
    Busy,
}

impl Runner {
    // === the road ===

    async fn go(&mut self, mut reserved: Option<BackendSlot>) {
        if self.steps.is_empty() && !(self.freeze().await && self.guard().await) {
            return;
        }
        loop {
            if let Some(why) = self.cancelled() {
                return self.end(JobState::Cancelled, Some(why)).await;
            }
            if self.too_late() {
                let message = "its deadline passed before it could be started".to_owned();
                return self.end(JobState::Failed, Some((code::EXPIRED, message))).await;
            }
            let stands: Vec<Stand> = self.steps.iter().map(Local::stand).collect();
            match plan::next(&stands) {
                Next::Run(place) if self.core.is_stopping() => return self.put_back(place).await,
                Next::Run(place) => match self.turn(place, reserved.take()) {
                    Turn::Start(entry, mapping, slot) => {
                        if !self.start(place).await {
                            return;
                        }
                        let began = self.core.clock.instant();
                        let outcome = self.attempt(place, &entry, &mapping).await;
                        let took = self.core.clock.instant().duration_since(began);
                        let now = self.core.clock.now();
                        self.core.stats.attempt(&entry.name, self.job.id, &outcome, took, now);
                        if outcome.was_told_to_stop() {
                            // Whoever stops the hub may tell its scripts too, and they hear of it first.
                            self.core.leaves_soon().await;
                        }
                        let interrupted = self.interrupted(&outcome);
                        if !interrupted && !outcome.is_shortage() {
                            breaker::note(&self.core, &entry.name, self.job.id, &outcome);
                        }
                        drop(slot);
                        if interrupted {
                            return self.hand_back(place, outcome).await;
                        }
                        let waited_for = self.deadline_behind(&outcome).await;
                        self.note(place, outcome, &mapping, waited_for);
                    }
                    Turn::Instead(state, code, message) => {
                        self.close(place, state, 0, Some(code), Some(message));
                    }
                    Turn::Busy => return self.put_back(place).await,
                },
                Next::Retry => return self.wait_for_retry().await,
                Next::End(state) => return self.end(state, None).await,
            }
        }
    }

    /// Freezes the plan: the active backends that map the action, in order, and those whose map cannot be read.
    /// Without any the job ends here.
    async fn freeze(&mut self) -> bool {
        let snapshot = self.core.snapshot();
        for entry in snapshot.plan(&self.job.action) {
            let on_error = entry.actions.get(&self.job.action).map(|m| m.on_error).unwrap_or_default();
            let backend = entry.name.to_string();
            self.carry.plan.push(NewStep { backend: backend.clone(), on_error });
            let index = u16::try_from(self.steps.len()).unwrap_or(u16::MAX);
            let step = Step {
                index,
                backend,
                on_error,
                state: StepState::Pending,
                attempts: 0,
                status: 0,
                code: None,
                message: None,
            };
            self.steps.push(Local::from(step));
        }
        if self.steps.is_empty() {
            let loaded = snapshot.catalogue.entries.len();
            let message = format!(
                "no active backend maps {} ({loaded} loaded): add it to a config.yml and reload, then retry",
                self.job.action
            );
            self.end(JobState::Failed, Some((code::NO_BACKEND, message))).await;
            return false;
        }
        true
    }

    /// What becomes of the step that is next.
    fn turn(&self, place: usize, reserved: Option<BackendSlot>) -> Turn {
        let snapshot = self.core.snapshot();
        let Some(local) = self.steps.get(place) else { return Turn::Busy };
        let name = &local.step.backend;
        let gone = |why: String| Turn::Instead(StepState::Failed, code::BACKEND_GONE, why);
        let Some(entry) = snapshot.backend(name) else {
            return gone(format!("backend {name} was removed after this job had started"));
        };
        match entry.standing {
            Standing::Inactive => {
                let why = format!("backend {name} was made inactive after this job had started");
                Turn::Instead(StepState::Skipped, code::BACKEND_INACTIVE, why)
            }
            Standing::Broken => {
                let why = entry.trouble.clone().unwrap_or_else(|| format!("backend {name} cannot be used"));
                Turn::Instead(StepState::Failed, code::BACKEND_BROKEN, why)
            }
            Standing::Active => {
                let Some(mapping) = entry.actions.get(&self.job.action) else {
                    return gone(format!("backend {name} no longer maps {}", self.job.action));
                };
                let slot = reserved.or_else(|| self.core.slots.backend(&entry.name, entry.concurrency));
                slot.map_or(Turn::Busy, |slot| Turn::Start(Box::new(entry.clone()), *mapping, slot))
            }
        }
    }

    /// Puts the start of an attempt on disk, with the end of the one before. `false`: it is not ours to run.
    async fn start(&mut self, place: usize) -> bool {
        let now = self.core.clock.now();
        let Some(local) = self.steps.get_mut(place) else { return false };
        let started = AttemptStart { step: local.step.index, number: local.step.attempts + 1 };
        local.step.state = StepState::Running;
        local.step.attempts = started.number;
        let lane = backend_lane(&local.step.backend);
        self.carry.events.push((EventKind::StepStarted, Some(started.step), Some(started.number), None));
        self.first_attempt_at.get_or_insert(now);
        self.job.started_at.get_or_insert(now);
        let to = self.job_change(JobState::Running, now, Some(lane), None);
        let change = Change { started: Some(started), ..self.change(now, to) };
        let wrote = self.core.insist(change, None).await;
        self.counted(wrote);
        self.open = Some((started.step, started.number));
        journal::crash_point("spawn");
        wrote == Wrote::Yes
    }

    /// Takes note of how an attempt ended.
    fn note(&mut self, place: usize, outcome: Outcome, mapping: &Mapping, waited_for: Option<Timestamp>) {
        let now = self.core.clock.now();
        let retry_at = if outcome.kind == OutcomeKind::Soft {
            self.retry_at(place, &outcome, mapping, now)
                .filter(|at| retry::fits_deadline(*at, LEFT_FOR_OTHERS, waited_for))
        } else {
            None
        };
        let (state, event) = match outcome.kind {
            OutcomeKind::Done => (StepState::Succeeded, EventKind::StepSucceeded),
            OutcomeKind::Soft if retry_at.is_some() => (StepState::Pending, EventKind::StepSoft),
            OutcomeKind::Soft | OutcomeKind::Hard => (StepState::Failed, EventKind::StepFailed),
        };
        self.record_end(place, &outcome, now);
        if let Some(local) = self.steps.get_mut(place) {
            local.tried = state == StepState::Pending;
            local.retry_at = retry_at;
            let number = Some(local.step.attempts);
            self.carry.events.push((event, Some(local.step.index), number, outcome.code.clone()));
        }
        self.move_step(place, state, outcome.status, outcome.code.clone(), outcome.message.clone());
        if let Some(local) = self.steps.get_mut(place) {
            local.outcome = Some(outcome);
        }
    }

    /// Until when somebody waits for a job behind this one, which would not run in time after a retry.
    async fn deadline_behind(&self, outcome: &Outcome) -> Option<Timestamp> {
        let gives_way = self.core.retry.get(&self.job.source).is_some_and(|policy| policy.gives_way());
        if outcome.kind != OutcomeKind::Soft || self.job.subject.is_none() || !gives_way {
            return None;
        }
        // What cannot be read now keeps nobody from a retry.
        self.core.journal.deadline_behind(self.job.id).await.unwrap_or_default()
    }

    fn retry_at(
        &self,
        place: usize,
        outcome: &Outcome,
        mapping: &Mapping,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let local = self.steps.get(place)?;
        let attempts = local.step.attempts.saturating_sub(local.excused);
        let table = self.core.snapshot().actions.get(&self.job.action).spec.retry;
        let source =
            self.core.retry.get(&self.job.source).copied().unwrap_or(RetryPolicy::HTTP).by(self.job.deadline);
        let policy = RetryPolicy::first_that_speaks(mapping.retry, table, source);
        let first = self.first_attempt_at.unwrap_or(now);
        let attempts = attempts.saturating_add(self.tried_before());
        let at = policy.next(attempts, first, now, self.core.clock.chance(), outcome.retry_after)?;
        retry::fits_deadline(at, MARGIN, self.job.deadline).then_some(at)
    }

    /// How often others had tried it.
    fn tried_before(&self) -> u32 {
        let view = View { job: &self.job, body: &self.masked, reply: &self.replies, steps: &[] };
        self.core.reactors.iter().map(|reactor| reactor.tried_before(&view)).fold(0, u32::saturating_add)
    }

    fn record_end(&mut self, place: usize, outcome: &Outcome, now: Timestamp) {
        let Some(local) = self.steps.get(place) else { return };
        let said_more = outcome.data.is_some() || outcome.log.is_some() || !outcome.notices.is_empty();
        let output = if said_more { serde_json::to_vec(outcome).unwrap_or_default() } else { Vec::new() };
        self.job.attempted_at = Some(now);
        self.carry.ended = Some(AttemptEnd {
            step: local.step.index,
            number: local.step.attempts,
            kind: outcome.kind,
            status: outcome.status,
            code: outcome.code.clone(),
            message: outcome.message.clone(),
            output,
        });
    }

    fn move_step(
        &mut self,
        place: usize,
        state: StepState,
        status: i32,
        code: Option<Code>,
        message: Option<String>,
    ) {
        let Some(local) = self.steps.get_mut(place) else { return };
        let step = &mut local.step;
        (step.state, step.status, step.code, step.message) = (state, status, code, message);
        let change = StepChange {
            index: step.index,
            state,
            status,
            code: step.code.clone(),
            message: step.message.clone(),
        };
        self.carry.steps.push(change);
    }

    /// Ends a step without an attempt.
    fn close(
        &mut self,
        place: usize,
        state: StepState,
        status: i32,
        code: Option<Code>,
        message: Option<String>,
    ) {
        let event = if state == StepState::Skipped { EventKind::StepSkipped } else { EventKind::StepFailed };
        let status = if state == StepState::Failed && status == 0 { 1 } else { status };
        let index = self.steps.get(place).map(|local| local.step.index);
        self.carry.events.push((event, index, None, code.clone()));
        self.move_step(place, state, status, code, message);
    }
}

impl From<Step> for Local {
    fn from(step: Step) -> Self {
        Local { step, outcome: None, tried: false, excused: 0, retry_at: None }
    }
}

impl Snapshot {
    /// The backends of an action's plan: the active ones that map it, and those whose map cannot be read.
    pub(crate) fn plan<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a BackendEntry> {
        self.catalogue.entries.iter().filter(move |entry| match entry.standing {
            Standing::Active => entry.actions.contains_key(action),
            Standing::Broken => entry.actions.is_empty() || entry.actions.contains_key(action),
            Standing::Inactive => false,
        })
    }
}

/// The lane of jobs whose next step is on this backend.
pub(crate) fn backend_lane(backend: &str) -> String {
    format!("@{backend}")
}
