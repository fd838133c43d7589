//! Dead letters: failed jobs, messages that could not be accepted, deliveries that were given up.

pub(crate) mod delivery;
pub(crate) mod refusal;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::page::{Form, Visit};
use http::{May, Problem, Read, Scope};
use journal::{DeliveryFilter, Order, Page, RecordFilter};
use model::{Delivery, DeliveryState, Job, JobState, Record, RecordKind, Seq};

use crate::Console;
use crate::jobs::Row;
use crate::show::{When, pretty};

/// Rows of a page.
const ROWS: u32 = 100;
/// So many of those over which a person has to decide stand before all others.
const FIRST: usize = 50;

/// A refused message in a list.
struct Refused {
    at: When,
    record: Record,
}

/// A delivery that was given up, in a list.
struct Given {
    delivery: Delivery,
    body: String,
}

#[derive(Template)]
#[template(path = "dead.html")]
struct Dead<'p> {
    v: &'p Visit,
    of: Of,
    failed: u64,
    /// Over which a person has to decide.
    grave: Vec<Row>,
    jobs: Vec<Row>,
    refusals: Vec<Refused>,
    deliveries: Vec<Given>,
    older: Option<String>,
    retry: bool,
}

/// Which of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Jobs,
    Refusals,
    Deliveries,
}

impl Of {
    fn read(form: &Form) -> Self {
        match form.get("of") {
            Some("refusals") => Of::Refusals,
            Some("deliveries") => Of::Deliveries,
            _ => Of::Jobs,
        }
    }
}

/// Failed jobs over which a person has to decide, newest first: those of which none has succeeded since.
pub(crate) async fn undecided(console: &Console) -> Result<Vec<Job>, Problem> {
    let journal = console.hub.journal();
    let mut found = Vec::new();
    for code in console.grave.iter() {
        let code = Some((*code).to_owned());
        let filter = journal::Filter { states: vec![JobState::Failed], code, ..journal::Filter::default() };
        found.extend(
            journal.jobs(filter, Page { after: None, order: Order::Newest, limit: ROWS }).await?.rows,
        );
    }
    let mut undecided = Vec::new();
    for job in found {
        if journal.later_success(job.id).await?.is_none() {
            undecided.push(job);
        }
    }
    undecided.sort_by_key(|job| std::cmp::Reverse(job.seq));
    Ok(undecided)
}

/// `GET /dead-letters`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let of = Of::read(&form);
    let before: Option<i64> = form.get("before").and_then(|before| before.parse().ok());
    let journal = console.hub.journal();
    let tallies = journal.tallies().await?;
    let failed = tallies.iter().find(|tally| tally.state == JobState::Failed).map_or(0, |tally| tally.jobs);
    let (mut grave, mut jobs, mut refusals, mut deliveries) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let next = match of {
        Of::Jobs => {
            let filter = journal::Filter { states: vec![JobState::Failed], ..journal::Filter::default() };
            let page = Page { after: before.map(Seq), order: Order::Newest, limit: ROWS };
            let found = journal.jobs(filter, page).await?;
            if before.is_none() {
                grave = undecided(&console).await?;
                grave.truncate(FIRST);
            }
            let first: Vec<_> = grave.iter().map(|job| job.id).collect();
            let others = found.rows.into_iter().filter(|job| !first.contains(&job.id));
            jobs = Row::all(&visit, &console, others.collect()).await?;
            found.next
        }
        Of::Refusals => {
            let found = journal.records(RecordFilter::of(RecordKind::Refusal), before, ROWS as usize).await?;
            let refused = found.rows.into_iter().map(|record| Refused { at: record.at.into(), record });
            refusals = refused.collect();
            found.next
        }
        Of::Deliveries => {
            let filter =
                DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
            let found = console.hub.deliveries(filter, before, ROWS as usize).await?;
            let given = |delivery: Delivery| Given { body: pretty(&delivery.body), delivery };
            deliveries = found.rows.into_iter().map(given).collect();
            found.next
        }
    };
    let name = match of {
        Of::Jobs => "jobs",
        Of::Refusals => "refusals",
        Of::Deliveries => "deliveries",
    };
    let content = Dead {
        v: &visit,
        of,
        failed,
        retry: failed > 0 && visit.may(Scope::OPERATE),
        grave: Row::all(&visit, &console, grave).await?,
        jobs,
        refusals,
        deliveries,
        older: next.map(|next| format!("/dead-letters?of={name}&before={next}")),
    };
    Ok(visit.page(visit.t("dead")).live("on=jobs&on=refusals&on=deliveries").show(&content))
}
