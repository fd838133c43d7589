//! A message that could not be accepted.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::{Accepted, Letter, Refusals};
use http::page::{Form, Visit};
use http::{May, Operate, Problem, Read};
use journal::RecordFilter;
use model::{Record, RecordKind};

use super::letters::{Narrowed, nothing_chosen};
use crate::Console;
use crate::show::{When, sent_on};

#[derive(Template)]
#[template(path = "refusal.html")]
struct One<'p> {
    v: &'p Visit,
    at: When,
    record: Record,
    size: usize,
    /// Where it was sent on to, when and by whom.
    moved: Option<String>,
    /// Why it was refused once more.
    again: Option<String>,
}

/// `GET /dead-letters/refusals/{record}`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
    Path(record): Path<String>,
) -> Result<Response, Problem> {
    page(&console, &visit, named(&record)?, None).await
}

/// `POST /dead-letters/refusals/{record}/resubmit`.
pub(crate) async fn resubmit(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Path(record): Path<String>,
) -> Result<Response, Problem> {
    let record = named(&record)?;
    let to = |job| Visit::said(&format!("/jobs/{job}"), "resubmitted", 1).into_response();
    match console.hub.resubmit(record, &caller.actor).await? {
        Accepted::New(job) | Accepted::Known(job, _) => Ok(to(job)),
        Accepted::Unclaimed => {
            let list = "/dead-letters?of=refusals";
            Ok(Visit::said(list, "resubmitted-unclaimed", 1).into_response())
        }
        Accepted::Refused(why) => page(&console, &visit, record, Some(why.message)).await,
    }
}

/// `POST /dead-letters/refusals`: those that are chosen, or all that fit, are handed in again or set aside for a reason.
pub(crate) async fn act(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    let which = which(&form)?;
    let (key, n) = if form.is_ticked("aside") {
        let reason = form.get("reason").unwrap_or_default();
        ("aside-many", console.hub.set_aside_refusals(which, reason, &caller.actor).await?)
    } else {
        let told = console.hub.resubmit_many(which, &caller.actor).await?;
        match (told.accepted, told.refused + told.left) {
            (0, rest @ 1..) => ("resubmitted-none", rest),
            (accepted, 1..) => ("resubmitted-some", accepted),
            (accepted, 0) => ("resubmitted-many", accepted),
        }
    };
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Visit::said("/dead-letters?of=refusals", key, n).into_response())
}

fn which(form: &Form) -> Result<Refusals, Problem> {
    if form.is_ticked("all") {
        let Narrowed { by, cause, .. } = Narrowed::read(form)?;
        return Ok(Refusals::All(RecordFilter { who: by, ..RecordFilter::of(RecordKind::Refusal) }, cause));
    }
    let these: Vec<i64> = form.all("record").map(named).collect::<Result<_, _>>()?;
    if these.is_empty() { Err(nothing_chosen()) } else { Ok(Refusals::These(these)) }
}

fn named(record: &str) -> Result<i64, Problem> {
    record.parse().map_err(|_| Problem::missing(format!("refusal {record}")))
}

async fn page(
    console: &Console,
    visit: &Visit,
    record: i64,
    again: Option<String>,
) -> Result<Response, Problem> {
    let (record, raw) = console.hub.refused(record).await?;
    let status = if again.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let moved = console.hub.moved(Letter::Refusal(record.seq)).await?.map(|moved| sent_on(visit, &moved));
    let content = One { v: visit, at: record.at.into(), record, size: raw.len(), moved, again };
    Ok(visit.page(visit.t("refusal")).status(status).show(&content))
}
