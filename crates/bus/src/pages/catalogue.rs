//! The catalogue, for those who write services.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::page::Visit;
use http::{May, Read};

use super::Pages;
use super::one::pretty;
use crate::api::Reachability;
use crate::catalogue::{Entry, Way};

struct Line {
    entry: Entry,
    kind: String,
    schema: Option<String>,
    example: Option<String>,
}

#[derive(Template)]
#[template(path = "catalogue.html")]
struct Shown<'p> {
    v: &'p Visit,
    /// Each direction with its lines.
    parts: Vec<(String, Vec<Line>)>,
    dependencies: Vec<Reachability>,
}

/// `GET /bus/catalogue`.
pub(super) async fn show(State(pages): State<Pages>, visit: Visit, _: May<Read>) -> Response {
    let catalogue = pages.api.catalogue();
    let part = |way: Way, title: &str| {
        let lines = catalogue.entries.iter().filter(|entry| entry.way == way);
        let line = |entry: &Entry| Line {
            kind: visit.t(&format!("bus-kind-{}", entry.kind.as_str())),
            schema: entry.schema.as_ref().map(pretty),
            example: entry.example.as_ref().map(pretty),
            entry: entry.clone(),
        };
        (visit.t(title), lines.map(line).collect())
    };
    let content = Shown {
        v: &visit,
        parts: vec![part(Way::In, "bus-in"), part(Way::Out, "bus-out")],
        dependencies: catalogue.dependencies.clone(),
    };
    visit.page(visit.t("bus-catalogue")).show(&content)
}
