//! `intendant completions`.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::CommandFactory as _;

use crate::cli::{Cli, Completions};
use crate::exit::Exit;

/// Prints the completions of a shell.
pub fn run(args: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "intendant", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Done)
}
