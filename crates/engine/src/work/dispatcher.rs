//! Starts the head of each subject when it is due, interactive before bulk, within the limits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use journal::Due;
use model::JobId;

use crate::clock::Pace;
use crate::lasting::Lasting;
use crate::port::{BackendEntry, Standing};
use crate::state::core::{Core, Snapshot};
use crate::state::failsafe;
use crate::state::slots::BackendSlot;
use crate::state::window::{CAP, Window};
use crate::work::bury::Gravedigger;
use crate::work::{recover, runner};

/// The wall clock is looked at this often at least: it may be set.
const LOOK: Duration = Duration::from_secs(5);
/// What is told of when it cannot be done.
const WAITING: &str = "reading the waiting jobs";

/// What may still write times that a clock running ahead gave.
struct Suspects {
    /// The jobs that were under way when it was set back, as far as they are.
    jobs: HashSet<JobId>,
    /// When waiting jobs were looked at last.
    looked: Instant,
}

pub(crate) struct Dispatcher {
    core: Arc<Core>,
    window: Window,
    /// Jobs with a runner. What is heard of them meanwhile is kept until the runner is gone.
    in_flight: HashSet<JobId>,
    held: HashMap<JobId, Due>,
    digger: Gravedigger,
    pace: Pace,
    suspects: Option<Suspects>,
    /// Other jobs are ours than before: what nobody leads any more is to be put back.
    shared_anew: bool,
    /// That waiting jobs could not be read.
    trouble: Lasting,
}

impl Dispatcher {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Dispatcher {
            pace: Pace::new(&core.clock),
            suspects: None,
            shared_anew: false,
            digger: Gravedigger::default(),
            trouble: Lasting::default(),
            core,
            window: Window::default(),
            in_flight: HashSet::new(),
            held: HashMap::new(),
        }
    }

    /// Works until the hub stops.
    pub(crate) async fn run(mut self) {
        self.survey().await;
        while !self.core.is_stopping() {
            self.look_at_clock().await;
            self.read_inbox().await;
            self.take_what_is_shared().await;
            self.refill().await;
            self.digger.dig(&self.core).await;
            self.start_what_is_due();
            self.window.tidy();
            self.wait().await;
        }
    }

    /// Looks at everything the journal holds.
    async fn survey(&mut self) {
        self.window = Window::default();
        match self.core.journal.lanes().await {
            Ok(lanes) => lanes.iter().for_each(|lane| self.window.expect_more(lane)),
            Err(error) => self.trouble.refused(WAITING, &error),
        }
    }

    /// When the clock was set back, what waits for a time is looked at anew: it would wait for too long. What was under way by
    /// then may still write times of before: once it has ended all is looked at again.
    async fn look_at_clock(&mut self) {
        let now = self.core.clock.instant();
        if let Some(by) = self.pace.set_back(&self.core.clock) {
            tracing::warn!("the clock was set back by {by:#}: what waits for a time is looked at anew");
            self.suspects = Some(Suspects { jobs: self.in_flight.clone(), looked: now });
        } else if let Some(mut suspects) = self.suspects.take_if(|it| now.duration_since(it.looked) >= LOOK) {
            let before = suspects.jobs.len();
            suspects.jobs.retain(|job| self.in_flight.contains(job));
            let (left, ended) = (suspects.jobs.len(), suspects.jobs.len() < before);
            // What had no runner has been written by now, at the latest.
            self.suspects = (left > 0).then_some(Suspects { looked: now, ..suspects });
            if left > 0 && !ended {
                return;
            }
        } else {
            return;
        }
        match set_back(&self.core).await {
            Ok(()) => self.survey().await,
            // It is noticed again after the next start.
            Err(error) => tracing::warn!("retries may come later than they should: {error}"),
        }
    }

    async fn read_inbox(&mut self) {
        let inbox = self.core.wiring.take_inbox();
        self.shared_anew |= inbox.shared_anew;
        if inbox.overflow {
            self.survey().await;
        }
        for due in inbox.due {
            if self.in_flight.contains(&due.id) {
                self.held.insert(due.id, due);
            } else {
                self.window.offer(due);
            }
        }
        for job in inbox.ended {
            self.in_flight.remove(&job);
            if let Some(due) = self.held.remove(&job) {
                self.window.offer(due);
            }
        }
    }

    /// Other jobs are ours to run than before: what lives that are over had begun of them is put back, and all are looked at.
    async fn take_what_is_shared(&mut self) {
        if !self.shared_anew {
            return;
        }
        match recover::take_back(&self.core).await {
            Ok(interrupted) => {
                self.shared_anew = false;
                if interrupted > 0 {
                    tracing::warn!(interrupted, "attempts that another hub left running are made again here");
                }
            }
            // At the next look again.
            Err(error) => self.trouble.refused(WAITING, &error),
        }
        self.core.wiring.forget_deadlines();
        self.core.errands.news.notify_one();
        self.survey().await;
    }

    async fn refill(&mut self) {
        let snapshot = self.core.snapshot();
        let core = Arc::clone(&self.core);
        // What is not in view yet may be due: without a place it would never come into view.
        for partition in self.window.low(|lane| has_a_place(&core, &snapshot, lane)) {
            match self.core.journal.due(partition.lane.to_string(), partition.class, CAP).await {
                Ok(jobs) => {
                    self.trouble.obeyed(WAITING);
                    let complete = jobs.next.is_none();
                    let idle =
                        jobs.rows.into_iter().filter(|due| !self.in_flight.contains(&due.id)).collect();
                    self.window.fill(&partition, idle, complete);
                }
                Err(error) => self.trouble.refused(WAITING, &error),
            }
        }
    }

    fn start_what_is_due(&mut self) {
        let snapshot = self.core.snapshot();
        let now = self.core.clock.now();
        let core = Arc::clone(&self.core);
        // A slot is taken only for a job that is there: one given back would wake us again.
        while self.may_start() {
            let Some(due) = self.window.take(now, |lane| has_a_place(&core, &snapshot, lane)) else { break };
            let Some(slot) = core.slots.job() else {
                self.window.offer(due);
                break;
            };
            let first = first_slot(&core, &snapshot, &due.lane);
            self.in_flight.insert(due.id);
            tokio::spawn(runner::run(Arc::clone(&core), due, slot, first));
        }
    }

    /// Whether there is a slot. A hub that was told to stop starts nothing more: what its stop interrupted waits. Nor does one
    /// that is not sure whether the jobs are its own.
    fn may_start(&self) -> bool {
        !self.core.is_leaving() && self.core.is_sure() && !self.core.slots.full()
    }

    async fn wait(&self) {
        let snapshot = self.core.snapshot();
        let due = if self.may_start() {
            self.window.next_start(|lane| lane_opens_at(&self.core, &snapshot, lane))
        } else {
            None
        };
        let clock = &self.core.clock;
        let pause = async {
            match due {
                Some(time) => clock.sleep_until(time, LOOK).await,
                None => clock.sleep(LOOK).await,
            }
        };
        tokio::select! {
            () = self.core.wiring.wake.notified() => {}
            () = pause => {}
        }
    }
}

