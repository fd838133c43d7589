//! `intendant nodes …`.

use std::time::Duration;

use anyhow::Result;
use api::client::Client;
use api::dto::{self, NodeRole};

use super::follow::busy_line;
use crate::cli::{NodeDrain, NodeList, NodeResume, Nodes};
use crate::context::Context;
use crate::exit::{Exit, misuse};
use crate::render::{Align, Mark, Table, Times};
use module::terminal::Tongue;

/// One that lives moves every second: silence is shown from here on.
const SILENT: Duration = Duration::from_secs(3);
/// A hub that lays down its work is looked at so often.
const LOOK: Duration = Duration::from_millis(250);
/// And does not answer for so many looks, ten minutes: as long as what runs may take to end.
const TRIES: u32 = 2400;

/// Carries out one of them.
pub async fn run(command: Nodes, context: &Context) -> Result<Exit> {
    match command {
        Nodes::List(args) => list(&args, context).await,
        Nodes::Drain(args) => drain(&args, context).await,
        Nodes::Resume(args) => resume(&args, context).await,
    }
}

async fn list(args: &NodeList, context: &Context) -> Result<Exit> {
    let found = context.client()?.nodes().await?;
    if args.json {
        context.screen.json(&found)?;
        return Ok(Exit::Done);
    }
    context.screen.table(&table(&found.nodes, context.screen.tongue))?;
    for node in &found.nodes {
        let others = names(node);
        if !others.is_empty() {
            let what =
                format!("{} has not the backends and settings of the hub that leads: {others}", node.host);
            context.screen.marked(Mark::Warn, what)?;
        }
    }
    if let Some(trouble) = &found.trouble {
        context.screen.ask(format!("that is how it was seen last: {trouble}"));
    }
    Ok(Exit::Done)
}

/// `nodes drain`: says so, and waits until nothing runs there any more.
async fn drain(args: &NodeDrain, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let node = find(client.nodes().await?, args.name.as_deref())?;
    client.drain(&node.life, args.force).await.map_err(|error| match error {
        api::Error::Problem(problem) if problem.code.as_str() == "nobody_else" => {
            misuse(format!("{}; with --force nobody works until one does again", problem.detail))
        }
        other => other.into(),
    })?;
    let busy = busy_line(&context.screen, true);
    let at_work = laid_down(&client, &node, context).await?;
    busy.finish_and_clear();
    let name = args.name.as_ref().unwrap_or(&node.host);
    context.screen.marked(
        Mark::Warn,
        format!("{name} is drained: it takes no work until `intendant nodes resume {name}`, or until it is started anew"),
    )?;
    match at_work {
        Some(other) => context.screen.marked(Mark::Good, format!("{other} works"))?,
        None => context.screen.marked(Mark::Bad, "nobody works on the journal")?,
    }
    Ok(Exit::Done)
}

/// `nodes resume`.
async fn resume(args: &NodeResume, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let node = find(client.nodes().await?, args.name.as_deref())?;
    client.take_work_again(&node.life).await?;
    context
        .screen
        .marked(Mark::Good, format!("{} may take work again", args.name.as_ref().unwrap_or(&node.host)))?;
    Ok(Exit::Done)
}

/// The hub of this host or process; without a name the one that answers.
fn find(found: dto::Nodes, name: Option<&str>) -> Result<dto::Node> {
    let is_meant = |node: &dto::Node| match name {
        Some(name) => node.host == name || node.process.to_string() == name || node.life == name,
        None => node.own,
    };
    let mut meant = found.nodes.into_iter().filter(is_meant);
    match (meant.next(), meant.next(), name) {
        (Some(node), None, _) => Ok(node),
        (Some(one), Some(other), _) => Err(misuse(format!(
            "there are several hubs of this name: give the process of one, such as {} or {}",
            one.process, other.process
        ))),
        (None, _, Some(name)) => Err(misuse(format!("there is no hub {name}: see `intendant nodes list`"))),
        (None, _, None) => Err(misuse("the hub does not find itself on the journal: try again")),
    }
}

/// Waits until this hub does not work any more and another one does, if one can; which one that is. Meanwhile nobody may answer.
async fn laid_down(client: &Client, node: &dto::Node, context: &Context) -> Result<Option<String>> {
    let is_it = |other: &&dto::Node| (&other.host, other.process) == (&node.host, node.process);
    let mut tries = 0;
    loop {
        match client.nodes().await {
            Ok(found) => {
                tries = 0;
                let drained =
                    found.nodes.iter().find(is_it).is_none_or(|node| node.role == NodeRole::StandsBy);
                let works = |node: &&dto::Node| node.role == NodeRole::AtWork && !node.drained;
                let at_work = found.nodes.iter().find(works);
                let could_work = found.nodes.iter().any(|node| !node.drained);
                // One that has just entered has not looked yet.
                let has_looked = found.nodes.iter().any(|node| node.own);
                if has_looked && drained && (at_work.is_some() || !could_work) {
                    return Ok(at_work.map(|node| node.host.clone()));
                }
            }
            Err(error) if tries >= TRIES => return Err(error.into()),
            Err(_) => tries += 1,
        }
        context.clock.sleep(LOOK).await;
    }
}

/// What this hub was told otherwise than the one that leads.
pub(super) fn names(node: &dto::Node) -> String {
    [&node.other_backends[..], &node.other_settings].concat().join(", ")
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
    let several = nodes.iter().filter(|node| node.role == NodeRole::AtWork).count() > 1;
    for node in nodes {
        let role = match (node.role, node.drained) {
            (NodeRole::AtWork, false) if several && node.leads => "leads",
            (NodeRole::AtWork, false) => "works",
            (NodeRole::AtWork, true) => "hands over",
            (NodeRole::StandsBy, false) => "stands by",
            (NodeRole::StandsBy, true) => "is drained",
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
