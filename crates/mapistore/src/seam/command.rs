//! `intendant registry …`.

use std::io::{self, Write as _};
use std::pin::pin;

use anyhow::{Context as _, Result, anyhow};
use futures_util::TryStreamExt as _;
use mapistore_wire as wire;
use mapistore_wire::legacy::{UserCommand, status};
use module::Desk;
use module::exit::{Exit, misuse};
use module::terminal::{Align, Cell, Mark, Table, Times};

use super::typed::{List, Notify, Registry, Remove, Send, Watch, What, Who};
use crate::api::{HolderView, News, Registration, RegistrationPage};
use crate::client;
use crate::legacy::{Mq, Way};
use crate::notify::{Notification, Told};
use crate::removal::Removed;

/// Carries out one of them.
pub(super) async fn run(command: Registry, desk: &dyn Desk) -> Result<Exit> {
    match command {
        Registry::List(args) => list(args, desk).await,
        Registry::Watch(args) => watch(args, desk).await,
        Registry::Who(args) => who(args, desk).await,
        Registry::Notify(args) => notify(args, desk).await,
        Registry::Send(args) => send(&args, desk),
        Registry::Remove(args) => remove(args, desk).await,
    }
}

async fn list(args: List, desk: &dyn Desk) -> Result<Exit> {
    let page = client::list(&desk.client()?, &args.which.into(), args.after.as_deref(), args.limit).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&page)?;
        return Ok(Exit::Done);
    }
    if page.registrations.is_empty() {
        screen.remark("nobody is registered who fits");
    } else {
        screen.table(&table(&page.registrations, desk))?;
    }
    if let Some(next) = &page.next {
        screen.remark(format!("more: the same with --after '{next}'"));
    }
    let RegistrationPage { in_all, processes, below_zero, no_room, .. } = page;
    screen.remark(format!("in all: {in_all} registered, {processes} processes connected"));
    if below_zero > 0 {
        screen.remark(format!("{below_zero} times somebody was to go who was not there"));
    }
    if no_room > 0 {
        screen.marked(Mark::Warn, format!("{no_room} were left out: there is no more room"))?;
    }
    Ok(Exit::Done)
}

fn table(registrations: &[Registration], desk: &dyn Desk) -> Table {
    let (times, now) = (Times::local(), desk.clock().now());
    let mut table = Table::new([
        ("BACKEND", Align::Left),
        ("USER", Align::Left),
        ("VUSER", Align::Left),
        ("COUNT", Align::Right),
        ("SINCE", Align::Left),
        ("HELD BY", Align::Left),
    ]);
    for one in registrations {
        let holders: Vec<String> = one.holders.iter().map(holder).collect();
        let manager = if one.manager { "" } else { " (manager interface missing)" };
        table.row([
            Cell::from(&one.backend),
            Cell::from(&one.user),
            Cell::from(&one.vuser),
            Cell::from(one.count.to_string()),
            Cell::from(one.since.map_or("-".to_owned(), |since| times.short(since.0, now))),
            Cell::from(format!("{}{manager}", holders.join(", "))),
        ]);
    }
    table
}

/// A holder in a few words: `samba[712] ×3`.
fn holder(held: &HolderView) -> String {
    let name = match (&held.program, held.pid, &held.queue) {
        (Some(program), Some(pid), _) => format!("{program}[{pid}]"),
        (None, Some(pid), _) => format!("process {pid}"),
        (_, None, Some(queue)) => format!("queue {queue}"),
        (_, None, None) => "nobody".to_owned(),
    };
    let away = if held.connected { "" } else { ", not heard" };
    if held.count > 1 { format!("{name} ×{}{away}", held.count) } else { format!("{name}{away}") }
}

