//! Ends processes by force: first politely, then surely, until none is left.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use model::RunMark;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open, pidfd_send_signal,
};
use uuid::Uuid;

use super::processes::{Family, Process};
use crate::time::Deadline;
use crate::worker;

/// How long a process that was asked to end may take for it.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// How long a killed process may take to be gone. Longer takes only one that hangs inside the kernel.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// The pause before another look where there was no descriptor or memory left for one.
const BREATH: Duration = Duration::from_millis(20);

/// What became of processes that were to be ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Names of those that are gone, by process id.
    pub gone: BTreeMap<i32, String>,
    /// Names of those that could not be ended, by process id.
    pub left: BTreeMap<i32, String>,
}

impl Ended {
    /// Whether there was nothing to end.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.left.is_empty()
    }
}

/// Ends whatever still runs of these attempts, and waits until it is gone. For the hub's start: attempts whose end
/// was never recorded may have left processes behind.
pub fn kill_carriers<'a>(marks: impl IntoIterator<Item = &'a RunMark>) -> Ended {
    let marks: HashSet<String> = marks.into_iter().map(ToString::to_string).collect();
    if marks.is_empty() {
        return Ended::default();
    }
    end(Family { marks: Some(&marks), ..Family::default() }, GRACE)
}

/// The same, and whatever still runs of the workers of a hub with this journal.
pub(crate) fn kill_lost(journal: Uuid, marks: &[RunMark]) -> Ended {
    let marks: HashSet<String> = marks.iter().map(ToString::to_string).collect();
    let workers = worker::marks_of(journal);
    end(Family { marks: Some(&marks), workers: Some(&workers), ..Family::default() }, GRACE)
}

/// Ends a family: TERM and a grace, unless there is none, and KILL until nobody is left.
pub(crate) fn end(family: Family<'_>, grace: Duration) -> Ended {
    let mut ended = Ended::default();
    match family.members() {
        _ if grace.is_zero() => {}
        Ok(members) => ended.signal(&members, Signal::TERM, Deadline::after(grace)),
        Err(_) => kill_unseen(family.group, Signal::TERM),
    }
    let last = Deadline::after(LAST_WAIT);
    loop {
        let Ok(mut members) = family.members() else {
            kill_unseen(family.group, Signal::KILL);
            if last.is_over() {
                return ended;
            }
            continue;
        };
        members.retain(|process| !ended.left.contains_key(&process.pid.as_raw_pid()));
        if members.is_empty() {
            return ended;
        }
        if last.is_over() {
            for process in &members {
                ended.give_up(process);
            }
            return ended;
        }
        ended.signal(&members, Signal::KILL, last);
    }
}

/// Without a descriptor nobody is seen, but a group can still be reached.
#[allow(clippy::disallowed_methods, reason = "nothing tells that there is a descriptor again")]
fn kill_unseen(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        let _ = kill_process_group(group, signal);
    }
    std::thread::sleep(BREATH);
}

impl Ended {
    /// Signals processes and waits until they are gone.
    fn signal(&mut self, processes: &[Process], signal: Signal, until: Deadline) {
        let mut waiting = Vec::new();
        for process in processes {
            // The descriptor holds on to this very process: a number that was given to another one is not hit.
            let handle = match pidfd_open(process.pid, PidfdFlags::empty()) {
                Err(Errno::SRCH) => continue,
                opened => opened.ok(),
            };
            if !process.is_still_there().unwrap_or(true) {
                continue;
            }
            let sent = match &handle {
                Some(handle) => pidfd_send_signal(handle, signal),
                None => kill_process(process.pid, signal),
            };
            match sent {
                Ok(()) => {
                    self.gone.insert(process.pid.as_raw_pid(), process.name.clone());
                    waiting.extend(handle);
                }
                Err(Errno::PERM) => self.give_up(process),
                Err(_) => {}
            }
        }
        wait_for_end(waiting, until);
    }

    fn give_up(&mut self, process: &Process) {
        self.gone.remove(&process.pid.as_raw_pid());
        self.left.insert(process.pid.as_raw_pid(), process.name.clone());
    }
}

fn wait_for_end(mut handles: Vec<OwnedFd>, until: Deadline) {
    while !handles.is_empty() && !until.is_over() {
        let mut entries: Vec<_> =
            handles.iter().map(|h| PollFd::from_borrowed_fd(h.as_fd(), PollFlags::IN)).collect();
        if poll(&mut entries, timeout(until.left()).as_ref()).is_err() {
            continue;
        }
        let over: Vec<bool> = entries.iter().map(|entry| !entry.revents().is_empty()).collect();
        let mut over = over.into_iter();
        handles.retain(|_| !over.next().unwrap_or(false));
    }
}

/// A time limit as poll(2) wants it; `None` = no limit.
pub(crate) fn timeout(left: Duration) -> Option<Timespec> {
    Timespec::try_from(left).ok()
}
