//! `intendant completions`.

use std::io::Write as _;

use anyhow::Result;

use crate::cli::{self, Completions};
use crate::context::Context;
use crate::exit::Exit;

/// Prints the completions of a shell.
pub fn run(args: &Completions, context: &Context) -> Result<Exit> {
    let mut script = Vec::new();
    let mut typed = cli::typed(&context.modules.commands(), &context.modules.roles(), context.screen.tongue);
    clap_complete::generate(args.shell, &mut typed, "intendant", &mut script);
    let mut out = context.screen.piped();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}
