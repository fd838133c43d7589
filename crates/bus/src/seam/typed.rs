//! `bus …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::JobId;

/// `intendant bus …`.
#[derive(Debug, Subcommand)]
pub(super) enum Bus {
    /// Make exchanges, queue and bindings, and say what is not as it should be
    Declare(Declare),
    /// Publish a message, checked against the schema of its route
    Publish(Publish),
    /// Print what passes on the bus, as supervision sees it, until Ctrl-C
    Tail(Tail),
    /// Print which routing keys are listened to and emitted, as the configuration says it
    Catalogue(Catalogue),
    /// Send dead letters back to the bus, each once, as a new message that names the old one
    Move(Move),
}

/// Which bus.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The bus, by its name in the configuration; not needed when there is only one, or a dead letter knows its own
    #[arg(long, value_name = "NAME")]
    pub bus: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant bus declare`.
#[derive(Debug, Args)]
pub(super) struct Declare {
    /// Which bus.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant bus catalogue`.
#[derive(Debug, Args)]
pub(super) struct Catalogue {
    /// Which bus.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant bus publish`.
#[derive(Debug, Args)]
pub(super) struct Publish {
    /// The routing key, such as `request.ldapd.account.update`
    #[arg(value_name = "KEY")]
    pub key: String,
    /// A file with the data as JSON; `-` or nothing = standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// The exchange; without it the one that all applications share
    #[arg(long, value_name = "NAME")]
    pub exchange: Option<String>,
    /// In an envelope of version 2 instead of 1
    #[arg(long)]
    pub v2: bool,
    /// The exchange for replies
    #[arg(long, value_name = "NAME")]
    pub reply_to: Option<String>,
    /// Which bus.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant bus tail`.
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// Only routing keys that fit this pattern: `*` stands for one word, `#` for any number of them
    #[arg(long, value_name = "PATTERN", default_value = "#")]
    pub key: String,
    /// Stop after so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Which bus.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant bus move`.
#[derive(Debug, Args)]
pub(super) struct Move {
    /// Jobs by their id, refusals by their number
    #[arg(value_name = "JOB|NUMBER", required = true)]
    pub dead: Vec<Dead>,
    /// The exchange; without it the one that all applications share. It must not lead back to where it failed, unless
    /// that is what is wanted
    #[arg(long, value_name = "NAME")]
    pub exchange: Option<String>,
    /// Another routing key
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Move them although that was done before
    #[arg(long)]
    pub again: bool,
    /// Which bus.
    #[command(flatten)]
    pub which: Which,
}

/// A dead letter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dead {
    /// A failed job.
    Job(JobId),
    /// A message that was refused.
    Refusal(i64),
}

impl std::str::FromStr for Dead {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let job =
            || text.parse().map(Dead::Job).map_err(|_| format!("{text} is no id of a job and no number"));
        text.parse().map(Dead::Refusal).or_else(|_| job())
    }
}
