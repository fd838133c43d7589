//! From what a script did to an outcome.

mod worker;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use engine::port::Stop;
use model::mask::Mask;
use model::word::code;
use model::{JobId, Outcome, Wait};

use crate::answer::{self, Answer, Found};
use crate::output::{Excerpt, Tail};
use crate::run::{Ending, Ran};
use crate::worker::Fault;

pub(crate) use worker::{judge_worker, remarks, unready};

/// The longest log that is kept of an attempt, in bytes, beside a line that says how much is missing.
const LOG: usize = 64 * 1024 - 80;

/// The longest last line that is quoted in a message, in characters.
const QUOTE: usize = 300;

/// Codes that the original uses for what the hub itself detects.
const STOPPED: i32 = 2;
const INVALID: i32 = 32;
/// `EX_TEMPFAIL` of sysexits: try again later.
const TEMPORARY: i32 = 75;

/// Where an answer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// An outcome, and how the answer behind it was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// Where the answer, or what comes nearest to one, was found.
    pub(crate) found: Option<Stream>,
    /// Lines that the script marked as log records, masked.
    pub(crate) records: Vec<Record>,
}

/// A line of standard error that the script marked with a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) level: Level,
    pub(crate) text: String,
}

impl Record {
    /// Logs it. `of`: the action and the job for which it was written, where that is known.
    pub(crate) fn log(&self, backend: &str, of: Option<(&str, &JobId)>) {
        let (action, job) = of.unzip();
        let job = job.map(tracing::field::display);
        let text = &self.text;
        match self.level {
            Level::Debug => tracing::debug!(job, backend, action, "{text}"),
            Level::Info => tracing::info!(job, backend, action, "{text}"),
            Level::Warn => tracing::warn!(job, backend, action, "{text}"),
            Level::Error => tracing::error!(job, backend, action, "{text}"),
        }
    }
}

/// The levels that a script may mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// How answers of a script are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Exit codes that count as soft failures.
    pub(crate) soft_exits: Vec<i32>,
    /// `wait` is no key of theirs: where the hub stands in for a program that knew none, it is data as any other.
    pub(crate) wait_is_data: bool,
}

impl Reading {
    /// Of workers, who speak no language but ours.
    const WORKERS: Reading = Reading { soft_exits: Vec::new(), wait_is_data: false };
}

/// Judges what a script did. The answer is read before it is masked, and nothing leaves unmasked.
pub(crate) fn judge(ran: &Ran, reading: &Reading, mask: &Mask) -> Verdict {
    let (found, stream) = find(ran);
    let place = match (&found, stream) {
        (Found::Answer(answer) | Found::Remark(answer), Some(Stream::Stdout)) => answer.place.clone(),
        _ => 0..0,
    };
    let (log, records) = split_log(noise(ran, place, mask), &ran.stderr, mask);
    let (answer, valid) = match found {
        Found::Answer(answer) => (Some(answer), true),
        Found::Remark(answer) => (Some(answer), false),
        Found::Nothing => (None, false),
    };
    let facts = Facts { who: Who::Script, answer, valid, reading, log };
    Verdict { outcome: facts.into_outcome(ran.ending, mask), found: stream, records }
}

fn find(ran: &Ran) -> (Found, Option<Stream>) {
    let out = answer::find(ran.stdout.bytes());
    if matches!(out, Found::Answer(_)) {
        return (out, Some(Stream::Stdout));
    }
    let err = answer::find(ran.stderr.bytes());
    match (&out, &err) {
        (_, Found::Answer(_)) | (Found::Nothing, Found::Remark(_)) => (err, Some(Stream::Stderr)),
        (Found::Nothing, _) => (out, None),
        _ => (out, Some(Stream::Stdout)),
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Script,
    Worker,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Who::Script => "script",
            Who::Worker => "worker",
        })
    }
}

/// What an outcome is made of beside the way the process ended.
struct Facts<'a> {
    who: Who,
    answer: Option<Answer>,
    /// The answer's status can be understood.
    valid: bool,
    reading: &'a Reading,
    /// Masked.
    log: String,
}

