//! The overview: what needs attention first, then how things go.

mod attention;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use engine::Range;
use http::page::{Form, Visit};
use http::{May, Problem, Read};
use journal::{Filter, Order, Page};
use model::JobState;

use self::attention::{Alert, attention};
use crate::Console;
use crate::chart::{Charts, Subject};
use crate::jobs::Row;

/// Jobs that are shown.
const LATEST: u32 = 12;

/// How many jobs are in a state.
struct Tile {
    state: JobState,
    jobs: u64,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'p> {
    v: &'p Visit,
    alerts: Vec<Alert>,
    tiles: Vec<Tile>,
    charts: Charts<'p>,
    latest: Vec<Row>,
}

/// `GET /`: `range` and `backend` say what the charts show.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let journal = console.hub.journal();
    let tallies = journal.tallies().await?;
    let tallies: BTreeMap<&str, u64> =
        tallies.into_iter().map(|tally| (tally.state.as_str(), tally.jobs)).collect();
    let jobs = |state: JobState| tallies.get(state.as_str()).copied().unwrap_or_default();
    let shown =
        [JobState::Running, JobState::Queued, JobState::Retrying, JobState::Failed, JobState::Succeeded];
    let tile = |state: JobState| {
        let jobs = jobs(state);
        let alarming = matches!(state, JobState::Failed | JobState::Retrying) && jobs > 0;
        Tile { state, jobs, tone: if alarming { crate::show::tone(state) } else { "" } }
    };
    let latest =
        journal.jobs(Filter::default(), Page { after: None, order: Order::Newest, limit: LATEST }).await?;
    let content = Overview {
        charts: charts(&console, &visit, &form),
        v: &visit,
        alerts: attention(&console, &visit).await?,
        tiles: shown.into_iter().map(tile).collect(),
        latest: Row::all(&visit, &console, latest.rows).await?,
    };
    Ok(visit.page(visit.t("overview")).live("on=all").show(&content))
}

fn charts<'v>(console: &Console, visit: &'v Visit, form: &Form) -> Charts<'v> {
    let range = form.get("range").and_then(Range::of_word).unwrap_or_default();
    let backends: Vec<String> = console.hub.backends().into_iter().map(|backend| backend.name).collect();
    let backend = form.get("backend").filter(|name| backends.iter().any(|known| known == name));
    let kind = if backend.is_some() { "attempts" } else { "jobs" };
    let about = Subject { kind, path: "/", backend, backends };
    Charts::new(visit, range, console.hub.history(range, backend), &about)
}
