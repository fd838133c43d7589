//! `intendant hosting …`.

mod export;
mod follow;
mod upload;

use anyhow::Result;
use module::Desk;
use module::exit::{Exit, misuse};
use module::terminal::{Align, Cell, Mark, Table, Times, ask_secret};

use super::typed::{Alter, Create, Hosting, List, One};
use crate::api::{EstablishmentChange, EstablishmentView, NewEstablishment};
use crate::client::{self, Which};
use crate::establishment::OperationState;
use crate::state::State;
use crate::values::Contact;

/// Carries out one of them.
pub(super) async fn run(command: Hosting, desk: &dyn Desk) -> Result<Exit> {
    match command {
        Hosting::Create(args) => create(args, desk).await,
        Hosting::Show(args) => show(&args, desk).await,
        Hosting::List(args) => list(args, desk).await,
        Hosting::Alter(args) => alter(args, desk).await,
        Hosting::Delete(args) => delete(&args, desk).await,
        Hosting::Upload(args) => upload::run(&args, desk).await,
        Hosting::Retry(args) => {
            let done = client::retry(&desk.client()?, &args.rne).await?;
            told(&done, args.json, desk)
        }
        Hosting::Rotate(args) => rotate(&args, desk).await,
        Hosting::Export(args) => export::run(&args, desk).await,
        Hosting::Follow(args) => follow::follow(args, desk).await,
        Hosting::Unfollow(args) => follow::unfollow(&args, desk).await,
        Hosting::Watch(args) => follow::watch(&args, desk).await,
    }
}

async fn create(args: Create, desk: &dyn Desk) -> Result<Exit> {
    let contact = args.mail.map(|mail| Contact { mail, language: args.language });
    let new = NewEstablishment {
        rne: args.rne,
        griffe: args.griffe,
        code: code(desk)?,
        version: args.version,
        contact,
    };
    let made = client::create(&desk.client()?, &new).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&made)?;
        return Ok(Exit::Done);
    }
    screen.line(&made.key)?;
    screen.remark(format!("this is the key of {}, which is in {}: keep it", made.rne, made.state));
    screen.remark(format!("next: `intendant hosting show {}`", made.rne));
    Ok(Exit::Done)
}

/// The licence code: it is typed where nobody else sees it.
fn code(desk: &dyn Desk) -> Result<String> {
    let line = match ask_secret(desk.screen(), "the licence code (not shown):")? {
        Some(typed) => Some(typed),
        None => module::document::lines().next().transpose()?,
    };
    line.filter(|line| !line.is_empty())
        .ok_or_else(|| misuse("the licence code is missing: give it on standard input"))
}

async fn show(args: &One, desk: &dyn Desk) -> Result<Exit> {
    let view = client::show(&desk.client()?, &args.rne).await?;
    told(&view, args.json, desk)
}

async fn alter(args: Alter, desk: &dyn Desk) -> Result<Exit> {
    let code = if args.code { Some(code(desk)?) } else { None };
    let change = EstablishmentChange { griffe: args.griffe, code, version: args.version, contact: None };
    let view = client::alter(&desk.client()?, &args.rne, &change).await?;
    told(&view, args.json, desk)
}

async fn delete(args: &One, desk: &dyn Desk) -> Result<Exit> {
    let view = client::delete(&desk.client()?, &args.rne).await?;
    told(&view, args.json, desk)
}

async fn rotate(args: &One, desk: &dyn Desk) -> Result<Exit> {
    let made = client::rotate(&desk.client()?, &args.rne).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&made)?;
    } else {
        screen.line(&made.key)?;
        screen.remark(format!("this is the key of {} from now on; the one before is void", made.rne));
    }
    Ok(Exit::Done)
}

async fn list(args: List, desk: &dyn Desk) -> Result<Exit> {
    let states = args.states.iter().map(|state| state.code().to_owned()).collect();
    let which = Which { states, text: args.text };
    let page = client::list(&desk.client()?, &which, args.after.as_deref(), args.limit).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&page)?;
        return Ok(Exit::Done);
    }
    if page.establishments.is_empty() {
        screen.remark("no school fits; `intendant hosting create RNE` asks for one");
    } else {
        let (times, now) = (Times::local(), desk.clock().now());
        let mut table = Table::new([
            ("RNE", Align::Left),
            ("STATE", Align::Left),
            ("SINCE", Align::Left),
            ("VERSION", Align::Left),
            ("STAMP", Align::Left),
        ]);
        for row in &page.establishments {
            table.row([
                Cell::from(&row.rne),
                Cell::marked(mark(&row.state), row.state.clone()),
                Cell::from(times.short(row.since.0, now)),
                Cell::from(row.version.as_str().to_owned()),
                Cell::from(&row.griffe),
            ]);
        }
        screen.table(&table)?;
    }
    for row in &page.damaged {
        screen.marked(Mark::Bad, format!("{} cannot be read: {}", row.what, row.why))?;
    }
    if let Some(next) = page.next {
        screen.remark(format!("more: the same with --after {next}"));
    }
    Ok(Exit::Done)
}

fn mark(code: &str) -> Mark {
    match State::of_code(code) {
        Some(State::Ready) => Mark::Good,
        Some(State::StartError | State::UploadedError) => Mark::Bad,
        Some(State::DbWait) => Mark::Warn,
        Some(State::Deleted) | None => Mark::Idle,
        Some(_) => Mark::Busy,
    }
}

fn told(view: &EstablishmentView, json: bool, desk: &dyn Desk) -> Result<Exit> {
    let screen = desk.screen();
    if json {
        screen.json(view)?;
        return Ok(Exit::Done);
    }
    let (times, now) = (Times::local(), desk.clock().now());
    screen.marked(mark(&view.state), format!("{} {}: {}", view.rne, view.griffe, view.state))?;
    if let Some(last) = &view.last_operation {
        let (state, tone) = match last.state {
            OperationState::Running => ("under way", Mark::Busy),
            OperationState::Done => ("done", Mark::Good),
            OperationState::Failed => ("failed", Mark::Bad),
            OperationState::Cancelled => ("cancelled", Mark::Warn),
        };
        let why = last.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        screen.marked(tone, format!("{} {state} {}{why}", last.kind.word(), times.short(last.at.0, now)))?;
    }
    if let Some(eta) = view.eta_seconds {
        screen.remark(format!("open in about {} min", eta.div_ceil(60)));
    }
    if let Some(connection) = &view.connection {
        connection.url.iter().try_for_each(|url| screen.line(url))?;
        for row in &connection.rows {
            // What is secret is shown by --json, where it was asked for.
            let value = if row.secret { model::MASK } else { &row.value };
            screen.line(format!("{}: {value}", row.label))?;
        }
    }
    for passed in &view.history {
        screen.line(format!("  {}  {}", times.short(passed.at.0, now), passed.state))?;
    }
    let next = match State::of_code(&view.state) {
        Some(State::DbWait) => format!("next: `intendant hosting upload {} FILE…`", view.rne),
        Some(State::StartError | State::UploadedError) => {
            format!("next: `intendant hosting retry {}`", view.rne)
        }
        Some(State::Deleted) => format!("next: `intendant hosting export {}`", view.rne),
        _ => return Ok(Exit::Done),
    };
    screen.remark(next);
    Ok(Exit::Done)
}
