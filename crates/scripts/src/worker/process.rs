//! One worker: a process that stays, its pipes, and its end.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use model::mask::Mask;
use rustix::event::PollFlags;
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use uuid::Uuid;

use super::exchange::Lapse;
use super::kind::Kind;
use super::lines::Lines;
use super::protocol::Fault;
use super::slot::Slot;
use crate::environment::marks_of_worker;
use crate::output::Tail;
use crate::run::{self, CHUNK, Ending, Family, GRACE, Sweeper, Ward, read_some, ready};
use crate::time::Stopwatch;
use crate::verdict;

/// A worker's memory is looked at no more often.
const LOOK: Duration = Duration::from_secs(1);
/// A pipe holds at most so much.
const PIPE: usize = 1024 * 1024;

/// A worker that runs. It is ended by force when it is let go.
pub(crate) struct Worker {
    pub(super) kind: Arc<Kind>,
    backend: Arc<str>,
    sweeper: Arc<Sweeper>,
    /// Until it is over.
    alive: Option<(Ward, Slot)>,
    through_shell: bool,
    /// Becomes readable when it ends.
    handle: Option<OwnedFd>,
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
    pub(super) lines: Lines,
    /// What it wrote to its standard error since that was last taken.
    complained: Tail,
    /// Finds the secrets of the last job in it.
    pub(super) mask: Arc<Mask>,
    pub(super) journal: Uuid,
    age: Stopwatch,
    served: u32,
    looked: Stopwatch,
}

impl Worker {
    /// Starts one. It says later whether it is ready. An error means that none was started, or that it was ended at once.
    pub(super) fn start(
        kind: &Arc<Kind>,
        backend: &Arc<str>,
        sweeper: &Arc<Sweeper>,
        journal: Uuid,
    ) -> io::Result<Worker> {
        let slot = Slot::take(journal, backend);
        let start = |command| Ward::start(&mut prepare(command, kind, &slot), slot.mark(), false);
        let (mut ward, through_shell) = run::start(&kind.command, start)?;
        let child = ward.child();
        let mut worker = Worker {
            kind: Arc::clone(kind),
            backend: Arc::clone(backend),
            sweeper: Arc::clone(sweeper),
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            alive: Some((ward, slot)),
            through_shell,
            handle: None,
            lines: Lines::default(),
            complained: Tail::new(kind.keep),
            mask: Arc::default(),
            journal,
            age: Stopwatch::start(),
            served: 0,
            looked: Stopwatch::start(),
        };
        worker.handle = Some(pidfd_open(worker.pid().ok_or(Errno::SRCH)?, PidfdFlags::empty())?);
        for pipe in [worker.stdin_fd(), worker.stdout_fd(), worker.stderr_fd()].into_iter().flatten() {
            ioctl_fionbio(pipe, true)?;
        }
        Ok(worker)
    }

    fn pid(&self) -> Option<Pid> {
        self.alive.as_ref().map(|(ward, _)| ward.group())
    }

