//! `intendant jobs causes|aside`, and the same of refusals and deliveries.

use anyhow::Result;
use api::dto::{self, AsideMany};

use super::find;
use super::jobs::filter;
use crate::cli::{Aside, AsideRefusals, Causes, WhichRefusals};
use crate::context::Context;
use crate::exit::{Exit, sentence};
use crate::render::{Align, Mark, Table, Times, text};

/// `jobs causes`.
pub async fn causes(args: Causes, context: &Context) -> Result<Exit> {
    let screen = &context.screen;
    let told = context.client()?.causes(args.backend.as_deref(), args.limit).await?;
    if args.json {
        screen.json(&told)?;
        return Ok(Exit::Done);
    }
    if told.causes.is_empty() {
        screen.remark("no failed job is a dead letter");
    } else {
        let (times, now) = (Times::local(), context.clock.now());
        let mut table = Table::new([
            ("CAUSE", Align::Left),
            ("JOBS", Align::Right),
            ("FIRST", Align::Left),
            ("LAST", Align::Left),
            ("BACKEND", Align::Left),
            ("CODE", Align::Left),
            ("WHY", Align::Left),
        ]);
        let time = |at: Option<dto::Time>| at.map_or("-".to_owned(), |at| times.short(at.0, now));
        for cause in &told.causes {
            table.row([
                cause.id.to_string().into(),
                cause.jobs.to_string().into(),
                time(cause.first).into(),
                time(cause.last).into(),
                cause.backend.as_deref().unwrap_or("-").into(),
                cause.code.as_ref().map_or("-", |code| code.as_str()).into(),
                (&cause.message).into(),
            ]);
        }
        screen.table(&table)?;
        screen.remark("all of one: `intendant jobs list|retry|aside --cause CAUSE`");
    }
    let listed: u64 = told.causes.iter().map(|cause| cause.jobs).sum();
    if args.backend.is_none() && listed < told.jobs {
        screen.remark(format!("{} more have other causes: --limit shows them", told.jobs - listed));
    }
    if told.refusals > 0 {
        screen.remark(format!("{} refused messages: see `intendant jobs refusals list`", told.refusals));
    }
    Ok(Exit::Done)
}

/// `jobs aside`.
pub async fn aside(args: Aside, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let mut exit = Exit::Done;
    let mut jobs = Vec::new();
    let named = !args.jobs.is_empty();
    for name in args.jobs {
        match find::job(name, &client).await {
            Ok(job) => jobs.push(job),
            Err(error) => {
                context.screen.fail(sentence(&error));
                exit = Exit::Failed;
            }
        }
    }
    if named && jobs.is_empty() {
        return Ok(exit);
    }
    let filter = filter(args.filter, context.clock.now());
    let many = AsideMany { filter, jobs, all: false, reason: args.reason };
    told(client.set_aside(&many).await?, args.json, context)?;
    Ok(exit)
}

/// `jobs refusals aside`.
pub async fn aside_refusals(args: AsideRefusals, context: &Context) -> Result<Exit> {
    let AsideRefusals { which, reason, json } = args;
    let WhichRefusals { numbers, all, source, code, cause } = which;
    let many = dto::AsideRefusals { records: numbers, all, source, code, cause, reason };
    told(context.client()?.set_aside_refusals(&many).await?, json, context)?;
    Ok(Exit::Done)
}

/// `jobs refusals causes`, `jobs deliveries causes`: the column of who had them is called `by`.
pub fn letter_causes(
    told: &dto::LetterCauses,
    by: &'static str,
    json: bool,
    context: &Context,
) -> Result<Exit> {
    let screen = &context.screen;
    if json {
        screen.json(told)?;
        return Ok(Exit::Done);
    }
    let (times, now) = (Times::local(), context.clock.now());
    let mut table = Table::new([
        ("CAUSE", Align::Left),
        ("NUMBER", Align::Right),
        ("FIRST", Align::Left),
        ("LAST", Align::Left),
        (by, Align::Left),
        ("CODE", Align::Left),
        ("WHY", Align::Left),
    ]);
    for group in &told.causes {
        table.row([
            group.id.to_string().into(),
            group.letters.to_string().into(),
            times.short(group.first.0, now).into(),
            times.short(group.last.0, now).into(),
            (&group.by).into(),
            group.code.as_ref().map_or("-", |code| code.as_str()).into(),
            (&group.message).into(),
        ]);
    }
    if told.causes.is_empty() {
        screen.remark("there is none");
    } else {
        screen.table(&table)?;
        screen.remark("all of one: the other commands of this group with --all --cause CAUSE");
    }
    if told.more {
        screen.remark(format!("only the newest {} were looked at", told.looked_at));
    }
    Ok(Exit::Done)
}

fn told(done: dto::Aside, json: bool, context: &Context) -> Result<()> {
    if json {
        return context.screen.json(&done);
    }
    let letters = usize::try_from(done.aside).unwrap_or(usize::MAX);
    context.screen.marked(Mark::Good, format!("{} set aside", text::count(letters, "dead letter")))
}
