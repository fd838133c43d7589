//! `identities …`.

use std::path::PathBuf;

use crate::directory::Sort;
use crate::import::Format;
use crate::state::State;
use clap::{Args, Subcommand, ValueEnum};
use model::text::Encoding;

/// `intendant identities …`.
#[derive(Debug, Subcommand)]
pub(super) enum Identities {
    /// Import identities from a JSON, NDJSON, CSV or LDIF file
    Import(Import),
    /// Write identities as JSON, one per line, or as CSV
    Export(ExportIdentities),
    /// List identities, with how many are in each state
    List(ListIdentities),
    /// Show an identity: its state, the document that backends see, its last jobs
    Show(OneIdentity),
    /// Synchronise identities with the backends; without a selection, all that are to be synchronised
    Sync(Sync),
    /// List what was asked of the backends for many identities, with how it ended
    Runs(ListRuns),
    /// Say that identities were looked at: without a selection, all that are to be validated are to be synchronised
    Validate(Bulk),
    /// Move identities to another state
    State(ChangeState),
    /// Give access back
    Enable(Bulk),
    /// Take access away
    Disable(Destroy),
    /// Remove identities from the backends
    Delete(Destroy),
    /// Erase what the register keeps of identities that are deleted, for good
    Erase(Erase),
    /// Reset a password, or change it with --change; it is asked for, or read from standard input
    Password(Password),
}

/// `intendant identities import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Every record that cannot be used is listed with its line and the reason; all others are imported. Importing the same \
file again changes nothing, and goes on where an import broke off. Passwords in a file are left out.")]
pub(super) struct Import {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// json, ndjson, csv or ldif; without it what the name of the file says
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub format: Option<Format>,
    /// utf-8, utf-16 or latin-1 (Windows-1252); without it what the file's mark says, or utf-8
    #[arg(long, value_name = "ENCODING", value_parser = encoding)]
    pub encoding: Option<Encoding>,
    /// A YAML file that says which column becomes what
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Whatever is new or changed goes out with the next synchronisation: nobody has to validate it
    #[arg(long)]
    pub validated: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which identities.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct Which {
    /// In this state: `to_complete`, `to_validate`, `to_synchronise`, `synchronising`, `synchronised`, `in_error`,
    /// `not_to_synchronise`, `deleted` (several: --in a,b)
    #[arg(long = "in", value_name = "STATE", value_delimiter = ',', value_parser = state)]
    pub states: Vec<State>,
    /// With this text in id, name or account; neither case nor accents matter
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// `intendant identities list`.
#[derive(Debug, Args)]
pub(super) struct ListIdentities {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Continue after an earlier page: what its end shows
    #[arg(long, value_name = "PLACE")]
    pub after: Option<String>,
    /// Sorted by name, uid, state or changed; with - before it from the last to the first (--sort=-changed)
    #[arg(long, value_name = "COLUMN", default_value = "name", value_parser = sort)]
    pub sort: Sort,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which identities.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant identities show`.
#[derive(Debug, Args)]
pub(super) struct OneIdentity {
    /// The identity, by its id or its account
    #[arg(value_name = "ID|UID")]
    pub id: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What an export looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// Whole documents, one on each line.
    #[default]
    Ndjson,
    /// The most important members.
    Csv,
}

/// `intendant identities export`.
#[derive(Debug, Args)]
pub(super) struct ExportIdentities {
    /// Whole documents (ndjson), or the most important members (csv)
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: ExportFormat,
    /// Which identities.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant identities enable`, and what others have, too.
#[derive(Debug, Args)]
pub(super) struct Bulk {
    /// The identities, by their ids or their accounts
    #[arg(value_name = "ID|UID", conflicts_with_all = ["states", "text", "all"])]
    pub ids: Vec<String>,
    /// All there are
    #[arg(long, conflicts_with_all = ["states", "text"])]
    pub all: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which identities.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant identities disable` and `delete`.
#[derive(Debug, Args)]
pub(super) struct Destroy {
    /// For exactly so many; more than 50 need it, or a person who types their number when asked
    #[arg(long, value_name = "COUNT")]
    pub expected: Option<u64>,
    /// Which identities.
    #[command(flatten)]
    pub bulk: Bulk,
}

/// `intendant identities sync`.
#[derive(Debug, Args)]
pub(super) struct Sync {
    /// Wait until all have ended, and say how
    #[arg(long)]
    pub wait: bool,
    /// Which identities.
    #[command(flatten)]
    pub bulk: Bulk,
}

/// `intendant identities runs`.
#[derive(Debug, Args)]
pub(super) struct ListRuns {
    /// Only this one, with the causes of what failed
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Wait until all of it have ended
    #[arg(long, requires = "run")]
    pub wait: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant identities erase`.
#[derive(Debug, Args)]
#[command(after_help = "\
This cannot be undone, and needs the scope admin. The backends are not asked: delete an identity from them first. Its \
jobs, and what the audit says of earlier edits, are removed in their own time (retention.jobs, retention.records).")]
pub(super) struct Erase {
    /// The identities, by their ids or their accounts
    #[arg(value_name = "ID|UID", required = true)]
    pub ids: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant identities state`.
#[derive(Debug, Args)]
pub(super) struct ChangeState {
    /// `to_synchronise`, `to_validate` or `not_to_synchronise`
    #[arg(value_name = "STATE", value_parser = state)]
    pub state: State,
    /// Which identities.
    #[command(flatten)]
    pub bulk: Bulk,
}

/// `intendant identities password`.
#[derive(Debug, Args)]
#[command(after_help = "\
On a terminal it is asked for twice, and not shown. Elsewhere the new password is the first line of standard input; with \
--change the old one comes first, and the new one on the line after it.")]
pub(super) struct Password {
    /// The identity, by its id or its account
    #[arg(value_name = "ID|UID")]
    pub id: String,
    /// Change it, as its owner does, with the old one
    #[arg(long)]
    pub change: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn format(word: &str) -> Result<Format, String> {
    let known = Format::ALL.into_iter().find(|format| format.as_str() == word);
    known.ok_or_else(|| "known are json, ndjson, csv and ldif".to_owned())
}

fn sort(word: &str) -> Result<Sort, String> {
    Sort::from_word(word)
        .ok_or_else(|| "known are name, uid, state and changed, each also with - before it".to_owned())
}

fn encoding(word: &str) -> Result<Encoding, String> {
    let known = || format!("known are {}", Encoding::ALL.map(Encoding::as_str).join(", "));
    Encoding::of_word(word).ok_or_else(known)
}

fn state(word: &str) -> Result<State, String> {
    let known = || format!("known are {}", State::ALL.map(State::as_str).join(", "));
    State::from_word(&word.replace('-', "_")).ok_or_else(known)
}
