//! `run` and `submit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::Subject;

use super::{Seconds, When};

/// `intendant run`.
#[derive(Debug, Args)]
#[command(after_help = "\
The request is {\"action\", \"concernedTo\", \"payload\", \"options\"}; a document without an action takes it from \
--action, else from payload.identity.action. Nothing is retried: what fails ends with exit code 1.")]
pub struct Run {
    /// File with one request as JSON; - reads standard input
    #[arg(value_name = "REQUEST")]
    pub request: PathBuf,
    /// Action, for a document that does not name one
    #[arg(long, value_name = "NAME")]
    pub action: Option<String>,
    /// Folder with the backends, instead of the configured one
    #[arg(long, value_name = "FOLDER")]
    pub backends: Option<PathBuf>,
    /// Keep the job in the journal of this folder (made if missing), instead of in a temporary one
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Ask backends that can what they would do, and start no others: nothing is changed
    #[arg(long)]
    pub dry_run: bool,
    /// Print only the result, as JSON on one line
    #[arg(long)]
    pub json: bool,
}

/// `intendant submit`.
#[derive(Debug, Args)]
pub struct Submit {
    /// Files with one request each, as JSON; - reads standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The files hold one request per line; those that are refused are listed at the end
    #[arg(long, conflicts_with_all = ["wait", "id", "subject", "deadline", "not_before", "dry_run", "class"])]
    pub ndjson: bool,
    /// Wait for the result and print it as `run` does, at most so long
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true)]
    pub wait: Option<Option<Seconds>>,
    /// Action, for a document that does not name one
    #[arg(long, value_name = "NAME")]
    pub action: Option<String>,
    /// Your own id of the request: the same id never makes a second job
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Do not start it after this time: a date and time, or a distance such as 5m
    #[arg(long, value_name = "WHEN")]
    pub deadline: Option<When>,
    /// Do not start it before this time: a date and time, or a distance such as 5m; a year at most
    #[arg(long, value_name = "WHEN")]
    pub not_before: Option<When>,
    /// Ask backends that can what they would do, and start no others: nothing is changed
    #[arg(long)]
    pub dry_run: bool,
    /// How urgent: interactive runs before bulk
    #[arg(long, value_enum, value_name = "CLASS", hide_possible_values = true)]
    pub class: Option<Class>,
    /// What it is about, kind:value, when the hub cannot see it in the document
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<Subject>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Class {
    /// Someone waits for the answer.
    Interactive,
    /// Nobody does.
    Bulk,
}

impl From<Class> for model::word::Class {
    fn from(class: Class) -> Self {
        match class {
            Class::Interactive => model::word::Class::Interactive,
            Class::Bulk => model::word::Class::Bulk,
        }
    }
}
