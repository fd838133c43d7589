//! One backend: how it stands, and what can be done with it.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use engine::{BackendStats, BackendView, Failure, PING, Range};
use http::page::{Form, Visit};
use http::{May, Operate, Problem, Read};
use journal::{Order, Page, Waiting};
use model::{JobState, Outcome, OutcomeKind};

use super::can_pause;
use crate::Console;
use crate::chart::{Charts, Subject};
use crate::dead::group::Group;
use crate::jobs::Row;
use crate::show::{Chip, When, pretty, segment, span};

/// Failures that are shown.
const FAILURES: u32 = 10;
/// Causes that are.
const CAUSES: usize = 20;

#[derive(Template)]
#[template(path = "backend.html")]
struct One<'p> {
    v: &'p Visit,
    backend: BackendView,
    chip: Chip,
    can_pause: bool,
    can_ping: bool,
    left_alone_until: Option<When>,
    held: Option<(When, String)>,
    opens_at: Option<When>,
    pong: Option<Pong>,
    figures: Option<Figures>,
    /// How many dead letters failed on it.
    dead: u64,
    /// What they have in common.
    causes: Vec<Group>,
    failures: Vec<Row>,
    /// Those that failed on it for now.
    retrying: Vec<Row>,
    charts: Charts<'p>,
}

/// What its attempts came to since the hub started.
struct Figures {
    done: u64,
    soft: u64,
    hard: u64,
    wait: u64,
    half: Option<String>,
    nearly_all: Option<String>,
    last_success: Option<When>,
    last_failure: Option<(When, Failure)>,
}

impl Figures {
    fn new(v: &Visit, stats: BackendStats) -> Self {
        let within = |share| stats.duration.quantile(share).map(|time| span(v, time));
        Figures {
            done: stats.done,
            soft: stats.soft,
            hard: stats.hard,
            wait: stats.wait,
            half: within(0.5),
            nearly_all: within(0.95),
            last_success: stats.last_success.map(Into::into),
            last_failure: stats.last_failure.map(|failure| (failure.at.into(), failure)),
        }
    }
}

/// What it answered to a ping.
struct Pong {
    good: bool,
    message: Option<String>,
    data: Option<String>,
    log: Option<String>,
}

impl From<Outcome> for Pong {
    fn from(outcome: Outcome) -> Self {
        Pong {
            good: outcome.kind == OutcomeKind::Done,
            message: outcome.message,
            data: outcome.data.as_ref().map(pretty),
            log: outcome.log.filter(|log| !log.trim().is_empty()),
        }
    }
}

/// `GET /backends/{name}`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let range = form.get("range").and_then(Range::of_word).unwrap_or_default();
    page(&console, &visit, &name, range, None).await
}

/// `POST /backends/{name}/ping`: whether its target is there, now.
pub(crate) async fn ping(
    State(console): State<Console>,
    visit: Visit,
    _: May<Operate>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let outcome = console.hub.ping(&name).await?;
    page(&console, &visit, &name, Range::default(), Some(outcome.into())).await
}

/// `POST /backends/{name}/pause`.
pub(crate) async fn pause(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    console.hub.pause(&name, &caller.actor).await?;
    Ok(Visit::said(&path(&name), "paused", 1).into_response())
}

/// `POST /backends/{name}/resume`.
pub(crate) async fn resume(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    console.hub.resume(&name, &caller.actor).await?;
    Ok(Visit::said(&path(&name), "resumed", 1).into_response())
}

/// `POST /backends/{name}/concurrency`: `at_most` attempts at once; without it as many as configured.
pub(crate) async fn set_concurrency(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    Path(name): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let at_most = match form.get("at_most").filter(|_| !form.is_ticked("configured")) {
        Some(text) => {
            Some(text.parse().map_err(|_| Problem::bad_request(format!("{text} is no number of attempts")))?)
        }
        None => None,
    };
    console.hub.set_concurrency(&name, at_most, &caller.actor).await?;
    Ok(Visit::said(&path(&name), "concurrency", 1).into_response())
}

fn path(name: &str) -> String {
    format!("/backends/{}", segment(name))
}

async fn page(
    console: &Console,
    visit: &Visit,
    name: &str,
    range: Range,
    pong: Option<Pong>,
) -> Result<Response, Problem> {
    let found = console.hub.backends().into_iter().find(|backend| backend.name == name);
    let backend = found.ok_or_else(|| Problem::missing(format!("backend {name}")))?;
    let journal = console.hub.journal();
    let page = Page { after: None, order: Order::Newest, limit: FAILURES };
    let failed =
        journal::Filter { dead: true, failed_on: Some(name.to_owned()), ..journal::Filter::default() };
    let failures = journal.jobs(failed, page).await?;
    let lanes = vec![model::plan::lane(name)];
    let retrying = journal::Filter {
        states: vec![JobState::Retrying],
        waiting: Some(Waiting::Lanes { lanes, after: None, until: None }),
        ..journal::Filter::default()
    };
    let retrying = journal.jobs(retrying, page).await?;
    let dead = journal.dead_letters().await?.by_backend.get(name).copied().unwrap_or_default();
    let causes = Group::all(console, Some(name), CAUSES).await?;
    let stats = console.hub.stats().backends.remove(name);
    let answered = pong.is_some();
    let about = Subject { kind: "attempts", path: &path(name), backend: Some(name), backends: Vec::new() };
    let content = One {
        v: visit,
        chip: Chip::backend(visit, &backend),
        can_pause: can_pause(&backend),
        left_alone_until: backend.left_alone_until.map(Into::into),
        held: backend.held.clone().map(|(until, said)| (until.into(), said)),
        opens_at: backend.windows.as_ref().and_then(|windows| windows.opens_at).map(Into::into),
        can_ping: backend.actions.iter().any(|action| action == PING),
        pong,
        figures: stats.map(|stats| Figures::new(visit, stats)),
        dead,
        causes,
        failures: Row::all(visit, console, failures.rows).await?,
        retrying: Row::all(visit, console, retrying.rows).await?,
        charts: Charts::new(visit, range, console.hub.history(range, Some(name)), &about),
        backend,
    };
    let page = visit.page(name);
    // An answer to a ping must not be replaced by a page without it.
    let page = if answered { page } else { page.live("on=backends&on=jobs") };
    Ok(page.show(&content))
}
