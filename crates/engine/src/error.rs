//! What can go wrong in the engine.

use jiff::Timestamp;
use model::{Code, JobId, JobState};

use crate::state::failsafe::Verdict;

/// An error of the engine. The class (refused, soft, hard or bug) stands with each variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Soft or bug, as the journal says. Nothing was accepted or changed.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// Refused: there is no such thing.
    #[error("there is no {0}")]
    Missing(String),
    /// Refused: several are called so.
    #[error("several are called {text:?}: say which one is meant, {known}")]
    Several {
        /// What was asked for.
        text: String,
        /// Who is called so, each with what tells it apart.
        known: String,
    },
    /// Refused: the job's state does not allow it.
    #[error("job {job} is {}: {hint}", state.as_str())]
    WrongState {
        /// The job.
        job: JobId,
        /// Its state.
        state: JobState,
        /// What can be done instead.
        hint: &'static str,
    },
    /// Refused: replaying this job would undo what a later one did.
    #[error(
        "job {job} is stale: {later}, a later {action} of {subject}, has succeeded since; confirm to replay it all the same"
    )]
    Stale {
        /// The job to be replayed.
        job: JobId,
        /// The later one.
        later: JobId,
        /// Their action.
        action: String,
        /// Their subject.
        subject: String,
    },
    /// Refused: the job was replayed before, and that replay lives or has succeeded.
    #[error("job {job} was replayed as job {replay}, which {}: look there", if *state == JobState::Succeeded { "has succeeded" } else { "has not ended" })]
    Replayed {
        /// The job to be replayed.
        job: JobId,
        /// Its replay.
        replay: JobId,
        /// How that stands.
        state: JobState,
    },
    /// Refused: secrets of the job are no longer kept, and the replay does not give them.
    #[error("the secrets of job {job} are no longer kept: give each of them again with --set ({})", pointers.join(", "))]
    SecretsGone {
        /// The job.
        job: JobId,
        /// JSON pointers of what is missing.
        pointers: Vec<String>,
    },
    /// Refused: somebody has decided on this set before; an approval works once.
    #[error("the set {set} was {} by {by} at {at}: what is held now is in another set", verdict.as_str())]
    Decided {
        /// The set.
        set: String,
        /// How.
        verdict: Verdict,
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Refused at intake.
    #[error("{message}")]
    Refused {
        /// Why.
        code: Code,
        /// In words.
        message: String,
    },
    /// Soft: others write what a reactor wants to write, at every try. Nothing was accepted; it may work later.
    #[error("{kind} {key} is written by others all the time: nothing was accepted, try again later")]
    Contended {
        /// The entity's kind.
        kind: String,
        /// The entity's key.
        key: String,
    },
    /// Soft: another hub has to do it, and has not answered. It is done as soon as that one can.
    #[error("{0} has not answered yet: it is done as soon as it can")]
    Unanswered(&'static str),
    /// The hub is stopping.
    #[error("the hub is stopping")]
    Stopping,
    /// Bug: what the journal holds cannot be read back.
    #[error("job {job} cannot be read back: {why}")]
    Unreadable {
        /// The job.
        job: JobId,
        /// What is wrong.
        why: String,
    },
}
