//! `intendant config check`: what the configuration comes to, and where each value comes from.

use anyhow::{Result, anyhow};
use module::exit::misuse;
use module::terminal::Screen;
use module::{Declaration, Finding};
use serde_json::json;

use super::doctor;
use crate::cli::CheckConfig;
use crate::config::{Origin, Shown};
use crate::context::Context;
use crate::exit::Exit;
use crate::plan;
use crate::render::{Align, Cell, Table};
use crate::role::Taken;

/// Shows the values, then says what is wrong with any.
pub async fn check(args: CheckConfig, context: &Context) -> Result<Exit> {
    let context = &match taken(&args, context)? {
        Some(taken) => context.in_the_place_of(taken),
        None => context.clone(),
    };
    let loaded = context.configuration()?;
    let values = loaded.view().into_iter().filter(|shown| args.all || shown.origin != Origin::Default);
    let values: Vec<Shown> = values.collect();
    let mut remarks = context.role().map(|taken| taken.settings.remarks.clone()).unwrap_or_default();

    let mut said = Declaration::new();
    let (_, faults) = plan::faults(&loaded, context, &mut said);
    if !loaded.config.journal.durable {
        remarks.extend(said.if_lost().map(str::to_owned));
    }
    let mut findings: Vec<Finding> = Vec::new();
    if args.online && faults.is_empty() {
        for check in said.checks {
            findings.extend(check.await);
        }
    }
    let well = findings.iter().all(|finding| finding.level != module::Level::Error);
    let screen = &context.screen;
    if args.json {
        let value = |shown: &Shown| json!({ "key": shown.key, "value": shown.value, "origin": shown.origin.to_string() });
        let values: Vec<_> = values.iter().map(value).collect();
        let ok = well && faults.is_empty();
        screen.json(&json!({ "ok": ok, "values": values, "remarks": remarks, "checks": findings }))?;
    } else {
        screen.table(&table(&values, screen))?;
        for remark in &remarks {
            screen.remark(remark);
        }
        doctor::show(&findings, screen)?;
    }
    // Several are said one below the other; the last one ends the command.
    let mut faults = faults.into_iter();
    let last = faults.next_back();
    faults.for_each(|fault| screen.error(&fault));
    last.map_or(Ok(Exit::of(well)), Err)
}

/// The role that is named, else that of an older program whose settings are found here.
fn taken(args: &CheckConfig, context: &Context) -> Result<Option<Taken>> {
    let roles = context.modules.roles();
    let Some(name) = &args.role else { return Ok(Taken::if_told(&roles, context.environment())) };
    let role = roles.iter().find(|role| role.name == name).ok_or_else(|| {
        let names: Vec<&str> = roles.iter().map(|role| role.name).collect();
        misuse(anyhow!("there is no role {name}: there are {}", names.join(", ")))
    })?;
    Taken::read(*role, context.environment()).map(Some)
}

fn table(values: &[Shown], screen: &Screen) -> Table {
    let mut table = Table::new([("KEY", Align::Left), ("VALUE", Align::Left), ("FROM", Align::Left)]);
    for shown in values {
        let origin = screen.say(&shown.origin.to_string());
        table.row([Cell::from(&shown.key), Cell::from(&shown.value), Cell::from(origin)]);
    }
    table
}
