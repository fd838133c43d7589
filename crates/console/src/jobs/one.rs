//! One job: its story in one look, and what can be done with it.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use engine::Cancelled;
use futures_util::future::join_all;
use http::page::Visit;
use http::{Caller, May, Operate, Problem, ReadOwn};
use model::JobId;

use super::story::Told;
use crate::Console;

/// `GET /jobs/{id}`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<ReadOwn>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let story = console.hub.story(id).await?;
    seen_by(&caller, &story.job)?;
    let later = console.hub.journal().later_success(id).await?;
    let title = visit.say("job-title", &[("action", story.job.action.as_str().into())]);
    let panels = join_all(console.panels.iter().map(|panel| panel.show(&visit, &story.job))).await;
    let panels = panels.into_iter().flatten().collect();
    let names = console.hub.names(&story.job.subject).await?;
    let who = names.of(story.job.subject.as_ref()).cloned();
    let content = Told::new(&visit, story, who, later.map(|job| job.id), panels, console.hub.now());
    // Others may be in its way: their end, and backends, change what happens next.
    let about = if content.is_over() { format!("job={id}") } else { format!("job={id}&on=backends") };
    Ok(visit.page(title).live(about).show(&content))
}

/// `POST /jobs/{id}/cancel`.
pub(crate) async fn cancel(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let said = match console.hub.cancel(id, &caller.actor).await? {
        Cancelled::Now => "cancelled",
        Cancelled::Ending => "cancelling",
    };
    Ok(Visit::said(&format!("/jobs/{id}"), said, 1).into_response())
}

/// The job that a path names.
pub(super) fn named(id: &str) -> Result<JobId, Problem> {
    id.parse().map_err(|_| Problem::missing(format!("job {id}")))
}

/// To those who may not see a job it does not exist.
pub(super) fn seen_by(caller: &Caller, job: &model::Job) -> Result<(), Problem> {
    if caller.may_see(job) { Ok(()) } else { Err(Problem::missing(format!("job {}", job.id))) }
}
