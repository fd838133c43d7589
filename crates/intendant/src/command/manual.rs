//! `intendant manual`.

use std::fs;
use std::io::Write as _;

use anyhow::{Context as _, Result, bail};
use clap_mangen::Man;

use crate::cli::{self, Manual};
use crate::context::Context;
use crate::exit::Exit;

/// Prints the manual page of a command, or writes those of all.
pub fn run(args: &Manual, context: &Context) -> Result<Exit> {
    let mut typed = cli::typed(&context.modules.commands(), &context.modules.roles(), context.screen.tongue);
    if let Some(folder) = &args.all {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        clap_mangen::generate_to(typed, folder)
            .with_context(|| format!("writing pages into {}", folder.display()))?;
        return Ok(Exit::Done);
    }
    typed.build();
    let mut command = &typed;
    for word in &args.command {
        let Some(found) = command.find_subcommand(word) else {
            bail!("there is no command `{word}` in `{}`: its --help lists them", shown(command));
        };
        command = found;
    }
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    let mut out = context.screen.piped();
    out.write_all(&page)?;
    out.flush()?;
    Ok(Exit::Done)
}

fn shown(command: &clap::Command) -> &str {
    command.get_bin_name().unwrap_or(command.get_name())
}
