//! `intendant backends new`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use module::Desk;
use module::exit::{Exit, misuse};
use module::terminal::Mark;

use super::super::read::folder;
use crate::error::Error;
use crate::scaffold::{Language, Skeleton, scaffold};

/// `intendant backends new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Its name, in small letters; the folder gets the next free number before it
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    written: Written,
    /// Its process stays and is asked again and again, which spares the start of an interpreter
    #[arg(long)]
    worker: bool,
    /// Folder with the backends, instead of the configured one
    #[arg(long, value_name = "FOLDER")]
    backends: Option<PathBuf>,
}

/// What it is written in.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Written {
    /// Write it in Python
    #[arg(long)]
    python: bool,
    /// Write it in JavaScript, for Node
    #[arg(long)]
    node: bool,
    /// Write it as a shell script, as without any of these
    #[arg(long)]
    sh: bool,
}

/// Makes the folder.
pub(crate) async fn run(args: New, desk: &dyn Desk) -> Result<Exit> {
    let mut told = desk.told().await?;
    told.folder = args.backends;
    let language = match args.written {
        Written { python: true, .. } => Language::Python,
        Written { node: true, .. } => Language::Node,
        Written { .. } => Language::Sh,
    };
    let skeleton = Skeleton { language, worker: args.worker };
    let home = scaffold(&folder(&told).used, &args.name, skeleton).map_err(|error| match error {
        Error::BadName(_) | Error::NameTaken { .. } => misuse(error),
        other => other.into(),
    })?;
    let screen = desk.screen();
    screen.marked(Mark::Good, home.display())?;
    screen.remark(format!(
        "fill in {}, try it with `intendant backends debug {} PING_TARGET`, then `intendant backends reload`",
        home.join("bin").join(skeleton.script()).display(),
        args.name
    ));
    Ok(Exit::Done)
}
