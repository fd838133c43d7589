//! What this program is, and whose work is in it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use engine::ChoreView;
use http::page::Visit;
use http::{May, Read};

use crate::Console;
use crate::show::When;

/// Made by `cargo xtask licences`: name, version and licence of each crate in the program, and of what pages load.
const LICENCES: &str = include_str!("licences.txt");

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
    let content = About {
        v: &visit,
        version: console.kit.version(),
        journal: console.hub.journal().id().to_string(),
        count: licences.iter().map(|(_, works)| works.len()).sum(),
        licences,
        chores: console.hub.chores().into_iter().map(shown).collect(),
    };
    visit.page(visit.t("about")).live("on=none").show(&content)
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
