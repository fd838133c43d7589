//! Dead letters: failed jobs, messages that could not be accepted, deliveries that were given up.

pub(crate) mod delivery;
pub(crate) mod refusal;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::page::{Form, Visit};
use http::{May, Problem, Read, Scope};
use journal::{DeliveryFilter, Order, Page, RecordFilter};
use model::{Delivery, DeliveryState, JobState, Record, RecordKind, Seq};

use crate::Console;
use crate::jobs::Row;
use crate::show::{When, pretty};

/// Rows of a page.
const ROWS: u32 = 100;

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
    let (mut jobs, mut refusals, mut deliveries) = (Vec::new(), Vec::new(), Vec::new());
    let next = match of {
        Of::Jobs => {
            let filter = journal::Filter { states: vec![JobState::Failed], ..journal::Filter::default() };
            let page = Page { after: before.map(Seq), order: Order::Newest, limit: ROWS };
            let found = journal.jobs(filter, page).await?;
            jobs = found.rows.into_iter().map(|job| Row::new(&visit, &console.hub, job)).collect();
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
        jobs,
        refusals,
        deliveries,
        older: next.map(|next| format!("/dead-letters?of={name}&before={next}")),
    };
    Ok(visit.page(visit.t("dead")).live("on=jobs&on=refusals&on=deliveries").show(&content))
}
