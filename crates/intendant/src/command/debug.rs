//! `intendant backends debug`: one script, run exactly as the hub does, and everything it was given and said.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::decode::{self, Beside};
use engine::port::Call;
use model::{JobId, Mask, OutcomeKind, RunMark, null_to_empty, take_secrets};
use scripts::Debugged;
use serde_json::{Value, json};

use super::{find, offline};
use crate::cli::{Debug, JobName};
use crate::compose::{self, Parts};
use crate::config::Loaded;
use crate::context::Context;
use crate::document;
use crate::exit::{Exit, misuse};
use crate::logging;
use crate::render::{Mark, text, time};

/// Runs the script and shows what happened.
pub async fn run(args: Debug, context: &Context) -> Result<Exit> {
    logging::start_quietly(context)?;
    let loaded = context.configuration_of_hub().await?;
    let folder = args.backends.clone().unwrap_or_else(|| compose::backends_folder(&loaded).used);
    let parts = Parts::read(&loaded, &folder, &context.modules)?;
    let backend = parts.backends.backend(&args.name).map(Arc::clone).ok_or_else(|| {
        let names: Vec<&str> = parts.backends.backends.iter().map(|backend| backend.name()).collect();
        misuse(format!(
            "there is no backend {} in {}; there are: {}",
            args.name,
            folder.display(),
            names.join(", ")
        ))
    })?;
    let job = match args.job.clone() {
        Some(JobName::Ours(job)) => Some(job),
        Some(theirs @ JobName::Theirs(_)) => Some(find::job(theirs, &context.client()?).await?),
        None => None,
    };
    let call = call(&args, job, &parts, &loaded, context)?;
    let debugged =
        tokio::task::spawn_blocking(move || backend.debug(&call)).await.context("running the script")??;
    let well = debugged.outcome.kind == OutcomeKind::Done;
    if args.json {
        context.screen.json(&debugged)?;
    } else {
        print(&debugged, context)?;
    }
    Ok(Exit::of(well))
}

/// What the hub would hand to the backend.
fn call(args: &Debug, job: Option<JobId>, parts: &Parts, loaded: &Loaded, context: &Context) -> Result<Call> {
    let action = parts.actions.get(&args.action);
    let mut body = body(args, job, loaded, context)?;
    let mask = if args.reveal {
        Mask::default()
    } else {
        Mask::new(&take_secrets(&mut body.clone(), &action.spec.secrets))
    };
    if action.spec.null_as_empty {
        null_to_empty(&mut body);
    }
    let job = job.unwrap_or_else(|| context.clock.job_id(context.clock.now()));
    // A journal of its own: a running hub must not take this process for one of its own.
    let journal = context.clock.job_id(context.clock.now()).0;
    Ok(Call {
        mark: RunMark { journal, job, step: 0, attempt: 1 },
        action: Arc::from(args.action.as_str()),
        body: Arc::new(body),
        mask: Arc::new(mask),
        deadline: None,
    })
}

fn body(args: &Debug, job: Option<JobId>, loaded: &Loaded, context: &Context) -> Result<Value> {
    if let Some(job) = job {
        return offline::document(job, loaded, context).map(|(_, body)| body);
    }
    let Some(file) = &args.input else { return Ok(json!({ "payload": {} })) };
    let document = document::read(file, loaded.config.requests.max_size.0)?;
    let beside = Beside { action: Some(args.action.clone()), ..Beside::default() };
    decode::request(&document, "debug", &beside, context.clock.now())
        .map(|request| request.body)
        .map_err(|why| misuse(format!("{}: {}", document::name(file), why.message)))
}

fn print(debugged: &Debugged, context: &Context) -> Result<()> {
    let screen = &context.screen;
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
        Some(scripts::Stream::Stdout) => "on standard output",
        Some(scripts::Stream::Stderr) => "on standard error",
        None => "nowhere: the script printed no JSON object with a status",
    };
    screen.line(format!("{} {found}", screen.out.dim("answer   ")))?;
    let outcome = &debugged.outcome;
    let (mark, word) = match outcome.kind {
        OutcomeKind::Done => (Mark::Good, "done"),
        OutcomeKind::Soft => (Mark::Warn, "to be tried again later"),
        OutcomeKind::Hard => (Mark::Bad, "failed"),
    };
    let code = outcome.code.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
    let message = outcome.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
    let words = format!("{word} (status {}{code}){message}", outcome.status);
    screen.marked(mark, words)
}
