//! `serve`, `doctor`, `backup`, `restore`, `key`, `completions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use clap_complete::Shell;

/// `intendant serve`, and the roles in which it serves.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Begin a new journal where one was that is not there any more: once, and not in a unit
    #[arg(long)]
    pub new_journal: bool,
    /// For measurements: have a backend of the hub's own answer for this action, at once and without doing anything; may be
    /// given several times
    #[arg(long, value_name = "ACTION", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub noop: Vec<String>,
}

/// `intendant journal`.
#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Carry the journal from the data folder into a PostgreSQL database, or back; an interrupted move goes on
    Move(MoveJournal),
}

/// `intendant journal move`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
The hub has to be stopped. The journal keeps its id and its key; what is sealed is copied as it is, and never opened. At \
the end the rows of each table are counted at both ends. The journal that was carried over is left where it was, and says \
where it went when somebody opens it.")]
pub struct MoveJournal {
    /// Where to: `postgres://user@host/database`, `env:NAME` or `file:PATH` where such a url is, or a folder; the password
    /// and the certificates of `journal` in the configuration count for it too
    #[arg(long, value_name = "PLACE")]
    pub to: String,
    /// Where from, in the same way; without it from where the configuration says
    #[arg(long, value_name = "PLACE")]
    pub from: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant key`.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Seal the journal anew with another key, also while the hub works; an interrupted change goes on
    Rotate(RotateKey),
}

/// `intendant key rotate`.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_help = "\
The new key takes the place of the key file, and the old one is kept beside it: backups made before need it. Sealing \
anew goes on by itself after any interruption. A key that does not come from a file is changed with `key_before`.")]
pub struct RotateKey {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
The key that opens the journal is not in the backup, so that a stolen backup tells nothing: keep a copy of the key \
file elsewhere. Without it the backup cannot be used.")]
pub struct Backup {
    /// The new file; an existing one is not overwritten
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant restore`.
#[derive(Debug, Args)]
#[command(after_help = "The key is not in a backup: put the key file of the original hub in place first.")]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The data folder to make; it must hold no journal
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// `intendant manual`.
#[derive(Debug, Args)]
#[command(after_help = "To read one: intendant manual jobs retry | man -l -")]
pub struct Manual {
    /// Write the pages of all commands into this folder, which is made if missing
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub all: Option<PathBuf>,
    /// The command, such as `jobs retry`; none = the program
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}
