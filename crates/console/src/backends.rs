//! Backends: all of them.

pub(crate) mod one;

use api::dto::{CheckReport, ReloadReport, Severity};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use engine::port::Standing;
use engine::{AuditEntry, BackendView};
use http::page::Visit;
use http::{Admin, May, Operate, Problem, Read};
use model::Code;

use crate::Console;
use crate::show::Chip;

/// A backend in the list.
struct Row {
    chip: Chip,
    can_pause: bool,
    /// How many dead letters there are whose failing step was on it.
    dead: u64,
    backend: BackendView,
}

/// Whether a backend has something to pause.
fn can_pause(backend: &BackendView) -> bool {
    backend.standing == Standing::Active && !backend.paused
}

#[derive(Template)]
#[template(path = "backends.html")]
struct List<'p> {
    v: &'p Visit,
    rows: Vec<Row>,
}

/// `GET /backends`.
pub(crate) async fn list(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
) -> Result<Response, Problem> {
    let mut dead = console.hub.journal().dead_letters().await?.by_backend;
    let row = |backend: BackendView| Row {
        chip: Chip::backend(&visit, &backend),
        can_pause: can_pause(&backend),
        dead: dead.remove(&backend.name).unwrap_or_default(),
        backend,
    };
    let content = List { v: &visit, rows: console.hub.backends().into_iter().map(row).collect() };
    Ok(visit.page(visit.t("backends")).live("on=backends&on=jobs").show(&content))
}

#[derive(Template)]
#[template(path = "reloaded.html")]
struct Reloaded<'p> {
    v: &'p Visit,
    outcome: Result<ReloadReport, String>,
}

/// `POST /backends/reload`: reads configuration and backends anew, or says why not.
pub(crate) async fn reload(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Admin>,
) -> Result<Response, Problem> {
    let outcome = console.installation.reload().await;
    if outcome.is_ok() {
        let code = Code::from_static("reloaded");
        console.hub.audit(AuditEntry::new(&caller.actor, "configuration", code, "read anew")).await?;
    }
    Ok(visit.page(visit.t("reload")).show(&Reloaded { v: &visit, outcome }))
}

#[derive(Template)]
#[template(path = "checked.html")]
struct Checked<'p> {
    v: &'p Visit,
    outcome: Result<CheckReport, String>,
}

/// `GET /backends/check`: what a reload would find.
pub(crate) async fn check(State(console): State<Console>, visit: Visit, _: May<Operate>) -> Response {
    let outcome = console.installation.check().await;
    visit.page(visit.t("check")).show(&Checked { v: &visit, outcome })
}
