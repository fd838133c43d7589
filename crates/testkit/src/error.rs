//! What can go wrong around a test.

use std::io;
use std::time::Duration;

/// An error of the test support.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program that is needed is not installed.
    #[error(
        "{program} is not installed: `cargo xtask services --install` does it, or install the Debian package {package}"
    )]
    Missing {
        /// The program.
        program: String,
        /// The Debian package that has it.
        package: String,
    },
    /// Packages are missing and cannot be installed from here.
    #[error(
        "these Debian packages, or what they contain, are missing: {packages}; {why}, so install them by hand"
    )]
    CannotInstall {
        /// The packages.
        packages: String,
        /// What is in the way.
        why: &'static str,
    },
    /// The package manager failed.
    #[error("apt-get could not install {packages}; its last words:\n{log}")]
    Install {
        /// The packages.
        packages: String,
        /// The end of its output.
        log: String,
    },
    /// A server ended before it was ready.
    #[error("{name} ended before it was ready ({status}); its last words:\n{log}")]
    Died {
        /// The server.
        name: String,
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// A server did not become ready.
    #[error("{name} was not ready after {} s; its last words:\n{log}", limit.as_secs())]
    Slow {
        /// The server.
        name: String,
        /// How long it was given.
        limit: Duration,
        /// The end of its log.
        log: String,
    },
    /// A tool that prepares a service or the shim failed.
    #[error("{what} failed:\n{log}")]
    Tool {
        /// What was run.
        what: String,
        /// What it printed.
        log: String,
    },
    /// Every port of the range is taken.
    #[error("no free port between {first} and {last}: stop what holds them")]
    NoPort {
        /// The first of the range.
        first: u16,
        /// The last of the range.
        last: u16,
    },
    /// Reading or writing failed.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted, with the path.
        what: String,
        /// The cause.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: an I/O error with what was attempted.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }
}
