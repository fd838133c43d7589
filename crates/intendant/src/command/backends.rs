//! `intendant backends list|ping|pause|resume|reload`.

use std::time::Duration;

use anyhow::Result;
use api::dto::{Backend, Pong, Standing};
use engine::port::{BackendEntry, Call, Control, Reporter};
use engine::{BackendView, PING};
use model::{OutcomeKind, RunMark};
use module::Offer;
use module::terminal::Tongue;
use serde_json::json;
use tokio::sync::watch;

use super::follow::busy_line;
use crate::cli::{BackendList, OneBackend, Ping, Reload};
use crate::context::Context;
use crate::exit::{Exit, misuse};
use crate::render::step::Line;
use crate::render::{Align, Cell, Mark, Table, text};

/// How long a ping outside the hub may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Those that lie on this machine, and where.
pub(super) async fn here(context: &Context) -> Result<Offer> {
    context.modules.offer(&context.told(&context.configuration_of_hub().await?))
}

/// `backends list`.
pub async fn list(args: BackendList, context: &Context) -> Result<Exit> {
    let backends = match context.client()?.backends().await {
        Err(api::Error::NoHub { .. }) => {
            let here = here(context).await?;
            let folder = here.folder.unwrap_or_default();
            context.screen.remark(format!("no hub is running; as {} stands:", folder.display()));
            as_listed(&here.backends, context)
        }
        answer => answer?,
    };
    if args.json {
        context.screen.json(&backends)?;
        return Ok(Exit::Done);
    }
    if backends.is_empty() {
        context.screen.remark("there is none yet: `intendant backends new NAME` makes one");
        return Ok(Exit::Done);
    }
    context.screen.table(&table(&backends, context.screen.tongue))?;
    for backend in &backends {
        if let Some(trouble) = &backend.trouble {
            let mark = if backend.standing == Standing::Active { Mark::Warn } else { Mark::Bad };
            context.screen.marked(mark, format!("{}: {trouble}", backend.name))?;
        }
        for told in told(backend) {
            context.screen.marked(Mark::Idle, format!("{}: {told}", backend.name))?;
        }
    }
    Ok(Exit::Done)
}

/// Backends as they lie there.
fn as_listed(entries: &[BackendEntry], context: &Context) -> Vec<Backend> {
    let now = context.clock.now();
    entries.iter().map(|entry| BackendView::at_rest(entry, now).into()).collect()
}

/// What keeps work from a backend at times.
fn told(backend: &Backend) -> Vec<String> {
    let held = backend.held_until.map(|until| {
        let said = backend.held_because.as_deref().unwrap_or_default();
        format!("it wants not to be asked until {:.0}: {}", until.0, text::one_line(said))
    });
    let rate = backend.rate.as_ref().map(|rate| format!("at most {rate}"));
    let windows = backend.windows.as_ref().map(|windows| {
        let opens = windows.opens_at.map(|at| format!(", opens at {:.0}", at.0)).unwrap_or_default();
        format!("works at {}{opens}", windows.pattern)
    });
    let clocks = backend.windows.as_ref().and_then(|windows| windows.change_of_clocks.clone());
    [held, rate, windows, clocks].into_iter().flatten().collect()
}

fn table(backends: &[Backend], tongue: Tongue) -> Table {
    let mut table = Table::new([
        ("BACKEND", Align::Left),
        ("STATE", Align::Left),
        ("RUNNING", Align::Right),
        ("FAILED", Align::Right),
        ("ACTIONS", Align::Left),
    ]);
    for backend in backends {
        let (mark, state) = match backend.standing {
            Standing::Broken => (Mark::Bad, "broken"),
            Standing::Inactive => (Mark::Idle, "inactive"),
            Standing::Active if backend.paused => (Mark::Warn, "paused"),
            Standing::Active if backend.left_alone_until.is_some() => (Mark::Bad, "failing"),
            Standing::Active if backend.held_until.is_some() => (Mark::Warn, "not now"),
            Standing::Active if backend.windows.as_ref().is_some_and(|windows| !windows.open) => {
                (Mark::Idle, "closed")
            }
            Standing::Active => (Mark::Good, "active"),
        };
        let state = tongue.say(&if backend.native { format!("{state}, native") } else { state.to_owned() });
        let most = backend.concurrency.map(|most| format!("/{most}")).unwrap_or_default();
        table.row([
            Cell::from(backend.name.clone()),
            Cell::marked(mark, format!("{} {state}", mark.sign())),
            Cell::from(format!("{}{most}", backend.running)),
            Cell::from(if backend.dead > 0 { backend.dead.to_string() } else { "-".to_owned() }),
            Cell::from(backend.actions.join(" ")),
        ]);
    }
    table
}

