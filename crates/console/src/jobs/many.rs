//! What is done to many jobs at once: first a page that says what will happen to how many, then the deed.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use engine::{WaitsFor, Which};
use http::page::{Form, Visit};
use http::{May, Operate, Problem};
use journal::{Filter, Order, Page};
use model::{Job, JobId, JobState};

use super::Row;
use crate::Console;
use crate::filter::Asked;

/// More jobs than these are not changed at once.
const MANY: usize = 100_000;
/// Jobs that are shown before anything is done.
const SHOWN: u32 = 10;

/// What is done to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// They run again.
    Retry,
    /// They end.
    Cancel,
    /// Nobody has to do anything about them any more.
    Aside,
}

impl Deed {
    /// The word of its path and of its messages.
    fn word(self) -> &'static str {
        match self {
            Deed::Retry => "retry",
            Deed::Cancel => "cancel",
            Deed::Aside => "aside",
        }
    }

    /// Of all that fit a filter, those that are meant.
    fn narrowed(self, asked: Asked) -> Asked {
        match self {
            Deed::Cancel => asked.only_live(),
            Deed::Retry | Deed::Aside => asked.only_dead(),
        }
    }

    /// Whether it can be done to this job.
    fn fits(self, job: &Job) -> bool {
        match self {
            Deed::Retry => {
                matches!(job.state, JobState::Failed | JobState::Cancelled | JobState::Retrying)
            }
            Deed::Cancel => !job.state.is_terminal(),
            Deed::Aside => job.is_dead(),
        }
    }
}

/// Which jobs a form means: those that are ticked, or all that fit the filter.
struct Chosen {
    deed: Deed,
    jobs: Vec<JobId>,
    asked: Asked,
}

impl Chosen {
    async fn read(console: &Console, deed: Deed, form: &Form) -> Result<Self, Problem> {
        let jobs = if form.is_ticked("all") { Vec::new() } else { ids(form)? };
        Ok(Chosen { deed, jobs, asked: deed.narrowed(Asked::meant(console, form).await?) })
    }

    fn filter(&self) -> Result<(Filter, Option<WaitsFor>), Problem> {
        let filter = self.asked.filter();
        Ok((
            filter.ok_or_else(|| Problem::bad_request("the filter cannot be understood"))?,
            self.asked.waiting,
        ))
    }

    fn which(&self) -> Result<Which, Problem> {
        if !self.jobs.is_empty() {
            return Ok(Which::These(self.jobs.clone()));
        }
        let (filter, waiting) = self.filter()?;
        Ok(Which::All(filter, waiting))
    }

    /// Where those who turn back, or are done, come from.
    fn back(&self) -> String {
        if self.asked.dead { self.asked.link("/dead-letters", &[]) } else { self.asked.link("/jobs", &[]) }
    }

    /// How many it can be done to, whether there may be more, and the first of them.
    async fn look(&self, console: &Console) -> Result<(usize, bool, Vec<Job>), Problem> {
        let hub = &console.hub;
        if !self.jobs.is_empty() {
            let mut found = Vec::new();
            for id in &self.jobs {
                found.extend(hub.journal().job(*id).await?.filter(|job| self.deed.fits(job)));
            }
            let n = found.len();
            found.truncate(SHOWN as usize);
            return Ok((n, false, found));
        }
        let (filter, waiting) = self.filter()?;
        let at_most = u32::try_from(MANY).unwrap_or(u32::MAX);
        let count = hub.count(filter.clone(), waiting, at_most.saturating_add(1)).await?;
        let page = Page { after: None, order: Order::Newest, limit: SHOWN };
        let shown = hub.jobs(filter, waiting, page).await?.rows;
        Ok((usize::try_from(count.jobs).unwrap_or(usize::MAX), count.more, shown))
    }
}

fn ids(form: &Form) -> Result<Vec<JobId>, Problem> {
    let wrong = |_| Problem::bad_request("the form names a job that is none");
    form.all("job").map(|id| id.parse().map_err(wrong)).collect()
}

#[derive(Template)]
#[template(path = "many.html")]
struct Ask<'p> {
    v: &'p Visit,
    word: &'static str,
    asked: Asked,
    ids: Vec<JobId>,
    /// What the filter says, in words.
    criteria: Vec<(String, String)>,
    jobs: usize,
    /// They were not all counted.
    more: bool,
    too_many: bool,
    rows: Vec<Row>,
    back: String,
    /// What is wrong with what was filled in.
    fault: Option<String>,
    reason: String,
}

