//! `intendant identities …`.

mod import;
mod password;
mod runs;

use std::io::Write as _;
use std::pin::pin;

use crate::api::{Counts, Filter, IdentityView, Move, Report, Selection};
use crate::client;
use crate::state::{Deed, State};
use anyhow::Result;
use futures_util::StreamExt as _;
use model::{JobState, Name};
use serde_json::json;

use super::typed::{
    Bulk, ChangeState, Destroy, Erase, ExportFormat, ExportIdentities, Identities, ListIdentities,
    OneIdentity, Sync, Which,
};
use module::Desk;
use module::exit::{Exit, misuse};
use module::terminal::{Align, Cell, Mark, Table, Times, ask_number};

/// Carries out one of them.
pub(super) async fn run(command: Identities, desk: &dyn Desk) -> Result<Exit> {
    match command {
        Identities::Import(args) => import::run(&args, desk).await,
        Identities::Export(args) => export(args, desk).await,
        Identities::List(args) => list(args, desk).await,
        Identities::Show(args) => show(&args, desk).await,
        Identities::Validate(args) => validate(args, desk).await,
        Identities::Sync(args) => sync(args, desk).await,
        Identities::Runs(args) => runs::run(&args, desk).await,
        Identities::State(args) => state(args, desk).await,
        Identities::Enable(args) => enable(args, desk).await,
        Identities::Disable(args) => destroy(Deed::Disable, args, desk).await,
        Identities::Delete(args) => destroy(Deed::Delete, args, desk).await,
        Identities::Erase(args) => erase(args, desk).await,
        Identities::Password(args) => password::run(&args, desk).await,
    }
}

fn filter(which: Which) -> Filter {
    Filter { state: which.states, text: which.text }
}

async fn list(args: ListIdentities, desk: &dyn Desk) -> Result<Exit> {
    let hub = desk.client()?;
    let which = filter(args.which);
    let page = client::list(&hub, &which, args.sort, args.after.as_deref(), args.limit).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&page)?;
        return Ok(Exit::Done);
    }
    let none = page.identities.is_empty() && page.damaged.is_empty();
    if none && which == Filter::default() {
        screen.remark("there is no identity yet; `intendant identities import FILE` brings some in");
    } else if none {
        screen.remark("no identity fits");
    } else {
        screen.table(&table(&page.identities, desk))?;
    }
    for row in &page.damaged {
        screen.marked(Mark::Bad, format!("{} cannot be read: {}", row.what, row.why))?;
        screen
            .remark(format!("erase it with `intendant identities erase {}`, then import it again", row.what));
    }
    if let Some(next) = page.next {
        screen.remark(format!("more: the same with --after '{next}'"));
    }
    if let Some(total) = page.total {
        screen.remark(format!("{total} fit"));
    }
    screen.remark(counted(&client::counts(&hub).await?, desk));
    Ok(Exit::Done)
}

/// How many are in each state, and what comes next.
fn counted(counts: &Counts, desk: &dyn Desk) -> String {
    let part = |(state, n): (&State, &u64)| format!("{n} {}", words(*state));
    let states: Vec<String> = counts.states.iter().map(part).collect();
    let next = counts.next_synchronisation.map(|at| {
        format!("; synchronised by themselves next at {}", Times::local().short(at.0, desk.clock().now()))
    });
    format!("in all: {}{}", states.join(", "), next.unwrap_or_default())
}

fn words(state: State) -> String {
    state.as_str().replace('_', " ")
}

fn mark(state: State) -> Mark {
    match state {
        State::Synchronised => Mark::Good,
        State::InError => Mark::Bad,
        State::ToComplete => Mark::Warn,
        State::Synchronising => Mark::Busy,
        State::ToValidate | State::ToSynchronise | State::NotToSynchronise | State::Deleted => Mark::Idle,
    }
}

