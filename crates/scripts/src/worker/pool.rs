//! The workers of one backend: those that have nothing to do, and how another one is started.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use rustix::event::PollFlags;
use uuid::Uuid;

use super::exchange::{Ask, Lapse};
use super::keeper;
use super::kind::Kind;
use super::process::Worker;
use super::slot;
use crate::output::Tail;
use crate::run::{Ending, StopSignal, Sweeper, ready};
use crate::time::Deadline;

/// After the first failure another one is started at once, after the second in so long, then twice as long each time.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

static POOLS: Mutex<Vec<(Key, Weak<Pool>)>> = Mutex::new(Vec::new());

/// What tells the workers of one backend from all others. Where it stays as it was, a reload keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) backend: Arc<str>,
    pub(crate) folder: PathBuf,
    /// Of its configuration and its files.
    pub(crate) fingerprint: u64,
    /// So many of them work at once.
    pub(crate) slots: usize,
}

/// The workers of one backend. When the last one lets go of it, those that have nothing to do are ended.
pub(crate) struct Pool(Arc<Shared>);

/// What those who use it share with who looks after it.
pub(super) struct Shared {
    backend: Arc<str>,
    slots: usize,
    sweeper: Arc<Sweeper>,
    state: Mutex<State>,
    pub(super) changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    /// The one that worked last stands last, and is the first to work again.
    pub(super) idle: Vec<Worker>,
    /// Their input has ended, or they have: they are to be waited for.
    pub(super) leaving: Vec<Worker>,
    pub(super) closing: bool,
    /// Somebody looks after all these.
    pub(super) kept: bool,
    busy: usize,
    /// So many have failed since one answered.
    failures: u32,
    not_before: Option<Deadline>,
}

/// Why no worker could be asked.
pub(crate) enum Unstarted {
    /// None could be started.
    System(std::io::Error),
    /// One was, and did not get ready; how it ended, if it did, and what it complained of.
    NotReady(Lapse, Option<Ending>, Tail),
}

impl Pool {
    /// The workers of this backend, as they are.
    pub(crate) fn of(key: Key, sweeper: &Arc<Sweeper>) -> Arc<Pool> {
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|(_, pool)| pool.strong_count() > 0);
        let same = pools.iter().find(|(known, _)| *known == key);
        if let Some(pool) = same.and_then(|(_, pool)| pool.upgrade()) {
            return pool;
        }
        let shared = Shared {
            backend: Arc::clone(&key.backend),
            slots: key.slots,
            sweeper: Arc::clone(sweeper),
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        let pool = Arc::new(Pool(Arc::new(shared)));
        pools.push((key, Arc::downgrade(&pool)));
        pool
    }

    /// One that has nothing to do.
    pub(crate) fn idle(&self, kind: &Kind, journal: Uuid) -> Option<Loan> {
        let mut state = self.0.state();
        loop {
            let fits = |worker: &Worker| worker.journal == journal && *worker.kind == *kind;
            let mut worker = state.idle.iter().rposition(fits).map(|place| state.idle.remove(place))?;
            let looked = worker.look();
            worker.log_complaints();
            match looked {
                Ok(()) => return Some(self.lend(&mut state, worker)),
                Err(lapse) => self.0.lost(&mut state, worker, &lapse),
            }
        }
    }

    /// Another one, once it is ready. When others have failed, that takes a while.
    pub(crate) fn start(&self, kind: &Arc<Kind>, journal: Uuid, ask: &Ask<'_>) -> Result<Loan, Unstarted> {
        self.pause(ask.limit, ask.stop_signal)
            .map_err(|lapse| Unstarted::NotReady(lapse, None, Tail::new(0)))?;
        self.make_room();
        let shared = &self.0;
        let mut worker =
            Worker::start(kind, &shared.backend, &shared.sweeper, journal).map_err(Unstarted::System)?;
        match worker.get_ready(ask) {
            Ok(()) => Ok(self.lend(&mut shared.state(), worker)),
            Err(lapse) => {
                if !matches!(lapse, Lapse::Limit | Lapse::Stopped(_)) {
                    shared.state().failed();
                }
                let ending = worker.end();
                Err(Unstarted::NotReady(lapse, ending, worker.complaints()))
            }
        }
    }

    fn lend(&self, state: &mut State, worker: Worker) -> Loan {
        state.busy += 1;
        Loan { shared: Arc::clone(&self.0), worker: Some(worker) }
    }

    /// Waits until one may be started.
    fn pause(&self, limit: Deadline, stop_signal: &StopSignal) -> Result<(), Lapse> {
        loop {
            let left = self.0.state().not_before.map(Deadline::left).unwrap_or_default();
            if let Some(reason) = stop_signal.reason() {
                return Err(Lapse::Stopped(reason));
            }
            if left.is_zero() {
                return Ok(());
            }
            if limit.is_over() {
                return Err(Lapse::Limit);
            }
            let signal = std::os::fd::AsFd::as_fd(stop_signal);
            let [_rung] = ready([Some((signal, PollFlags::IN))], left.min(limit.left()));
        }
    }

