//! The comparison of the referential with Workspace: it is begun here, and what it came to is shown account by account, as
//! the table and the document of `intendant google diff` have it.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use engine::{Accepted, AuditEntry, JobResult};
use http::page::{Form, Visit, When};
use http::{May, Operate, Problem, Read, Scope};
use journal::{Filter, Order, Page};
use model::{Code, Effects, Job, JobId, JobState, Outcome, Request, Step};
use serde_json::json;

use super::{Pages, SOURCE};
use crate::diff::{Field, Found, Report, Situation};
use crate::request::DIFF;

/// Comparisons in the list.
const LISTED: u32 = 10;
/// Accounts on a page.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "diffs.html")]
struct List<'p> {
    v: &'p Visit,
    /// There is something to compare.
    is_on: bool,
    may_begin: bool,
    fault: Option<String>,
    rows: Vec<Row>,
}

/// A comparison in the list.
struct Row {
    job: JobId,
    at: When,
    standing: Standing,
    message: String,
}

/// How a comparison stands, as a chip.
#[derive(Clone, Copy)]
struct Standing {
    tone: &'static str,
    /// The message that names it.
    word: &'static str,
}

impl Standing {
    fn of(state: JobState) -> Self {
        match state {
            JobState::Succeeded => Standing { tone: "good", word: "google-diff-over" },
            state if state.is_terminal() => Standing { tone: "bad", word: "google-diff-broken-off" },
            _ => Standing { tone: "busy", word: "google-diff-under-way" },
        }
    }
}

#[derive(Template)]
#[template(path = "diff.html")]
struct One<'p> {
    v: &'p Visit,
    job: JobId,
    at: When,
    standing: Standing,
    /// What it is doing, or why it was broken off.
    message: String,
    report: Option<Shown>,
}

/// What a comparison came to, as it is shown.
struct Shown {
    tiles: Vec<Tile>,
    accounts: Vec<Account>,
    /// Those of the situation that is looked at, or all, are listed in so many pages.
    newer: Option<String>,
    older: Option<String>,
    not_listed: usize,
    short_google: usize,
    short_referential: usize,
}

struct Tile {
    word: &'static str,
    /// The messages that name and explain it.
    name: String,
    hint: String,
    count: usize,
    tone: &'static str,
    chosen: bool,
}

/// An account, with what differs.
struct Account {
    /// The message that names how it stands.
    situation: String,
    tone: &'static str,
    found: Found,
}

fn tone(situation: Situation, count: usize) -> &'static str {
    match situation {
        _ if count == 0 => "",
        Situation::Same => "good",
        Situation::Differs | Situation::Unreadable => "warn",
        Situation::Disputed | Situation::Moved | Situation::Extra | Situation::Missing => "bad",
    }
}

/// `GET /google/diff`.
pub(super) async fn list(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Read>,
) -> Result<Response, Problem> {
    listed(&pages, &visit, None).await
}

async fn listed(pages: &Pages, visit: &Visit, fault: Option<String>) -> Result<Response, Problem> {
    let filter = Filter { action: Some(DIFF.to_owned()), ..Filter::default() };
    let page = Page { after: None, order: Order::Newest, limit: LISTED };
    let found = pages.hub.journal().jobs(filter, page).await.map_err(engine::Error::from)?;
    let mut rows = Vec::new();
    for job in found.rows {
        let JobResult { job, steps } = pages.hub.result(job.id).await?;
        rows.push(Row {
            at: job.accepted_at.into(),
            standing: Standing::of(job.state),
            message: message(pages, &job, steps.as_deref()),
            job: job.id,
        });
    }
    let content = List {
        v: visit,
        is_on: pages.own.current().is_some_and(|accounts| accounts.0.gram.is_some()),
        may_begin: visit.may(Scope::OPERATE) && visit.may(Scope::SUBMIT),
        fault,
        rows,
    };
    Ok(visit.page(visit.t("google-diff")).live("on=jobs").show(&content))
}

/// How far it has come, or what it came to.
fn message(pages: &Pages, job: &Job, steps: Option<&[(Step, Option<Outcome>)]>) -> String {
    let report = pages.hub.report_of(job.id).filter(|_| !job.state.is_terminal());
    let progress = report.and_then(|report| {
        let done = report.progress.done.map(|done| done.to_string()).unwrap_or_default();
        report.progress.message.as_ref().map(|message| format!("{done} {message}"))
    });
    let said = || steps.unwrap_or_default().iter().find_map(|(step, _)| step.message.clone());
    progress.or(job.message.clone()).or_else(said).unwrap_or_default()
}

