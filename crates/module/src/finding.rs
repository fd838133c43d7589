//! What `doctor` finds.

use serde::Serialize;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warning,
    /// It does not work.
    Error,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's name.
    pub name: &'static str,
    /// How it went.
    pub level: Level,
    /// What there is.
    pub what: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Finding { name, level: Level::Ok, what: what.into(), remedy: None }
    }

    /// It works, and somebody should do this.
    pub fn warning(name: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { name, level: Level::Warning, what: what.into(), remedy: Some(remedy.into()) }
    }

    /// It does not work until somebody does this.
    pub fn error(name: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { name, level: Level::Error, what: what.into(), remedy: Some(remedy.into()) }
    }
}
