//! `intendant jobs refusals …`.

use std::io::Write as _;

use anyhow::{Result, anyhow};
use api::dto::{RecordQuery, RefusalQuery, ResubmitMany};
use model::RecordKind;
use serde_json::json;

use super::{offline, pages};
use crate::cli::{RefusalList, RefusalShow, Refusals, Resubmit, WhichRefusals};
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{Mark, Times, job, text};

/// Carries out one of them.
pub async fn run(command: Refusals, context: &Context) -> Result<Exit> {
    match command {
        Refusals::List(args) => list(args, context).await,
        Refusals::Show(args) => show(args, context).await,
        Refusals::Causes(args) => {
            let told = context.client()?.refusal_causes().await?;
            super::dead::letter_causes(&told, "SOURCE", args.json, context)
        }
        Refusals::Aside(args) => super::dead::aside_refusals(args, context).await,
        Refusals::Resubmit(args) => resubmit(args, context).await,
    }
}

async fn list(args: RefusalList, context: &Context) -> Result<Exit> {
    let RefusalList { limit, before, dead, source, code, cause, json } = args;
    let which = RefusalQuery { dead, source, code, cause };
    let client = context.client()?;
    let page =
        async |before, limit| client.refusals(&which, &RecordQuery { before, limit: Some(limit) }).await;
    let page = pages::whole(limit, before, context, page).await?;
    let screen = &context.screen;
    if json {
        screen.json(&page)?;
        return Ok(Exit::Done);
    }
    for row in &page.damaged {
        screen.marked(Mark::Bad, format!("{} cannot be read: {}", row.what, row.why))?;
    }
    if !page.records.is_empty() {
        screen.table(&job::refusals(&page.records, &screen.look(), context.clock.now()))?;
    } else if page.damaged.is_empty() {
        screen.remark(if which == RefusalQuery::default() {
            "nothing was refused"
        } else {
            "no refusal fits"
        });
    }
    if let Some(next) = page.next {
        screen.remark(format!("older ones: the same with --before {next}"));
    }
    Ok(Exit::Done)
}

async fn show(args: RefusalShow, context: &Context) -> Result<Exit> {
    if args.reveal {
        return reveal(args.number, context);
    }
    let refused = context.client()?.refusal(args.number).await?;
    if args.json {
        context.screen.json(&refused)?;
        return Ok(Exit::Done);
    }
    let record = &refused.record;
    let screen = &context.screen;
    screen.marked(Mark::Bad, &record.message)?;
    let mut facts = vec![
        ("refusal", record.seq.to_string()),
        ("source", record.who.clone()),
        ("about", record.what.clone().unwrap_or_else(|| "-".to_owned())),
        ("code", record.code.to_string()),
        ("at", Times::local().full(record.at.0)),
        ("message", format!("{} bytes, sealed; --reveal shows it", refused.size)),
    ];
    facts.extend(refused.moved.as_ref().map(|moved| ("moved", Times::local().moved(moved))));
    for (name, value) in facts {
        let name = text::pad(&screen.say(name), 10);
        screen.line(format!("  {} {}", screen.out.dim(&name), screen.say(&text::one_line(&value))))?;
    }
    Ok(Exit::Done)
}

/// Nobody knows where the secrets are in what could not be read, so the message never crosses the socket.
fn reveal(number: i64, context: &Context) -> Result<Exit> {
    let found = offline::look(&context.configuration()?, context)?.record(number)?;
    let (_, message) = found
        .filter(|(record, _)| record.kind == RecordKind::Refusal)
        .ok_or_else(|| anyhow!("there is no refusal {number}"))?;
    let mut out = context.screen.stream();
    out.write_all(&message)?;
    out.flush()?;
    Ok(Exit::Done)
}

async fn resubmit(args: Resubmit, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let screen = &context.screen;
    if args.which.all {
        return resubmit_all(args, context).await;
    }
    let mut exit = Exit::Done;
    for number in args.which.numbers {
        match client.resubmit(number).await {
            Ok(submitted) if args.json => {
                screen.json(&json!({ "refusal": number, "submitted": submitted }))?;
            }
            Ok(submitted) => {
                let job = submitted.job.map_or_else(|| "no job".to_owned(), |job| format!("job {job}"));
                screen.marked(Mark::Good, format!("{number}: accepted as {job}"))?;
            }
            Err(api::Error::Problem(problem)) => {
                screen.fail(format!("refusal {number}: {}", problem.detail));
                exit = Exit::Failed;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(exit)
}

async fn resubmit_all(args: Resubmit, context: &Context) -> Result<Exit> {
    let WhichRefusals { all, source, code, cause, .. } = args.which;
    let many = ResubmitMany { records: Vec::new(), all, source, code, cause };
    let told = context.client()?.resubmit_many(&many).await?;
    let screen = &context.screen;
    if args.json {
        screen.json(&told)?;
    } else {
        let accepted = usize::try_from(told.accepted).unwrap_or(usize::MAX);
        screen.marked(Mark::Good, format!("{} accepted", text::count(accepted, "message")))?;
        for again in &told.refusals {
            screen.marked(Mark::Bad, format!("refusal {}: {}", again.record, again.why))?;
        }
        let more = told.refused.saturating_sub(told.refusals.len() as u64);
        if more > 0 {
            screen.remark(format!("and {more} more were refused once more"));
        }
        if told.left > 0 {
            screen.remark(format!("{} were not looked at: ask again", told.left));
        }
    }
    Ok(Exit::of(told.refused + told.left == 0))
}
