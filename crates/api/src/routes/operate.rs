//! Retrying and cancelling.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::Cancelled;
use model::JobId;

use super::Api;
use crate::dto::{
    CancelMany, CancelReport, CancelledMany, Cancelling, RefusedReplay, Replay, ReplayMany, Replayed,
    ReplayedMany, which,
};
use http::Named;
use http::Problem;
use http::Scope;
use http::{May, Operate};

/// `POST /jobs/{id}/retry`: 201 with the new job, or 200 with the same when it only waited for its retry. With a
/// `document` or values to `set` it needs `submit` too.
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
    let replay: Replay = api.bodies.json(&caller, &headers, body).await?;
    if replay.document.is_some() || !replay.set.is_empty() {
        // What is there may be done again; what is new is handed in.
        caller.must(&[Scope::SUBMIT])?;
    }
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
    let ReplayMany { filter, jobs, stale } = api.bodies.json(&caller, &headers, body).await?;
    let engine::Retried { retried, refused, refusals, left } =
        api.hub.retry_many(which(&api.hub, filter, jobs).await?, stale, &caller.actor).await?;
    Ok(Json(ReplayedMany { replayed: retried, refused, left, refusals: listed(refusals) }))
}

/// `POST /jobs/cancel`: one after the other, the newest first.
#[utoipa::path(
    post,
    path = "/jobs/cancel",
    tag = "jobs",
    operation_id = "jobs_cancel_many",
    request_body(content = CancelMany),
    responses((status = 200, description = "Done", body = CancelledMany)),
    security(("token" = ["operate"])),
)]
pub(super) async fn cancel_many(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<CancelledMany>, Problem> {
    let CancelMany { filter, jobs } = api.bodies.json(&caller, &headers, body).await?;
    let engine::Cancellations { cancelled, ending, refused, refusals, left } =
        api.hub.cancel_many(which(&api.hub, filter, jobs).await?, &caller.actor).await?;
    Ok(Json(CancelledMany { cancelled, ending, refused, left, refusals: listed(refusals) }))
}

fn listed(refusals: Vec<(JobId, engine::Error)>) -> Vec<RefusedReplay> {
    refusals.into_iter().map(|(job, error)| RefusedReplay { job, problem: error.into() }).collect()
}
