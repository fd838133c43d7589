//! Script backends: folders with a `config.yml` that says which script implements which action, and a `bin` with the
//! scripts.
//!
//! [`load`] reads a folder of them into entries for the engine; [`check`] says what is wrong with it. One attempt
//! runs one script once, and leaves nothing behind: not a process, not a descriptor, not a secret.
#![forbid(unsafe_code)]

pub mod answer;
mod backend;
mod catalogue;
mod command;
mod debug;
mod environment;
mod error;
mod host;
mod output;
mod run;
mod scaffold;
mod seam;
mod shortage;
mod time;
mod verdict;
mod worker;

pub use backend::ScriptBackend;
pub use catalogue::{Defaults, Folder, Loaded, Problem, Severity, Style, check, choose_folder, load};
pub use debug::Debugged;
pub use error::Error;
pub use host::host;
pub use run::{Ended, kill_carriers};
pub use scaffold::{Language, Skeleton, scaffold};
pub use seam::{Backends, Scripts};
pub use verdict::Stream;
