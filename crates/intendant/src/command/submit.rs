//! `intendant submit`: requests for the running hub.

use std::path::Path;
use std::pin::pin;

use anyhow::{Result, bail};
use api::Client;
use api::client::Submission;
use api::dto::{Acceptance, EventQuery, News, Story, Submitted};
use futures_util::StreamExt as _;
use model::{JobId, JobState};
use serde_json::Value;

use super::batch;
use super::follow::Follower;
use crate::cli::{Seconds, Submit};
use crate::context::Context;
use crate::document::{self, Additions};
use crate::exit::{Exit, misuse};
use crate::render::reason::{self, Remedy};
use crate::render::{Mark, text};

/// Hands the files in, one after the other.
pub async fn run(args: Submit, context: &Context) -> Result<Exit> {
    if args.id.is_some() && args.files.len() > 1 {
        return Err(misuse("--id names one request: give one file with it"));
    }
    let loaded = context.configuration()?;
    let client = context.client()?;
    let mut exit = Exit::Done;
    for file in &args.files {
        let ended = if args.ndjson {
            batch::submit(file, &args, &client, context).await?
        } else {
            submit_one(file, &args, loaded.config.requests.max_size.0, &client, context).await?
        };
        exit = exit.worse(ended);
    }
    Ok(exit)
}

async fn submit_one(
    file: &Path,
    args: &Submit,
    limit: usize,
    client: &Client,
    context: &Context,
) -> Result<Exit> {
    let additions = Additions {
        deadline: args.deadline.map(|when| when.ahead_of(context.clock.now())),
        not_before: args.not_before.map(|when| when.ahead_of(context.clock.now())),
        dry_run: args.dry_run,
        class: args.class.map(Into::into),
        subject: args.subject.clone(),
    };
    let document = additions.put_into(document::read(file, limit)?).map_err(|why| about(file, &why))?;
    // To wait no time at all still says that somebody waits: the job is an interactive one.
    let submission =
        Submission { action: args.action.clone(), id: args.id.clone(), wait: args.wait.map(|_| 0) };
    let submitted = client.submit(document, &submission).await.map_err(|error| refused(file, error))?;
    if let (Some(job), Some(limit)) = (submitted.job, args.wait) {
        return wait_and_print(job, limit, args.json, client, context).await;
    }
    print_submitted(&submitted, args.json, context)?;
    Ok(Exit::Done)
}

/// Names the document that is meant.
fn about(file: &Path, why: &anyhow::Error) -> anyhow::Error {
    misuse(format!("{}: {why}", document::name(file)))
}

/// A request that the hub does not take is the caller's to correct.
fn refused(file: &Path, error: api::Error) -> anyhow::Error {
    match error {
        api::Error::Problem(problem) if (400..500).contains(&problem.status) => {
            misuse(format!("{}: {}", document::name(file), problem.detail))
        }
        other => other.into(),
    }
}

fn print_submitted(submitted: &Submitted, json: bool, context: &Context) -> Result<()> {
    let screen = &context.screen;
    if json {
        return screen.json(submitted);
    }
    let state = submitted.state.map_or("ended long ago", JobState::as_str);
    let words = match submitted.accepted {
        Acceptance::New => "accepted".to_owned(),
        Acceptance::Known => format!("known already, {state}"),
        Acceptance::Unclaimed => {
            "no job: it merely tells something, and no active backend wants to know".to_owned()
        }
    };
    let id = submitted.job.map(|job| format!("{job}: ")).unwrap_or_default();
    screen.marked(Mark::Good, format!("{id}{words}"))
}

/// Shows the steps until the job has ended, then its result.
async fn wait_and_print(
    job: JobId,
    limit: Option<Seconds>,
    json: bool,
    client: &Client,
    context: &Context,
) -> Result<Exit> {
    let story = match limit {
        None => follow(job, json, client, context).await?,
        Some(Seconds(limit)) => tokio::select! {
            story = follow(job, json, client, context) => story?,
            () = context.clock.sleep(limit) => {
                let story = client.job(job).await?;
                context.screen.fail(format!(
                    "job {job} has not ended after {} s ({}): follow it with `intendant jobs watch {job}`",
                    limit.as_secs_f64(),
                    text::one_line(&story.waiting_on.next),
                ));
                return Ok(Exit::Failed);
            }
        },
    };
    print_result(&story, json, context)?;
    if story.job.state == JobState::Succeeded {
        return Ok(Exit::Done);
    }
    context.screen.ended(story.job.state.as_str(), reason::sentence(&story, Remedy::Retry));
    Ok(Exit::Failed)
}

/// Shows a job of the hub until it has ended.
pub(super) async fn follow(job: JobId, json: bool, client: &Client, context: &Context) -> Result<Story> {
    // Heard from before it is looked at, so that nothing is missed in between.
    let news = client.news(&EventQuery { after: None, job: Some(job) }).await?;
    let mut news = pin!(news);
    let mut follower = Follower::new(&context.screen, !json);
    loop {
        let story = client.job(job).await?;
        follower.show(&story)?;
        if story.job.state.is_terminal() {
            return Ok(story);
        }
        loop {
            match news.next().await {
                Some(Ok(News::Progress(progress))) => follower.report(&progress),
                Some(Ok(News::Event(_))) => break,
                Some(Err(error)) => return Err(error.into()),
                None => {
                    bail!("the hub stopped before job {job} had ended: the job goes on when the hub is back")
                }
            }
        }
    }
}

/// Prints a result as its callers see it, with the request's options where it has some.
pub(super) fn print_result(story: &Story, json: bool, context: &Context) -> Result<()> {
    let mut result = story.result.clone();
    let options = story.document.get("options").filter(|options| !options.is_null());
    if let (Value::Object(members), Some(options)) = (&mut result, options) {
        members.insert("options".to_owned(), options.clone());
    }
    if json { context.screen.json(&result) } else { context.screen.pretty(&result) }
}
