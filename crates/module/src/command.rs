//! Subcommands of modules.

use std::pin::Pin;

use anyhow::Result;
use api::Client;
use clap::{ArgMatches, Subcommand};
use engine::Clock;
use engine::port::Catalogue;

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
    /// A client of the hub.
    fn client(&self) -> Result<Client>;
}

/// How a subcommand ends. It is waited for where it was typed, on one thread.
pub type Ended<'a> = Pin<Box<dyn Future<Output = Result<Exit>> + 'a>>;

/// Carries a subcommand out.
type Run = Box<dyn for<'a> Fn(&ArgMatches, &'a dyn Desk) -> Ended<'a> + Send + Sync>;

/// A subcommand: what can be typed, and what it does.
pub struct Command {
    /// What can be typed.
    pub typed: clap::Command,
    run: Run,
}

impl Command {
    /// One that has subcommands of its own.
    pub fn new<S: Subcommand + 'static>(
        name: &'static str,
        about: &'static str,
        run: impl for<'a> Fn(S, &'a dyn Desk) -> Ended<'a> + Send + Sync + 'static,
    ) -> Self {
        let typed =
            clap::Command::new(name).about(about).subcommand_required(true).arg_required_else_help(true);
        Command {
            typed: S::augment_subcommands(typed),
            run: Box::new(move |matches, desk| match S::from_arg_matches(matches) {
                Ok(typed) => run(typed, desk),
                Err(error) => Box::pin(std::future::ready(Err(misuse(error)))),
            }),
        }
    }

    /// Carries out what was typed.
    pub fn run<'a>(&self, typed: &ArgMatches, desk: &'a dyn Desk) -> Ended<'a> {
        (self.run)(typed, desk)
    }
}
