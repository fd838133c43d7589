//! What a look at the folder of backends finds.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::backend::Dependency;
use http::words;

/// What a reload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReloadReport {
    /// How many backends there are now.
    pub backends: usize,
    /// What is in use, and in trouble: one sentence each.
    pub warnings: Vec<String>,
    /// Settings that changed and take effect at the next start.
    pub needs_restart: Vec<String>,
}

impl fmt::Display for Finding {
    /// One sentence: file, line, what is wrong, what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        write!(f, "{}{line}: {}; {}", self.file, self.what, self.remedy)
    }
}

/// What was found in the folder of backends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckReport {
    /// The folder.
    pub folder: String,
    /// How many backends lie there.
    pub backends: usize,
    /// How many beside these are a part of the program.
    #[serde(default)]
    pub native: usize,
    /// All that is wrong with them.
    pub problems: Vec<Finding>,
    /// What they ask over HTTP meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Reached>,
}

impl CheckReport {
    /// How many problems keep something from being used, and how many do not.
    pub fn counted(&self) -> (usize, usize) {
        let errors = self.problems.iter().filter(|finding| finding.severity == Severity::Error).count();
        (errors, self.problems.len() - errors)
    }
}

/// What a backend depends on, and whether it answered just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reached {
    /// The backend.
    pub backend: String,
    /// What it depends on.
    #[serde(flatten)]
    pub dependency: Dependency,
    /// Whether it answered, whatever it said.
    pub reachable: bool,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Something wrong with a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The file or folder it is about; of a backend that is a part of the program, its name.
    pub file: String,
    /// The line, from 1, where it is in a file that was read.
    pub line: Option<u64>,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

words! {
    /// How much a problem matters.
    Severity, "severity" {
        /// Something will not run.
        Error = "error",
        /// It runs, and perhaps not as meant.
        Warning = "warning",
    }
}
