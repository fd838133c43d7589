//! Subcommands of modules.

use std::pin::Pin;

use anyhow::Result;
use api::Client;
use clap::{ArgMatches, Args, Subcommand};
use engine::port::Catalogue;
use engine::{ActionTable, Clock};
use model::JobId;
use serde_json::Value;

use crate::about::Told;
use crate::config::{Environment, Sections};
use crate::exit::{Exit, misuse};
use crate::terminal::Screen;

/// What a subcommand works with.
pub trait Desk: Send + Sync {
    /// Where it prints.
    fn screen(&self) -> &Screen;
    /// The time.
    fn clock(&self) -> &Clock;
    /// The environment of the process.
    fn environment(&self) -> &Environment;
    /// The sections of the configuration, which is read now.
    fn sections(&self) -> Result<Sections>;
    /// Bytes of the largest request.
    fn max_size(&self) -> Result<usize>;
    /// The backends as they lie there, which are read now; no hub needs to run.
    fn backends(&self) -> Result<Catalogue>;
    /// What is known of each action, by modules and configuration, which is read now.
    fn actions(&self) -> Result<ActionTable>;
    /// A client of the hub.
    fn client(&self) -> Result<Client>;
    /// What modules are told by the configuration, as the hub of this machine has it: it may know its backends by variables
    /// that this process does not have.
    fn told(&self) -> Answer<'_, Told>;
    /// A job, by its id or by the one that its caller gave it, and its document with the secrets in place: read from the
    /// journal itself, by whoever may read folder and key.
    fn job<'a>(&'a self, name: &'a str) -> Answer<'a, (JobId, Value)>;
    /// From now on warnings are shown, and more where `-v` asks for it.
    fn start_log(&self) -> Result<()>;
}

/// What a subcommand waits for, where it was typed, on one thread.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// How a subcommand ends.
pub type Ended<'a> = Answer<'a, Exit>;

/// Carries a subcommand out.
type Run = Box<dyn for<'a> Fn(&ArgMatches, &'a dyn Desk) -> Ended<'a> + Send + Sync>;

/// A subcommand: what can be typed, and what it does.
pub struct Command {
    /// What can be typed.
    pub typed: clap::Command,
    /// The hub's own subcommand that it is one of; `None` = it stands by itself.
    pub within: Option<&'static str>,
    run: Run,
}

impl Command {
    /// One that has subcommands of its own.
    pub fn new<S: Subcommand + 'static>(
        name: &'static str,
        about: &'static str,
        run: impl for<'a> Fn(S, &'a dyn Desk) -> Ended<'a> + Send + Sync + 'static,
    ) -> Self {
        let typed = S::augment_subcommands(clap::Command::new(name)).about(about);
        let typed = typed.subcommand_required(true).arg_required_else_help(true);
        Command { typed, within: None, run: read_by(S::from_arg_matches, run) }
    }

    /// One among those of the hub's own subcommand `within`.
    pub fn one<A: Args + 'static>(
        within: &'static str,
        name: &'static str,
        about: &'static str,
        run: impl for<'a> Fn(A, &'a dyn Desk) -> Ended<'a> + Send + Sync + 'static,
    ) -> Self {
        let typed = A::augment_args(clap::Command::new(name)).about(about);
        Command { typed, within: Some(within), run: read_by(A::from_arg_matches, run) }
    }

    /// Carries out what was typed.
    pub fn run<'a>(&self, typed: &ArgMatches, desk: &'a dyn Desk) -> Ended<'a> {
        (self.run)(typed, desk)
    }
}

/// Reads what was typed, and carries it out.
fn read_by<T: 'static>(
    read: fn(&ArgMatches) -> Result<T, clap::Error>,
    run: impl for<'a> Fn(T, &'a dyn Desk) -> Ended<'a> + Send + Sync + 'static,
) -> Run {
    Box::new(move |matches, desk| match read(matches) {
        Ok(typed) => run(typed, desk),
        Err(error) => Box::pin(std::future::ready(Err(misuse(error)))),
    })
}
