//! `registry …`.

use clap::{Args, Subcommand, ValueEnum};

use crate::registry::{Filter, Queue};

/// `intendant registry …`.
#[derive(Debug, Subcommand)]
pub(super) enum Registry {
    /// List who is registered on which backend, with the processes that hold him
    List(List),
    /// Print who comes, who goes and who is notified, until Ctrl-C
    Watch(Watch),
    /// Print the system users who are registered as a user of a backend; exit 1 when there is none
    Who(Who),
    /// Tell the processes that have registered a user that something has arrived for him
    Notify(Notify),
    /// Write a message to a queue of 2011, as the original library did
    Send(Send),
    /// Take away what came of a user on the queues of 2011, from a program that has died
    Remove(Remove),
}

/// Which registrations.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct Which {
    /// On this backend
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Of this system user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Of this user of the backend
    #[arg(long, value_name = "NAME")]
    pub vuser: Option<String>,
    /// With this text in any of the three names
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

impl From<Which> for Filter {
    fn from(which: Which) -> Self {
        let Which { backend, user, vuser, text } = which;
        Filter { backend, user, vuser, text }
    }
}

/// `intendant registry list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Continue after this place: the one that the end of an earlier page shows
    #[arg(long, value_name = "PLACE")]
    pub after: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which registrations.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant registry watch`.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Stop after so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print JSON, one document on each line
    #[arg(long)]
    pub json: bool,
    /// Which registrations.
    #[command(flatten)]
    pub which: Which,
}

/// `intendant registry who`.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// The backend, as processes register users on it, such as `SOGo`
    #[arg(value_name = "BACKEND")]
    pub backend: String,
    /// The user as the backend knows him
    #[arg(value_name = "VUSER")]
    pub vuser: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant registry notify`.
#[derive(Debug, Args)]
pub(super) struct Notify {
    /// The backend, as processes register users on it, such as `SOGo`
    #[arg(value_name = "BACKEND")]
    pub backend: String,
    /// The user as the backend knows him
    #[arg(value_name = "VUSER")]
    pub vuser: String,
    /// The folder in which something has arrived
    #[arg(long, value_name = "NAME")]
    pub folder: Option<String>,
    /// What has arrived, as the backend names it
    #[arg(long, value_name = "ID")]
    pub message_id: Option<String>,
    /// The URI on which the new one is built
    #[arg(long, value_name = "URI")]
    pub root_uri: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant registry send`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nobody is told who has sent a message of a queue: what was registered so stays until it is unregistered so.")]
pub(super) struct Send {
    /// Whether he comes or goes
    #[arg(value_enum, value_name = "register|unregister")]
    pub what: What,
    /// The backend
    #[arg(value_name = "BACKEND")]
    pub backend: String,
    /// The system user
    #[arg(value_name = "USER")]
    pub user: String,
    /// The user as the backend knows him
    #[arg(value_name = "VUSER")]
    pub vuser: String,
    /// The generation: `a` writes `/mapistore_users`, `b` writes `/mapistore_ipc`
    #[arg(long, value_name = "a|b", value_parser = generation)]
    pub legacy: Queue,
    /// How often
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub times: u32,
}

/// `intendant registry remove`.
#[derive(Debug, Args)]
#[command(after_help = "\
What processes hold by the C library stays: it goes with them. Backends are told that the user has gone, unless a process \
holds him. This needs the scope operate, and stands in the audit.")]
pub(super) struct Remove {
    /// The backend
    #[arg(value_name = "BACKEND")]
    pub backend: String,
    /// The system user
    #[arg(value_name = "USER")]
    pub user: String,
    /// The user as the backend knows him
    #[arg(value_name = "VUSER")]
    pub vuser: String,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// One more.
    Register,
    /// One less.
    Unregister,
}

fn generation(word: &str) -> Result<Queue, String> {
    let known = Queue::ALL.into_iter().find(|queue| queue.as_str().eq_ignore_ascii_case(word));
    known.ok_or_else(|| "known are a and b".to_owned())
}
