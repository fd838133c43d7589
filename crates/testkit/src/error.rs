//! What can go wrong around a test.

use std::io;

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
    /// A tool that prepares a service or the shim failed.
    #[error("{what} failed:\n{log}")]
    Tool {
        /// What was run.
        what: String,
        /// What it printed.
        log: String,
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
