//! Runs one script exactly as the hub does, and shows everything about it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::port::{Call, Reporter};
use model::Outcome;
use model::mask::Mask;
use serde::Serialize;

use crate::backend::{Script, ScriptBackend};
use crate::error::Error;
use crate::output::{Excerpt, Tail};
use crate::run::{Ending, StopSignal};
use crate::time::Stopwatch;
use crate::verdict::Stream;
use crate::worker;

/// One execution, in full.
#[derive(Clone, Debug, Serialize)]
pub struct Debugged {
    /// The command line, as a shell would read it; empty when the backend does not map the action.
    pub command: String,
    /// Whether `/bin/sh` reads the line; otherwise the script is started directly, with the same words.
    pub through_shell: bool,
    /// The working directory.
    pub cwd: PathBuf,
    /// What the script or worker reads on standard input, byte for byte where nothing had to be masked.
    pub stdin: String,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
    /// How it ended; `None` = it was not started, the outcome says why.
    pub ending: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// Where its answer was found, or what comes nearest to one.
    pub answer_on: Option<Stream>,
    /// What the hub makes of it.
    pub outcome: Outcome,
}

impl ScriptBackend {
    /// Runs the script of `call.action` once, in this thread, whether the backend is active or not. Secrets are masked
    /// by `call.mask`: an empty one reveals them.
    pub fn debug(&self, call: &Call) -> Result<Debugged, Error> {
        let stop_signal = StopSignal::new().map_err(Error::NoResources)?;
        let script = self.actions.get(&*call.action);
        let stopwatch = Stopwatch::start();
        let executed = self.execute(call, None, &stop_signal, &Reporter::unheard());
        let took = stopwatch.elapsed();
        let mask = &call.mask;
        let mut debugged = Debugged {
            command: script.map(|s| s.command.line().to_string_lossy().into_owned()).unwrap_or_default(),
            through_shell: script.is_some_and(|s| s.command.needs_shell()),
            cwd: self.bin.clone(),
            stdin: mask.text(&read(call, script)).into_owned(),
            stdout: String::new(),
            stderr: String::new(),
            ending: None,
            took,
            answer_on: None,
            outcome: Outcome::done(),
        };
        match executed {
            Ok((ran, verdict)) => {
                debugged.stdout = shown(&ran.stdout, mask);
                debugged.stderr = shown(&ran.stderr, mask);
                debugged.ending = Some(ending(ran.ending));
                debugged.answer_on = verdict.found;
                debugged.outcome = verdict.outcome;
            }
            Err(outcome) => debugged.outcome = *outcome,
        }
        Ok(debugged)
    }
}

/// What is read on standard input: the document, or the line that has it.
fn read(call: &Call, script: Option<&Script>) -> String {
    let line = script.and_then(|script| worker::request(call, script.worker.as_ref()?.language()).ok());
    line.map_or_else(|| call.body.to_string(), |line| String::from_utf8_lossy(&line).into_owned())
}

fn shown(tail: &Tail, mask: &Arc<Mask>) -> String {
    Excerpt::of(tail.bytes(), tail.dropped(), usize::MAX, mask).into_text()
}

fn ending(ending: Ending) -> String {
    match ending {
        Ending::Exit(code) => format!("exit code {code}"),
        Ending::Signal(signal) => format!("signal {signal}"),
        Ending::Limit(limit) => format!("ended by the hub after {}", crate::verdict::spoken(limit)),
        Ending::Stopped(_) => "ended by the hub".to_owned(),
        Ending::Answered => "answered".to_owned(),
        Ending::Broke(fault) => format!("ended by the hub: {fault}"),
    }
}
