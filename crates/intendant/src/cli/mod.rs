//! What can be typed: subcommands, arguments, options. What they do is in [`crate::command`].

mod access;
mod backends;
mod config;
mod job;
mod jobs;
mod keep;
mod letters;
mod nodes;
mod submit;
mod tongue;
mod value;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use http::page::Lang;
use module::Role;
use module::terminal::{Colour, Tongue};

pub use access::{
    Decision, Failsafe, FailsafeList, HeldSet, Login, MakeToken, OneToken, SignIn, Token, TokenList,
};
pub use backends::{Backends, Check, List as BackendList, One as OneBackend, Ping, Reload};
pub use config::{CheckConfig, Config};
pub use job::JobName;
pub use jobs::{Aside, Cancel, Causes, Export, Filter, Jobs, List as JobList, Retry, Show, Stdin, Watch};
pub use keep::{Backup, Completions, Doctor, Journal, Key, Manual, MoveJournal, Restore, RotateKey, Serve};
pub use letters::{
    AsideRefusals, Deliveries, DeliveryList, DropDeliveries, LetterCauses, RefusalList, RefusalShow,
    Refusals, Resend, Resubmit, WhichDeliveries, WhichRefusals,
};
pub use nodes::{Drain as NodeDrain, List as NodeList, Nodes, Resume as NodeResume};
pub use submit::{Run, Submit};
pub use value::{Seconds, When};

/// Of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Takes requests, records them durably, runs them in order on the backends that implement them, and tells whoever
/// asked how it went.
#[derive(Debug, Parser)]
#[command(name = "intendant", version, arg_required_else_help = true)]
#[command(max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, request or configuration, 130 interrupted."
)]
pub struct Cli {
    /// What every command understands.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Configuration file, before `$INTENDANT_CONFIG`, ./intendant.yml and /etc/intendant/intendant.yml
    #[arg(long, short, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The hub to talk to, `https://hub.example.org`, with the token in `$INTENDANT_TOKEN` or saved by `intendant login`
    #[arg(long, global = true, value_name = "URL", env = "INTENDANT_SERVER", hide_env = true)]
    pub server: Option<String>,
    /// Log more to standard error: -v what happens, -vv each step, -vvv everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print only results and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Colours: auto (on a terminal, unless `NO_COLOR` is set), always or never
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto, hide_possible_values = true)]
    pub color: Colour,
    /// Language of help and output: en or fr; without it that of the environment (`LC_ALL`, `LC_MESSAGES`, LANG)
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language)]
    pub lang: Option<Lang>,
}

fn language(tag: &str) -> Result<Lang, String> {
    let known = || Lang::ALL.map(Lang::tag).join(", ");
    Lang::of_tag(tag).ok_or_else(|| format!("known are {}", known()))
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one request here and now, without a hub
    Run(Run),
    /// Be the hub: run jobs and answer on the socket until told to stop
    Serve(Serve),
    /// Hand requests to the running hub
    Submit(Submit),
    /// See and steer jobs: list, show, watch, retry, cancel, export
    #[command(subcommand)]
    Jobs(Box<Jobs>),
    /// See, check, try out and steer backends
    #[command(subcommand)]
    Backends(Backends),
    /// See what the configuration comes to, and where each value comes from
    #[command(subcommand)]
    Config(Config),
    /// Examine configuration, folders, key, journal and backends
    Doctor(Doctor),
    /// Write a consistent copy of the journal, also while the hub works
    Backup(Backup),
    /// Put a backup in place as the journal of a new data folder
    Restore(Restore),
    /// See which hubs there are on the journal
    #[command(subcommand)]
    Nodes(Nodes),
    /// Move the journal to another place
    #[command(subcommand)]
    Journal(Journal),
    /// Change the key that seals the journal
    #[command(subcommand)]
    Key(Key),
    /// Make, list and revoke tokens for programs; make sign-in links for people
    #[command(subcommand)]
    Token(Token),
    /// See what the failsafe holds, approve or reject it
    #[command(subcommand)]
    Failsafe(Failsafe),
    /// Save URL and token of a hub on another machine: commands then talk to it
    Login(Login),
    /// Forget the hubs that were saved: commands talk to the hub of this machine again
    Logout,
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page of a command
    Manual(Manual),
}

/// Options are numbered with the subcommands: so many stand before `run`, beside which those of modules are listed.
const RUN: usize = 5;
/// Roles are listed beside `serve`.
const SERVE: usize = RUN + 1;
/// What modules have among the hub's own in a group is listed behind this many.
const IN_GROUP: usize = 11;

/// All that can be typed, with the subcommands and the roles of modules, described in this language.
pub fn typed(commands: &[module::Command], roles: &[Role], tongue: Tongue) -> clap::Command {
    tongue::described(assembled(commands, roles), tongue)
}

fn assembled(commands: &[module::Command], roles: &[Role]) -> clap::Command {
    let role = |role: &Role| {
        Serve::augment_args(clap::Command::new(role.name)).about(role.about).display_order(SERVE)
    };
    let all = Cli::command().subcommands(roles.iter().map(role));
    commands.iter().enumerate().fold(all, |all, (place, one)| {
        let typed = one.typed.clone();
        match one.within {
            None => all.subcommand(typed.display_order(RUN)),
            Some(group) => {
                all.mut_subcommand(group, |group| group.subcommand(typed.display_order(IN_GROUP + place)))
            }
        }
    })
}

/// What was typed.
pub enum Typed {
    /// A subcommand of the hub's own.
    Own(Box<Command>),
    /// The subcommand of a module, by its place among them.
    OfModule(usize, ArgMatches),
    /// To serve in the place of an older program.
    InRole(Role, Serve),
}

/// Reads a command line. What is wrong with it is said, as is help, and the program ends with this code.
pub fn read(
    line: Vec<OsString>,
    commands: &[module::Command],
    roles: &[Role],
    tongue: Tongue,
) -> Result<(Common, Typed), ExitCode> {
    understood(line, commands, roles, tongue).map_err(|error| tongue::tell(&error, tongue))
}

fn understood(
    line: Vec<OsString>,
    commands: &[module::Command],
    roles: &[Role],
    tongue: Tongue,
) -> Result<(Common, Typed), clap::Error> {
    let matches = typed(commands, roles, tongue).try_get_matches_from(line)?;
    if let Some(typed) = of_module(&matches, commands, roles)? {
        return Ok((Common::from_arg_matches(&matches)?, typed));
    }
    let Cli { common, command } = Cli::from_arg_matches(&matches)?;
    Ok((common, Typed::Own(Box::new(command))))
}

fn of_module(
    matches: &ArgMatches,
    commands: &[module::Command],
    roles: &[Role],
) -> Result<Option<Typed>, clap::Error> {
    let Some((name, given)) = matches.subcommand() else { return Ok(None) };
    if let Some(role) = roles.iter().find(|role| role.name == name) {
        return Ok(Some(Typed::InRole(*role, Serve::from_arg_matches(given)?)));
    }
    let place = |within: Option<&str>, name: &str| {
        commands.iter().position(|one| one.within == within && one.typed.get_name() == name)
    };
    let within = given.subcommand().and_then(|(inner, more)| Some((place(Some(name), inner)?, more)));
    let found = within.or_else(|| Some((place(None, name)?, given)));
    Ok(found.map(|(place, given)| Typed::OfModule(place, given.clone())))
}