fn table(identities: &[IdentityView], desk: &dyn Desk) -> Table {
    let (times, now) = (Times::local(), desk.clock().now());
    let mut table = Table::new([
        ("NAME", Align::Left),
        ("UID", Align::Left),
        ("STATE", Align::Left),
        ("CHANGED", Align::Left),
        ("SYNCHRONISED", Align::Left),
        ("ID", Align::Left),
    ]);
    for identity in identities {
        table.row([
            Cell::from(Name::of(identity.label.clone()).as_ref().map_or("-", Name::first)),
            Cell::from(identity.uid.as_deref().unwrap_or("-")),
            Cell::marked(mark(identity.state), words(identity.state)),
            Cell::from(identity.changed_at.map_or("-".to_owned(), |at| times.short(at.0, now))),
            Cell::from(identity.synchronised_at.map_or("-".to_owned(), |at| times.short(at.0, now))),
            Cell::from(&identity.id),
        ]);
    }
    table
}

async fn show(args: &OneIdentity, desk: &dyn Desk) -> Result<Exit> {
    let identity = client::show(&desk.client()?, &args.id).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&identity)?;
        return Ok(Exit::Done);
    }
    let called = if identity.label.is_empty() { &identity.id } else { &identity.label };
    screen.marked(mark(identity.state), format!("{called}: {}", words(identity.state)))?;
    screen.remark(format!("id {}", identity.id));
    if identity.disabled {
        screen.marked(Mark::Warn, "its access was taken away")?;
    }
    if !identity.missing.is_empty() {
        screen.marked(Mark::Warn, format!("missing in it: {}", identity.missing.join(", ")))?;
    }
    if let Some(last) = &identity.last {
        let good = last.state == JobState::Succeeded;
        let why = last.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        let mark = if good { Mark::Good } else { Mark::Bad };
        let at = Times::local().short(last.at.0, desk.clock().now());
        screen.marked(mark, format!("{} {} {at}{why}", last.deed.as_str(), last.state.as_str()))?;
        screen.remark(format!("what each backend said: intendant jobs show {}", last.job));
    }
    if let Some(document) = &identity.document {
        screen.pretty(document)?;
    }
    Ok(Exit::Done)
}

async fn export(args: ExportIdentities, desk: &dyn Desk) -> Result<Exit> {
    let format = match args.format {
        ExportFormat::Ndjson => "ndjson",
        ExportFormat::Csv => "csv",
    };
    let pieces = client::export(&desk.client()?, &filter(args.which), format).await?;
    let mut pieces = pin!(pieces);
    let mut out = desk.screen().stream();
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece?)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// What was selected; nothing at all is a mistake.
fn selected(bulk: Bulk) -> Result<Selection> {
    let which = filter(bulk.which);
    if !bulk.ids.is_empty() {
        return Ok(Selection { ids: Some(bulk.ids), ..Selection::default() });
    }
    if bulk.all || which != Filter::default() {
        return Ok(Selection { filter: Some(which), ..Selection::default() });
    }
    Err(misuse("name the identities: by ids, with --in STATE or --text TEXT, or with --all"))
}

async fn enable(args: Bulk, desk: &dyn Desk) -> Result<Exit> {
    let json = args.json;
    let report = client::carry_out(&desk.client()?, Deed::Enable, &selected(args)?).await?;
    tell(&report, "to be enabled now", json, desk)
}

/// Takes something away. Where the hub wants to hear for how many, a person is asked.
async fn destroy(deed: Deed, args: Destroy, desk: &dyn Desk) -> Result<Exit> {
    let (hub, json) = (desk.client()?, args.bulk.json);
    let mut selection = Selection { expected: args.expected, ..selected(args.bulk)? };
    let report = match client::carry_out(&hub, deed, &selection).await {
        Err(api::Error::Problem(problem)) if selection.expected.is_none() && problem.expected.is_some() => {
            let n = problem.expected.map_or(0, u64::from);
            agree(deed, n, desk)?;
            selection.expected = Some(n);
            client::carry_out(&hub, deed, &selection).await?
        }
        report => report?,
    };
    let words = if deed == Deed::Disable { "to be disabled now" } else { "to be deleted now" };
    tell(&report, words, json, desk)
}

