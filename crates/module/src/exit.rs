//! How the command ends: its exit code, and the one or two lines that say why.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// The exit codes of the command, part of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: tried, and failed.
    Failed,
    /// 2: the usage, the request or the configuration was wrong; nothing was tried.
    Misuse,
    /// 130: Ctrl-C ended it before all was done. What was done was said.
    Interrupted,
}

impl Exit {
    /// [`Exit::Done`] when it went well, else [`Exit::Failed`].
    pub fn of(well: bool) -> Self {
        if well { Exit::Done } else { Exit::Failed }
    }

    /// How two things end that were done one after the other.
    #[must_use]
    pub fn worse(self, other: Exit) -> Self {
        self.max(other)
    }

    /// The code for an error that ends the command.
    pub fn from_error(error: &anyhow::Error) -> Self {
        let reader_left =
            |e: &io::Error| e.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<ReaderLeft>);
        if error.chain().any(<dyn std::error::Error>::is::<Misuse>) {
            Exit::Misuse
        } else if error.chain().filter_map(|cause| cause.downcast_ref()).any(reader_left) {
            // `intendant jobs list | head` has done what was asked.
            Exit::Done
        } else {
            Exit::Failed
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => ExitCode::SUCCESS,
            Exit::Failed => ExitCode::FAILURE,
            Exit::Misuse => ExitCode::from(2),
            Exit::Interrupted => ExitCode::from(130),
        }
    }
}

/// Whoever read what is printed has gone, as `head` does when it has seen enough. A connection that breaks is something
/// else, though the system has one word for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReaderLeft;

impl ReaderLeft {
    /// An error of writing a result.
    pub fn or(error: io::Error) -> io::Error {
        match error.kind() {
            io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, ReaderLeft),
            _ => error,
        }
    }
}

impl fmt::Display for ReaderLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads this any more")
    }
}

impl std::error::Error for ReaderLeft {}

/// What an error says, each cause once: some errors name theirs already.
pub fn whole(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        if said.is_empty() {
            cause
        } else if said.ends_with(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    })
}

/// The same, without the lines that only show where.
pub fn sentence(error: &anyhow::Error) -> String {
    whole(error).lines().next().unwrap_or_default().to_owned()
}

/// The usage, the request or the configuration is wrong. The message stands alone: thing, place and way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse(String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// An error of usage or configuration, from its message or from an error that says it.
pub fn misuse(message: impl fmt::Display) -> anyhow::Error {
    Misuse(message.to_string()).into()
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn the_kind_of_error_decides_the_code() {
        assert_eq!(Exit::from_error(&misuse("no such option")), Exit::Misuse);
        let wrapped = Err::<(), _>(misuse("bad key")).context("reading a file").unwrap_err();
        assert_eq!(Exit::from_error(&wrapped), Exit::Misuse);
        assert_eq!(Exit::from_error(&anyhow::anyhow!("disk full")), Exit::Failed);
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let printing = anyhow::Error::from(ReaderLeft::or(broken())).context("printing");
        assert_eq!(Exit::from_error(&printing), Exit::Done);
        let asking = anyhow::Error::from(broken()).context("asking the hub");
        assert_eq!(Exit::from_error(&asking), Exit::Failed);
    }
}
