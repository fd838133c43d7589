//! A gate in the way of something that blocks: a journal's commit that is not told yet, for as long as a test wants.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    closed: bool,
    waiting: usize,
}

/// Open until it is closed.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until(&self, holds: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let wait = self.changed.wait_while(self.lock(), |state| !holds(state));
        wait.unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes through, or blocks the thread until it is open.
    pub fn pass(&self) {
        self.lock().waiting += 1;
        self.changed.notify_all();
        self.until(|state| !state.closed).waiting -= 1;
    }

    /// Lets nobody through any more.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// Blocks until somebody waits before it.
    pub fn met(&self) {
        drop(self.until(|state| state.closed && state.waiting > 0));
    }

    /// Lets all through.
    pub fn open(&self) {
        self.lock().closed = false;
        self.changed.notify_all();
    }
}
