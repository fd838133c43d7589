//! `intendant backends debug`: one script, run exactly as the hub does, and everything it was given and said.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::decode::{self, Beside};
use clap::Args;
use engine::port::Call;
use model::{JobId, Mask, OutcomeKind, RunMark, null_to_empty, take_secrets};
use module::exit::{Exit, misuse};
use module::terminal::{Mark, text, time};
use module::{Desk, document};
use serde_json::{Value, json};

use super::super::read::{folder, read};
use crate::debug::Debugged;
use crate::verdict::Stream;

/// `intendant backends debug`.
#[derive(Debug, Args)]
pub(crate) struct Debug {
    /// The backend
    #[arg(value_name = "NAME")]
    name: String,
    /// The action
    #[arg(value_name = "ACTION")]
    action: String,
    /// File with the request, as JSON; - reads standard input. Without it the script reads {"payload":{}}
    #[arg(long, value_name = "FILE", conflicts_with = "job")]
    input: Option<PathBuf>,
    /// Give the script what this job has, secrets included: read from the journal itself, with the key
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    /// Folder with the backends, instead of the configured one
    #[arg(long, value_name = "FOLDER")]
    backends: Option<PathBuf>,
    /// Show secrets
    #[arg(long)]
    reveal: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the script and shows what happened.
pub(crate) async fn run(args: Debug, desk: &dyn Desk) -> Result<Exit> {
    desk.start_log()?;
    let mut told = desk.told().await?;
    told.folder.clone_from(&args.backends);
    let read = read(&told)?;
    let backend = read.backend(&args.name).map(Arc::clone).ok_or_else(|| {
        let names: Vec<&str> = read.backends.iter().map(|backend| backend.name()).collect();
        misuse(format!(
            "there is no backend {} in {}; there are: {}",
            args.name,
            folder(&told).used.display(),
            names.join(", ")
        ))
    })?;
    let job = match &args.job {
        Some(name) => Some(desk.job(name).await?),
        None => None,
    };
    let call = call(&args, job, desk)?;
    let debugged =
        tokio::task::spawn_blocking(move || backend.debug(&call)).await.context("running the script")??;
    let well = debugged.outcome.kind == OutcomeKind::Done;
    if args.json {
        desk.screen().json(&debugged)?;
    } else {
        print(&debugged, desk)?;
    }
    Ok(Exit::of(well))
}

/// What the hub would hand to the backend.
fn call(args: &Debug, job: Option<(JobId, Value)>, desk: &dyn Desk) -> Result<Call> {
    let actions = desk.actions()?;
    let action = actions.get(&args.action);
    let new = || desk.clock().job_id(desk.clock().now());
    let (job, mut body) = match job {
        Some(found) => found,
        None => (new(), body(args, desk)?),
    };
    let mask = if args.reveal {
        Mask::default()
    } else {
        Mask::new(&take_secrets(&mut body.clone(), &action.spec.secrets))
    };
    if action.spec.null_as_empty {
        null_to_empty(&mut body);
    }
    // A journal of its own: a running hub must not take this process for one of its own.
    let journal = new().0;
    let mark = RunMark { journal, job, step: 0, attempt: 1 };
    Ok(Call { mask: Arc::new(mask), ..Call::new(mark, args.action.as_str(), body) })
}

fn body(args: &Debug, desk: &dyn Desk) -> Result<Value> {
    let Some(file) = &args.input else { return Ok(json!({ "payload": {} })) };
    let document = document::read(file, desk.max_size()?)?;
    let beside = Beside { action: Some(args.action.clone()), ..Beside::default() };
    decode::request(&document, "debug", &beside, desk.clock().now())
        .map(|request| request.body)
        .map_err(|why| misuse(format!("{}: {}", document::name(file), why.message)))
}

fn print(debugged: &Debugged, desk: &dyn Desk) -> Result<()> {
    let screen = desk.screen();
    let facts = [
        ("command", debugged.command.clone()),
        ("started", if debugged.through_shell { "by /bin/sh -c" } else { "directly" }.to_owned()),
        ("in", debugged.cwd.display().to_string()),
    ];
    for (name, value) in facts {
        screen.line(format!("{} {}", screen.out.dim(&text::pad(name, 9)), text::one_line(&value)))?;
    }
    for (title, content) in
        [("stdin", &debugged.stdin), ("stdout", &debugged.stdout), ("stderr", &debugged.stderr)]
    {
        screen.line("")?;
        let size = if content.is_empty() { "empty".to_owned() } else { format!("{} bytes", content.len()) };
        screen.line(format!("{} {}", screen.out.bold(title), screen.out.dim(&size)))?;
        text::lines(content).try_for_each(|line| screen.line(format!("  {line}")))?;
    }
    screen.line("")?;
    let ending = debugged.ending.as_deref().unwrap_or("not started");
    screen.line(format!("{} {ending} after {}", screen.out.dim("ended    "), time::took(debugged.took)))?;
    let found = match debugged.answer_on {
        Some(Stream::Stdout) => "on standard output",
        Some(Stream::Stderr) => "on standard error",
        None => "nowhere: the script printed no JSON object with a status",
    };
    screen.line(format!("{} {found}", screen.out.dim("answer   ")))?;
    let outcome = &debugged.outcome;
    let (mark, word) = match outcome.kind {
        OutcomeKind::Done => (Mark::Good, "done"),
        OutcomeKind::Soft => (Mark::Warn, "to be tried again later"),
        OutcomeKind::Hard => (Mark::Bad, "failed"),
        OutcomeKind::Wait => (Mark::Warn, "not now: it waits and uses no try"),
    };
    let code = outcome.code.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
    let message = outcome.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
    let words = format!("{word} (status {}{code}){message}", outcome.status);
    screen.marked(mark, words)
}