    pub(super) fn stdin_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stdin.as_ref().map(|pipe| pipe.as_fd())
    }

    pub(super) fn stdout_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stdout.as_ref().map(|pipe| pipe.as_fd())
    }

    pub(super) fn stderr_fd(&self) -> Option<BorrowedFd<'_>> {
        self.stderr.as_ref().map(|pipe| pipe.as_fd())
    }

    /// What becomes readable when it ends.
    pub(super) fn handle_fd(&self) -> Option<BorrowedFd<'_>> {
        self.handle.as_ref().map(|handle| handle.as_fd())
    }

    /// Reads what there is of its standard output.
    pub(super) fn hear(&mut self) {
        read_some(&mut self.stdout, |bytes| self.lines.push(bytes));
    }

    /// Reads what there is of its standard error; no more than a pipe holds, so that a flood does not keep us here.
    pub(super) fn hear_complaints(&mut self) {
        let mut read = 0;
        while read < PIPE {
            let count = read_some(&mut self.stderr, |bytes| self.complained.push(bytes, &self.mask));
            read += count;
            if count < CHUNK {
                return;
            }
        }
    }

    /// Takes what it wrote to its standard error.
    pub(crate) fn complaints(&mut self) -> Tail {
        std::mem::replace(&mut self.complained, Tail::new(self.kind.keep))
    }

    /// Logs what it wrote to its standard error while it had nothing to do.
    pub(super) fn log_complaints(&mut self) {
        if self.complained.bytes().is_empty() {
            return;
        }
        let (rest, records) = verdict::remarks(&self.complaints(), &self.mask);
        for record in records {
            record.log(&self.backend, None);
        }
        for line in rest.lines() {
            tracing::debug!(backend = %self.backend, "{line}");
        }
    }

    /// Looks at one that has nothing to do: it must live, and be silent.
    pub(super) fn look(&mut self) -> Result<(), Lapse> {
        let input = |pipe| (pipe, PollFlags::IN);
        let entries = [self.handle_fd().map(input), self.stdout_fd().map(input), self.stderr_fd().map(input)];
        let [ended, said, complained] = ready(entries, Duration::ZERO);
        if complained {
            self.hear_complaints();
        }
        if ended {
            return Err(Lapse::Exited);
        }
        if said {
            self.hear();
            let fault = if self.stdout.is_none() { Fault::Closed } else { Fault::Unasked };
            return Err(Lapse::Broke(fault, self.lines.rest()));
        }
        Ok(())
    }

    /// It has answered once more. What it prints from now on is searched for the secrets of that job.
    pub(super) fn has_served(&mut self) {
        self.served = self.served.saturating_add(1);
    }

    /// Why it is time for another one, if it is.
    pub(super) fn worn(&mut self) -> Option<&'static str> {
        let rules = &self.kind.rules;
        if self.served >= rules.jobs {
            return Some("it has served so many requests as one may");
        }
        if self.age.elapsed() >= rules.age {
            return Some("it is as old as one may be");
        }
        if self.looked.elapsed() < LOOK {
            return None;
        }
        self.looked = Stopwatch::start();
        // What its children lost may be looked at, too.
        self.sweeper.released(Arc::clone(&self.backend));
        (self.memory() > rules.memory).then_some("it holds more memory than one may")
    }

    /// How much memory its process has of the machine, in bytes.
    fn memory(&self) -> usize {
        let Some(pid) = self.pid() else { return 0 };
        let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap_or_default();
        let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = held.and_then(|held| held.split_whitespace().next()?.parse::<usize>().ok());
        kibibytes.unwrap_or_default().saturating_mul(1024)
    }

    /// Ends it and all that belongs to it, and waits until nothing is left: by force, unless it has ended by itself. Says
    /// how, if it has.
    pub(crate) fn end(&mut self) -> Option<Ending> {
        self.end_within(GRACE)
    }

    /// The same, with so much time to end by itself when it is told to.
    pub(crate) fn end_within(&mut self, grace: Duration) -> Option<Ending> {
        let (mut ward, slot) = self.alive.take()?;
        let by_itself = if ward.has_ended() { ward.child().wait().ok() } else { None };
        let marks = HashSet::from([slot.mark()]);
        let loser = Some(ward.disown());
        let family = Family { marks: Some(&marks), group: Some(ward.group()), loser, ..Family::default() };
        let ended = run::end(family, grace);
        if !ended.left.is_empty() {
            tracing::error!(backend = %self.backend, left = ?ended.left, "processes of a worker could not be ended");
        }
        // What it had still to say.
        self.hear();
        self.hear_complaints();
        match by_itself {
            Some(_) => drop(ward),
            None => ward.let_go(),
        }
        self.sweeper.released(Arc::clone(&self.backend));
        by_itself.map(|status| run::ending(status, self.through_shell))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

/// As for a script, with three pipes that stay.
fn prepare(mut command: Command, kind: &Kind, slot: &Slot) -> Command {
    command
        .env_clear()
        .envs(kind.variables.iter().map(|(name, value)| (name, value)))
        .envs(marks_of_worker(slot.mark()))
        .current_dir(&kind.bin)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
