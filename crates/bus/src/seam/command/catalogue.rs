//! `intendant bus catalogue`.

use std::collections::BTreeMap;

use crate::api::{Catalogue, Reachability};
use crate::catalogue::{Known, Way, catalogue};
use anyhow::Result;
use engine::port;
use http::dependency;

use super::super::settings;
use super::super::typed::Catalogue as Typed;
use module::Desk;
use module::exit::Exit;
use module::terminal::{Align, Mark, Table};

/// Prints what follows from configuration and backends as they lie there; no hub needs to run.
pub(super) async fn run(args: Typed, desk: &dyn Desk) -> Result<Exit> {
    let backends = desk.backends()?;
    let known = |action: &str| {
        let active = backends.entries.iter().filter(|entry| entry.standing == port::Standing::Active);
        let mapped: Vec<_> = active.filter(|entry| entry.actions.contains_key(action)).collect();
        Known {
            backends: mapped.iter().map(|entry| entry.name.to_string()).collect(),
            depends_on: mapped.iter().flat_map(|entry| entry.backend.depends_on()).cloned().collect(),
        }
    };
    let mut shown = Catalogue::default();
    for (settings, routes) in settings::of(&desk.told().await?)? {
        if args.which.bus.as_ref().is_none_or(|name| *name == settings.name) {
            shown.entries.extend(catalogue(&settings, &routes, known));
        }
    }
    let needed = shown.entries.iter().flat_map(|entry| &entry.depends_on);
    let needed: BTreeMap<_, _> = needed.map(|needed| (needed.name.clone(), needed.clone())).collect();
    for (name, dependency) in needed {
        let why = dependency::reach(&dependency.url).await.err();
        shown.dependencies.push(Reachability { name, reachable: why.is_none(), why });
    }
    if args.which.json {
        desk.screen().json(&shown)?;
    } else {
        print(&shown, desk)?;
    }
    Ok(Exit::Done)
}

fn print(shown: &Catalogue, desk: &dyn Desk) -> Result<()> {
    let screen = desk.screen();
    let left = Align::Left;
    let mut table = Table::new([("I/O", left), ("ROUTING KEY", left), ("ACTION OR TRIGGER", left)]);
    for entry in &shown.entries {
        let way = match entry.way {
            Way::In => "in",
            Way::Out => "out",
        };
        let does = [entry.about.clone(), entry.action.clone()].into_iter().flatten();
        let does = does.chain(entry.triggers.iter().map(|key| format!("after {key}")));
        table.row([
            format!("{way} {}", entry.kind.as_str()).into(),
            entry.routing_key.as_str().into(),
            does.collect::<Vec<_>>().join("; ").into(),
        ]);
    }
    for line in table.lines(&screen.look()) {
        screen.line(line)?;
    }
    for needed in &shown.dependencies {
        match &needed.why {
            None => screen.marked(Mark::Good, format!("{} answers", needed.name))?,
            Some(why) => screen.marked(Mark::Bad, format!("{} does not answer: {why}", needed.name))?,
        }
    }
    Ok(())
}
