//! Sources: where requests come from.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use engine::LinkView;
use http::page::Visit;
use http::{May, Read};

use crate::Console;
use crate::show::{Chip, When};

/// A connection to another server.
struct Row {
    chip: Chip,
    since: When,
    counters: Vec<String>,
    link: LinkView,
}

#[derive(Template)]
#[template(path = "sources.html")]
struct All<'p> {
    v: &'p Visit,
    links: Vec<Row>,
    unclaimed: Vec<(String, u64)>,
}

/// `GET /sources`.
pub(crate) async fn show(State(console): State<Console>, visit: Visit, _: May<Read>) -> Response {
    let row = |link: LinkView| {
        let (tone, word) = match (link.connected, link.waits) {
            (true, _) => ("good", "link-up"),
            (false, true) => ("", "link-waits"),
            (false, false) => ("bad", "link-down"),
        };
        let counter =
            |(name, n): (&&'static str, &u64)| format!("{} {}", visit.words(name), visit.number(*n));
        Row {
            chip: Chip { tone, word: visit.t(word) },
            since: link.since.into(),
            counters: link.counters.iter().map(counter).collect(),
            link,
        }
    };
    let content = All {
        links: console.hub.links().into_iter().map(row).collect(),
        v: &visit,
        unclaimed: console.hub.unclaimed().into_iter().collect(),
    };
    visit.page(visit.t("sources")).live("on=jobs").show(&content)
}
