//! Runs one script once: start, exchange, end, and what it leaves behind (design §5, invariant 5).

mod bell;
mod exchange;
mod force;
mod processes;
mod sweeper;

use std::collections::HashSet;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use engine::port::Stop;
use model::RunMark;
use model::mask::Mask;
use rustix::process::test_kill_process_group;

pub(crate) use bell::Bell;
use exchange::{Exchange, Over};
pub use force::{Ended, kill_carriers};
use force::{GRACE, end};
use processes::Family;
pub(crate) use sweeper::Sweeper;

use crate::command::CommandLine;
use crate::environment::{self, Variables};
use crate::output::Tail;
use crate::time::Deadline;

/// Everything that one execution needs.
pub(crate) struct Attempt<'a> {
    pub(crate) backend: &'a Arc<str>,
    pub(crate) action: &'a str,
    pub(crate) mark: &'a RunMark,
    pub(crate) command: &'a CommandLine,
    /// The working directory, never resolved: real backends read `../etc` and `../lib` from it.
    pub(crate) bin: &'a Path,
    pub(crate) variables: &'a Variables,
    pub(crate) input: &'a [u8],
    pub(crate) limit: Duration,
    /// How many bytes of each stream are kept.
    pub(crate) keep: usize,
    /// What it leaves running stays.
    pub(crate) background: bool,
    pub(crate) mask: &'a Mask,
    pub(crate) bell: &'a Bell,
    pub(crate) sweeper: &'a Sweeper,
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
}

impl Attempt<'_> {
    /// Runs the script. An error means that it was not started.
    pub(crate) fn run(&self) -> io::Result<Ran> {
        if let Some(stop) = self.bell.reason() {
            let nothing = || Tail::new(0);
            return Ok(Ran { ending: Ending::Stopped(stop), stdout: nothing(), stderr: nothing() });
        }
        let mark = self.mark.to_string();
        let limit = Deadline::after(self.limit);
        let (child, through_shell) = self.start()?;
        let mut exchange = Exchange::new(child, self.input, self.keep, self.mask, self.bell)?;
        match exchange.run(limit) {
            Over::Exited => self.close(exchange, mark, through_shell),
            Over::Limit => Ok(self.end_by_force(exchange, mark, Ending::Limit(self.limit))),
            Over::Stopped(stop) => Ok(self.end_by_force(exchange, mark, Ending::Stopped(stop))),
        }
    }

    fn start(&self) -> io::Result<(std::process::Child, bool)> {
        match self.prepare(self.command.command()).spawn() {
            // No first line that names an interpreter: a shell runs such a file itself.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
                Ok((self.prepare(self.command.through_shell()).spawn()?, true))
            }
            started => Ok((started?, self.command.needs_shell())),
        }
    }

    /// Only what keeps the standard library's fast way of starting a process: no `pre_exec`, no `uid` (design §7).
    fn prepare(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(environment::marks(self.mark, self.action))
            .current_dir(self.bin)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// After a normal end: what is still printed, and what must not live on.
    fn close(&self, mut exchange: Exchange<'_>, mark: String, through_shell: bool) -> io::Result<Ran> {
        exchange.drain(if self.background { Duration::ZERO } else { GRACE });
        let held = exchange.holds_pipes();
        let group = exchange.group();
        let (status, stdout, stderr) = exchange.reap()?;
        if !self.background {
            if held || test_kill_process_group(group).is_ok() {
                let family = Family { marks: &HashSet::from([mark.clone()]), group: Some(group) };
                end(family, GRACE).warn(self.backend, &mark);
            } else {
                self.sweeper.ended(mark, Arc::clone(self.backend));
            }
        }
        Ok(Ran { ending: ending(status, through_shell), stdout, stderr })
    }

    fn end_by_force(&self, mut exchange: Exchange<'_>, mark: String, ending: Ending) -> Ran {
        let family = Family { marks: &HashSet::from([mark]), group: Some(exchange.group()) };
        let ended = end(family, GRACE);
        if !ended.left.is_empty() {
            tracing::error!(backend = %self.backend, left = ?ended.left, "processes of a script could not be ended");
        }
        exchange.drain(Duration::ZERO);
        let (stdout, stderr) = exchange.let_go();
        Ran { ending, stdout, stderr }
    }
}

impl Ended {
    /// Says what a script that was over had left behind.
    fn warn(&self, backend: &str, mark: &str) {
        if !self.gone.is_empty() {
            tracing::warn!(
                backend, mark, ended = ?self.gone,
                "processes outlived their script and were ended; `background: allowed` in config.yml lets them live"
            );
        }
        if !self.left.is_empty() {
            tracing::error!(backend, mark, left = ?self.left, "processes outlived their script and could not be ended");
        }
    }
}

/// A shell reports the signal that ended its command as 128 and its number.
fn ending(status: ExitStatus, through_shell: bool) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code @ 129..=192), _) if through_shell => Ending::Signal(code - 128),
        (Some(code), _) => Ending::Exit(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}
