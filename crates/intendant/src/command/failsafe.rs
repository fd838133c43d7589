//! `intendant failsafe …`.

use anyhow::Result;
use api::dto::{self, Decide};

use crate::cli::{Decision, Failsafe, FailsafeList, HeldSet};
use crate::context::Context;
use crate::exit::{Exit, misuse};
use crate::render::{Align, Mark, Table, job};
use module::terminal::Tongue;

/// Carries out one of them.
pub async fn run(command: Failsafe, context: &Context) -> Result<Exit> {
    match command {
        Failsafe::List(args) => list(&args, context).await,
        Failsafe::Show(args) => show(&args, context).await,
        Failsafe::Approve(args) => decide(&args, true, context).await,
        Failsafe::Reject(args) => decide(&args, false, context).await,
    }
}

async fn list(args: &FailsafeList, context: &Context) -> Result<Exit> {
    let failsafe = context.client()?.failsafe().await?;
    if args.json {
        context.screen.json(&failsafe)?;
        return Ok(Exit::Done);
    }
    if failsafe.sets.is_empty() {
        context.screen.remark("nothing is held");
    } else {
        context.screen.table(&table(&failsafe.sets, context.screen.tongue))?;
    }
    let cap = |cap: Option<u32>| cap.map_or("any number".to_owned(), |cap| format!("up to {cap}"));
    context.screen.remark(format!(
        "within {} s, on each backend: {} that delete, {} that disable; guarded sources: {}",
        failsafe.window,
        cap(failsafe.delete),
        cap(failsafe.disable),
        if failsafe.sources.is_empty() { "none".to_owned() } else { failsafe.sources.join(", ") }
    ));
    Ok(Exit::Done)
}

fn table(sets: &[dto::HeldSet], tongue: Tongue) -> Table {
    let mut table = Table::new([
        ("SET", Align::Left),
        ("JOBS", Align::Right),
        ("BACKEND", Align::Left),
        ("WHAT THEY DO", Align::Left),
        ("DECISION", Align::Left),
    ]);
    for set in sets {
        let decision = set.decision.as_ref();
        table.row([
            (&set.name).into(),
            set.jobs.to_string().into(),
            (&set.backend).into(),
            tongue.say(&format!("{:?}", set.kind).to_lowercase()).into(),
            tongue
                .say(
                    &decision
                        .map_or("none yet".to_owned(), |made| format!("{} by {}", made.verdict, made.by)),
                )
                .into(),
        ]);
    }
    table
}

async fn show(args: &HeldSet, context: &Context) -> Result<Exit> {
    let held = context.client()?.held(&args.set).await?;
    if args.json {
        context.screen.json(&held)?;
        return Ok(Exit::Done);
    }
    let lines = job::list(&held.jobs, &context.screen.look(), context.clock.now());
    lines.iter().try_for_each(|line| context.screen.line(line))?;
    let shown = held.jobs.len() as u64;
    if held.set.jobs > shown {
        context.screen.remark(format!("and {} more", held.set.jobs - shown));
    }
    Ok(Exit::Done)
}

async fn decide(args: &Decision, approve: bool, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let set = client.held(&args.set).await?.set;
    if set.jobs != args.jobs && set.decision.is_none() {
        return Err(misuse(anyhow::anyhow!(
            "{} holds {} jobs, not {}: look at `intendant failsafe show {}`, then decide on all of them",
            set.name,
            set.jobs,
            args.jobs,
            set.name
        )));
    }
    let decision = Decide { through: set.through, expected: Some(args.jobs) };
    let decided = client.decide(&args.set, approve, &decision).await?;
    let verb = if approve { "run now" } else { "were cancelled" };
    context.screen.marked(Mark::Good, format!("{} jobs {verb}", decided.jobs))?;
    if let Some(rest) = decided.rest {
        context.screen.remark(format!("others were held meanwhile: they wait in {rest}"));
    }
    Ok(Exit::Done)
}
