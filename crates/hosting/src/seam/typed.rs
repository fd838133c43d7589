//! `hosting …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::state::State;
use crate::values::Version;

/// `intendant hosting …`.
#[derive(Debug, Subcommand)]
pub(super) enum Hosting {
    /// Ask for a school's server; the licence code is read from standard input
    Create(Create),
    /// Show a school: where it stands, its history, how to connect, what was exported
    Show(One),
    /// List schools
    List(List),
    /// Change what is known of a school
    Alter(Alter),
    /// Have a school exported and removed
    Delete(One),
    /// Upload a school's databases and hand them over, the main one first; a broken upload goes on
    Upload(Upload),
    /// Have what failed tried again
    Retry(One),
    /// Give a school another key; the one before is void
    Rotate(One),
    /// Download what a removed school has left; a broken download goes on
    Export(Export),
    /// Follow a school, here or at another host, and write to it when there is a new step; with a stamp it is asked for
    Follow(Follow),
    /// Follow a school no longer; its host is told nothing
    Unfollow(One),
    /// Show the steps of a school that is followed as they come, until nothing more comes by itself
    Watch(WatchSchool),
}

/// `intendant hosting follow`.
#[derive(Debug, Args)]
#[command(after_help = "\
With --griffe and --version the licence code is the first line of standard input, and the host is asked for the school unless
it knows it. The first line of a table names its columns: rne, and where they are known griffe, code, version, mail, language,
host, key. The same command once more goes on with a table.")]
pub(super) struct Follow {
    /// The school's number (RNE)
    #[arg(value_name = "RNE", required_unless_present = "csv", conflicts_with = "csv")]
    pub rne: Option<String>,
    /// At this host of the configuration, not the one in this hub
    #[arg(long, value_name = "NAME", conflicts_with = "csv")]
    pub host: Option<String>,
    /// Ask for the school with this licence stamp
    #[arg(long, value_name = "TEXT", requires = "version", conflicts_with = "csv")]
    pub griffe: Option<String>,
    /// And this version: CL or SP
    #[arg(long, value_name = "VERSION", value_parser = version, requires = "griffe", conflicts_with = "csv")]
    pub version: Option<Version>,
    /// Who is told what happens
    #[arg(long, value_name = "ADDRESS", conflicts_with = "csv")]
    pub mail: Option<String>,
    /// In which language: fr or en
    #[arg(long, value_name = "LANGUAGE", default_value = "fr")]
    pub language: String,
    /// Tell the school also of the state in which it is found
    #[arg(long)]
    pub tell: bool,
    /// Follow the schools of this table (CSV); - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Leave out rows that cannot be used; without it nothing is done when there are any
    #[arg(long, requires = "csv")]
    pub leave_out: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant hosting watch`.
#[derive(Debug, Args)]
pub(super) struct WatchSchool {
    /// The school's number (RNE)
    #[arg(value_name = "RNE")]
    pub rne: String,
    /// Show it once, and do not wait
    #[arg(long)]
    pub once: bool,
    /// Print JSON, whenever there is a new step
    #[arg(long)]
    pub json: bool,
}

/// `intendant hosting create`.
#[derive(Debug, Args)]
#[command(after_help = "\
The licence code is the first line of standard input. The key of the school is printed: keep it, it is asked for from now on.")]
pub(super) struct Create {
    /// The school's number (RNE)
    #[arg(value_name = "RNE")]
    pub rne: String,
    /// The licence stamp
    #[arg(long, value_name = "TEXT")]
    pub griffe: String,
    /// CL or SP
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub version: Version,
    /// Who is told what happens
    #[arg(long, value_name = "ADDRESS")]
    pub mail: Option<String>,
    /// In which language: fr or en
    #[arg(long, value_name = "LANGUAGE", default_value = "fr")]
    pub language: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A school.
#[derive(Debug, Args)]
pub(super) struct One {
    /// The school's number (RNE)
    #[arg(value_name = "RNE")]
    pub rne: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant hosting list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// In this state, BCDIREADY (several: --in a,b)
    #[arg(long = "in", value_name = "STATE", value_delimiter = ',', value_parser = state)]
    pub states: Vec<State>,
    /// With this text in number or stamp
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Continue after this number: the one that the end of an earlier page shows
    #[arg(long, value_name = "RNE")]
    pub after: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant hosting alter`.
#[derive(Debug, Args)]
pub(super) struct Alter {
    /// The school's number (RNE)
    #[arg(value_name = "RNE")]
    pub rne: String,
    /// Another licence stamp
    #[arg(long, value_name = "TEXT")]
    pub griffe: Option<String>,
    /// Another licence code, which is the first line of standard input
    #[arg(long)]
    pub code: bool,
    /// CL or SP
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub version: Option<Version>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `intendant hosting upload`.
#[derive(Debug, Args)]
pub(super) struct Upload {
    /// The school's number (RNE)
    #[arg(value_name = "RNE")]
    pub rne: String,
    /// The files, the main database first
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Upload, and do not hand over yet
    #[arg(long)]
    pub keep: bool,
}

/// `intendant hosting export`.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The school's number (RNE)
    #[arg(value_name = "RNE")]
    pub rne: String,
    /// The folder into which the files are put
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub to: PathBuf,
}

fn version(word: &str) -> Result<Version, String> {
    let known = Version::ALL.into_iter().find(|version| version.as_str() == word.to_uppercase());
    known.ok_or_else(|| "known are CL and SP".to_owned())
}

fn state(word: &str) -> Result<State, String> {
    let known = || format!("known are {}", State::ALL.map(State::code).join(", "));
    State::of_code(&word.to_uppercase()).ok_or_else(known)
}
