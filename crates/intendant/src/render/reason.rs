//! Why a job failed, in one sentence: what it was about, which backend, what it said, what happens next.

use api::dto::{Job, Step, Story};
use model::StepState;

use super::text;

/// What a person can do about a job that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// It was run here and now.
    RunAgain,
    /// It is in the journal of a hub.
    Retry,
}

/// The sentence for a job that has ended and did not succeed, to stand after how it ended.
pub fn sentence(story: &Story, remedy: Remedy) -> String {
    let Story { job, steps, .. } = story;
    let what = match &job.subject {
        Some(subject) => format!("{} of {subject}", job.action),
        None => job.action.clone(),
    };
    let next = match remedy {
        Remedy::RunAgain => "nothing was retried: put it right, then run it again".to_owned(),
        Remedy::Retry => format!("put it right, then `intendant jobs retry {}`", job.id),
    };
    text::one_line(&format!("{what}: {}; {next}", cause(job, steps)))
}

/// The first failed step and what became of the others; the job's own message when no step failed.
fn cause(job: &Job, steps: &[Step]) -> String {
    let Some(failed) = steps.iter().find(|step| step.state == StepState::Failed) else {
        let code = || job.code.as_ref().map(ToString::to_string);
        return job.message.clone().or_else(code).unwrap_or_else(|| "no reason was recorded".to_owned());
    };
    let said = match &failed.message {
        Some(message) if failed.attempts > 0 => {
            format!("{} said {:?}", failed.backend, text::one_line(message))
        }
        Some(message) => format!("{}: {message}", failed.backend),
        None => format!("{} failed", failed.backend),
    };
    let status = if failed.attempts > 0 { format!(" (status {})", failed.status) } else { String::new() };
    format!("{said}{status}{}", others(steps, failed))
}

fn others(steps: &[Step], failed: &Step) -> String {
    let names = |state: StepState| {
        let chosen = steps.iter().filter(|step| step.state == state && step.index != failed.index);
        chosen.map(|step| step.backend.as_str()).collect::<Vec<_>>().join(", ")
    };
    let others = [(names(StepState::Failed), "failed too"), (names(StepState::Skipped), "did not run")];
    let others = others.iter().filter(|(names, _)| !names.is_empty());
    others.map(|(names, what)| format!(", {names} {what}")).collect::<Vec<_>>().concat()
}
