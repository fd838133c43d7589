//! One job's life from being taken up to being put down: its steps in order, each attempt on disk before it starts.

mod attempt;
mod guard;
mod load;
mod put_down;
mod report;

pub(crate) use guard::Said;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journal::{Due, NewStep};
use model::mask::Mask;
use model::plan::Next;
use model::word::code;
use model::{
    Code, JobId, JobState, Outcome, OutcomeKind, RetryPolicy, SourceRetry, StepState, Wait, patience, retry,
};
use serde_json::Value;
use tokio::sync::watch;

use crate::port::{BackendEntry, Mapping, Standing, Stop, View};
use crate::state::core::{Core, Snapshot};
use crate::state::failsafe::Ticket;
use crate::state::slots::{BackendSlot, JobSlot, Seat};
use crate::work::read_back::ReadBack;
use crate::work::settle::Wrote;
use crate::work::{breaker, holds};

/// An attempt ends this long before the deadline: the caller needs a moment to hear of it.
const MARGIN: Duration = Duration::from_secs(1);

/// A retry that gives way to somebody's job leaves it so long before its deadline.
const LEFT_FOR_OTHERS: Duration = Duration::from_secs(5);

/// Runs a job until it ends, waits, or the hub stops.
pub(crate) async fn run(core: Arc<Core>, due: Due, slot: JobSlot, first: Option<BackendSlot>) {
    let stop = core.wiring.running.register(due.id);
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
        self.core.wiring.running.unregister(self.job);
        self.core.wiring.ended(self.job);
    }
}

struct Runner {
    core: Arc<Core>,
    stop: watch::Receiver<Option<Stop>>,
    due: Due,
    found: ReadBack,
    /// Body with its secrets, and what finds them again; made at the first attempt.
    call: Option<(Arc<Value>, Arc<Mask>, Arc<str>)>,
    /// That its start counts for the failsafe; written with the plan.
    ticket: Option<Ticket>,
}

/// What becomes of a step that is next.
enum Turn {
    Start(Box<Seat>, Mapping),
    /// It ends without an attempt.
    Instead(StepState, Code, String),
    /// Its backend is paused, full or left alone.
    Busy,
}

impl Runner {
    // === the road ===

    async fn go(&mut self, mut reserved: Option<BackendSlot>) {
        if self.found.progress.steps.is_empty() && !(self.freeze().await && self.guard().await) {
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
            match self.found.progress.next(self.core.clock.now()) {
                Next::Run(place) if self.goes_back() => return self.put_back(place).await,
                Next::Run(place) => match self.turn(place, &mut reserved) {
                    Turn::Start(seat, mapping) => {
                        if !self.run_step(place, *seat, &mapping).await {
                            return;
                        }
                    }
                    Turn::Instead(state, code, message) => {
                        self.found.progress.close(place, state, code, Some(message));
                    }
                    Turn::Busy => return self.put_back(place).await,
                },
                Next::Wait(place, until) => return self.wait(place, until).await,
                Next::End(state) => return self.end(state, None).await,
            }
        }
    }

    /// Runs one attempt of a step. `false`: the job is not ours any more.
    async fn run_step(&mut self, place: usize, seat: Seat, mapping: &Mapping) -> bool {
        if !self.start(place).await {
            return false;
        }
        let name = Arc::clone(&seat.entry().name);
        let began = self.core.clock.instant();
        let outcome = self.attempt(place, seat.entry(), mapping).await;
        let took = self.core.clock.instant().duration_since(began);
        self.core.stats.attempt(&name, self.due.id, &outcome, took, self.core.clock.now());
        if outcome.was_told_to_stop() {
            // Whoever stops the hub may tell its scripts too, and they hear of it first.
            self.core.leaves_soon().await;
        }
        let interrupted = self.interrupted(&outcome);
        if !interrupted && !outcome.is_shortage() {
            breaker::note(&self.core, &name, self.due.id, &outcome);
            holds::note(&self.core, &name, &outcome);
        }
        drop(seat);
        if interrupted {
            self.hand_back(place, outcome).await;
            return false;
        }
        if let Some(wait) = outcome.wait.filter(|_| outcome.kind == OutcomeKind::Wait) {
            self.put_off(place, outcome, wait).await;
        } else {
            let retry_at = self.retry_at(place, &outcome, mapping).await;
            self.found.progress.ended(place, outcome, retry_at, self.core.clock.now());
        }
        true
    }

    /// Freezes the plan: the active backends that map the action, in order, and those whose map cannot be read.
    /// Without any the job ends here.
    async fn freeze(&mut self) -> bool {
        let snapshot = self.core.snapshot();
        let action = self.found.progress.job.action.clone();
        let steps: Vec<NewStep> = snapshot
            .plan(&action)
            .map(|entry| NewStep {
                backend: entry.name.to_string(),
                on_error: entry.actions.get(&action).map(|mapping| mapping.on_error).unwrap_or_default(),
            })
            .collect();
        if steps.is_empty() {
            let loaded = snapshot.catalogue.entries.len();
            let message = format!(
                "no active backend maps {action} ({loaded} loaded): add it to a config.yml and reload, then retry"
            );
            self.end(JobState::Failed, Some((code::NO_BACKEND, message))).await;
            return false;
        }
        self.found.progress.freeze(steps);
        true
    }

