//! Replaying many failed jobs at once: first a page that says what will happen to how many, then the deed.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use engine::Retried;
use http::page::{Form, Visit};
use http::{May, Operate, Problem};

use journal::{Filter, Listing, Order, Page};
use model::{JobId, Seq};

use crate::Console;
use crate::filter::Asked;

/// More jobs than these are not retried at once.
const MANY: usize = 100_000;
/// Jobs read at once.
const ROWS: u32 = 1000;

#[derive(Template)]
#[template(path = "retry.html")]
struct Ask<'p> {
    v: &'p Visit,
    asked: Asked,
    /// What the filter says, in words.
    criteria: Vec<(String, String)>,
    jobs: usize,
    too_many: bool,
    back: String,
}

/// `GET /jobs/retry`: how many failed jobs fit the filter, and what would happen to them.
pub(crate) async fn ask(
    State(console): State<Console>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let asked = Asked::meant(&console, &form).await?.only_failed();
    let jobs = match asked.filter() {
        Some(filter) => count(&console, filter).await?,
        None => 0,
    };
    let criteria = asked.fields().into_iter().filter(|(name, _)| *name != "state");
    let content = Ask {
        v: &visit,
        criteria: criteria.map(|(name, value)| (visit.t(&format!("filter-{name}")), value)).collect(),
        back: asked.link("/jobs", &[]),
        asked,
        too_many: jobs > MANY,
        jobs,
    };
    Ok(visit.page(visit.t("retry-many")).show(&content))
}

#[derive(Template)]
#[template(path = "retried.html")]
struct Done<'p> {
    v: &'p Visit,
    report: Retried,
    refusals: Vec<(JobId, Problem)>,
    back: String,
}

/// `POST /jobs/retry`.
pub(crate) async fn retry(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    let asked = Asked::meant(&console, &form).await?.only_failed();
    let filter = asked.filter().ok_or_else(|| Problem::bad_request("the filter cannot be understood"))?;
    let mut report = console.hub.retry_many(filter, form.is_ticked("stale"), &caller.actor).await?;
    if report.refused == 0 && report.left == 0 {
        let n = usize::try_from(report.retried).unwrap_or(usize::MAX);
        return Ok(Visit::said("/jobs", "replayed-many", n).into_response());
    }
    let refusals = std::mem::take(&mut report.refusals).into_iter();
    let refusals = refusals.map(|(job, error)| (job, error.into())).collect();
    let content = Done { v: &visit, report, refusals, back: asked.link("/jobs", &[]) };
    Ok(visit.page(visit.t("retry-many")).show(&content))
}

/// How many jobs fit, up to one page more than [`MANY`].
async fn count(console: &Console, filter: Filter) -> Result<usize, Problem> {
    let (mut found, mut after) = (0, None);
    loop {
        let page = Page { after, order: Order::Newest, limit: ROWS };
        let Listing { rows, next, .. } = console.hub.journal().jobs(filter.clone(), page).await?;
        found += rows.len();
        after = next.map(Seq);
        if after.is_none() || found > MANY {
            return Ok(found);
        }
    }
}
