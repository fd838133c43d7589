//! What can be wrong with the configuration.

use std::io;
use std::path::PathBuf;

/// An error of the configuration: always the administrator's to solve, exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file that was named cannot be read.
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file says what is not understood.
    #[error("{}:{line}: {what}{excerpt}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong, and what would be right.
        what: String,
        /// A line end and the line in question with a mark below it, or nothing.
        excerpt: String,
    },
    /// An environment variable says what is not understood.
    #[error("environment variable {variable}: {what}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// A value is understood, and cannot be.
    #[error("{key} ({origin}): {what}")]
    Unfit {
        /// The key.
        key: String,
        /// Where its value comes from.
        origin: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// A secret is not where it should be.
    #[error("the secret {place} cannot be read: {why}")]
    Secret {
        /// Where it should be.
        place: String,
        /// Why not.
        why: String,
    },
}

/// The one among these words that was probably meant.
pub fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let far = |other: &str| strsim::osa_distance(&word.to_lowercase(), &other.to_lowercase());
    // A third of the word may be wrong: more is another word.
    words
        .map(|other| (far(other), other))
        .filter(|(far, _)| far * 3 <= word.chars().count())
        .min()
        .map(|(_, w)| w)
}
