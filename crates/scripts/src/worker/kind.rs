//! What a worker is started from, and how long it is kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::command::CommandLine;
use crate::environment::Variables;

/// What a worker is started from. Actions that agree in all of it share their workers.
#[derive(Debug, PartialEq)]
pub(crate) struct Kind {
    pub(crate) command: CommandLine,
    /// The working directory, never resolved, as for scripts.
    pub(crate) bin: PathBuf,
    pub(crate) variables: Variables,
    /// How many bytes a line of it may have, and how many of its standard error are kept for one request.
    pub(crate) keep: usize,
    pub(crate) rules: Rules,
}

/// How long a worker is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    /// `ready`: it says within this time that it is ready.
    pub(crate) ready: Duration,
    /// `grace`: so long it may take to end by itself when its input has ended.
    pub(crate) grace: Duration,
    /// `jobs`: after so many requests another one takes its place.
    pub(crate) jobs: u32,
    /// `memory`: when it holds more bytes than this, too.
    pub(crate) memory: usize,
    /// `age`: when it is older than this, too.
    pub(crate) age: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            ready: Duration::from_secs(30),
            grace: Duration::from_secs(5),
            jobs: 10_000,
            memory: 512 * 1024 * 1024,
            age: Duration::from_hours(1),
        }
    }
}

impl Kind {
    /// The language in which its administrator reads: `en`, `fr`.
    pub(crate) fn language(&self) -> &str {
        let value = |name: &str| {
            let found = self.variables.iter().rev().find(|(key, _)| key == name)?;
            found.1.to_str().filter(|value| !value.is_empty())
        };
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(value).unwrap_or_default();
        let language = named.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if language.is_empty() || matches!(language, "C" | "POSIX") { "en" } else { language }
    }
}
