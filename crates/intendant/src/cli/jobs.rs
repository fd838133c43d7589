//! `jobs …`.

use std::path::PathBuf;

use api::dto::WaitingFor;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use model::{CauseId, EventsCursor, JobState, json};

use super::{Deliveries, JobName, Refusals, When};

/// `intendant jobs …`.
#[derive(Debug, Subcommand)]
pub enum Jobs {
    /// List jobs, the newest first or the oldest
    List(List),
    /// Tell a job's story: steps, what each backend said, attempts, request, what happens next
    Show(Show),
    /// Follow one job, or all, as things happen
    Watch(Watch),
    /// Run jobs again: those that wait for a retry at once, those that have ended as new jobs
    Retry(Retry),
    /// Cancel jobs; a step that is running is ended by force
    Cancel(Cancel),
    /// List dead letters by what they have in common: backend, code and message
    Causes(Causes),
    /// Set dead letters aside that nobody has to do anything about, for a reason that the audit keeps
    Aside(Aside),
    /// Write jobs as JSON, one per line
    Export(Export),
    /// Print what a backend reads for a job, secrets masked
    Stdin(Stdin),
    /// See what could not be accepted, hand it in again or set it aside
    #[command(subcommand)]
    Refusals(Refusals),
    /// See what could not be delivered, send it again or drop it
    #[command(subcommand)]
    Deliveries(Deliveries),
}

/// Which jobs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filter {
    /// In this state: queued, running, retrying, succeeded, failed, cancelled, superseded (several: --state a,b)
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = state)]
    pub state: Vec<JobState>,
    /// With this action
    #[arg(long, value_name = "NAME")]
    pub action: Option<String>,
    /// About this subject: kind:value, or what one is called as a whole, such as the account of a person
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Received by this source
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// With a step on this backend
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// With this code, such as timeout
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Accepted at or after: a date and time, or so long ago, such as 2h
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Accepted before
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// Ended at or after: only jobs that have ended
    #[arg(long, value_name = "WHEN")]
    pub ended_since: Option<When>,
    /// Ended before: only jobs that have ended
    #[arg(long, value_name = "WHEN")]
    pub ended_until: Option<When>,
    /// With this text in id, subject or its name, action, source, code or message; neither case nor accents matter
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Waiting for this
    #[arg(long, value_name = "WHAT", value_parser = waiting())]
    pub waiting_on: Option<WaitingFor>,
    /// Only dead letters: failed, and neither replayed with success nor set aside
    #[arg(long)]
    pub dead: bool,
    /// Failed on this backend: the step that failed is its own
    #[arg(long, value_name = "NAME")]
    pub failed_on: Option<String>,
    /// Dead letters of this cause, as `jobs causes` names it
    #[arg(long, value_name = "CAUSE")]
    pub cause: Option<CauseId>,
}

/// `intendant jobs list`.
#[derive(Debug, Args)]
pub struct List {
    /// At most so many; the search goes on until they are found or all jobs were looked at
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Continue after the last job of an earlier page: the number that its end shows
    #[arg(long, value_name = "NUMBER")]
    pub before: Option<i64>,
    /// The first that was accepted before the others, instead of the last
    #[arg(long)]
    pub oldest: bool,
    /// Cut nothing, however narrow the terminal
    #[arg(long, short, conflicts_with = "json")]
    pub wide: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which jobs.
    #[command(flatten)]
    pub filter: Filter,
}

/// `intendant jobs show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The job: by its id, or by the one that its caller gave it (BullMQ's, a message's)
    #[arg(value_name = "JOB")]
    pub job: JobName,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// The job, by its id or its caller's; all without it
    #[arg(value_name = "JOB")]
    pub job: Option<JobName>,
    /// Start behind this "position" of a line of --json (0: with all that is kept), instead of now
    #[arg(long, value_name = "POSITION")]
    pub after: Option<EventsCursor>,
    /// Print one JSON document per event
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs retry`.
#[derive(Debug, Args)]
#[command(after_help = "\
Jobs chosen by a filter are replayed in the order in which they were accepted. The document of a job is what `jobs \
show --json` prints under \"document\"; a mask that is left in it keeps its secret. Whoever may list processes sees \
what stands on a command line: give secrets with --set-from-stdin.")]
pub struct Retry {
    /// The jobs: by their ids, or by those that their callers gave them
    #[arg(value_name = "JOB", required_unless_present_any = CHOICES, conflicts_with_all = FILTERS)]
    pub jobs: Vec<JobName>,
    /// Run one job again with this document in the place of its own: a file with JSON; - reads standard input
    #[arg(long, value_name = "FILE", requires = "jobs")]
    pub document: Option<PathBuf>,
    /// Change the request: a JSON pointer and its new value, JSON or else text, such as /payload/uid=alice
    #[arg(long, value_name = "POINTER=VALUE", value_parser = assignment, requires = "jobs")]
    pub set: Vec<(String, serde_json::Value)>,
    /// The same for a secret, such as /payload/newPassword: its value is read from standard input, one line for each
    #[arg(long, value_name = "POINTER", value_parser = pointer, requires = "jobs")]
    pub set_from_stdin: Vec<String>,
    /// Also replay a job that a later one of its subject and action has overtaken
    #[arg(long)]
    pub stale: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which jobs.
    #[command(flatten)]
    pub filter: Filter,
}

/// `intendant jobs causes`.
#[derive(Debug, Args)]
pub struct Causes {
    /// Only failures on this backend
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs aside`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is set aside stays in the journal as long as other jobs do, and can still be retried by its id.")]
pub struct Aside {
    /// The jobs: by their ids, or by those that their callers gave them
    #[arg(value_name = "JOB", required_unless_present_any = CHOICES, conflicts_with_all = FILTERS)]
    pub jobs: Vec<JobName>,
    /// Why nobody has to do anything about them
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which dead letters; --dead alone = all of them.
    #[command(flatten)]
    pub filter: Filter,
}

