//! The exchange with one running script: its input is written, its output read and its end awaited by one thread,
//! all under one time limit.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::thread;
use std::time::Duration;

use engine::port::Stop;
use model::mask::Mask;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::bell::Bell;
use super::force::timeout;
use crate::output::Tail;
use crate::time::Deadline;

/// A pipe holds at most so much: what is read after the last waiting does not grow beyond it.
const PIPE: usize = 1024 * 1024;

/// How much is read at once.
const CHUNK: usize = 16 * 1024;

/// A script that has printed a little usually ends at once. To wait so long for that alone, before listening again,
/// spares a change of threads for each run.
const MOMENT: Duration = Duration::from_millis(2);

/// A script that is running, and what it printed so far.
pub(crate) struct Exchange<'a> {
    child: Child,
    handle: OwnedFd,
    stdin: Option<ChildStdin>,
    input: &'a [u8],
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    printed: Tail,
    complained: Tail,
    mask: &'a Mask,
    bell: &'a Bell,
}

/// Why the waiting is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The process ended by itself.
    Exited,
    /// The time limit was reached.
    Limit,
    /// The bell rang.
    Stopped(Stop),
}

/// What poll(2) says can be done without waiting.
#[derive(Clone, Copy, Debug, Default)]
struct Ready {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl<'a> Exchange<'a> {
    /// Takes over a child that was just started with three pipes. One that cannot be watched is ended again.
    pub(crate) fn new(
        mut child: Child,
        input: &'a [u8],
        keep: usize,
        mask: &'a Mask,
        bell: &'a Bell,
    ) -> io::Result<Self> {
        let handle = watch(&child).inspect_err(|_| {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        })?;
        Ok(Exchange {
            stdin: child.stdin.take(),
            input,
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            handle,
            printed: Tail::new(keep),
            complained: Tail::new(keep),
            mask,
            bell,
        })
    }

    /// Writes and reads until the process has ended, the limit is reached or the bell rings.
    pub(crate) fn run(&mut self, limit: Deadline) -> Over {
        self.write();
        let mut listening = true;
        loop {
            let left = if listening { limit.left() } else { limit.left().min(MOMENT) };
            let (exited, ready) = self.wait(left, listening);
            let count = self.read(ready);
            if exited {
                return Over::Exited;
            }
            if let Some(reason) = self.bell.reason() {
                return Over::Stopped(reason);
            }
            if limit.is_over() {
                return Over::Limit;
            }
            if ready.stdin {
                self.write();
            }
            listening = count == 0 || count >= CHUNK;
        }
    }

    /// Reads what is left in the pipes after the end. Where something still holds them open, waits this long for it.
    pub(crate) fn drain(&mut self, grace: Duration) {
        self.stdin = None;
        let until = Deadline::after(grace);
        let mut late = 0;
        while self.holds_pipes() {
            let left = if self.bell.reason().is_some() { Duration::ZERO } else { until.left() };
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
        Pid::from_child(&self.child)
    }

    /// Takes the status of the process, and what was printed. The process must have ended.
    pub(crate) fn reap(mut self) -> io::Result<(ExitStatus, Tail, Tail)> {
        Ok((self.child.wait()?, self.printed, self.complained))
    }

    /// Takes what was printed by a process that was ended by force. One that hangs inside the kernel is waited for
    /// elsewhere, so that it leaves no zombie behind.
    pub(crate) fn let_go(mut self) -> (Tail, Tail) {
        if ready([Some((self.handle.as_fd(), PollFlags::IN))], Duration::ZERO) == [true] {
            let _ = self.child.wait();
        } else {
            let mut child = self.child;
            thread::spawn(move || child.wait());
        }
        (self.printed, self.complained)
    }

    /// Waits until something can be done; also says whether the process has ended.
    fn wait(&self, left: Duration, listening: bool) -> (bool, Ready) {
        let output = |pipe| Some((pipe, PollFlags::IN)).filter(|_| listening);
        let entries = [
            Some((self.handle.as_fd(), PollFlags::IN)),
            Some((self.bell.as_fd(), PollFlags::IN)),
            self.stdin.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::OUT)),
            self.stdout.as_ref().and_then(|pipe| output(pipe.as_fd())),
            self.stderr.as_ref().and_then(|pipe| output(pipe.as_fd())),
        ];
        let [exited, _rung, stdin, stdout, stderr] = ready(entries, left);
        (exited, Ready { stdin, stdout, stderr })
    }

    fn wait_for_output(&self, left: Duration) -> Ready {
        let entries = [
            Some((self.bell.as_fd(), PollFlags::IN)),
            self.stdout.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN)),
            self.stderr.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN)),
        ];
        let [_rung, stdout, stderr] = ready(entries, left);
        Ready { stdout, stderr, ..Ready::default() }
    }

    /// Writes as much of the input as the pipe takes, and closes it at the end. A script that does not want its
    /// input is none the worse for it.
    fn write(&mut self) {
        let Some(pipe) = &self.stdin else { return };
        loop {
            if self.input.is_empty() {
                break;
            }
            match rustix::io::write(pipe, self.input) {
                Ok(count) => self.input = self.input.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => break,
            }
        }
        self.stdin = None;
    }

    fn read(&mut self, ready: Ready) -> usize {
        let mut count = 0;
        if ready.stdout {
            count += read_some(&mut self.stdout, &mut self.printed, self.mask);
        }
        if ready.stderr {
            count += read_some(&mut self.stderr, &mut self.complained, self.mask);
        }
        count
    }
}

/// A descriptor that becomes readable when the child ends. Its input is written without ever waiting for it.
fn watch(child: &Child) -> io::Result<OwnedFd> {
    if let Some(pipe) = &child.stdin {
        ioctl_fionbio(pipe, true)?;
    }
    Ok(pidfd_open(Pid::from_child(child), PidfdFlags::empty())?)
}

/// Which of these can be used without waiting.
fn ready<const N: usize>(entries: [Option<(BorrowedFd<'_>, PollFlags)>; N], left: Duration) -> [bool; N] {
    let mut polled: Vec<PollFd<'_>> =
        entries.iter().flatten().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
    if poll(&mut polled, timeout(left).as_ref()).is_err() {
        return [false; N];
    }
    let mut events = polled.iter().map(|entry| !entry.revents().is_empty());
    entries.map(|entry| entry.is_some() && events.next().unwrap_or(false))
}

/// Reads once from a pipe that is ready; closes it at its end.
fn read_some(pipe: &mut Option<impl Read>, tail: &mut Tail, mask: &Mask) -> usize {
    let mut buffer = [0; CHUNK];
    let Some(open) = pipe else { return 0 };
    match open.read(&mut buffer) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
        Ok(0) | Err(_) => {
            *pipe = None;
            0
        }
        Ok(count) => {
            tail.push(buffer.get(..count).unwrap_or_default(), mask);
            count
        }
    }
}
