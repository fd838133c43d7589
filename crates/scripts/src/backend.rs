//! A script backend as the engine sees it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::port::{Backend, BoxFuture, Call, Control, Mapping, Reporter, Stop};
use model::word::code;
use model::{Dependency, Outcome};
use rustix::io::Errno;
use tokio::sync::{oneshot, watch};

use crate::catalogue::{Trust, inspect, inspect_interpreter};
use crate::command::CommandLine;
use crate::environment::Variables;
use crate::run::{self, Attempt, Leavings, Ran, StopSignal, Sweeper};
use crate::shortage;
use crate::time;
use crate::verdict::{self, Reading, Verdict};
use crate::worker::{Desk, Kind, Pool};

/// How long an attempt waits for a thread.
const PATIENCE: Duration = Duration::from_secs(5);

/// A backend folder: its actions and the scripts that implement them.
pub struct ScriptBackend {
    pub(crate) name: Arc<str>,
    pub(crate) description: Option<String>,
    pub(crate) folder: PathBuf,
    pub(crate) bin: PathBuf,
    pub(crate) trust: Trust,
    /// What keeps all of it from being run.
    pub(crate) trouble: Option<String>,
    pub(crate) actions: BTreeMap<String, Script>,
    /// What its scripts ask over HTTP, as it declares.
    pub(crate) depends_on: Vec<Dependency>,
    pub(crate) sweeper: Arc<Sweeper>,
    /// Its workers, where any of its actions goes to one.
    pub(crate) pool: Option<Arc<Pool>>,
}

/// What an action runs.
pub(crate) struct Script {
    pub(crate) command: CommandLine,
    pub(crate) mapping: Mapping,
    /// `None` = it may take as long as it wants.
    pub(crate) limit: Option<Duration>,
    pub(crate) reading: Reading,
    pub(crate) keep: usize,
    pub(crate) leavings: Leavings,
    pub(crate) variables: Variables,
    /// The worker that is asked, where it is not run for each attempt.
    pub(crate) worker: Option<Arc<Kind>>,
    /// What keeps it from being run.
    pub(crate) trouble: Option<String>,
}

impl ScriptBackend {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its administrator says of it.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The folder with its `config.yml`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What its scripts ask over HTTP, as it declares.
    pub fn depends_on(&self) -> &[Dependency] {
        &self.depends_on
    }

    /// The script of an action, if it can be used at all.
    fn script(&self, action: &str) -> Result<&Script, Box<Outcome>> {
        let script = self.actions.get(action).ok_or_else(|| {
            let sentence =
                format!("backend {} does not map {action} (see {})", self.name, self.folder.display());
            Box::new(Outcome::hard(1, code::BACKEND_GONE, sentence))
        })?;
        if let Some(trouble) = self.trouble.as_ref().or(script.trouble.as_ref()) {
            return Err(Box::new(verdict::broken(1, trouble.clone())));
        }
        Ok(script)
    }

    /// Whether a script can be started as things stand.
    pub(crate) fn inspect(&self, script: &Script) -> Result<(), Box<Outcome>> {
        inspect(&self.bin, script.command.program(), &self.trust)
            .map_err(|fault| Box::new(verdict::broken(fault.status, fault.sentence())))
    }

    /// Runs one attempt in this thread.
    pub(crate) fn execute(
        &self,
        call: &Call,
        limit: Option<Duration>,
        stop_signal: &StopSignal,
        progress: &Reporter,
    ) -> Result<(Ran, Verdict), Box<Outcome>> {
        let script = self.script(&call.action)?;
        if let (Some(kind), Some(pool)) = (&script.worker, &self.pool) {
            let limit = limit.into_iter().chain(script.limit).min();
            let desk = Desk { backend: self, pool, kind, script };
            return desk.serve(call, limit, stop_signal, progress);
        }
        self.inspect(script)?;
        let document = serde_json::to_vec(&*call.body)
            .map_err(|error| Box::new(Outcome::hard(1, code::INVALID_PAYLOAD, error.to_string())))?;
        let input = run::sealed(&document).map_err(|error| self.unstarted(script, &error))?;
        // It is held once while the script runs, however long that is.
        drop(document);
        let attempt = Attempt {
            backend: &self.name,
            action: &call.action,
            mark: &call.mark,
            dry_run: call.dry_run,
            command: &script.command,
            bin: &self.bin,
            variables: &script.variables,
            input: &input,
            limit: limit.into_iter().chain(script.limit).min(),
            keep: script.keep,
            leavings: script.leavings,
            mask: &call.mask,
            stop_signal,
            progress,
            sweeper: &self.sweeper,
        };
        let ran = attempt.run().map_err(|error| self.unstarted(script, &error))?;
        let verdict = verdict::judge(&ran, &script.reading, &call.mask);
        Ok((ran, verdict))
    }

