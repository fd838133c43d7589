//! `intendant nodes …`.

use std::time::Duration;

use anyhow::Result;
use api::dto::{self, NodeRole};

use crate::cli::{NodeList, Nodes};
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{Align, Table, Times};
use module::terminal::Tongue;

/// One that lives moves every second: silence is shown from here on.
const SILENT: Duration = Duration::from_secs(3);

/// Carries out one of them.
pub async fn run(command: Nodes, context: &Context) -> Result<Exit> {
    match command {
        Nodes::List(args) => list(&args, context).await,
    }
}

async fn list(args: &NodeList, context: &Context) -> Result<Exit> {
    let found = context.client()?.nodes().await?;
    if args.json {
        context.screen.json(&found)?;
        return Ok(Exit::Done);
    }
    context.screen.table(&table(&found.nodes, context.screen.tongue))?;
    if let Some(trouble) = &found.trouble {
        context.screen.complain(format!("that is how it was seen last: {trouble}"));
    }
    Ok(Exit::Done)
}

fn table(nodes: &[dto::Node], tongue: Tongue) -> Table {
    let times = Times::local();
    let mut table = Table::new([
        ("HOST", Align::Left),
        ("PROCESS", Align::Right),
        ("WHAT IT DOES", Align::Left),
        ("VERSION", Align::Left),
        ("SINCE", Align::Left),
        ("", Align::Left),
    ]);
    for node in nodes {
        let role = match node.role {
            NodeRole::AtWork => "works",
            NodeRole::StandsBy => "stands by",
        };
        let silent = Duration::from_millis(node.silent);
        let remark = match (node.own, silent >= SILENT) {
            (_, true) => tongue.say(&format!("silent for {} s", silent.as_secs())),
            (true, false) => tongue.say("this one"),
            (false, false) => String::new(),
        };
        table.row([
            (&node.host).into(),
            node.process.to_string().into(),
            tongue.say(role).into(),
            node.version.as_deref().unwrap_or_default().into(),
            times.full(node.since.0).into(),
            remark.into(),
        ]);
    }
    table
}