/// `intendant jobs cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The jobs: by their ids, or by those that their callers gave them
    #[arg(value_name = "JOB", required = true)]
    pub jobs: Vec<JobName>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant jobs export`.
#[derive(Debug, Args)]
pub struct Export {
    /// With each job's request, secrets masked
    #[arg(long)]
    pub documents: bool,
    /// Which jobs.
    #[command(flatten)]
    pub filter: Filter,
}

/// `intendant jobs stdin`.
#[derive(Debug, Args)]
pub struct Stdin {
    /// The job: by its id, or by the one that its caller gave it (BullMQ's, a message's)
    #[arg(value_name = "JOB")]
    pub job: JobName,
    /// Show secrets. They never cross the socket: this reads the journal itself, with the key
    #[arg(long)]
    pub reveal: bool,
}

/// The options of [`Filter`].
const FILTERS: [&str; 15] = [
    "state",
    "action",
    "subject",
    "source",
    "backend",
    "code",
    "since",
    "until",
    "ended_since",
    "ended_until",
    "text",
    "waiting_on",
    "dead",
    "failed_on",
    "cause",
];

/// Those of them that choose jobs to be retried or set aside.
const CHOICES: [&str; 4] = ["state", "dead", "failed_on", "cause"];

fn waiting() -> impl TypedValueParser<Value = WaitingFor> {
    let words = WaitingFor::ALL.iter().map(|waiting| waiting.as_str());
    PossibleValuesParser::new(words).try_map(|word| word.parse::<WaitingFor>())
}

fn state(word: &str) -> Result<JobState, String> {
    let words = || JobState::ALL.map(JobState::as_str).join(", ");
    JobState::from_word(word).ok_or_else(|| format!("there is no such state; the states are {}", words()))
}

fn pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        Err("write a JSON pointer, such as /payload/newPassword".to_owned())
    }
}

fn assignment(text: &str) -> Result<(String, serde_json::Value), String> {
    let (place, value) = text.split_once('=').ok_or("write POINTER=VALUE, such as /payload/uid=alice")?;
    let value = match json::read(value.as_bytes()) {
        Ok(value) => value,
        // What begins like JSON is meant to be that.
        Err(bad) if value.starts_with(['{', '[', '"']) => {
            return Err(format!("the value cannot be read: {bad}"));
        }
        Err(_) => serde_json::Value::from(value),
    };
    Ok((pointer(place)?, value))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_jobs_wait_for_can_be_asked_for() {
        for waiting in WaitingFor::ALL {
            let line = ["intendant", "jobs", "list", "--waiting-on", waiting.as_str()];
            let typed = super::super::Cli::try_parse_from(line).unwrap();
            let super::super::Command::Jobs(jobs) = typed.command else { panic!("another command") };
            let Jobs::List(list) = *jobs else { panic!("another command") };
            assert_eq!(list.filter.waiting_on, Some(*waiting));
        }
        let wrong =
            super::super::Cli::try_parse_from(["intendant", "jobs", "list", "--waiting-on", "braker"]);
        let said = wrong.unwrap_err().to_string();
        assert!(said.contains("breaker") && said.contains("window"), "{said}");
    }

    #[test]
    fn assignments_take_json_or_text() {
        assert_eq!(assignment("/payload/uid=alice").unwrap(), ("/payload/uid".to_owned(), json!("alice")));
        assert_eq!(assignment("/a=[1,\"x=y\"]").unwrap().1, json!([1, "x=y"]));
        assert_eq!(assignment("/a=x=y").unwrap().1, json!("x=y"));
        assert_eq!(assignment("/a=123456789012345680000").unwrap().1.to_string(), "123456789012345680000");
        assert!(assignment("/a={\"b\":1,\"b\":2}").unwrap_err().contains("\"b\" is given twice"));
        assert!(assignment(&format!("/a={}", "[".repeat(100_000))).unwrap_err().contains("nested deeper"));
        assert!(assignment("/a").is_err());
        assert!(assignment("a=1").unwrap_err().contains("/payload"));
    }
}
