//! `backends …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `intendant backends …`. Those of modules are listed in the middle.
#[derive(Debug, Subcommand)]
pub enum Backends {
    /// List backends in the order in which they run
    List(List),
    /// Report every problem of every backend folder at once, with file, line and remedy
    Check(Check),
    /// Run the backends' own test, their `PING_TARGET`: in the running hub, else here
    #[command(display_order = 20)]
    Ping(Ping),
    /// Start nothing more on a backend until it is resumed; kept over restarts
    #[command(display_order = 21)]
    Pause(One),
    /// Let a paused backend go on
    #[command(display_order = 22)]
    Resume(One),
    /// Have the running hub read backends and configuration again
    #[command(display_order = 23)]
    Reload(Reload),
}

/// `intendant backends list`.
#[derive(Debug, Args)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant backends check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Folder with the backends, instead of the configured one
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant backends ping`.
#[derive(Debug, Args)]
pub struct Ping {
    /// The backend; all active ones without it
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A command about one backend.
#[derive(Debug, Args)]
pub struct One {
    /// The backend
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// `intendant backends reload`.
#[derive(Debug, Args)]
pub struct Reload {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
