//! From what a worker did to an outcome.

use std::time::Duration;

use model::Outcome;
use model::mask::Mask;
use model::word::code;

use super::{Facts, LOG, Reading, Record, STOPPED, Stream, Verdict, Who, broken, split_log, spoken};
use crate::answer::Answer;
use crate::output::{Excerpt, Tail};
use crate::run::{Ending, Ran};
use crate::worker::Lapse;

/// Judges what a worker did of one request. Where there is an answer, it means what that of a script means.
pub(crate) fn judge_worker(ran: &Ran, answer: Option<Answer>, mask: &Mask) -> Verdict {
    let (log, records) = match ran.ending {
        // All that is on standard output is the answer.
        Ending::Answered => split_log(Excerpt { text: String::new(), missing: 0 }, &ran.stderr, mask),
        _ => split_log(Excerpt::of(ran.stdout.bytes(), 0, LOG, mask), &ran.stderr, mask),
    };
    let found = answer.is_some().then_some(Stream::Stdout);
    let valid = answer.as_ref().is_some_and(|answer| answer.status().is_some());
    let facts = Facts { who: Who::Worker, answer, valid, reading: &Reading::WORKERS, log };
    Verdict { outcome: facts.into_outcome(ran.ending, mask), found, records }
}

/// The outcome of an attempt for which no worker got ready: nothing was done.
pub(crate) fn unready(
    lapse: &Lapse,
    ending: Option<Ending>,
    limit: Option<Duration>,
    stderr: &Tail,
    mask: &Mask,
) -> Outcome {
    let (log, _) = split_log(Excerpt { text: String::new(), missing: 0 }, stderr, mask);
    let facts = Facts { who: Who::Worker, answer: None, valid: false, reading: &Reading::WORKERS, log };
    let timeout = |what: String| Outcome::soft(STOPPED, code::TIMEOUT, facts.with_last_line(what));
    let outcome = match (lapse, ending) {
        (Lapse::Stopped(stop), _) => facts.outcome(Ending::Stopped(*stop)),
        (Lapse::Limit, _) => {
            timeout(format!("no worker was ready to be asked after {}", spoken(limit.unwrap_or_default())))
        }
        (Lapse::Unready(rule), _) => timeout(format!(
            r#"the worker did not print {{"ready": {}}} within {}"#,
            crate::worker::VERSION,
            spoken(*rule)
        )),
        (Lapse::Broke(fault, said), _) => {
            let quoted = Excerpt::of(said, 0, usize::MAX, mask).text;
            broken(1, super::with_quote(format!("the worker cannot be used: {fault}"), quoted.trim()))
        }
        (_, Some(Ending::Exit(status))) => {
            let what = format!("the worker ended with exit code {status} before it was ready");
            Outcome::soft(status.max(1), code::LOST, facts.with_last_line(what))
        }
        (_, Some(ending)) => facts.outcome(ending),
        (_, None) => Outcome::soft(1, code::LOST, facts.with_last_line("the worker was lost".to_owned())),
    };
    facts.finish(outcome, mask)
}

/// What a worker wrote to its standard error while it had nothing to do: records, and the lines without a level.
pub(crate) fn remarks(stderr: &Tail, mask: &Mask) -> (String, Vec<Record>) {
    split_log(Excerpt { text: String::new(), missing: 0 }, stderr, mask)
}
