//! Jobs: the list.

pub(crate) mod many;
pub(crate) mod one;
pub(crate) mod replay;
mod story;
mod timeline;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use engine::WaitsFor;
use http::page::{Form, Visit};
use http::{May, Problem, Read, Scope};
use journal::{Count, Listing, Order, Page};
use model::{Job, JobState, Name, Seq};

use crate::Console;
use crate::filter::{Asked, WAITS};
use crate::show::{Ahead, Chip, When, between, span};
use crate::views::Views;

/// Rows of a page.
const ROWS: u32 = 100;

/// So many are counted above a list.
const COUNTED: u32 = 1000;

/// A row of a list of jobs.
pub(crate) struct Row {
    pub(crate) job: Job,
    /// What its subject is called.
    pub(crate) who: Option<Name>,
    pub(crate) chip: Chip,
    pub(crate) accepted: When,
    pub(crate) took: Option<String>,
    /// How far it says that it has come.
    pub(crate) ahead: Option<Ahead>,
    /// It failed, and a person has to decide.
    pub(crate) grave: bool,
}

impl Row {
    /// All of them, with what their subjects are called.
    pub(crate) async fn all(v: &Visit, console: &Console, jobs: Vec<Job>) -> Result<Vec<Self>, Problem> {
        let names = console.hub.names_in(&jobs).await?;
        let row =
            |job: Job| Row { who: names.of(job.subject.as_ref()).cloned(), ..Row::new(v, console, job) };
        Ok(jobs.into_iter().map(row).collect())
    }

    pub(crate) fn new(v: &Visit, console: &Console, job: Job) -> Self {
        let took = job.started_at.zip(job.ended_at).map(|(from, to)| span(v, between(from, to)));
        let ahead = console.hub.report_of(job.id).map(|report| Ahead::new(v, &report));
        let grave = job.state == JobState::Failed
            && job.code.as_ref().is_some_and(|code| console.grave.contains(&code.as_str()));
        Row { who: None, chip: Chip::of(v, &job), accepted: job.accepted_at.into(), took, ahead, grave, job }
    }
}

/// Says in an address that nothing was found before `after`.
const NOTHING: &str = "none";

#[derive(Template)]
#[template(path = "jobs.html")]
struct List<'p> {
    v: &'p Visit,
    asked: Asked,
    /// Every state: its word, its name, whether it is asked for.
    states: Vec<(&'static str, String, bool)>,
    rows: Vec<Row>,
    /// What they may wait for: word, name, whether it is asked for.
    waits: Vec<(&'static str, String, bool)>,
    /// Actions and backends that there are, to choose from.
    actions: Vec<String>,
    backends: Vec<String>,
    /// How many fit, and in which order they are shown.
    total: Option<String>,
    /// As `aria-sort` says it, and where the other order is.
    sorted: &'static str,
    turn: String,
    newest: Option<String>,
    older: Option<String>,
    /// How far it looked, where that was not to the end and too few were found.
    looked_at: Option<String>,
    /// Nothing has been found, on earlier pages neither.
    nothing: bool,
    /// Rows can be chosen, and something be done with them.
    choose: bool,
    /// Some of them failed.
    failed: bool,
    views: Views<'p>,
    export: [(&'static str, String); 2],
}

impl List<'_> {
    fn oldest_first(&self) -> bool {
        self.sorted == "ascending"
    }

    /// The hub has no job at all.
    fn first_day(&self) -> bool {
        self.rows.is_empty() && self.asked.is_empty() && self.newest.is_none() && self.older.is_none()
    }
}

/// `GET /jobs`.
pub(crate) async fn list(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let asked = Asked::meant(&console, &form).await?;
    let after = form.get("after").and_then(|after| after.parse().ok()).map(Seq);
    let oldest_first = form.get("order") == Some("oldest");
    let order = if oldest_first { Order::Oldest } else { Order::Newest };
    let (found, count) = match asked.filter() {
        Some(filter) => {
            let page = Page { after, order, limit: ROWS };
            let found = console.hub.jobs(filter.clone(), asked.waiting, page).await?;
            let rows = found.rows.len() + found.damaged.len();
            let count = match (after, found.next) {
                // All there are, or as far as it looked.
                (None, next) if rows < ROWS as usize => {
                    Some(Count { jobs: rows as u64, more: next.is_some(), next: None })
                }
                (Some(_), Some(_)) if rows < ROWS as usize => None,
                _ => Some(console.hub.count(filter, asked.waiting, COUNTED).await?),
            };
            (found, count)
        }
        None => (Listing { rows: Vec::new(), next: None, damaged: Vec::new() }, None),
    };
    let short = found.rows.len() + found.damaged.len() < ROWS as usize;
    let looked_at = match found.next.filter(|_| short) {
        Some(next) => {
            let looked_at = console.hub.looked_at(order, Seq(next)).await?;
            Some(
                visit.count(if oldest_first { "jobs-looked-at-oldest" } else { "jobs-looked-at" }, looked_at),
            )
        }
        None => None,
    };
    let total = count.filter(|count| count.jobs > 0).map(|count| {
        let number = visit.count(if count.more { "jobs-at-least" } else { "jobs-total" }, count.jobs);
        format!("{number}, {}", visit.t(if oldest_first { "jobs-oldest-first" } else { "jobs-newest-first" }))
    });
    // The order belongs to the list, not to which jobs are meant.
    let ordered = |turned: bool| {
        (oldest_first != turned).then(|| ("order", "oldest".to_owned())).into_iter().collect::<Vec<_>>()
    };
    let rows = Row::all(&visit, &console, found.rows).await?;
    let (actions, backends) = choices(&console);
    let state = |state: JobState| (state.as_str(), Chip::job(&visit, state).word, asked.has(state));
    let wait = |(word, kind): (&'static str, WaitsFor)| {
        (word, visit.t(&format!("waits-{word}")), asked.waiting == Some(kind))
    };
    let nothing = rows.is_empty() && (after.is_none() || form.get(NOTHING).is_some());
    let content = List {
        v: &visit,
        nothing,
        waits: WAITS.into_iter().map(wait).collect(),
        states: JobState::ALL.into_iter().map(state).collect(),
        looked_at,
        total,
        sorted: if oldest_first { "ascending" } else { "descending" },
        turn: asked.link("/jobs", &ordered(true)),
        newest: after.map(|_| asked.link("/jobs", &ordered(false))),
        older: found.next.map(|next| {
            let place = [("after", Some(next.to_string())), (NOTHING, nothing.then(|| "yet".to_owned()))];
            let place = place.into_iter().filter_map(|(name, value)| Some((name, value?)));
            asked.link("/jobs", &ordered(false).into_iter().chain(place).collect::<Vec<_>>())
        }),
        choose: visit.may(Scope::OPERATE),
        failed: rows.iter().any(|row| row.job.state == JobState::Failed),
        views: Views::of(&console, &visit, &caller, (!asked.is_empty()).then(|| asked.link("/jobs", &[])))
            .await,
        export: [("NDJSON", asked.export("ndjson")), ("CSV", asked.export("csv"))],
        asked,
        rows,
        actions,
        backends,
    };
    Ok(visit.page(visit.t("jobs")).live("on=jobs").show(&content))
}

/// The actions and backends that a person may choose from.
pub(crate) fn choices(console: &Console) -> (Vec<String>, Vec<String>) {
    let backends = console.hub.backends();
    let mut actions: Vec<String> = backends.iter().flat_map(|backend| backend.actions.clone()).collect();
    actions.sort();
    actions.dedup();
    (actions, backends.into_iter().map(|backend| backend.name).collect())
}