async fn watch(args: Watch, desk: &dyn Desk) -> Result<Exit> {
    let mut news = pin!(client::events(&desk.client()?, &args.which.into()).await?);
    let screen = desk.screen();
    screen.remark("listening to who comes, goes and is notified");
    for _ in 0..args.limit.unwrap_or(usize::MAX) {
        let Some(news) = news.try_next().await? else {
            screen.remark("the hub stops");
            return Ok(Exit::Failed);
        };
        if args.json {
            screen.json(&news)?;
            continue;
        }
        match &news {
            News::Appeared { backend, user, vuser } => {
                screen.marked(Mark::Good, format!("{user} as {backend}/{vuser} has come"))?;
            }
            News::Vanished { backend, user, vuser } => {
                screen.marked(Mark::Idle, format!("{user} as {backend}/{vuser} has gone"))?;
            }
            News::Notified(told) => screen.marked(Mark::Busy, notified(told))?,
            News::Missed { number } => {
                let missed = format!("{number} were missed: list anew with `intendant registry list`");
                screen.marked(Mark::Warn, missed)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn notified(told: &Told) -> String {
    let Notification { backend, vuser, .. } = &told.notification;
    let uri = told.processes.iter().find_map(|handed| handed.uri.as_deref());
    let taken = told.processes.iter().filter(|handed| handed.taken).count();
    format!(
        "{backend}/{vuser} is notified: taken by {taken} of {} processes{}",
        told.processes.len(),
        uri.map(|uri| format!(", {uri}")).unwrap_or_default()
    )
}

async fn who(args: Who, desk: &dyn Desk) -> Result<Exit> {
    let registered = client::users(&desk.client()?, &args.backend, &args.vuser).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&registered)?;
    } else {
        registered.users.iter().try_for_each(|user| screen.line(user))?;
        if registered.users.is_empty() {
            screen.remark(format!("nobody is registered as {} on {}", args.vuser, args.backend));
        }
    }
    Ok(Exit::of(!registered.users.is_empty()))
}

async fn notify(args: Notify, desk: &dyn Desk) -> Result<Exit> {
    let Notify { backend, vuser, folder, message_id, root_uri, json } = args;
    let notification = Notification { backend, vuser, folder, message_id, root_uri };
    let notified_as = client::notify(&desk.client()?, &notification).await?;
    let screen = desk.screen();
    if json {
        screen.json(&notified_as)?;
        return Ok(Exit::Done);
    }
    let Some(told) = &notified_as.told else {
        screen.marked(
            Mark::Busy,
            format!("that is under way: see `intendant jobs show {}`", notified_as.job),
        )?;
        return Ok(Exit::Done);
    };
    screen.marked(Mark::Good, notified(told))?;
    for handed in told.processes.iter().filter(|handed| !handed.taken) {
        screen.marked(Mark::Warn, format!("process {}: {}", handed.pid, handed.message))?;
    }
    Ok(Exit::Done)
}

fn send(args: &Send, desk: &dyn Desk) -> Result<Exit> {
    let triple = wire::Triple::new(&args.backend, &args.user, &args.vuser)
        .map_err(|error| misuse(anyhow!("{error}")))?;
    let generation = args.legacy.generation();
    let status = match args.what {
        What::Register => status::REGISTER,
        What::Unregister => status::UNREGISTER,
    };
    let message = UserCommand::new(status, triple).encode(generation);
    let queue = Mq::open(generation.queue(), Way::Write)?;
    for written in 0..args.times {
        queue
            .send(&message, generation.priority(status))
            .with_context(|| format!("{written} of {} messages were written", args.times))?;
    }
    let written = format!("{} bytes written to {}, {} times", message.len(), generation.queue(), args.times);
    desk.screen().marked(Mark::Good, written)?;
    Ok(Exit::Done)
}

/// Takes somebody away, once whoever asks has typed whom.
async fn remove(args: Remove, desk: &dyn Desk) -> Result<Exit> {
    let Remove { backend, user, vuser, yes, json } = args;
    let screen = desk.screen();
    if !yes {
        screen.line(format!("What came of {user} as {backend}/{vuser} on queues is to be removed."))?;
        screen.line("Type the name of the system user to go on:")?;
        io::stdout().flush()?;
        let mut typed = String::new();
        io::stdin().read_line(&mut typed)?;
        if typed.trim() != user.trim() {
            return Err(misuse(anyhow!("this is not the name: nothing was removed")));
        }
    }
    let removed = client::remove(&desk.client()?, &backend, &user, &vuser).await?;
    if json {
        screen.json(&removed)?;
        return Ok(Exit::Done);
    }
    let Removed { user, references, left, .. } = removed;
    let then = match left {
        0 => "nobody holds him any more: he has gone".to_owned(),
        left => format!("processes hold him still, by {left}"),
    };
    screen.marked(
        Mark::Good,
        format!("{user} as {backend}/{vuser}: {references} references were removed; {then}"),
    )?;
    Ok(Exit::Done)
}