impl Facts<'_> {
    fn into_outcome(self, ending: Ending, mask: &Mask) -> Outcome {
        let outcome = self.outcome(ending);
        self.finish(outcome, mask)
    }

    /// Adds the answer and the log; nothing leaves unmasked.
    fn finish(self, mut outcome: Outcome, mask: &Mask) -> Outcome {
        outcome.retry_after = self.answer.as_ref().and_then(Answer::retry_after);
        outcome.message = outcome.message.map(|text| mask.text(&text).into_owned());
        outcome.data = self.answer.map(|answer| {
            let mut value = answer.into_value();
            mask.value(&mut value);
            value
        });
        outcome.notices = outcome.data.as_ref().map(answer::notices).unwrap_or_default();
        outcome.log = (!self.log.trim().is_empty()).then_some(self.log);
        outcome
    }

    fn outcome(&self, ending: Ending) -> Outcome {
        match ending {
            Ending::Broke(fault) => self.unbelievable(fault),
            Ending::Exit(status) if self.who == Who::Worker => self.gone(status),
            Ending::Answered if self.wait().is_some() => self.not_now(0),
            Ending::Exit(status) if self.wait().is_some() => self.not_now(status),
            Ending::Answered | Ending::Exit(0) => self.after_success(),
            Ending::Exit(status) => self.after_failure(status),
            Ending::Signal(signal) => self.killed(signal),
            Ending::Limit(limit) => self.timed_out(limit),
            Ending::Stopped(Stop::Stopping) => Outcome::soft(
                STOPPED,
                code::INTERRUPTED,
                self.with_message(&format!("the hub stopped while the {} was running", self.who)),
            ),
            Ending::Stopped(Stop::Unsure) => Outcome::soft(
                STOPPED,
                code::INTERRUPTED,
                self.with_message(&format!(
                    "the hub could not reach its journal any more while the {} was running",
                    self.who
                )),
            ),
            Ending::Stopped(Stop::Cancelled) => Outcome::hard(
                STOPPED,
                code::CANCELLED,
                self.with_message(&format!("the job was cancelled while the {} was running", self.who)),
            ),
            Ending::Stopped(Stop::TakenOver) => Outcome::hard(
                STOPPED,
                code::TAKEN_OVER,
                self.with_message(&format!(
                    "another hub took the job over while the {} was running",
                    self.who
                )),
            ),
        }
    }

    fn wait(&self) -> Option<Result<Wait, String>> {
        self.answer.as_ref().filter(|_| !self.reading.wait_is_data).and_then(Answer::wait)
    }

    /// The script asks to wait, whatever else it says.
    fn not_now(&self, exit: i32) -> Outcome {
        match self.wait() {
            Some(Ok(wait)) => {
                let otherwise = || self.with_last_line(format!("the {} says: not now", self.who));
                Outcome::wait(wait, self.message().unwrap_or_else(otherwise))
            }
            Some(Err(wrong)) => {
                let what = format!("the answer's {wrong}");
                let status = if exit == 0 { INVALID } else { exit };
                Outcome::hard(status, code::INVALID_ANSWER, self.with_message(&what))
            }
            None => self.after_failure(exit),
        }
    }

    fn after_success(&self) -> Outcome {
        let answer = self.answer.as_ref();
        let status = answer.filter(|_| self.valid).and_then(Answer::status);
        match status {
            _ if self.wants_retry() => self.retry(status.filter(|s| *s != 0).unwrap_or(TEMPORARY)),
            Some(0) if answer.is_some_and(|answer| answer.too_deep) => {
                let what = format!(
                    "the script's answer is nested deeper than {} levels, and cannot be kept",
                    answer::DEEPEST
                );
                Outcome::hard(INVALID, code::INVALID_ANSWER, self.with_message(&what))
            }
            Some(0) => Outcome { message: self.message(), ..Outcome::done() },
            Some(status) => {
                let otherwise = || format!("the {} answered with status {status} and no message", self.who);
                Outcome::hard(status, code::FAILED, self.message().unwrap_or_else(otherwise))
            }
            None => Outcome::hard(INVALID, code::INVALID_ANSWER, self.invalid_answer()),
        }
    }

    fn after_failure(&self, status: i32) -> Outcome {
        if status == TEMPORARY || self.reading.soft_exits.contains(&status) || self.wants_retry() {
            return self.retry(status);
        }
        let message = self
            .message()
            .unwrap_or_else(|| self.with_last_line(format!("the script ended with exit code {status}")));
        Outcome::hard(status, code::FAILED, message)
    }

    fn retry(&self, status: i32) -> Outcome {
        let otherwise = || self.with_last_line(format!("the {} asks to be tried again later", self.who));
        Outcome::soft(status, code::RETRY, self.message().unwrap_or_else(otherwise))
    }

    fn killed(&self, signal: i32) -> Outcome {
        let what = format!("the {} was ended by signal {signal}{}", self.who, signal_name(signal));
        Outcome::soft(128 + signal, code::KILLED, self.with_message(&what))
    }

    fn timed_out(&self, limit: Duration) -> Outcome {
        let what = format!("the {} was still running after {} and was ended", self.who, spoken(limit));
        Outcome::soft(STOPPED, code::TIMEOUT, self.with_message(&what))
    }

    fn invalid_answer(&self) -> String {
        let wanted = r#"an answer such as {"status": 0, "message": "done"}"#;
        match self.message() {
            Some(message) => {
                format!("{message} (the answer's status is no whole number: {wanted} is expected)")
            }
            None if self.who == Who::Worker => format!("the worker did not answer with {wanted}"),
            None => {
                self.with_last_line(format!("the script ended with exit code 0, but did not print {wanted}"))
            }
        }
    }

    fn wants_retry(&self) -> bool {
        self.answer.as_ref().is_some_and(Answer::wants_retry)
    }

    fn message(&self) -> Option<String> {
        self.answer.as_ref().and_then(Answer::message)
    }

    fn with_message(&self, what: &str) -> String {
        match self.message() {
            Some(message) => format!("{what}; it had said: {message}"),
            None => self.with_last_line(what.to_owned()),
        }
    }

    /// The last line that a script wrote usually says why it failed.
    fn with_last_line(&self, what: String) -> String {
        with_quote(
            what,
            self.log.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default(),
        )
    }

    /// What a worker did that ended in the middle is as little known as what a script did that was killed.
    fn gone(&self, status: i32) -> Outcome {
        let what = format!("the worker ended with exit code {status} and had not answered");
        Outcome::soft(status.max(1), code::LOST, self.with_last_line(what))
    }

    fn unbelievable(&self, fault: Fault) -> Outcome {
        let what = format!("the worker was ended, and what it did is not known: {fault}");
        Outcome::soft(1, code::LOST, self.with_last_line(what))
    }
}

