//! `intendant jobs list|show|cancel|export|stdin`.

use std::io::Write as _;
use std::pin::pin;

use anyhow::{Result, bail};
use api::dto::{self, Cancelling, Exported, JobOrder, JobPage, JobQuery, Time};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use model::{Seq, null_to_empty};
use module::Desk as _;
use serde_json::json;

use super::{find, offline, pages};
use crate::cli::{Cancel, Export, Filter, JobList, Show, Stdin};
use crate::context::Context;
use crate::exit::{Exit, sentence};
use crate::render::{Mark, job, story, text};

/// The filter as the hub understands it.
pub(super) fn filter(filter: Filter, now: Timestamp) -> dto::Filter {
    dto::Filter {
        state: filter.state,
        action: filter.action,
        subject: filter.subject,
        source: filter.source,
        backend: filter.backend,
        code: filter.code,
        since: filter.since.map(|when| Time(when.before(now))),
        until: filter.until.map(|when| Time(when.before(now))),
        ended_since: filter.ended_since.map(|when| Time(when.before(now))),
        ended_until: filter.ended_until.map(|when| Time(when.before(now))),
        text: filter.text,
        waiting_on: filter.waiting_on,
        dead: filter.dead,
        failed_on: filter.failed_on,
        cause: filter.cause,
    }
}

/// `jobs list`.
pub async fn list(args: JobList, context: &Context) -> Result<Exit> {
    let now = context.clock.now();
    let filter = filter(args.filter, now);
    let order = args.oldest.then_some(JobOrder::Oldest);
    let client = context.client()?;
    let page = async |before: Option<i64>, limit| {
        let before = before.map(Seq);
        client.jobs(&JobQuery { filter: filter.clone(), order, before, limit: Some(limit) }).await
    };
    let page = pages::whole(args.limit, args.before, context, page).await?;
    if args.json {
        context.screen.json(&page)?;
        return Ok(Exit::Done);
    }
    for row in &page.damaged {
        context.screen.marked(Mark::Bad, format!("{} cannot be read: {}", row.what, row.why))?;
    }
    let look = context.screen.look();
    let look = if args.wide { look.whole() } else { look };
    let lines = job::list(&page.jobs, &look, now);
    lines.iter().try_for_each(|line| context.screen.line(line))?;
    if let Some(words) = way_on(&page, args.oldest) {
        context.screen.remark(words);
    }
    Ok(Exit::Done)
}

/// What a page says of the rest of its listing.
fn way_on(page: &JobPage, oldest_first: bool) -> Option<String> {
    let Some(next) = page.next else {
        return (page.jobs.is_empty() && page.damaged.is_empty()).then(|| "no job fits".to_owned());
    };
    Some(if oldest_first {
        format!("newer ones: the same with --before {next}")
    } else {
        format!("older ones: the same with --before {next}")
    })
}

/// `jobs show`.
pub async fn show(args: Show, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let told = client.job(find::job(args.job, &client).await?).await?;
    if args.json {
        context.screen.json(&told)?;
    } else {
        story::lines(&told, &context.screen.look()).iter().try_for_each(|line| context.screen.line(line))?;
    }
    Ok(Exit::Done)
}

/// `jobs cancel`.
pub async fn cancel(args: Cancel, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let screen = &context.screen;
    let mut exit = Exit::Done;
    for name in args.jobs {
        let id = match find::job(name, &client).await {
            Ok(id) => id,
            Err(error) => {
                screen.fail(sentence(&error));
                exit = Exit::Failed;
                continue;
            }
        };
        match client.cancel(id).await {
            Ok(report) if args.json => screen.json(&json!({ "job": id, "cancelled": report.cancelled }))?,
            Ok(report) => {
                let words = match report.cancelled {
                    Cancelling::Now => "cancelled",
                    Cancelling::Ending => "is being ended: its running step is stopped by force",
                };
                screen.marked(Mark::Good, format!("{id}: {words}"))?;
            }
            Err(api::Error::Problem(problem)) => {
                screen.fail(format!("{id}: {}", problem.detail));
                exit = Exit::Failed;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(exit)
}

/// `jobs export`.
pub async fn export(args: Export, context: &Context) -> Result<Exit> {
    let filter = filter(args.filter, context.clock.now());
    let rows = context.client()?.export(&filter, args.documents).await?;
    let mut rows = pin!(rows);
    let mut out = context.screen.stream();
    while let Some(row) = rows.next().await {
        match row? {
            Exported::Broken { problem } => bail!("the export breaks off here: {}", problem.detail),
            row @ (Exported::Job { .. } | Exported::Damaged { .. }) => {
                writeln!(out, "{}", text::escaped(&serde_json::to_string(&row)?))?;
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// `jobs stdin`.
pub async fn stdin(args: Stdin, context: &Context) -> Result<Exit> {
    let (action, mut document) = if args.reveal {
        offline::document(find::named(args.job, context).await?, &context.configuration()?, context)?
    } else {
        let client = context.client()?;
        let told = client.job(find::job(args.job, &client).await?).await?;
        (told.job.action, told.document)
    };
    if context.actions()?.get(&action).spec.null_as_empty {
        null_to_empty(&mut document);
    }
    // Exactly the bytes of a backend's standard input: compact, and no line end after them, unless a person looks.
    let end = if context.screen.live { "\n" } else { "" };
    let mut out = context.screen.stream();
    out.write_all(document.to_string().as_bytes())?;
    out.write_all(end.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}