async fn ask(
    console: &Console,
    visit: &Visit,
    chosen: Chosen,
    (fault, reason): (Option<String>, String),
) -> Result<Response, Problem> {
    let (jobs, more, shown) =
        if chosen.asked.is_clear() { chosen.look(console).await? } else { (0, false, Vec::new()) };
    let told = |name: &str| !matches!(name, "state" | "dead");
    let word = chosen.deed.word();
    let mut criteria = Vec::new();
    if chosen.jobs.is_empty() {
        for (name, value) in chosen.asked.fields().into_iter().filter(|(name, _)| told(name)) {
            let value =
                if name == "cause" { cause(console, &chosen.asked).await?.unwrap_or(value) } else { value };
            criteria.push((visit.t(&format!("filter-{name}")), value));
        }
    }
    let content = Ask {
        v: visit,
        word,
        criteria,
        back: chosen.back(),
        ids: chosen.jobs,
        asked: chosen.asked,
        too_many: jobs > MANY,
        jobs,
        more,
        rows: Row::all(visit, console, shown).await?,
        fault,
        reason,
    };
    Ok(visit.page(visit.t(&format!("{word}-many"))).show(&content))
}

/// What a cause says.
async fn cause(console: &Console, asked: &Asked) -> Result<Option<String>, Problem> {
    let Ok(id) = asked.cause.parse() else { return Ok(None) };
    let tally = console.hub.journal().cause(id).await?;
    Ok(tally.map(|tally| match tally.cause.code {
        Some(code) => format!("{code}: {}", tally.cause.shape),
        None => tally.cause.shape,
    }))
}

async fn asked_for(console: &Console, deed: Deed, query: Option<&str>) -> Result<Chosen, Problem> {
    Chosen::read(console, deed, &Form::of_query(query.unwrap_or_default())).await
}

/// `GET /jobs/retry`.
pub(crate) async fn ask_retry(
    State(console): State<Console>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let chosen = asked_for(&console, Deed::Retry, query.as_deref()).await?;
    ask(&console, &visit, chosen, (None, String::new())).await
}

/// `GET /jobs/cancel`.
pub(crate) async fn ask_cancel(
    State(console): State<Console>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let chosen = asked_for(&console, Deed::Cancel, query.as_deref()).await?;
    ask(&console, &visit, chosen, (None, String::new())).await
}

/// `GET /jobs/aside`.
pub(crate) async fn ask_aside(
    State(console): State<Console>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let chosen = asked_for(&console, Deed::Aside, query.as_deref()).await?;
    ask(&console, &visit, chosen, (None, String::new())).await
}

#[derive(Template)]
#[template(path = "retried.html")]
struct Outcome<'p> {
    v: &'p Visit,
    word: &'static str,
    done: u64,
    refused: u64,
    left: u64,
    refusals: Vec<(JobId, Problem)>,
    back: String,
}

/// Says what came of it: on the page from where it was asked, or, where some stay as they are, which and why.
fn told(
    visit: &Visit,
    chosen: &Chosen,
    (done, refused, left): (u64, u64, u64),
    refusals: Vec<(JobId, engine::Error)>,
) -> Response {
    let word = chosen.deed.word();
    if refused == 0 && left == 0 {
        let n = usize::try_from(done).unwrap_or(usize::MAX);
        let back = if chosen.asked.dead { "/dead-letters" } else { "/jobs" };
        return Visit::said(back, &format!("{word}-many"), n).into_response();
    }
    let refusals = refusals.into_iter().map(|(job, error)| (job, error.into())).collect();
    let content = Outcome { v: visit, word, done, refused, left, refusals, back: chosen.back() };
    visit.page(visit.t(&format!("{word}-many"))).show(&content)
}

/// `POST /jobs/retry`.
pub(crate) async fn retry(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    let chosen = Chosen::read(&console, Deed::Retry, &form).await?;
    let stale = form.is_ticked("stale");
    let report = console.hub.retry_many(chosen.which()?, stale, &caller.actor).await?;
    Ok(told(&visit, &chosen, (report.retried, report.refused, report.left), report.refusals))
}

/// `POST /jobs/cancel`.
pub(crate) async fn cancel(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    let chosen = Chosen::read(&console, Deed::Cancel, &form).await?;
    let report = console.hub.cancel_many(chosen.which()?, &caller.actor).await?;
    let done = report.cancelled + report.ending;
    Ok(told(&visit, &chosen, (done, report.refused, report.left), report.refusals))
}

/// `POST /jobs/aside`.
pub(crate) async fn aside(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    let chosen = Chosen::read(&console, Deed::Aside, &form).await?;
    let reason = form.get("reason").unwrap_or_default();
    match console.hub.set_aside(chosen.which()?, reason, &caller.actor).await {
        Ok(done) => Ok(told(&visit, &chosen, (done, 0, 0), Vec::new())),
        Err(engine::Error::Refused { .. }) => {
            let fault = visit.t("aside-reason-wrong");
            ask(&console, &visit, chosen, (Some(fault), reason.to_owned())).await
        }
        Err(error) => Err(error.into()),
    }
}
