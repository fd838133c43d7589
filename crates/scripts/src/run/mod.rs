//! Runs one script once: start, exchange, end, and what it leaves behind.

mod custody;
mod exchange;
mod force;
mod input;
mod nursery;
mod pipes;
mod processes;
mod stop_signal;
mod sweeper;
mod telling;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use engine::port::{Reporter, Stop};
use model::RunMark;
use model::mask::Mask;
use rustix::process::test_kill_process_group;

use exchange::{Exchange, Over};
pub use force::{Ended, kill_carriers};
pub(crate) use force::{GRACE, end, kill_lost};
pub(crate) use input::sealed;
pub(crate) use nursery::Ward;
pub(crate) use pipes::{CHUNK, read_some, ready};
pub(crate) use processes::Family;
pub(crate) use stop_signal::StopSignal;
pub(crate) use sweeper::Sweeper;

use crate::command::CommandLine;
use crate::environment::{self, Variables};
use crate::output::Tail;
use crate::time::Deadline;
use crate::worker::Fault;

/// Everything that one execution needs.
pub(crate) struct Attempt<'a> {
    pub(crate) backend: &'a Arc<str>,
    pub(crate) action: &'a str,
    pub(crate) mark: &'a RunMark,
    /// It is to change nothing.
    pub(crate) dry_run: bool,
    pub(crate) command: &'a CommandLine,
    /// The working directory, never resolved: real backends read `../etc` and `../lib` from it.
    pub(crate) bin: &'a Path,
    pub(crate) variables: &'a Variables,
    /// What it reads, from [`sealed`].
    pub(crate) input: &'a File,
    /// `None` = it may take as long as it wants.
    pub(crate) limit: Option<Duration>,
    /// How many bytes of each stream are kept.
    pub(crate) keep: usize,
    pub(crate) leavings: Leavings,
    pub(crate) mask: &'a Mask,
    pub(crate) stop_signal: &'a StopSignal,
    pub(crate) progress: &'a Reporter,
    pub(crate) sweeper: &'a Sweeper,
}

/// What becomes of the processes that a script has started when it is over itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leavings {
    /// They end too, after a moment in which they may still print.
    #[default]
    Ended,
    /// They stay, and nobody waits for what they print.
    Kept,
    /// They stay; those that hold the script's output are waited for, and what they print is its answer too.
    Awaited,
}

/// What a script did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) ending: Ending,
    pub(crate) stdout: Tail,
    pub(crate) stderr: Tail,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal, which was not ours.
    Signal(i32),
    /// By force, when this limit was reached.
    Limit(Duration),
    /// By force, when the job was cancelled or the hub stopped.
    Stopped(Stop),
    /// It goes on: it is a worker, and has answered.
    Answered,
    /// By force: it is a worker, and cannot be believed any more.
    Broke(Fault),
}

