//! The children of this process: the scripts that it started, and those that lost their parents and were handed to it
//! because it asked for them ([`crate::host`]).

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::thread;

use rustix::process::{Pid, Resource, WaitId, WaitIdOptions, WaitOptions, getpid, prlimit, waitid, waitpid};

use super::custody::{Custody, Orphan};
use super::processes::Process;
use crate::host;

static NURSERY: LazyLock<Nursery> = LazyLock::new(Nursery::default);

#[derive(Default)]
struct Nursery {
    /// Held for writing while no script is being started that is not yet noted.
    starting: RwLock<()>,
    custody: Mutex<Custody>,
}

fn custody() -> MutexGuard<'static, Custody> {
    NURSERY.custody.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A script that was started. It is let go after it was waited for.
#[derive(Debug)]
pub(crate) struct Ward {
    child: Child,
    number: u64,
}

impl Ward {
    /// Starts it. `keeps`: what it leaves running stays.
    pub(crate) fn start(command: &mut Command, mark: String, keeps: bool) -> io::Result<Ward> {
        let _starting = NURSERY.starting.read().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        if let Some(files) = host::files() {
            let _ = prlimit(Some(pid), Resource::Nofile, files);
        }
        let number = custody().enter(pid.as_raw_pid(), mark, keeps);
        Ok(Ward { child, number })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The process, which leads a group of its own.
    pub(crate) fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether the process has ended; it is not reaped by that.
    pub(crate) fn has_ended(&self) -> bool {
        let glance = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.group()), glance), Ok(None))
    }

    /// Lets go of a process that was ended by force. One that hangs inside the kernel is waited for elsewhere, so that it
    /// leaves no zombie behind.
    pub(crate) fn let_go(mut self) {
        if self.has_ended() {
            let _ = self.child.wait();
        } else {
            // Without a thread it stays a zombie until the hub ends.
            let _ = thread::Builder::new().spawn(move || self.child.wait());
        }
    }

    /// Nothing of it may stay: it is ended by force. Its number tells what it lost.
    pub(crate) fn disown(&self) -> u64 {
        custody().disown(self.number);
        self.number
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        custody().leave(self.number);
    }
}

/// Nothing starts while it is held, and what was started is noted.
fn all_are_noted() -> RwLockWriteGuard<'static, ()> {
    NURSERY.starting.write().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a process was handed to us, carries no mark, and can have been lost only by this script.
pub(super) fn was_lost_by(number: u64, process: &Process) -> bool {
    let may_be = process.mark.is_none() && is_orphan(process);
    may_be && {
        // A script that is just being started looks like one.
        let _noted = all_are_noted();
        is_orphan(process) && custody().belongs_to(number, process.key())
    }
}

/// Looks at all those that were handed to us: the dead are let go. Gives the living ones that nobody has a right to.
pub(super) fn abandoned(all: Vec<Process>) -> Vec<Process> {
    let mut orphans = all;
    orphans.retain(is_orphan);
    if !orphans.is_empty() {
        // A script that is just being started looked like one.
        let _noted = all_are_noted();
        orphans.retain(is_orphan);
        orphans.iter().filter(|process| !process.lives).for_each(bury);
    }
    orphans.retain(|process| process.lives);
    let mut custody = custody();
    let others = orphans.iter().any(|process| process.mark.as_ref().is_some_and(|mark| !custody.runs(mark)));
    let unmarked: BTreeSet<Orphan> =
        orphans.iter().filter(|process| process.mark.is_none()).map(Process::key).collect();
    let nobodys = custody.look(&unmarked, others);
    orphans.retain(|process| nobodys.contains(&process.key()));
    orphans
}

/// The first process of a machine or container is handed all orphans of it, whoever lost them: those it only buries.
fn is_orphan(process: &Process) -> bool {
    let own = getpid();
    process.parent == own.as_raw_pid()
        && host::adopts()
        && !(own.is_init() && process.lives)
        && !custody().is_ours(process.pid.as_raw_pid())
}

fn bury(dead: &Process) {
    let _ = waitpid(Some(dead.pid), WaitOptions::NOHANG);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use std::time::Duration;

    use testkit::wait;

    use super::*;
    use crate::run::processes;

    /// Long enough for a look that does not wait.
    const LOOK: Duration = Duration::from_millis(500);

    #[test]
    fn a_script_that_is_just_being_started_is_nobodys_orphan() {
        host();
        let looks: [fn() -> bool; 2] = [
            || !abandoned(processes::all().unwrap()).is_empty(),
            // One that is ended by force, the only other one there is.
            || {
                let loser = custody().enter(1, "mark".to_owned(), false);
                processes::all().unwrap().iter().any(|process| was_lost_by(loser, process))
            },
        ];
        for look in looks {
            let starting = NURSERY.starting.read().unwrap();
            let child = Command::new("sleep").arg("60").spawn().unwrap();
            let looking = thread::spawn(look);
            wait::until(LOOK, || looking.is_finished().then_some(()));
            let number = custody().enter(Pid::from_child(&child).as_raw_pid(), "another".to_owned(), false);
            let mut ward = Ward { child, number };
            drop(starting);
            assert!(!looking.join().unwrap());
            ward.child().kill().unwrap();
            ward.let_go();
        }
    }
}
