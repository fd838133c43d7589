//! Roles: the hub in the place of an older program, told by that program's own settings.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use model::Secret;
use serde_json::{Map, Value};

use crate::config::{Environment, Sections};

/// An older program whose place the hub can take: `intendant NAME` serves as it did, and so does the command when it is
/// called by that name.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// What the subcommand is for.
    pub about: &'static str,
    /// What counts where nobody says anything: keys, each with its value as it would be written in the file. They are none
    /// of our own defaults, so that one can see from a hub's settings that it has this role.
    pub defaults: &'static [(&'static str, &'static str)],
    /// Whether that program ran backends from folders: those of the hub then lie where it had them, and have its habits.
    pub has_folders: bool,
    /// Reads what that program is told by: its variables, its files.
    pub read: fn(&Environment) -> Result<Settings>,
}

/// What an older program is told, in our terms.
#[derive(Clone, Default)]
pub struct Settings {
    /// What was said, and counts more than what else is configured.
    pub said: Vec<Said>,
    /// Puts what was said without a text into the module's own sections.
    pub put: Option<Put>,
    /// Sections with names of their own, as they would be written in the file, `{"bus": {"NAME": …}}`: they count where
    /// neither the file nor [`Settings::said`] says anything.
    pub named: Map<String, Value>,
    /// What was said and has no meaning here, a sentence each for the log and for `config check`.
    pub remarks: Vec<String>,
}

/// Puts something into sections.
pub type Put = Arc<dyn Fn(&mut Sections) + Send + Sync>;

/// A key that the older program was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The key.
    pub key: String,
    /// Where it was said.
    pub place: Place,
    /// The value as it would be written in the file; `None` = [`Settings::put`] puts it there.
    pub text: Option<Secret<String>>,
}

/// Where an older program was told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a variable of its environment.
    Variable(String),
    /// In a line of its file.
    File(PathBuf, u64),
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("said", &self.said).finish_non_exhaustive()
    }
}
