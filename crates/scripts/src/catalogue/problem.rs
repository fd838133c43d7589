//! What is wrong with a backend folder, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use api::dto::{self, Finding};
use serde::Serialize;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something will not run.
    Error,
    /// It runs, and perhaps not as meant.
    Warning,
}

/// Something wrong with a backend folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file or folder it is about.
    pub file: PathBuf,
    /// The line, from 1, where it is in a file that was read.
    pub line: Option<u64>,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    /// One sentence: file, line, what is wrong, what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Finding::from(self.clone()).fmt(f)
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        Finding {
            file: problem.file.display().to_string(),
            line: problem.line,
            severity: match problem.severity {
                Severity::Error => dto::Severity::Error,
                Severity::Warning => dto::Severity::Warning,
            },
            what: problem.what,
            remedy: problem.remedy,
        }
    }
}

/// Collects the problems of one file.
#[derive(Debug)]
pub(crate) struct Report {
    file: PathBuf,
    problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn new(file: &Path) -> Self {
        Report { file: file.to_owned(), problems: Vec::new() }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Something in the file keeps it, or a part of it, from being used.
    pub(crate) fn error(
        &mut self,
        line: impl Into<Option<u64>>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(line.into(), Severity::Error, what.into(), remedy.into());
    }

    /// Something in the file is perhaps not as meant.
    pub(crate) fn warning(
        &mut self,
        line: impl Into<Option<u64>>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(line.into(), Severity::Warning, what.into(), remedy.into());
    }

    /// Takes a problem with another file. Several actions may share it: it is said once.
    pub(crate) fn push(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// How many problems there are so far: a mark for [`Report::trouble_since`].
    pub(crate) fn mark(&self) -> usize {
        self.problems.len()
    }

    /// The first error since a mark, as a sentence.
    pub(crate) fn trouble_since(&self, mark: usize) -> Option<String> {
        let mut later = self.problems.iter().skip(mark);
        later.find(|p| p.severity == Severity::Error).map(ToString::to_string)
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    fn add(&mut self, line: Option<u64>, severity: Severity, what: String, remedy: String) {
        self.problems.push(Problem { file: self.file.clone(), line, severity, what, remedy });
    }
}
