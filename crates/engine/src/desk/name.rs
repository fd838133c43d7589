//! What jobs are about, by name.

use std::collections::BTreeMap;

use journal::Naming;
use model::{Job, Name, Subject};

use crate::desk::hub::Hub;
use crate::error::Error;

/// So many of one name are told apart by what is said of them.
const TOLD_APART: usize = 5;

/// The names of subjects, as far as they have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<Subject, Name>);

impl Names {
    /// What this is called.
    pub fn of(&self, subject: Option<&Subject>) -> Option<&Name> {
        self.0.get(subject?)
    }
}

impl Hub {
    /// What these are called: a subject has the name (label) of the entity of its kind and value.
    pub async fn names<'a>(&self, subjects: impl IntoIterator<Item = &'a Subject>) -> Result<Names, Error> {
        let mut subjects: Vec<Subject> = subjects.into_iter().cloned().collect();
        subjects.sort();
        subjects.dedup();
        if subjects.is_empty() {
            return Ok(Names::default());
        }
        Ok(Names(self.core.journal.names(subjects).await?.into_iter().collect()))
    }

    /// What the subjects of these jobs are called.
    pub async fn names_in(&self, jobs: &[Job]) -> Result<Names, Error> {
        self.names(jobs.iter().filter_map(|job| job.subject.as_ref())).await
    }

    /// The subjects of jobs whose name holds this text, whatever case and accents its letters have, at most so many.
    pub async fn subjects_called(&self, text: &str, at_most: usize) -> Result<Vec<(Subject, Name)>, Error> {
        Ok(self.core.journal.named(Naming::Holds(text.to_owned()), at_most).await?)
    }

    /// The subject that a person means: `kind:value` as it is written, or else the one that is called so, by its name or by
    /// what else tells it apart (the account of a person, a number).
    ///
    /// [`Error::Missing`] says that no job is about anything so called, [`Error::Several`] that there are several.
    pub async fn subject_meant(&self, text: &str) -> Result<Subject, Error> {
        let text = text.trim();
        let written: Option<Subject> = text.parse().ok();
        let called = written.as_ref().map_or(text, Subject::value);
        let mut found = self.core.journal.named(Naming::Is(called.to_owned()), TOLD_APART + 1).await?;
        match written {
            // One of that very value, or of which nobody knows a name, is meant as it stands.
            Some(written) => {
                found.retain(|(subject, _)| subject.kind() == written.kind());
                let is_itself = found.len() != 1 || !self.names([&written]).await?.0.is_empty();
                Ok(if is_itself { written } else { found.swap_remove(0).0 })
            }
            None => match found.as_slice() {
                [(one, _)] => Ok(one.clone()),
                [] => Err(Error::Missing(format!(
                    "job about anything called {text:?}: write kind:value, or a name or account as a whole"
                ))),
                several => {
                    let known: Vec<String> = several
                        .iter()
                        .take(TOLD_APART)
                        .map(|(subject, name)| format!("{subject} ({})", name.as_str()))
                        .collect();
                    Err(Error::Several { text: text.to_owned(), known: known.join(", ") })
                }
            },
        }
    }
}
