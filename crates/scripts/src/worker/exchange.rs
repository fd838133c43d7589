//! One request to a worker: its line is written and the answer awaited by one thread, under one time limit.

use std::sync::Arc;
use std::time::Duration;

use engine::port::{Reporter, Stop};
use model::Progress;
use model::mask::Mask;
use rustix::event::PollFlags;
use rustix::io::{Errno, write};

use super::process::Worker;
use super::protocol::{self, Fault, Heard};
use crate::answer::Answer;
use crate::run::{GRACE, StopSignal, ready};
use crate::time::{Deadline, Stopwatch};

/// A wait is no longer than this, so that it is seen when the whole process was stopped meanwhile.
const SLICE: Duration = Duration::from_secs(1);

/// What a worker is asked.
pub(crate) struct Ask<'a> {
    /// The line, with its end.
    pub(crate) line: &'a [u8],
    /// What its answer repeats.
    pub(crate) id: &'a str,
    pub(crate) limit: Deadline,
    pub(crate) mask: &'a Arc<Mask>,
    pub(crate) stop_signal: &'a StopSignal,
    /// Told how far it has come.
    pub(crate) progress: &'a Reporter,
}

/// Why there is no answer. But for [`Lapse::Unread`] and what happens before it is ready, it is not known what was done.
#[derive(Debug)]
pub(crate) enum Lapse {
    /// Nothing of the request has reached it.
    Unread,
    /// The time limit was reached.
    Limit,
    /// It did not say in time that it is ready.
    Unready(Duration),
    /// The signal was sent.
    Stopped(Stop),
    /// The process ended.
    Exited,
    /// It cannot be believed any more; with what it wrote.
    Broke(Fault, Vec<u8>),
}

impl Worker {
    /// Waits until it says that it is ready.
    pub(super) fn get_ready(&mut self, ask: &Ask<'_>) -> Result<(), Lapse> {
        let rule = self.kind.rules.ready;
        let patience = Deadline::after(rule.min(ask.limit.left()));
        let line = self.listen(&mut &[][..], patience, ask.stop_signal).map_err(|lapse| match lapse {
            Lapse::Limit if !ask.limit.is_over() => Lapse::Unready(rule),
            lapse => lapse,
        })?;
        protocol::ready(&line).map_err(|fault| Lapse::Broke(fault, line))?;
        match self.lines.len() {
            0 => Ok(()),
            _ => Err(Lapse::Broke(Fault::Unasked, self.lines.rest())),
        }
    }

    /// Lets it do what is asked. Gives the answer, with its line.
    pub(crate) fn ask(&mut self, ask: &Ask<'_>) -> Result<(Answer, Vec<u8>), Lapse> {
        self.mask = Arc::clone(ask.mask);
        let mut rest = ask.line;
        self.write(&mut rest).map_err(|_| Lapse::Unread)?;
        loop {
            let line = self.listen(&mut rest, ask.limit, ask.stop_signal).map_err(|lapse| match lapse {
                Lapse::Broke(Fault::Deaf, _) if rest.len() == ask.line.len() => Lapse::Unread,
                lapse => lapse,
            })?;
            match protocol::heard(&line, ask.id) {
                Ok(Heard::Progress(said)) => {
                    if let Some(progress) = Progress::read(&said) {
                        ask.progress.report(progress);
                    }
                }
                Ok(Heard::Answer(_)) if !rest.is_empty() => return Err(Lapse::Broke(Fault::Early, line)),
                Ok(Heard::Answer(_)) if self.lines.len() > 0 => {
                    return Err(Lapse::Broke(Fault::TooMuch, self.lines.rest()));
                }
                Ok(Heard::Answer(answer)) => {
                    // It came before the answer.
                    self.hear_complaints();
                    return Ok((answer, line));
                }
                Err(fault) => return Err(Lapse::Broke(fault, line)),
            }
            over(ask.limit, ask.stop_signal)?;
        }
    }

    /// Waits for a whole line; writes meanwhile what it takes of `rest`.
    fn listen(
        &mut self,
        rest: &mut &[u8],
        mut until: Deadline,
        stop_signal: &StopSignal,
    ) -> Result<Vec<u8>, Lapse> {
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(line);
            }
            if self.lines.len() > self.kind.keep {
                return Err(Lapse::Broke(Fault::TooLong(self.kind.keep), self.lines.rest()));
            }
            if self.stdout.is_none() {
                return Err(self.closed(stop_signal));
            }
            let (left, waited) = (until.left().min(SLICE), Stopwatch::start());
            let input = |pipe| (pipe, PollFlags::IN);
            let entries = [
                self.handle_fd().map(input),
                Some(input(std::os::fd::AsFd::as_fd(stop_signal))),
                self.stdout_fd().map(input),
                self.stderr_fd().map(input),
                self.stdin_fd().filter(|_| !rest.is_empty()).map(|pipe| (pipe, PollFlags::OUT)),
            ];
            let [ended, _rung, said, complained, takes] = ready(entries, left);
            until.put_off(left, waited);
            if complained {
                self.hear_complaints();
            }
            if takes && !ended {
                self.write(rest)?;
            }
            if said {
                self.hear();
            } else if ended {
                return Err(Lapse::Exited);
            } else {
                over(until, stop_signal)?;
            }
        }
    }

    /// Writes as much as it takes without waiting.
    fn write(&mut self, rest: &mut &[u8]) -> Result<(), Lapse> {
        let deaf = || Lapse::Broke(Fault::Deaf, Vec::new());
        let pipe = self.stdin_fd().ok_or_else(deaf)?;
        match write(pipe, rest) {
            Ok(count) => *rest = rest.get(count..).unwrap_or_default(),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => return Err(deaf()),
        }
        Ok(())
    }

    /// It has closed its output: usually since it ends, which takes a moment.
    fn closed(&mut self, stop_signal: &StopSignal) -> Lapse {
        let input = |pipe| (pipe, PollFlags::IN);
        let entries = [self.handle_fd().map(input), Some(input(std::os::fd::AsFd::as_fd(stop_signal)))];
        let [ended, _rung] = ready(entries, GRACE);
        match (ended, self.lines.len()) {
            (true, _) => Lapse::Exited,
            (false, 0) => Lapse::Broke(Fault::Closed, Vec::new()),
            (false, _) => Lapse::Broke(Fault::HalfLine, self.lines.rest()),
        }
    }
}

/// Whether there is a reason to wait no longer.
fn over(limit: Deadline, stop_signal: &StopSignal) -> Result<(), Lapse> {
    match stop_signal.reason() {
        Some(reason) => Err(Lapse::Stopped(reason)),
        None if limit.is_over() => Err(Lapse::Limit),
        None => Ok(()),
    }
}
