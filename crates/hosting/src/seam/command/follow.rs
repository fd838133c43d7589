//! `intendant hosting follow`, `unfollow` and `watch`.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::StreamExt as _;
use module::Desk;
use module::document;
use module::exit::{Exit, misuse};
use module::patience::{self, Patience};
use module::terminal::{Mark, Times, progress};

use super::super::typed::{Follow, One, WatchSchool};
use super::{code, mark};
use crate::state::State;
use crate::tracker::api::{ImportLine, ImportReport, NewFollowed, SchoolView};
use crate::tracker::{Notice, UNSEEN, client};
use crate::values::Contact;

/// Bytes of a table.
const TABLE: usize = 16 << 20;
/// A school is looked at so often.
const EVERY: Duration = Duration::from_secs(5);

/// Follows a school, or those of a table.
pub(super) async fn follow(args: Follow, desk: &dyn Desk) -> Result<Exit> {
    if let Some(file) = &args.csv {
        return table(file, &args, desk).await;
    }
    let rne = args.rne.ok_or_else(|| misuse("name a school (RNE), or a table with --csv FILE"))?;
    let creates = args.griffe.is_some() || args.version.is_some();
    let new = NewFollowed {
        rne,
        host: args.host,
        code: if creates { Some(code(desk)?) } else { None },
        griffe: args.griffe,
        version: args.version.map(|version| version.as_str().to_owned()),
        key: None,
        contact: args.mail.map(|mail| Contact { mail, language: args.language }),
        tell: args.tell,
    };
    let done = client::follow(&desk.client()?, &new).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&done)?;
        return Ok(Exit::Done);
    }
    screen.marked(Mark::Good, format!("{} {} at {}", done.school.rne, done.how, done.school.host))?;
    tell(&done.school, desk)?;
    done.hindrance.iter().for_each(|why| screen.remark(why));
    screen.remark(format!("next: `intendant hosting watch {}`", done.school.rne));
    Ok(Exit::Done)
}

/// Follows those of a table, and lists every row that could not be used.
async fn table(file: &Path, args: &Follow, desk: &dyn Desk) -> Result<Exit> {
    let content = document::read(file, TABLE)?;
    let mut lines = pin!(client::import(&desk.client()?, content, args.leave_out, args.tell).await?);
    let mut bar = None;
    while let Some(line) = lines.next().await {
        match line? {
            ImportLine::Handled { rows, of } => {
                let of = u64::try_from(of).unwrap_or(u64::MAX);
                let bar = bar.get_or_insert_with(|| progress(Some(of), desk.screen(), args.json));
                bar.set_position(u64::try_from(rows).unwrap_or(u64::MAX));
            }
            ImportLine::Report(report) => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                return told(&report, file, args.json, desk);
            }
            ImportLine::Broken(problem) => {
                bail!("it broke off: {}; the same command goes on with it", problem.detail)
            }
        }
    }
    bail!("the hub went away before the end: the same command goes on with the table")
}

fn told(report: &ImportReport, file: &Path, json: bool, desk: &dyn Desk) -> Result<Exit> {
    let (screen, all_used) = (desk.screen(), Exit::of(report.bad.is_empty()));
    if json {
        screen.json(report)?;
        return Ok(all_used);
    }
    for bad in &report.bad {
        screen.marked(Mark::Bad, format!("{}:{}: {}", document::name(file), bad.line, bad.reason))?;
    }
    if report.untouched {
        screen
            .marked(Mark::Bad, format!("{} rows cannot be used, and nothing was done", report.bad.len()))?;
        screen.remark("correct them, or leave them out with --leave-out");
    } else {
        let counts = [
            (report.created, "created"),
            (report.adopted, "adopted"),
            (report.renewed, "begun anew"),
            (report.followed, "followed"),
            (report.known, "followed before"),
            (report.bad.len(), "not done"),
        ];
        let parts: Vec<_> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        let mark = if report.bad.is_empty() { Mark::Good } else { Mark::Warn };
        screen.marked(mark, parts.join(", "))?;
    }
    screen.remark(format!("the table was read as {}", report.encoding));
    if !report.unused.is_empty() {
        screen.remark(format!("columns that are not used: {}", report.unused.join(", ")));
    }
    Ok(all_used)
}

/// Follows a school no longer.
pub(super) async fn unfollow(args: &One, desk: &dyn Desk) -> Result<Exit> {
    client::unfollow(&desk.client()?, &args.rne).await?;
    if args.json {
        desk.screen().json(&serde_json::json!({ "rne": args.rne, "followed": false }))?;
    } else {
        desk.screen().marked(
            Mark::Good,
            format!("{} is not followed any more; its host was told nothing", args.rne),
        )?;
    }
    Ok(Exit::Done)
}

/// Shows a school, and each step that it comes to, until nothing more comes by itself.
pub(super) async fn watch(args: &WatchSchool, desk: &dyn Desk) -> Result<Exit> {
    let (hub, screen, times) = (desk.client()?, desk.screen(), Times::local());
    let (mut shown, mut trouble) = (0, None);
    let mut patience = Patience::default();
    loop {
        let school = match client::show(&hub, &args.rne, true).await {
            Ok(school) => school,
            Err(error) => {
                patience.bear(Some(error))?.into_iter().for_each(|words| screen.remark(words));
                desk.clock().sleep(patience::PAUSE).await;
                continue;
            }
        };
        patience.answered().into_iter().for_each(|words| screen.remark(words));
        if args.json && shown < school.steps.len().max(1) {
            screen.json(&school)?;
        }
        let now = desk.clock().now();
        for step in school.steps.iter().skip(shown).filter(|_| !args.json) {
            let told = match step.notice {
                Notice::Written => ", told",
                Notice::NoContact => ", cannot be notified",
                Notice::Stopped => ", wants no mails",
                Notice::Passed | Notice::Before => "",
            };
            screen.marked(
                mark(&step.state),
                format!("{}  {}{told}", times.short(step.at.0, now), step.state),
            )?;
        }
        shown = school.steps.len().max(1);
        let failing = school.trouble.as_ref().map(|failing| failing.message.clone());
        if failing != trouble {
            if let Some(why) = &failing {
                screen.remark(format!("{}: {why}", school.host));
            }
            trouble = failing;
        }
        let state = State::of_code(&school.state);
        let comes_on = state.is_none_or(|state| state.work().is_some());
        if !comes_on || args.once {
            return Ok(Exit::of(!state.is_some_and(State::is_error)));
        }
        desk.clock().sleep(EVERY).await;
    }
}

/// How a school stands, in a few lines.
fn tell(school: &SchoolView, desk: &dyn Desk) -> Result<()> {
    let screen = desk.screen();
    let state =
        if school.state == UNSEEN { "its host has not said yet how it stands" } else { &school.state };
    screen.marked(mark(&school.state), state)?;
    match &school.contact {
        Some(contact) => screen.line(format!("told: {} ({})", contact.mail, contact.language))?,
        None => screen.remark("it cannot be notified: give --mail ADDRESS"),
    }
    if let Some(page) = &school.page {
        screen.line(format!("its page: {page}"))?;
    }
    if let Some(failing) = &school.trouble {
        screen.marked(Mark::Warn, format!("{}: {}", school.host, failing.message))?;
    }
    Ok(())
}