/// `POST /google/diff`: another one begins.
pub(super) async fn begin(
    State(pages): State<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    _: Form,
) -> Result<Response, Problem> {
    caller.must(&[Scope::SUBMIT])?;
    let body = json!({ "concernedTo": null, "payload": {}, "options": {} });
    let audit = |new: JobId| {
        let text = format!("accounts are compared as job {new}");
        Some(AuditEntry::new(&caller.actor, "google accounts", Code::from_static("compared"), text))
    };
    let request = Request::new(SOURCE, DIFF, body);
    match pages.hub.accept_audited(request, Effects::default(), audit).await? {
        Accepted::New(job) | Accepted::Known(job, _) => {
            Ok(Redirect::to(&format!("/google/diff/{job}")).into_response())
        }
        Accepted::Refused(why) => listed(&pages, &visit, Some(why.message)).await,
        Accepted::Unclaimed => listed(&pages, &visit, Some(visit.t("google-diff-off"))).await,
    }
}

/// `GET /google/diff/{job}`: what it came to; `?situation=` chooses.
pub(super) async fn show(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Read>,
    Path(job): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let missing = || Problem::missing(format!("comparison {job}"));
    let id: JobId = job.parse().map_err(|_| missing())?;
    let result = pages.hub.result(id).await?;
    if result.job.action != DIFF {
        return Err(missing());
    }
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let only = form.get("situation").and_then(Situation::from_word);
    let from = form.get("from").and_then(|from| from.parse().ok()).unwrap_or_default();
    let message = message(&pages, &result.job, result.steps.as_deref());
    let outcome = result.steps.into_iter().flatten().find_map(|(_, outcome)| outcome?.data);
    let report = outcome.as_ref().and_then(Report::find);
    let content = One {
        v: &visit,
        job: id,
        at: result.job.accepted_at.into(),
        standing: Standing::of(result.job.state),
        message,
        report: report.map(|report| shown(&visit, id, report, only, from)),
    };
    let page = visit.page(visit.t("google-diff"));
    // What is over does not change any more.
    let page = if result.job.state.is_terminal() { page } else { page.live(format!("job={id}")) };
    Ok(page.show(&content))
}

fn shown(v: &Visit, job: JobId, report: Report, only: Option<Situation>, from: usize) -> Shown {
    let tile = |situation: Situation| {
        let (word, count) = (situation.as_str(), report.count(situation));
        Tile {
            word,
            name: v.t(&format!("google-is-{word}")),
            hint: v.t(&format!("google-is-{word}-hint")),
            count,
            tone: tone(situation, count),
            chosen: only == Some(situation),
        }
    };
    let tiles = Situation::ALL.into_iter().map(tile).collect();
    let (not_listed, short_google, short_referential) =
        (report.not_listed, report.listing_was_short_of, report.referential_was_short_of);
    let fit: Vec<Found> =
        report.accounts.into_iter().filter(|found| only.is_none_or(|only| found.situation == only)).collect();
    let link = |from: usize| {
        let chosen = only.map(|only| format!("situation={}&", only.as_str())).unwrap_or_default();
        format!("/google/diff/{job}?{chosen}from={from}")
    };
    let (all, next) = (fit.len(), from.saturating_add(ROWS));
    let account = |found: Found| Account {
        situation: v.t(&format!("google-is-{}", found.situation.as_str())),
        tone: tone(found.situation, 1),
        found,
    };
    Shown {
        tiles,
        accounts: fit.into_iter().skip(from).take(ROWS).map(account).collect(),
        newer: (from > 0).then(|| link(from.saturating_sub(ROWS))),
        older: (next < all).then(|| link(next)),
        not_listed,
        short_google,
        short_referential,
    }
}

impl Account {
    /// The message that names a field.
    fn field(field: &Field) -> String {
        format!("google-field-{}", field.name)
    }

    /// The message that says why it differs.
    fn why(field: &Field) -> String {
        format!("google-why-{}", field.why.as_str())
    }
}
