//! Retrying and cancelling.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::Cancelled;
use journal::Page;
use model::{JobId, JobState};

use super::Api;
use crate::caller::Caller;
use crate::dto::{CancelReport, Cancelling, RefusedReplay, Replay, ReplayMany, Replayed, ReplayedMany};
use crate::path::Named;
use crate::problem::Problem;

/// Jobs that one request may retry.
const MANY: usize = 100_000;
/// Jobs read at once.
const ROWS: u32 = 1000;
/// Refusals that are listed; the others are counted.
const LISTED: usize = 1000;

/// `POST /jobs/{id}/retry`: 201 with the new job, or 200 with the same when it only waited for its retry.
pub(super) async fn retry(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named<JobId>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let replay: Replay = api.bodies.json(&headers, body).await?;
    let job = api.hub.retry(id, &replay.into(), &caller.actor).await?;
    let status = if job == id { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Replayed { job })))
}

/// `POST /jobs/{id}/cancel`: 200 when it has ended, 202 when its step is being ended.
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named<JobId>,
) -> Result<(StatusCode, Json<CancelReport>), Problem> {
    let (status, cancelled) = match api.hub.cancel(id, &caller.actor).await? {
        Cancelled::Now => (StatusCode::OK, Cancelling::Now),
        Cancelled::Ending => (StatusCode::ACCEPTED, Cancelling::Ending),
    };
    Ok((status, Json(CancelReport { cancelled })))
}

/// `POST /jobs/retry`: one after the other in the order in which they were accepted, so that each subject keeps its.
pub(super) async fn retry_many(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ReplayedMany>, Problem> {
    let ReplayMany { mut filter, stale } = api.bodies.json(&headers, body).await?;
    if filter.state.is_empty() {
        filter.state.push(JobState::Failed);
    }
    let jobs = api.oldest_first(filter.into()).await?;
    let replay = engine::Replay { set: Vec::new(), stale };
    let mut report = ReplayedMany::default();
    let mut rest = jobs.into_iter();
    for job in rest.by_ref() {
        let Err(error) = api.hub.retry(job, &replay, &caller.actor).await else {
            report.replayed += 1;
            continue;
        };
        let problem = Problem::from(error);
        let soft = problem.is_soft();
        report.refused += 1;
        if report.refusals.len() < LISTED {
            report.refusals.push(RefusedReplay { job, problem });
        }
        if soft {
            break;
        }
    }
    report.left = rest.len() as u64;
    Ok(Json(report))
}

impl Api {
    /// The ids of all jobs that fit, read before any of them is touched: replays are new jobs and must not be met.
    async fn oldest_first(&self, filter: journal::Filter) -> Result<Vec<JobId>, Problem> {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let jobs = self.hub.journal().jobs(filter.clone(), Page { before, limit: ROWS }).await?;
            before = jobs.last().map(|job| job.seq);
            let complete = jobs.len() < ROWS as usize;
            found.extend(jobs.into_iter().map(|job| job.id));
            if found.len() > MANY {
                let detail =
                    format!("more than {MANY} jobs fit: narrow the filter, for example with since and until");
                return Err(Problem::bad_request(detail));
            }
            if complete {
                found.reverse();
                return Ok(found);
            }
        }
    }
}
