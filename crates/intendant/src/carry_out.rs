//! From what was typed to the subcommand that does it. Here and not in `main`: what waits is compiled where it is waited
//! for, and the whole hub would be compiled twice.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Backends, Command, Config, Jobs, Journal, Key, Typed};
use crate::command;
use crate::context::Context;
use crate::exit::Exit;

/// Carries out what was typed, on a runtime of its own, and says how that ended.
pub fn carry_out(commands: &[module::Command], typed: Typed, context: &Context) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return context.end(Err(error)).into(),
    };
    let ended = runtime.block_on(async {
        match typed {
            Typed::Own(command) => Box::pin(own(*command, context)).await,
            Typed::OfModule(place, given) => match commands.get(place) {
                Some(command) => command.run(&given, context).await,
                None => Ok(Exit::Misuse),
            },
            Typed::InRole(role, args) => Box::pin(command::serve::in_role(role, args, context)).await,
        }
    });
    let exit = context.end(ended);
    if exit == Exit::Interrupted {
        // Somebody may still be waiting for a line of standard input.
        runtime.shutdown_background();
    }
    exit.into()
}

async fn own(command: Command, context: &Context) -> Result<Exit> {
    match command {
        Command::Run(args) => command::run::run(args, context).await,
        Command::Serve(args) => command::serve::run(args, context).await,
        Command::Submit(args) => command::submit::run(args, context).await,
        Command::Jobs(jobs) => match *jobs {
            Jobs::List(args) => command::jobs::list(args, context).await,
            Jobs::Show(args) => command::jobs::show(args, context).await,
            Jobs::Watch(args) => command::watch::run(args, context).await,
            Jobs::Retry(args) => command::retry::run(args, context).await,
            Jobs::Causes(args) => command::dead::causes(args, context).await,
            Jobs::Aside(args) => command::dead::aside(args, context).await,
            Jobs::Cancel(args) => command::jobs::cancel(args, context).await,
            Jobs::Export(args) => command::jobs::export(args, context).await,
            Jobs::Stdin(args) => command::jobs::stdin(args, context).await,
            Jobs::Refusals(refusals) => command::refusals::run(refusals, context).await,
            Jobs::Deliveries(deliveries) => command::deliveries::run(deliveries, context).await,
        },
        Command::Backends(backends) => match backends {
            Backends::List(args) => command::backends::list(args, context).await,
            Backends::Check(args) => command::check::run(args, context).await,
            Backends::Ping(args) => command::backends::ping(args, context).await,
            Backends::Pause(args) => command::backends::pause(args, true, context).await,
            Backends::Resume(args) => command::backends::pause(args, false, context).await,
            Backends::Reload(args) => command::backends::reload(args, context).await,
        },
        Command::Config(Config::Check(args)) => command::config::check(args, context).await,
        Command::Doctor(args) => command::doctor::run(args, context).await,
        Command::Backup(args) => command::backup::backup(&args, context),
        Command::Restore(args) => command::backup::restore(&args, context),
        Command::Nodes(nodes) => command::nodes::run(nodes, context).await,
        Command::Journal(Journal::Move(args)) => command::journal::carry(args, context).await,
        Command::Key(Key::Rotate(args)) => command::key::rotate(args, context).await,
        Command::Token(token) => command::token::run(token, context).await,
        Command::Failsafe(failsafe) => command::failsafe::run(failsafe, context).await,
        Command::Login(args) => command::login::login(&args, context).await,
        Command::Logout => command::login::logout(context),
        Command::Openapi => command::login::openapi(context),
        Command::Completions(args) => command::completions::run(&args, context),
        Command::Manual(args) => command::manual::run(&args, context),
    }
}

/// Two threads drive everything that waits; scripts and reads of the journal have threads of their own while they run.
fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4096)
        .enable_all()
        .build()
        .context("starting the runtime")
}