fn with_quote(what: String, line: &str) -> String {
    if line.is_empty() {
        return what;
    }
    format!("{what}; its last line was: {}", line.chars().take(QUOTE).collect::<String>())
}

/// What a script wrote beside its answer, masked: lines with a level apart, the rest as text.
fn split_log(mut log: Excerpt, stderr: &Tail, mask: &Mask) -> (String, Vec<Record>) {
    let stderr = Excerpt::of(stderr.bytes(), stderr.dropped(), LOG, mask);
    log.missing += stderr.missing;
    let mut records = Vec::new();
    for line in stderr.text.split_inclusive('\n') {
        match record(line) {
            Some(record) => records.push(record),
            None => log.text.push_str(line),
        }
    }
    log.shorten(LOG);
    (log.into_text(), records)
}

/// What stands on standard output around the answer.
fn noise(ran: &Ran, answer: Range<usize>, mask: &Mask) -> Excerpt {
    let stdout = ran.stdout.bytes();
    let before = stdout.get(..answer.start).unwrap_or_default();
    let after = stdout.get(answer.end..).unwrap_or_default();
    let mut noise = Excerpt::of(before, ran.stdout.dropped(), LOG, mask);
    noise.text.push_str(&Excerpt::of(after, 0, LOG, mask).text);
    if noise.text.trim().is_empty() {
        noise.text.clear();
    } else if !noise.text.ends_with('\n') {
        noise.text.push('\n');
    }
    noise
}

fn record(line: &str) -> Option<Record> {
    let levels =
        [("DEBUG:", Level::Debug), ("INFO:", Level::Info), ("WARN:", Level::Warn), ("ERROR:", Level::Error)];
    levels.into_iter().find_map(|(word, level)| {
        let text = line.strip_prefix(word)?;
        Some(Record { level, text: text.trim().to_owned() })
    })
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        6 => " (abort)",
        9 => " (kill: the system may have run out of memory)",
        11 => " (segmentation fault)",
        15 => " (terminate)",
        _ => "",
    }
}

/// A duration as a person says it.
pub(crate) fn spoken(limit: Duration) -> String {
    jiff::SignedDuration::try_from(limit).map_or_else(|_| format!("{limit:?}"), |limit| format!("{limit:#}"))
}

/// The outcome of an attempt that could not begin because of the backend itself.
pub(crate) fn broken(status: i32, sentence: impl Into<String>) -> Outcome {
    Outcome::hard(status, code::BACKEND_BROKEN, sentence)
}