    /// What becomes of the step that is next.
    fn turn(&self, place: usize, reserved: &mut Option<BackendSlot>) -> Turn {
        let snapshot = self.core.snapshot();
        let Some(step) = self.found.progress.step(place) else { return Turn::Busy };
        let (name, action) = (&step.backend, &self.found.progress.job.action);
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
                let Some(mapping) = entry.actions.get(action) else {
                    return gone(format!("backend {name} no longer maps {action}"));
                };
                if self.found.progress.job.dry_run && !entry.dry_run {
                    let why = format!("backend {name} does not declare `dry_run`: it was not started");
                    return Turn::Instead(StepState::Skipped, code::NO_DRY_RUN, why);
                }
                let reserved = reserved.take().and_then(|slot| slot.on(entry));
                let seat = reserved.or_else(|| self.core.slots.seat(entry));
                seat.map_or(Turn::Busy, |seat| Turn::Start(Box::new(seat), *mapping))
            }
        }
    }

    /// Puts the start of an attempt on disk, with the end of the one before. `false`: it is not ours to run.
    async fn start(&mut self, place: usize) -> bool {
        let Some(change) = self.found.progress.begin(place, self.core.clock.now()) else { return false };
        let change = self.counting(change);
        let wrote = self.core.insist(change, None).await;
        self.counted(&wrote);
        journal::crash_point("spawn");
        wrote == Wrote::Yes
    }

    /// When a step is tried again whose attempt has ended so; `None` = it is not.
    async fn retry_at(&self, place: usize, outcome: &Outcome, mapping: &Mapping) -> Option<Timestamp> {
        if outcome.kind != OutcomeKind::Soft {
            return None;
        }
        let waited_for = self.deadline_behind().await;
        let (now, job) = (self.core.clock.now(), &self.found.progress.job);
        let table = self.core.snapshot().actions.get(&job.action).spec.retry;
        let source = self.retry_of_source().by(job.deadline);
        let policy = RetryPolicy::first_that_speaks(mapping.retry, table, source);
        let tries = self.found.progress.step(place)?.tried.saturating_add(1);
        let tries = tries.saturating_add(self.tried_before());
        let first = job.started_at.unwrap_or(now);
        let at = policy.next(tries, first, now, self.core.clock.chance(), outcome.retry_after)?;
        in_time(at, job.deadline, waited_for).then_some(at)
    }

    /// The backend said: not now. The step waits, or has failed when it may not wait for so long.
    async fn put_off(&mut self, place: usize, outcome: Outcome, wait: Wait) {
        let waited_for = self.deadline_behind().await;
        let (now, longest) = (self.core.clock.now(), self.core.snapshot().limits.longest_wait);
        let Some(waited) = self.found.progress.step(place).map(|step| step.waited) else { return };
        let deadline = self.found.progress.job.deadline;
        let pause = patience::pause(wait, waited, longest, now);
        let until = pause.and_then(|pause| now.checked_add(pause).ok());
        let why = match (pause, until) {
            (Some(pause), Some(until)) if in_time(until, deadline, waited_for) => {
                return self.found.progress.put_off(place, outcome, pause, until, now);
            }
            (_, Some(until)) => {
                format!("it was to wait until {until:.0}, which is too late for its deadline")
            }
            _ => format!("it was told to wait for {:#} in all, and is to wait again", spoken(waited)),
        };
        let said = outcome.message.as_deref().map(|said| format!("; its backend said: {said}"));
        let message = Some(format!("{why}{}", said.unwrap_or_default()));
        let given_up = Outcome { code: Some(code::WAITED), message, ..outcome };
        self.found.progress.ended(place, given_up, None, now);
    }

    /// What the job's source says of retries.
    fn retry_of_source(&self) -> SourceRetry {
        let source = &self.found.progress.job.source;
        self.core.retry.get(source).copied().unwrap_or_else(|| RetryPolicy::HTTP.into())
    }

    /// Until when somebody waits for a job behind this one, which would not run in time after a retry.
    async fn deadline_behind(&self) -> Option<Timestamp> {
        let job = &self.found.progress.job;
        if job.subject.is_none() || !self.retry_of_source().gives_way {
            return None;
        }
        // What cannot be read now keeps nobody from a retry.
        self.core.journal.deadline_behind(job.id).await.unwrap_or_default()
    }

    /// How often others had tried it.
    fn tried_before(&self) -> u32 {
        let ReadBack { progress, body, replies, .. } = &self.found;
        let view = View { job: &progress.job, body, reply: replies, steps: &[] };
        self.core.reactors.iter().map(|reactor| reactor.tried_before(&view)).fold(0, u32::saturating_add)
    }
}

/// Whether what begins then is over by both deadlines: the job's own, and that of who waits behind it.
fn in_time(at: Timestamp, deadline: Option<Timestamp>, waited_for: Option<Timestamp>) -> bool {
    retry::fits_deadline(at, MARGIN, deadline) && retry::fits_deadline(at, LEFT_FOR_OTHERS, waited_for)
}

/// A length of time as people say it.
fn spoken(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

impl Snapshot {
    /// The backend that is first in an action's plan.
    pub(crate) fn first_of_plan(&self, action: &str) -> Option<&BackendEntry> {
        self.catalogue.entries.iter().find(|entry| entry.takes(action))
    }

    /// The backends of an action's plan: the active ones that map it, and those whose map cannot be read.
    pub(crate) fn plan<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a BackendEntry> {
        self.catalogue.entries.iter().filter(move |entry| entry.takes(action))
    }
}

impl BackendEntry {
    /// Whether it is a part of an action's plan.
    fn takes(&self, action: &str) -> bool {
        match self.standing {
            Standing::Active => self.actions.contains_key(action),
            Standing::Broken => self.actions.is_empty() || self.actions.contains_key(action),
            Standing::Inactive => false,
        }
    }
}
