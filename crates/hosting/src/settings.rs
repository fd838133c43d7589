//! How the module is set, as its parts see it.

use std::path::PathBuf;

use jiff::SignedDuration;

use crate::state::State;
use crate::values::Version;

/// What the configuration says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where files lie: `uploads` and `exports` below it.
    pub folder: PathBuf,
    /// A refused key on a POST is answered as any other refusal.
    pub strict_404: bool,
    /// How the ready state is spelt.
    pub ready_code: &'static str,
    /// How long exports, and what is known of a school that is gone, are kept.
    pub retention: SignedDuration,
    /// Seconds until a school is open, before anything is known.
    pub estimate: f64,
    /// Sites that may show the pages of uploads and schools in a frame.
    pub sites: Vec<String>,
    /// Programs that schools install.
    pub clients: Vec<ClientProgram>,
    /// Where people reach the hub; empty = nobody said.
    pub url: String,
}

/// A program that schools install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientProgram {
    /// For which version of the server.
    pub version: Version,
    /// For which system, `windows`.
    pub system: String,
    /// The path of a file, or a URL.
    pub place: String,
}

impl Settings {
    /// The code of a state on the wire.
    pub fn code(&self, state: State) -> &'static str {
        if state == State::Ready { self.ready_code } else { state.code() }
    }

    /// Other spellings of it that callers know.
    pub fn aliases(&self, state: State) -> Vec<&'static str> {
        let all = std::iter::once(state.code()).chain(state.aliases().iter().copied());
        all.filter(|spelling| *spelling != self.code(state)).collect()
    }

    /// The folder of all exports.
    pub fn exports(&self) -> PathBuf {
        self.folder.join("exports")
    }

    /// The folder of all uploads.
    pub fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }
}
