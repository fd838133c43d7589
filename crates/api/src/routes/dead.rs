//! Failed jobs: what they have in common, and setting them aside.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use super::Api;
use crate::dto::{self, Aside, AsideMany, Causes, which};
use http::{May, Operate, Params, Problem, Read};

/// Causes that are told when nobody says how many, and at most.
const TOLD: u32 = 100;
const MOST: u32 = 1000;

/// `GET /jobs/causes`: dead letters grouped by what they have in common, those of most jobs first.
#[utoipa::path(
    get,
    path = "/jobs/causes",
    tag = "jobs",
    operation_id = "jobs_causes",
    params(
        ("backend" = Option<String>, Query, description = "Only failures on this backend"),
        ("limit" = Option<u32>, Query, description = "How many at most, up to 1000"),
    ),
    responses((status = 200, description = "Done", body = Causes)),
    security(("token" = ["read"])),
)]
pub(super) async fn causes(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<Causes>, Problem> {
    let backend = params.one("backend")?;
    let limit = params.number("limit", 1..=MOST)?.unwrap_or(TOLD);
    params.finish()?;
    let journal = api.hub.journal();
    let causes = journal.causes(backend, limit as usize).await?;
    let journal::DeadTally { jobs, refusals, .. } = journal.dead_letters().await?;
    Ok(Json(Causes { jobs, refusals, causes: causes.into_iter().map(dto::Cause::from).collect() }))
}

/// `POST /jobs/aside`: failed jobs that nobody has to do anything about count no longer among the dead letters.
#[utoipa::path(
    post,
    path = "/jobs/aside",
    tag = "jobs",
    operation_id = "jobs_aside",
    request_body(content = AsideMany),
    responses((status = 200, description = "Done", body = Aside)),
    security(("token" = ["operate"])),
)]
pub(super) async fn aside(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Aside>, Problem> {
    let AsideMany { filter, jobs, all, reason } = api.bodies.json(&caller, &headers, body).await?;
    let named = !jobs.is_empty() || filter != dto::Filter::default();
    if all == named {
        return Err(Problem::bad_request("name `jobs`, or a `filter`, or say `all`: one of them"));
    }
    let aside = api.hub.set_aside(which(&api.hub, filter, jobs).await?, &reason, &caller.actor).await?;
    Ok(Json(Aside { aside }))
}