/// Brings back what waits for a time that no rule allows.
pub(crate) async fn set_back(core: &Core) -> Result<(), journal::Error> {
    let moved = core.journal.set_back(core.clock.now(), core.snapshot().limits.keep_secrets).await?;
    if moved > 0 {
        tracing::warn!(
            moved,
            "{moved} waited for times that a clock running ahead had left behind: they go on as their rules say"
        );
    }
    Ok(())
}

/// When the jobs of a lane could go on, once they are due: at once (the earliest time there is), or when what keeps work from
/// their backend is over. `None` = not before something else happens. One that would end without an attempt always can.
fn lane_opens_at(core: &Core, snapshot: &Snapshot, lane: &str) -> Option<Timestamp> {
    if let Some(set) = failsafe::set_of(lane) {
        return (!core.failsafe.is_held(set)).then_some(Timestamp::MIN);
    }
    waits_for(snapshot, lane).map_or(Some(Timestamp::MIN), |entry| core.slots.opens_at(entry))
}

fn lane_is_free(core: &Core, snapshot: &Snapshot, lane: &str) -> bool {
    lane_opens_at(core, snapshot, lane) == Some(Timestamp::MIN)
}

/// The same for work that is due: where there is no place it is wanted.
fn has_a_place(core: &Core, snapshot: &Snapshot, lane: &str) -> bool {
    let is_free = lane_is_free(core, snapshot, lane);
    if !is_free && let Some(entry) = waits_for(snapshot, lane) {
        core.slots.want(entry);
    }
    is_free
}

fn first_slot(core: &Core, snapshot: &Snapshot, lane: &str) -> Option<BackendSlot> {
    core.slots.backend(waits_for(snapshot, lane)?)
}

/// The backend that the jobs of a lane need next.
pub(crate) fn waits_for<'s>(snapshot: &'s Snapshot, lane: &str) -> Option<&'s BackendEntry> {
    let entry = match model::plan::backend_of(lane) {
        Some(name) => snapshot.backend(name)?,
        // Jobs of several plans: their runners will see.
        None if failsafe::set_of(lane).is_some() => return None,
        None => snapshot.first_of_plan(lane)?,
    };
    (entry.standing == Standing::Active).then_some(entry)
}
