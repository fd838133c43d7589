//! Retrying and cancelling.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::Cancelled;
use journal::{Listing, Order, Page};
use model::{Job, JobId, JobState, Seq};

use super::Api;
use crate::caller::{May, Operate};
use crate::dto::{
    CancelReport, Cancelling, Filter, RefusedReplay, Replay, ReplayMany, Replayed, ReplayedMany,
};
use crate::path::Named;
use crate::problem::Problem;

/// Jobs that one request may retry.
const MANY: usize = 100_000;
/// Jobs read at once.
const ROWS: u32 = 1000;
/// Refusals that are listed; the others are counted.
const LISTED: usize = 1000;

/// `POST /jobs/{id}/retry`: 201 with the new job, or 200 with the same when it only waited for its retry.
#[utoipa::path(
    post,
    path = "/jobs/{id}/retry",
    tag = "jobs",
    operation_id = "jobs_retry",
    params(("id" = uuid::Uuid, Path, description = "The job")),
    request_body(content = Replay),
    responses(
        (status = 200, description = "Done", body = Replayed),
        (status = 201, description = "Made", body = Replayed),
    ),
    security(("token" = ["operate"])),
)]
pub(super) async fn retry(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
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
#[utoipa::path(
    post,
    path = "/jobs/{id}/cancel",
    tag = "jobs",
    operation_id = "jobs_cancel",
    params(("id" = uuid::Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "Done", body = CancelReport),
        (status = 202, description = "Not done yet", body = CancelReport),
    ),
    security(("token" = ["operate"])),
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(id): Named<JobId>,
) -> Result<(StatusCode, Json<CancelReport>), Problem> {
    let (status, cancelled) = match api.hub.cancel(id, &caller.actor).await? {
        Cancelled::Now => (StatusCode::OK, Cancelling::Now),
        Cancelled::Ending => (StatusCode::ACCEPTED, Cancelling::Ending),
    };
    Ok((status, Json(CancelReport { cancelled })))
}

/// `POST /jobs/retry`: one after the other in the order in which they were accepted, so that each subject keeps its.
#[utoipa::path(
    post,
    path = "/jobs/retry",
    tag = "jobs",
    operation_id = "jobs_retry_many",
    request_body(content = ReplayMany),
    responses((status = 200, description = "Done", body = ReplayedMany)),
    security(("token" = ["operate"])),
)]
pub(super) async fn retry_many(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ReplayedMany>, Problem> {
    let ReplayMany { mut filter, stale } = api.bodies.json(&headers, body).await?;
    if filter.state.is_empty() {
        filter.state.push(JobState::Failed);
    }
    let candidates = api.oldest_first(filter, stale).await?;
    let mut report = ReplayedMany::default();
    let mut rest = candidates.into_iter();
    for Candidate { job, refused } in rest.by_ref() {
        let replayed = match refused {
            Some(error) => Err(error),
            None => api.hub.retry(job, &AGREED, &caller.actor).await,
        };
        let Err(error) = replayed else {
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

/// Whether a job is stale was looked at before.
const AGREED: engine::Replay = engine::Replay { document: None, set: Vec::new(), stale: true };

/// A job to be retried, or why not.
struct Candidate {
    job: JobId,
    refused: Option<engine::Error>,
}

impl Api {
    /// All jobs that fit, looked at before any of them is touched: replays are new jobs that must not be met, and that
    /// the first of a subject succeeds again must not make the others stale.
    async fn oldest_first(&self, filter: Filter, stale: bool) -> Result<Vec<Candidate>, Problem> {
        let (filter, waits_for) = filter.split();
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = Page { after, order: Order::Newest, limit: ROWS };
            let Listing { rows: jobs, next } = self.hub.jobs(filter.clone(), waits_for, page).await?;
            after = next.map(Seq);
            if found.len() + jobs.len() > MANY {
                let detail =
                    format!("more than {MANY} jobs fit: narrow the filter, for example with since and until");
                return Err(Problem::bad_request(detail));
            }
            for job in jobs {
                let refused = if stale { None } else { self.stale(&job).await? };
                found.push(Candidate { job: job.id, refused });
            }
            if after.is_none() {
                found.reverse();
                return Ok(found);
            }
        }
    }

    async fn stale(&self, job: &Job) -> Result<Option<engine::Error>, Problem> {
        if !job.state.is_terminal() {
            return Ok(None);
        }
        let later = self.hub.journal().later_success(job.id).await?;
        Ok(later.map(|later| engine::Error::Stale {
            job: job.id,
            later: later.id,
            action: job.action.clone(),
            subject: job.subject.as_ref().map(ToString::to_string).unwrap_or_default(),
        }))
    }
}
