//! Roles: the hub in the place of an older program, told by that program's own settings.

use std::fmt;
use std::sync::Arc;

use anyhow::Result;

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
}

/// Puts something into sections.
pub type Put = Arc<dyn Fn(&mut Sections) + Send + Sync>;

/// A key that one of the older program's variables says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The key.
    pub key: String,
    /// The variable.
    pub variable: &'static str,
    /// The value as it would be written in the file; `None` = [`Settings::put`] puts it there.
    pub text: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("said", &self.said).finish_non_exhaustive()
    }
}