/// `backends pause` and `backends resume`.
pub async fn pause(args: OneBackend, paused: bool, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let screen = &context.screen;
    if paused {
        client.pause(&args.name).await?;
        let name = &args.name;
        screen.marked(
            Mark::Warn,
            format!("{name} is paused: nothing more starts on it until `intendant backends resume {name}`"),
        )?;
    } else {
        client.resume(&args.name).await?;
        screen.marked(Mark::Good, format!("{} goes on", args.name))?;
    }
    Ok(Exit::Done)
}

/// `backends reload`.
pub async fn reload(args: Reload, context: &Context) -> Result<Exit> {
    let report = context.client()?.reload().await.map_err(|error| match error {
        api::Error::Problem(problem) if problem.code.as_str() == "bad_configuration" => {
            misuse(format!("nothing was changed: {}", problem.detail))
        }
        other => other.into(),
    })?;
    let screen = &context.screen;
    if args.json {
        screen.json(&report)?;
        return Ok(Exit::Done);
    }
    let counted = text::count(report.backends, "backend");
    screen.marked(Mark::Good, format!("{counted} in use"))?;
    for warning in &report.warnings {
        screen.marked(Mark::Warn, warning)?;
    }
    for key in &report.needs_restart {
        screen.marked(Mark::Warn, format!("{key} was changed and holds after a restart of the hub"))?;
    }
    Ok(Exit::Done)
}

/// `backends ping`.
pub async fn ping(args: Ping, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let hub = match client.backends().await {
        Ok(backends) => Some(backends),
        Err(api::Error::NoHub { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let local = here(context).await?.backends;
    let backends = hub.clone().unwrap_or_else(|| as_listed(&local, context));
    let chosen = choose(&backends, args.name.as_deref())?;
    if hub.is_none() {
        context.screen.remark("no hub is running: asked from here");
    }
    let names = chosen.iter().map(|name| text::width(name)).max().unwrap_or(0).clamp(8, 24);
    let mut answers = Vec::new();
    let busy = busy_line(&context.screen, !args.json);
    for name in chosen {
        busy.set_message(text::one_line(name));
        let begun = context.clock.instant();
        let pong = match (&hub, local.iter().find(|entry| *entry.name == *name)) {
            (Some(_), _) => client.ping(name).await?,
            (None, Some(entry)) => ping_here(entry, context).await,
            (None, None) => continue,
        };
        let took = context.clock.instant().duration_since(begun);
        if !args.json {
            let line = Line {
                at: None,
                mark: if pong.kind == OutcomeKind::Done { Mark::Good } else { Mark::Bad },
                name: name.to_owned(),
                took: Some(took),
                words: pong.message.clone().unwrap_or_default(),
                remarks: Vec::new(),
            };
            let lines = line.lines(names, &context.screen.look());
            busy.suspend(|| lines.iter().try_for_each(|line| context.screen.line(line)))?;
        }
        answers.push((name.to_owned(), pong));
    }
    busy.finish_and_clear();
    let well = answers.iter().all(|(_, pong)| pong.kind == OutcomeKind::Done);
    if args.json {
        let answers = answers.iter().map(|(name, pong)| json!({ "backend": name, "answer": pong }));
        context.screen.json(&answers.collect::<Vec<_>>())?;
    } else if answers.is_empty() {
        context.screen.remark(format!("no active backend maps {PING}"));
    }
    Ok(Exit::of(well))
}

/// The named backend, or all that take part and can be asked.
fn choose<'b>(backends: &'b [Backend], named: Option<&str>) -> Result<Vec<&'b str>> {
    let asked = |backend: &&Backend| match named {
        Some(name) => backend.name == name,
        None => backend.standing != Standing::Inactive && backend.actions.iter().any(|action| action == PING),
    };
    let chosen: Vec<&str> = backends.iter().filter(asked).map(|backend| backend.name.as_str()).collect();
    match named {
        Some(name) if chosen.is_empty() => {
            Err(misuse(format!("there is no backend {name}; see `intendant backends list`")))
        }
        _ => Ok(chosen),
    }
}

async fn ping_here(entry: &BackendEntry, context: &Context) -> Pong {
    let job = context.clock.job_id(context.clock.now());
    let mark = RunMark { journal: job.0, job, step: 0, attempt: 1 };
    let call = Call::new(mark, PING, json!({ "payload": {} }));
    let (_keep, stop) = watch::channel(None);
    let control = Control { limit: Some(LIMIT), stop, progress: Reporter::unheard() };
    let pong = entry.backend.run(call, control).await.into();
    entry.backend.stop().await;
    pong
}
