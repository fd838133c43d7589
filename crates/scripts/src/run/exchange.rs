//! The exchange with one running script: its output is read and its end awaited by one thread, under one time limit.
//! Its input it has whole from the beginning.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{ChildStderr, ChildStdout, ExitStatus};
use std::time::Duration;

use engine::port::{Reporter, Stop};
use model::mask::Mask;
use rustix::event::PollFlags;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::nursery::Ward;
use super::pipes::{CHUNK, read_some, ready};
use super::stop_signal::StopSignal;
use super::telling::Telling;
use crate::output::Tail;
use crate::time::{Deadline, Stopwatch};

/// A pipe holds at most so much: what is read after the last waiting does not grow beyond it.
const PIPE: usize = 1024 * 1024;

/// A script that has printed a little usually ends at once. To wait so long for that alone, before listening again,
/// spares a change of threads for each run.
const MOMENT: Duration = Duration::from_millis(2);
/// A wait is no longer than this, so that it is seen when the whole process was stopped meanwhile.
const SLICE: Duration = Duration::from_secs(1);

/// How often a script is looked at whose end nothing tells: there was no descriptor left for that.
const GLANCE: Duration = Duration::from_millis(20);

/// A script that is running, and what it printed so far.
pub(crate) struct Exchange<'a> {
    ward: Ward,
    /// Becomes readable when the script ends.
    handle: Option<OwnedFd>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    printed: Tail,
    complained: Tail,
    telling: Telling<'a>,
    mask: &'a Mask,
    stop_signal: &'a StopSignal,
}

/// Why the waiting is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The process ended by itself.
    Exited,
    /// The time limit was reached.
    Limit,
    /// The signal was sent.
    Stopped(Stop),
}

/// What poll(2) says can be done without waiting.
#[derive(Clone, Copy, Debug)]
struct Ready {
    stdout: bool,
    stderr: bool,
}

impl<'a> Exchange<'a> {
    /// Takes over a script that was just started, with two pipes.
    pub(crate) fn new(
        mut ward: Ward,
        keep: usize,
        mask: &'a Mask,
        stop_signal: &'a StopSignal,
        progress: &'a Reporter,
    ) -> Self {
        let child = ward.child();
        Exchange {
            handle: pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            ward,
            printed: Tail::new(keep),
            complained: Tail::new(keep),
            telling: Telling::new(progress),
            mask,
            stop_signal,
        }
    }

    /// Reads until the process has ended, the limit is reached or the signal is sent.
    pub(crate) fn run(&mut self, mut limit: Deadline) -> Over {
        let mut listening = true;
        loop {
            let left = limit.left().min(if listening { SLICE } else { MOMENT });
            let waited = Stopwatch::start();
            let (exited, ready) = self.wait(left, listening);
            limit.put_off(left, waited);
            let count = self.read(ready);
            if exited {
                return Over::Exited;
            }
            if let Some(reason) = self.stop_signal.reason() {
                return Over::Stopped(reason);
            }
            if limit.is_over() {
                return Over::Limit;
            }
            listening = count == 0 || count >= CHUNK;
        }
    }

    /// Reads what is left in the pipes after the end. Where something still holds them open, waits so long for it, or
    /// until the signal is sent.
    pub(crate) fn drain(&mut self, until: Deadline) {
        let mut late = 0;
        while self.holds_pipes() {
            let left = if self.stop_signal.reason().is_some() { Duration::ZERO } else { until.left() };
            let ready = self.wait_for_output(left);
            let count = self.read(ready);
            if left.is_zero() {
                late += count;
                if !ready.stdout && !ready.stderr || late > PIPE {
                    return;
                }
            }
        }
    }

    /// Whether something still holds the script's output open.
    pub(crate) fn holds_pipes(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    /// The process, which leads a group of its own.
    pub(crate) fn group(&self) -> Pid {
        self.ward.group()
    }

    /// Nothing of it may stay. Its number in the nursery tells what it lost.
    pub(crate) fn disown(&self) -> u64 {
        self.ward.disown()
    }

    /// Takes the status of the process, and what was printed. The process must have ended.
    pub(crate) fn reap(mut self) -> io::Result<(ExitStatus, Tail, Tail)> {
        self.telling.end(&mut self.complained, self.mask);
        Ok((self.ward.child().wait()?, self.printed, self.complained))
    }

    /// Takes what was printed by a process that was ended by force. One that hangs inside the kernel is waited for
    /// elsewhere.
    pub(crate) fn let_go(mut self) -> (Tail, Tail) {
        self.telling.end(&mut self.complained, self.mask);
        self.ward.let_go();
        (self.printed, self.complained)
    }

    /// Waits until something can be done; also says whether the process has ended.
    fn wait(&self, left: Duration, listening: bool) -> (bool, Ready) {
        let output = |pipe| Some((pipe, PollFlags::IN)).filter(|_| listening);
        let left = if self.handle.is_some() { left } else { left.min(GLANCE) };
        let entries = [
            self.handle.as_ref().map(|handle| (handle.as_fd(), PollFlags::IN)),
            Some((self.stop_signal.as_fd(), PollFlags::IN)),
            self.stdout.as_ref().and_then(|pipe| output(pipe.as_fd())),
            self.stderr.as_ref().and_then(|pipe| output(pipe.as_fd())),
        ];
        let [ended, _rung, stdout, stderr] = ready(entries, left);
        (ended || self.handle.is_none() && self.ward.has_ended(), Ready { stdout, stderr })
    }

    fn wait_for_output(&self, left: Duration) -> Ready {
        let entries = [
            Some((self.stop_signal.as_fd(), PollFlags::IN)),
            self.stdout.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN)),
            self.stderr.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN)),
        ];
        let [_rung, stdout, stderr] = ready(entries, left);
        Ready { stdout, stderr }
    }

    fn read(&mut self, ready: Ready) -> usize {
        let mut count = 0;
        if ready.stdout {
            count += read_some(&mut self.stdout, |bytes| self.printed.push(bytes, self.mask));
        }
        if ready.stderr {
            let Exchange { telling, complained, mask, .. } = self;
            count += read_some(&mut self.stderr, |bytes| telling.push(bytes, complained, mask));
        }
        count
    }
}