/// Has a person type how many will lose something.
fn agree(deed: Deed, n: u64, desk: &dyn Desk) -> Result<()> {
    let words = match deed {
        Deed::Disable => format!("{n} identities will lose their access; type their number to go on:"),
        _ => format!("{n} identities will be deleted; type their number to go on:"),
    };
    match ask_number(desk.screen(), &words)? {
        Some(typed) if typed == n => Ok(()),
        Some(_) => Err(misuse("that is another number: nothing was changed")),
        None => Err(misuse(format!(
            "{n} identities are meant, more than 50: say that you know it, with --expected {n}"
        ))),
    }
}

/// Whether a command names nobody.
fn names_nobody(bulk: &Bulk) -> bool {
    bulk.ids.is_empty() && !bulk.all && bulk.which.states.is_empty() && bulk.which.text.is_none()
}

async fn sync(args: Sync, desk: &dyn Desk) -> Result<Exit> {
    let (hub, json) = (desk.client()?, args.bulk.json);
    let selection = if names_nobody(&args.bulk) { Selection::default() } else { selected(args.bulk)? };
    let report = client::carry_out(&hub, Deed::Synchronise, &selection).await?;
    if !args.wait {
        return tell(&report, "to be synchronised now", json, desk);
    }
    let asked =
        if json { Exit::of(report.left == 0) } else { tell(&report, "to be synchronised now", json, desk)? };
    match runs::wait_for(&hub, &report, json, desk).await? {
        Some(Exit::Done) => Ok(asked),
        Some(ended) => Ok(ended),
        None if json => tell(&report, "", json, desk),
        None => Ok(asked),
    }
}

/// What was looked at may go out. Those that were not to be validated are left, which is no failure.
async fn validate(args: Bulk, desk: &dyn Desk) -> Result<Exit> {
    let json = args.json;
    let all = Filter { state: vec![State::ToValidate], text: None };
    let selection = if names_nobody(&args) {
        Selection { filter: Some(all), ..Selection::default() }
    } else {
        selected(args)?
    };
    let Selection { ids, filter, .. } = selection;
    let report = client::move_to(&desk.client()?, &Move { state: State::ToSynchronise, ids, filter }).await?;
    let exit = tell(&report, "to be synchronised", json, desk)?;
    if !json && report.done > 0 {
        desk.screen().remark("next: `intendant identities sync`");
    }
    Ok(exit)
}

async fn state(args: ChangeState, desk: &dyn Desk) -> Result<Exit> {
    let json = args.bulk.json;
    let Selection { ids, filter, .. } = selected(args.bulk)?;
    let asked = Move { state: args.state, ids, filter };
    let report = client::move_to(&desk.client()?, &asked).await?;
    tell(&report, &format!("{} now", words(args.state)), json, desk)
}

async fn erase(args: Erase, desk: &dyn Desk) -> Result<Exit> {
    let (hub, screen) = (desk.client()?, desk.screen());
    let mut exit = Exit::Done;
    for id in args.ids {
        match client::erase(&hub, &id).await {
            Ok(()) if args.json => screen.json(&json!({ "id": id, "erased": true }))?,
            Ok(()) => screen.marked(Mark::Good, format!("{id}: its data is erased"))?,
            Err(api::Error::Problem(problem)) => {
                screen.fail(problem.detail);
                exit = Exit::Failed;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(exit)
}

/// Says what came of something that was done to many.
fn tell(report: &Report, words: &str, json: bool, desk: &dyn Desk) -> Result<Exit> {
    let screen = desk.screen();
    if json {
        screen.json(report)?;
    } else {
        let mark = if report.done > 0 { Mark::Good } else { Mark::Idle };
        screen.marked(mark, format!("{} {words}", counted_identities(report.done)))?;
        for left in &report.examples {
            let called = left.name.as_deref().map(|name| format!("{name} ({})", left.id));
            screen.marked(Mark::Bad, format!("{}: {}", called.as_ref().unwrap_or(&left.id), left.message))?;
        }
        let more = report.left.saturating_sub(report.examples.len() as u64);
        if more > 0 {
            screen.remark(format!("and {more} more were left as they are"));
        }
        if let [job] = report.jobs.as_slice() {
            screen.remark(format!("follow it with `intendant jobs watch {job}`"));
        }
    }
    Ok(Exit::of(report.left == 0))
}

fn counted_identities(n: u64) -> String {
    if n == 1 { "1 identity is".to_owned() } else { format!("{n} identities are") }
}
