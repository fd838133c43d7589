//! `intendant jobs retry`.

use std::path::Path;

use anyhow::Result;
use api::Client;
use api::dto::{Replay, ReplayMany};
use model::json;
use module::terminal::ask_secret;
use serde_json::{Map, Value, json};

use super::find;
use super::jobs::filter;
use crate::cli::Retry;
use crate::context::Context;
use crate::document::{self, STDIN};
use crate::exit::{Exit, misuse, sentence};
use crate::render::{Mark, text};

/// Runs the named jobs again, or those that fit the filter.
pub async fn run(args: Retry, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    if args.jobs.is_empty() {
        many(args, &client, context).await
    } else {
        named(args, &client, context).await
    }
}

async fn named(args: Retry, client: &Client, context: &Context) -> Result<Exit> {
    let screen = &context.screen;
    let document = args.document.as_deref().map(|file| edited(file, &args, context)).transpose()?;
    let mut set: Map<String, Value> = args.set.into_iter().collect();
    set.extend(ask(&args.set_from_stdin, context)?);
    let replay = Replay { document, set, stale: args.stale };
    let mut exit = Exit::Done;
    for name in args.jobs {
        let job = match find::job(name, client).await {
            Ok(job) => job,
            Err(error) => {
                screen.fail(sentence(&error));
                exit = Exit::Failed;
                continue;
            }
        };
        match client.retry(job, &replay).await {
            Ok(replayed) if args.json => screen.json(&json!({ "job": job, "replayed": replayed.job }))?,
            Ok(replayed) => {
                let words = if replayed.job == job {
                    "is tried again now".to_owned()
                } else {
                    format!("runs again as {}", replayed.job)
                };
                screen.marked(Mark::Good, format!("{job}: {words}"))?;
            }
            Err(api::Error::Problem(problem)) => {
                screen.fail(format!("{}{}", problem.detail, hint(&problem)));
                exit = Exit::Failed;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(exit)
}

/// The document that takes the place of a job's own.
fn edited(file: &Path, args: &Retry, context: &Context) -> Result<Value> {
    if args.jobs.len() > 1 {
        return Err(misuse("--document is what one job becomes: name one job with it"));
    }
    if file == Path::new(STDIN) && !args.set_from_stdin.is_empty() {
        return Err(misuse("standard input cannot be both document and secrets: give --document a file"));
    }
    let limit = context.configuration()?.config.requests.max_size.0;
    let bytes = document::read(file, limit)?;
    json::read(&bytes).map_err(|bad| misuse(format!("{}: {bad}", document::name(file))))
}

/// The options that get over a refusal.
fn hint(problem: &http::Problem) -> String {
    match problem.code.as_str() {
        "stale" => " (--stale does)".to_owned(),
        "secrets_gone" => {
            let options = problem.missing.iter().map(|pointer| format!("--set-from-stdin {pointer}"));
            format!("; on the command line: {}", options.collect::<Vec<_>>().join(" "))
        }
        _ => String::new(),
    }
}

async fn many(args: Retry, client: &Client, context: &Context) -> Result<Exit> {
    let screen = &context.screen;
    let many = ReplayMany {
        filter: filter(args.filter, context.clock.now()),
        stale: args.stale,
        ..ReplayMany::default()
    };
    let report = client.retry_many(&many).await?;
    if args.json {
        screen.json(&report)?;
        return Ok(Exit::of(report.refused == 0 && report.left == 0));
    }
    for refusal in &report.refusals {
        screen.fail(format!("{}: {}", refusal.job, refusal.problem.detail));
    }
    let mut parts = vec![format!("{} run again", count(report.replayed))];
    if report.refused > 0 {
        parts.push(format!("{} do not", report.refused));
    }
    if report.left > 0 {
        parts.push(format!("{} were not tried, because the hub could not go on", report.left));
    }
    let well = report.refused == 0 && report.left == 0;
    let mark = if well { Mark::Good } else { Mark::Warn };
    screen.marked(mark, parts.join(", "))?;
    Ok(Exit::of(well))
}

fn count(jobs: u64) -> String {
    text::count(usize::try_from(jobs).unwrap_or(usize::MAX), "job")
}

/// Reads a value for each pointer, one line each, without showing what is typed.
fn ask(pointers: &[String], context: &Context) -> Result<Vec<(String, Value)>> {
    let mut lines = document::lines();
    let mut values = Vec::new();
    for pointer in pointers {
        let value = match ask_secret(&context.screen, &format!("value for {pointer} (not shown):"))? {
            Some(typed) => typed,
            None => lines
                .next()
                .transpose()?
                .ok_or_else(|| misuse(format!("standard input ends before the value for {pointer}")))?,
        };
        values.push((pointer.clone(), Value::from(value)));
    }
    Ok(values)
}
