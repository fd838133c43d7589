//! `backends …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::JobName;

/// `intendant backends …`.
#[derive(Debug, Subcommand)]
pub enum Backends {
    /// List backends in the order in which they run
    List(List),
    /// Report every problem of every backend folder at once, with file, line and remedy
    Check(Check),
    /// Make the folder of a new backend that works and can be filled in
    New(New),
    /// Run one script exactly as the hub does, and show everything it was given and said
    Debug(Debug),
    /// Run the backends' own test, their `PING_TARGET`: in the running hub, else here
    Ping(Ping),
    /// Start nothing more on a backend until it is resumed; kept over restarts
    Pause(One),
    /// Let a paused backend go on
    Resume(One),
    /// Have the running hub read backends and configuration again
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

/// `intendant backends new`.
#[derive(Debug, Args)]
pub struct New {
    /// Its name, in small letters; the folder gets the next free number before it
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Folder with the backends, instead of the configured one
    #[arg(long, value_name = "FOLDER")]
    pub backends: Option<PathBuf>,
}

/// `intendant backends debug`.
#[derive(Debug, Args)]
pub struct Debug {
    /// The backend
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The action
    #[arg(value_name = "ACTION")]
    pub action: String,
    /// File with the request, as JSON; - reads standard input. Without it the script reads {"payload":{}}
    #[arg(long, value_name = "FILE", conflicts_with = "job")]
    pub input: Option<PathBuf>,
    /// Give the script what this job has, secrets included: read from the journal itself, with the key
    #[arg(long, value_name = "JOB")]
    pub job: Option<JobName>,
    /// Folder with the backends, instead of the configured one
    #[arg(long, value_name = "FOLDER")]
    pub backends: Option<PathBuf>,
    /// Show secrets
    #[arg(long)]
    pub reveal: bool,
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