    pub(crate) fn unstarted(&self, script: &Script, error: &io::Error) -> Box<Outcome> {
        let program = script.command.program();
        if let Err(fault) =
            inspect(&self.bin, program, &self.trust).and_then(|()| inspect_interpreter(program))
        {
            return Box::new(verdict::broken(fault.status, fault.sentence()));
        }
        let file = program.unwrap_or(&self.bin).display();
        if shortage::is_shortage(error) {
            return Box::new(shortage::outcome(&format!("{file} could not be started"), error));
        }
        let sentence = format!("{file} could not be started: {error}");
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            // A file that is just being written.
            Some(Errno::TXTBSY | Errno::INTR) => Box::new(Outcome::soft(126, code::LOST, sentence)),
            Some(Errno::NOENT) => Box::new(verdict::broken(127, sentence)),
            _ => Box::new(verdict::broken(126, sentence)),
        }
    }

    fn log(&self, call: &Call, verdict: &Verdict) {
        for record in &verdict.records {
            record.log(&self.name, Some((&call.action, &call.mark.job)));
        }
    }

    fn outcome(
        &self,
        call: &Call,
        limit: Option<Duration>,
        stop_signal: &StopSignal,
        progress: &Reporter,
    ) -> Outcome {
        match self.execute(call, limit, stop_signal, progress) {
            Ok((_, verdict)) => {
                self.log(call, &verdict);
                verdict.outcome
            }
            Err(outcome) => *outcome,
        }
    }
}

/// The engine's view of a backend: each attempt has a thread of its own while it runs.
#[derive(Clone)]
pub(crate) struct Handle(pub(crate) Arc<ScriptBackend>);

impl Backend for Handle {
    fn run(&self, call: Call, control: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(attempt(Arc::clone(&self.0), call, control))
    }

    fn depends_on(&self) -> &[Dependency] {
        &self.0.depends_on
    }
}

async fn attempt(backend: Arc<ScriptBackend>, call: Call, control: Control) -> Outcome {
    let Control { limit, mut stop, progress } = control;
    let stop_signal = match StopSignal::new() {
        Ok(stop_signal) => Arc::new(stop_signal),
        Err(error) => {
            return shortage::outcome("no script can be started just now", &error);
        }
    };
    let abandoned = Abandoned(Arc::clone(&stop_signal));
    let (begins, begun) = oneshot::channel::<()>();
    let mut work = tokio::task::spawn_blocking(move || {
        drop(begins);
        backend.outcome(&call, limit, &stop_signal, &progress)
    });
    let ended = tokio::select! {
        ended = &mut work => ended,
        reason = stopped(&mut stop) => {
            abandoned.0.send(reason);
            work.await
        }
        // Without a thread it would wait for one that may never come.
        () = time::missed(PATIENCE, begun) => {
            work.abort();
            work.await
        }
    };
    ended.unwrap_or_else(|error| {
        if error.is_cancelled() {
            return Outcome::shortage("no thread was free to run the script");
        }
        Outcome::soft(1, code::LOST, format!("the attempt was lost: {error}"))
    })
}

/// Sends the signal when nobody waits for the attempt any more, so that no script runs on unseen.
struct Abandoned(Arc<StopSignal>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) > 1 {
            self.0.send(Stop::Stopping);
        }
    }
}

/// Waits for a reason to stop; for ever, when there will be none.
async fn stopped(stop: &mut watch::Receiver<Option<Stop>>) -> Stop {
    loop {
        if let Some(reason) = *stop.borrow_and_update() {
            return reason;
        }
        if stop.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
