//! `intendant submit`: requests for the running hub.

use std::path::{Path, PathBuf};
use std::pin::pin;

use anyhow::Result;
use api::Client;
use api::client::Submission;
use api::dto::{Acceptance, EventQuery, News, Story, Submitted};
use model::{JobId, JobState};
use module::interrupt::Interrupts;
use module::patience::{self, Patience};
use serde_json::Value;

use super::batch;
use super::follow::Follower;
use crate::cli::{Seconds, Submit};
use crate::context::Context;
use crate::document::{self, Additions};
use crate::exit::{Exit, misuse};
use crate::render::reason::{self, Remedy};
use crate::render::{Mark, text};

/// Hands the files in, one after the other. Ctrl-C lets the answer to one that is under way still come, and says how far it
/// came; a second one ends at once.
pub async fn run(args: Submit, context: &Context) -> Result<Exit> {
    if args.id.is_some() && args.files.len() > 1 {
        return Err(misuse("--id names one request: give one file with it"));
    }
    let loaded = context.configuration()?;
    let client = context.client()?;
    let mut interrupts = Interrupts::listen()?;
    let mut exit = Exit::Done;
    for (place, file) in args.files.iter().enumerate() {
        let ended = if args.ndjson {
            batch::submit(file, &args, &client, &mut interrupts, context).await?
        } else {
            submit_one(file, &args, loaded.config.requests.max_size.0, &client, &mut interrupts, context)
                .await?
        };
        exit = exit.worse(ended);
        if exit == Exit::Interrupted {
            tell_left(args.files.get(place + 1..).unwrap_or_default(), context);
            break;
        }
    }
    Ok(exit)
}

/// Says which files were not handed in.
fn tell_left(files: &[PathBuf], context: &Context) {
    match files {
        [] => {}
        [file] => context.screen.remark(format!("not handed in: {}", document::name(file))),
        [first, more @ ..] => context.screen.remark(format!(
            "not handed in: {} and what follows, {} files in all",
            document::name(first),
            more.len() + 1
        )),
    }
}

async fn submit_one(
    file: &Path,
    args: &Submit,
    limit: usize,
    client: &Client,
    interrupts: &mut Interrupts,
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
    let mut asked = pin!(client.submit(document, &submission));
    let mut interrupted = false;
    let submitted = loop {
        tokio::select! {
            answer = &mut asked => break answer.map_err(|error| refused(file, error))?,
            () = interrupts.next() => {
                if interrupted {
                    context.screen.fail(format!(
                        "interrupted: nobody knows whether {} was accepted; `intendant jobs list --since 5m` shows what was",
                        document::name(file)
                    ));
                    return Ok(Exit::Interrupted);
                }
                interrupted = true;
                context.screen.remark("interrupted: the hub is about to answer; Ctrl-C once more ends at once");
            }
        }
    };
    match (submitted.job, args.wait) {
        // The answer came after the interruption: nobody waits any more, and what was accepted goes on.
        (Some(job), Some(_)) if interrupted && submitted.state.is_some_and(|state| !state.is_terminal()) => {
            print_submitted(&submitted, args.json, context)?;
            goes_on(job, context);
            Ok(Exit::Interrupted)
        }
        (Some(job), Some(limit)) if !interrupted => tokio::select! {
            ended = wait_and_print(job, limit, args.json, client, context) => ended,
            () = interrupts.next() => {
                goes_on(job, context);
                Ok(Exit::Interrupted)
            }
        },
        _ => {
            print_submitted(&submitted, args.json, context)?;
            Ok(if interrupted { Exit::Interrupted } else { Exit::Done })
        }
    }
}

/// Says what becomes of a job for which nobody waits any more.
fn goes_on(job: JobId, context: &Context) {
    context.screen.fail(format!(
        "interrupted: job {job} was accepted and goes on; follow it with `intendant jobs watch {job}`"
    ));
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
                let next = client.job(job).await.map_or_else(|e| e.to_string(), |story| story.waiting_on.next);
                context.screen.fail(format!(
                    "job {job} has not ended after {} s ({}): follow it with `intendant jobs watch {job}`",
                    limit.as_secs_f64(),
                    text::one_line(&next),
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

/// Shows a job of the hub until it has ended. When the hub goes away it is waited for: the job goes on with it.
pub(super) async fn follow(job: JobId, json: bool, client: &Client, context: &Context) -> Result<Story> {
    let mut follower = Follower::new(&context.screen, !json);
    // It has answered before: it knows the job.
    let mut hub = Patience::default();
    hub.answered();
    loop {
        let gone = match follow_on(job, client, &mut hub, &mut follower).await {
            Ok(Some(story)) => return Ok(story),
            Ok(None) => None,
            Err(error) => Some(error.downcast::<api::Error>()?),
        };
        hub.bear(gone)?.into_iter().for_each(|words| follower.remark(&words));
        context.clock.sleep(patience::PAUSE).await;
    }
}

/// The same until the hub goes away (`None`).
async fn follow_on(
    job: JobId,
    client: &Client,
    hub: &mut Patience,
    follower: &mut Follower<'_>,
) -> Result<Option<Story>> {
    // Heard from before it is looked at, so that nothing is missed in between.
    let mut news = client.news(&EventQuery { after: None, job: Some(job) }).await?;
    hub.answered().into_iter().for_each(|words| follower.remark(words));
    loop {
        let story = client.job(job).await?;
        follower.show(&story)?;
        if story.job.state.is_terminal() {
            return Ok(Some(story));
        }
        loop {
            match news.next().await? {
                Some(News::Progress(progress)) => follower.report(&progress),
                Some(News::Event(_)) => break,
                None => return Ok(None),
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
