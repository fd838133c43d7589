//! `doctor`, `backup`, `restore`, `completions`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

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