    /// Those of another kind that have nothing to do give way.
    fn make_room(&self) {
        let mut state = self.0.state();
        while !state.idle.is_empty() && state.idle.len() + state.busy >= self.0.slots {
            let oldest = state.idle.remove(0);
            self.0.retire(&mut state, oldest);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A worker that is asked something. It is ended by force where it is not given back.
pub(crate) struct Loan {
    shared: Arc<Shared>,
    worker: Option<Worker>,
}

impl Loan {
    /// It has answered, and can be asked again.
    pub(crate) fn give_back(mut self) {
        let Some(mut worker) = self.worker.take() else { return };
        worker.has_served();
        let worn = worker.worn();
        let mut state = self.shared.state();
        state.busy = state.busy.saturating_sub(1);
        (state.failures, state.not_before) = (0, None);
        if let Some(why) = worn {
            tracing::debug!(backend = %self.shared.backend, "another worker takes the place of one: {why}");
        }
        if worn.is_some() || state.closing || state.idle.len() + state.busy >= self.shared.slots {
            self.shared.retire(&mut state, worker);
        } else if self.shared.keep(&mut state) {
            state.idle.push(worker);
            if state.idle.len() == 1 {
                self.shared.changed.notify_all();
            }
        } else {
            drop(state);
            drop(worker);
        }
    }

    /// It is ended by force, with so much time to end by itself. `failed`: that counts against it. Says how it had ended, if it
    /// had by itself.
    pub(crate) fn end(mut self, failed: bool, grace: Duration) -> (Option<Ending>, Tail) {
        let Some(mut worker) = self.worker.take() else { return (None, Tail::new(0)) };
        let ending = worker.end_within(grace);
        let mut state = self.shared.state();
        state.busy = state.busy.saturating_sub(1);
        if failed {
            state.failed();
        }
        (ending, worker.complaints())
    }

    /// The worker.
    pub(crate) fn ask(&mut self, ask: &Ask<'_>) -> Result<(crate::answer::Answer, Vec<u8>), Lapse> {
        match &mut self.worker {
            Some(worker) => worker.ask(ask),
            None => Err(Lapse::Unread),
        }
    }

    /// What it complained of meanwhile.
    pub(crate) fn complaints(&mut self) -> Tail {
        self.worker.as_mut().map_or_else(|| Tail::new(0), Worker::complaints)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            drop(worker);
            let mut state = self.shared.state();
            state.busy = state.busy.saturating_sub(1);
        }
    }
}

impl State {
    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        if let Some(doublings) = self.failures.checked_sub(2) {
            let pause = PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE);
            self.not_before = Some(Deadline::after(pause));
        }
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its workers are ended as soon as they have nothing to do.
    fn close(self: &Arc<Self>) {
        let mut state = self.state();
        state.closing = true;
        for worker in std::mem::take(&mut state.idle) {
            self.retire(&mut state, worker);
        }
        self.changed.notify_all();
    }

    /// Ends its input, which asks it to end, and has it waited for.
    pub(super) fn retire(self: &Arc<Self>, state: &mut State, mut worker: Worker) {
        worker.stdin = None;
        if self.keep(state) {
            state.leaving.push(worker);
            self.changed.notify_all();
        }
    }

    /// One that had nothing to do has ended, or has said something.
    pub(super) fn lost(self: &Arc<Self>, state: &mut State, worker: Worker, lapse: &Lapse) {
        state.failed();
        if let Lapse::Broke(fault, _) = lapse {
            tracing::warn!(backend = %self.backend, "a worker that had nothing to do is ended: {fault}");
        } else {
            tracing::debug!(backend = %self.backend, "a worker that had nothing to do has ended");
        }
        self.retire(state, worker);
    }

    /// Has somebody look after those that have nothing to do. `false`: there was no thread for it.
    fn keep(self: &Arc<Self>, state: &mut State) -> bool {
        if !state.kept {
            let shared = Arc::clone(self);
            let begun =
                thread::Builder::new().name("workers".to_owned()).spawn(move || keeper::keep(&shared));
            state.kept = begun.is_ok();
        }
        state.kept
    }
}

/// Ends all workers of this process, and waits for that. `false`: some are left.
pub(crate) fn close(limit: Duration) -> bool {
    let pools: Vec<Arc<Pool>> = {
        let pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        pools.iter().filter_map(|(_, pool)| pool.upgrade()).collect()
    };
    for pool in &pools {
        pool.0.close();
    }
    slot::all_free(Deadline::after(limit))
}