impl Attempt<'_> {
    /// Runs the script. An error means that it was not started.
    pub(crate) fn run(&self) -> io::Result<Ran> {
        if let Some(stop) = self.stop_signal.reason() {
            let nothing = || Tail::new(0);
            return Ok(Ran { ending: Ending::Stopped(stop), stdout: nothing(), stderr: nothing() });
        }
        let mark = self.mark.to_string();
        let limit = self.limit.map_or_else(Deadline::never, Deadline::after);
        let (ward, through_shell) = self.start(&mark)?;
        let mut exchange = Exchange::new(ward, self.keep, self.mask, self.stop_signal, self.progress);
        match exchange.run(limit) {
            Over::Exited => self.close(exchange, mark, through_shell, limit),
            Over::Limit => {
                let limit = self.limit.unwrap_or_default();
                Ok(self.end_by_force(exchange, mark, Ending::Limit(limit)))
            }
            Over::Stopped(stop) => Ok(self.end_by_force(exchange, mark, Ending::Stopped(stop))),
        }
    }

    fn start(&self, mark: &str) -> io::Result<(Ward, bool)> {
        let keeps = self.leavings != Leavings::Ended;
        start(self.command, |command| Ward::start(&mut self.prepare(command)?, mark.to_owned(), keeps))
    }

    /// Only what keeps the standard library's fast way of starting a process: no `pre_exec`, no `uid`.
    fn prepare(&self, mut command: Command) -> io::Result<Command> {
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(environment::marks(self.mark, self.action, self.dry_run))
            .current_dir(self.bin)
            .process_group(0)
            .stdin(self.input.try_clone()?)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// After a normal end: what is still printed, and what must not live on.
    fn close(
        &self,
        mut exchange: Exchange<'_>,
        mark: String,
        through_shell: bool,
        limit: Deadline,
    ) -> io::Result<Ran> {
        exchange.drain(match self.leavings {
            Leavings::Ended => Deadline::after(GRACE),
            Leavings::Kept => Deadline::after(Duration::ZERO),
            Leavings::Awaited => limit,
        });
        let held = exchange.holds_pipes();
        let group = exchange.group();
        // Held longer than anybody waits: what the script itself came to counts, and nothing of it goes on.
        let forced = held && self.leavings == Leavings::Awaited;
        let loser = forced.then(|| exchange.disown());
        let (status, stdout, stderr) = exchange.reap()?;
        let stays = self.leavings != Leavings::Ended && !forced;
        if stays {
            self.sweeper.released(Arc::clone(self.backend));
        } else if held || test_kill_process_group(group).is_ok() {
            let marks = HashSet::from([mark]);
            let family = Family { marks: Some(&marks), group: Some(group), loser, ..Family::default() };
            end(family, GRACE).warn(self.backend);
            self.sweeper.released(Arc::clone(self.backend));
        } else {
            self.sweeper.ended(mark, Arc::clone(self.backend));
        }
        Ok(Ran { ending: ending(status, through_shell), stdout, stderr })
    }

    fn end_by_force(&self, mut exchange: Exchange<'_>, mark: String, ending: Ending) -> Ran {
        let marks = HashSet::from([mark]);
        let loser = Some(exchange.disown());
        let family =
            Family { marks: Some(&marks), group: Some(exchange.group()), loser, ..Family::default() };
        let ended = end(family, grace(&ending));
        if !ended.left.is_empty() {
            tracing::error!(backend = %self.backend, left = ?ended.left, "processes of a script could not be ended");
        }
        exchange.drain(Deadline::after(Duration::ZERO));
        let (stdout, stderr) = exchange.let_go();
        self.sweeper.released(Arc::clone(self.backend));
        Ran { ending, stdout, stderr }
    }
}

/// How long a script has to come to its end by itself when it is ended so. Where another hub may be about to run it, none.
pub(crate) fn grace(ending: &Ending) -> Duration {
    match ending {
        Ending::Stopped(Stop::Unsure) => Duration::ZERO,
        _ => GRACE,
    }
}

impl Ended {
    /// Says what a script that was over had left behind.
    fn warn(&self, backend: &str) {
        if !self.gone.is_empty() {
            tracing::warn!(
                backend, ended = ?self.gone,
                "processes outlived their script and were ended; `background: allowed` in config.yml lets them live"
            );
        }
        if !self.left.is_empty() {
            tracing::error!(backend, left = ?self.left, "processes outlived their script and could not be ended");
        }
    }
}

/// Starts what a command line says. Also says whether a shell stands between.
pub(crate) fn start<T>(
    line: &CommandLine,
    start: impl Fn(Command) -> io::Result<T>,
) -> io::Result<(T, bool)> {
    match start(line.command()) {
        // No first line that names an interpreter: a shell runs such a file itself.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            Ok((start(line.through_shell())?, true))
        }
        started => Ok((started?, line.needs_shell())),
    }
}

/// A shell reports the signal that ended its command as 128 and its number.
pub(crate) fn ending(status: ExitStatus, through_shell: bool) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code @ 129..=192), _) if through_shell => Ending::Signal(code - 128),
        (Some(code), _) => Ending::Exit(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}
