//! Looks after workers that have nothing to do, and after those that are ending.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustix::event::PollFlags;

use super::exchange::Lapse;
use super::pool::{Shared, State};
use super::process::Worker;
use crate::run::ready;
use crate::time::Deadline;

/// How often those that have nothing to do are looked at: whether they live, and are silent.
const TICK: Duration = Duration::from_secs(1);
/// How often those that are ending are.
const GLANCE: Duration = Duration::from_millis(20);

/// One that is ending, and until when it may take.
struct Leaving(Worker, Deadline);

/// Goes on until the backend is let go of, and the last of its workers has ended.
pub(super) fn keep(shared: &Arc<Shared>) {
    let mut leaving: Vec<Leaving> = Vec::new();
    loop {
        let mut state = shared.state();
        if leaving.is_empty() {
            let nothing =
                |state: &mut State| state.idle.is_empty() && state.leaving.is_empty() && !state.closing;
            state = shared.changed.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner);
        }
        look(shared, &mut state);
        leaving.extend(state.leaving.drain(..).map(|worker| {
            let grace = worker.kind.rules.grace;
            Leaving(worker, Deadline::after(grace))
        }));
        if !leaving.is_empty() {
            drop(state);
            see_off(&mut leaving);
        } else if state.closing {
            state.kept = false;
            return;
        } else {
            drop(shared.changed.wait_timeout(state, TICK));
        }
    }
}

/// Sorts out those that do not live, or are not silent, and those that are worn.
fn look(shared: &Arc<Shared>, state: &mut State) {
    for mut worker in std::mem::take(&mut state.idle) {
        let looked = worker.look();
        worker.log_complaints();
        match looked {
            Err(lapse) => shared.lost(state, worker, &lapse),
            Ok(()) if worker.worn().is_some() => shared.retire(state, worker),
            Ok(()) => state.idle.push(worker),
        }
    }
}

/// Waits a moment for them, and ends by force those whose time is over.
fn see_off(leaving: &mut Vec<Leaving>) {
    let mut staying = Vec::new();
    for Leaving(mut worker, until) in leaving.drain(..) {
        let gone = matches!(worker.look(), Err(Lapse::Exited));
        worker.log_complaints();
        // What it still says is heard by nobody.
        worker.lines.rest();
        if gone || until.is_over() {
            worker.end();
        } else {
            staying.push(Leaving(worker, until));
        }
    }
    if let Some(Leaving(first, _)) = staying.first() {
        let entry = first.handle_fd().map(|handle| (handle, PollFlags::IN));
        let [_ended] = ready([entry], GLANCE);
    }
    *leaving = staying;
}
