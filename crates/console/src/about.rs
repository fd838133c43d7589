//! What this program is, and whose work is in it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use engine::ChoreView;
use http::page::Visit;
use http::{May, Read};
use journal::{Differences, Node, NodeRole};

use crate::Console;
use crate::show::{Chip, When};

/// Made by `cargo xtask licences`: name, version and licence of each crate in the program, and of what pages load.
const LICENCES: &str = include_str!("licences.txt");

/// One that lives moves every second: silence is shown from so many on.
const SILENT: u64 = 3;

#[derive(Template)]
#[template(path = "about.html")]
struct About<'p> {
    v: &'p Visit,
    version: &'static str,
    journal: String,
    /// By licence: name and version of what is under it.
    licences: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    count: usize,
    chores: Vec<Shown>,
    /// The hubs on the journal, where there may be several.
    nodes: Vec<Hub>,
    /// Why they may be others by now.
    unseen: Option<String>,
}

/// A hub on the journal.
struct Hub {
    node: Node,
    chip: Chip,
    since: When,
    /// For so many seconds it has not moved, though each second it should.
    silent: Option<u64>,
    /// Backends and settings that are others than those of the one that leads.
    others: Option<String>,
}

/// Something that is done at times.
struct Shown {
    chore: ChoreView,
    last: Option<When>,
    next: Option<When>,
}

/// `GET /about`.
pub(crate) async fn show(State(console): State<Console>, visit: Visit, _: May<Read>) -> Response {
    let licences = licences();
    let hubs = console.hub.keeping().hubs();
    let (nodes, differences) = hubs.map(|hubs| (hubs.now(), hubs.differences())).unwrap_or_default();
    let several = nodes.all.iter().filter(|node| node.role == NodeRole::AtWork).count() > 1;
    let content = About {
        v: &visit,
        version: console.kit.version(),
        journal: console.hub.journal().id().to_string(),
        count: licences.iter().map(|(_, works)| works.len()).sum(),
        licences,
        chores: console.hub.chores().into_iter().map(shown).collect(),
        nodes: nodes.all.iter().map(|node| hub(node.clone(), several, &differences, &visit)).collect(),
        unseen: nodes.trouble.clone(),
    };
    visit.page(visit.t("about")).live("on=none").show(&content)
}

/// `several`: more than one work.
fn hub(node: Node, several: bool, differences: &Differences, visit: &Visit) -> Hub {
    let (tone, word) = match (node.role, node.drained) {
        (NodeRole::AtWork, false) if several && node.leads => ("good", "node-leads"),
        (NodeRole::AtWork, false) => ("good", "node-at-work"),
        (NodeRole::AtWork, true) => ("warn", "node-hands-over"),
        (NodeRole::StandsBy, false) => ("", "node-stands-by"),
        (NodeRole::StandsBy, true) => ("warn", "node-drained"),
    };
    let silent = Some(node.silent.as_secs()).filter(|seconds| *seconds >= SILENT);
    let others = differences.get(&node.life.to_string()).map(ToString::to_string);
    Hub { chip: Chip { tone, word: visit.t(word) }, since: node.since.into(), silent, others, node }
}

fn shown(chore: ChoreView) -> Shown {
    Shown { last: chore.last.map(Into::into), next: chore.next.map(Into::into), chore }
}

fn licences() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let mut found: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in LICENCES.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.splitn(3, '\t');
        let (Some(name), Some(version), Some(licence)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        match found.iter_mut().find(|(known, _)| *known == licence) {
            Some((_, works)) => works.push((name, version)),
            None => found.push((licence, vec![(name, version)])),
        }
    }
    found.sort_by_key(|(_, works)| std::cmp::Reverse(works.len()));
    found
}
