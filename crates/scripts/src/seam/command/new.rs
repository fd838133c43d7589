//! `intendant backends new`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use module::Desk;
use module::exit::{Exit, misuse};
use module::terminal::Mark;

use super::super::read::folder;
use crate::error::Error;
use crate::scaffold::scaffold;

/// `intendant backends new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Its name, in small letters; the folder gets the next free number before it
    #[arg(value_name = "NAME")]
    name: String,
    /// Folder with the backends, instead of the configured one
    #[arg(long, value_name = "FOLDER")]
    backends: Option<PathBuf>,
}

/// Makes the folder.
pub(crate) async fn run(args: New, desk: &dyn Desk) -> Result<Exit> {
    let mut told = desk.told().await?;
    told.folder = args.backends;
    let home = scaffold(&folder(&told).used, &args.name).map_err(|error| match error {
        Error::BadName(_) | Error::NameTaken { .. } => misuse(error),
        other => other.into(),
    })?;
    let screen = desk.screen();
    screen.marked(Mark::Good, home.display())?;
    screen.remark(format!(
        "fill in {}, try it with `intendant backends debug {} PING_TARGET`, then `intendant backends reload`",
        home.join("bin/main.sh").display(),
        args.name
    ));
    Ok(Exit::Done)
}
