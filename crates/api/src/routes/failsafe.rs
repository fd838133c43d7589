//! The failsafe: what it holds, and deciding on it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use super::Api;
use crate::dto::{Count, Decide, Decided, Failsafe, HeldJobs, HeldSet, Time};
use http::Named;
use http::Params;
use http::Problem;
use http::agreed;
use http::{Caller, May, Operate, Read};

/// Jobs of a page.
const PAGE: usize = 100;

/// `GET /failsafe`: caps, how much of them is used, and what is held.
#[utoipa::path(
    get,
    path = "/failsafe",
    tag = "failsafe",
    operation_id = "failsafe",
    responses((status = 200, description = "Done", body = Failsafe)),
    security(("token" = ["read"])),
)]
pub(super) async fn show(State(api): State<Api>, _: May<Read>) -> Result<Json<Failsafe>, Problem> {
    let sets = api.hub.held_sets().await?.into_iter().map(HeldSet::from).collect();
    let engine::FailsafeView { rule, counts } = api.hub.failsafe();
    let counts = counts.into_iter().map(|(kind, backend, jobs)| Count { kind, backend, jobs }).collect();
    let (sources, window, delete, disable) = (rule.sources, rule.window.as_secs(), rule.delete, rule.disable);
    Ok(Json(Failsafe { sources, window, delete, disable, counts, sets }))
}

/// `GET /failsafe/{set}`: a set and its jobs, in the order in which they were held.
#[utoipa::path(
    get,
    path = "/failsafe/{set}",
    tag = "failsafe",
    operation_id = "failsafe_set",
    params(
        ("set" = String, Path, description = "The set"),
        ("after" = Option<Time>, Query, description = "The `next` of the page before"),
    ),
    responses((status = 200, description = "Done", body = HeldJobs)),
    security(("token" = ["read"])),
)]
pub(super) async fn set(
    State(api): State<Api>,
    _: May<Read>,
    Named(name): Named<String>,
    mut params: Params,
) -> Result<Json<HeldJobs>, Problem> {
    let after: Option<Time> = params.value("after", "the `next` of the page before")?;
    params.finish()?;
    let set = api.hub.held_set(&name).await?.into();
    let jobs = api.hub.held_jobs(&name, after.map(|time| time.0), PAGE).await?;
    let next = jobs.last().filter(|_| jobs.len() == PAGE).map(|job| job.due_at.into());
    Ok(Json(HeldJobs { set, jobs: api.named(jobs).await?, next }))
}

/// `POST /failsafe/{set}/approve`: its jobs run. Works once. More than 50 need their number, as `expected`.
#[utoipa::path(
    post,
    path = "/failsafe/{set}/approve",
    tag = "failsafe",
    operation_id = "failsafe_approve",
    params(("set" = String, Path, description = "The set")),
    request_body(content = Decide),
    responses((status = 200, description = "Done", body = Decided)),
    security(("token" = ["operate"])),
)]
pub(super) async fn approve(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(name): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Decided>, Problem> {
    let Decide { through, expected } = api.decision(&caller, &headers, body).await?;
    let set = api.hub.held_set(&name).await?;
    // What was decided is told as such, whatever number is named.
    if set.decision.is_none() {
        agreed(set.kind.as_str(), api.hub.held_through(&name, through.0).await?, expected)?;
    }
    let engine::Decided { jobs, rest } = api.hub.approve(&name, through.0, &caller.actor).await?;
    Ok(Json(Decided { jobs, rest }))
}

/// `POST /failsafe/{set}/reject`: its jobs are cancelled. Works once.
#[utoipa::path(
    post,
    path = "/failsafe/{set}/reject",
    tag = "failsafe",
    operation_id = "failsafe_reject",
    params(("set" = String, Path, description = "The set")),
    request_body(content = Decide),
    responses((status = 200, description = "Done", body = Decided)),
    security(("token" = ["operate"])),
)]
pub(super) async fn reject(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(name): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Decided>, Problem> {
    let Decide { through, expected } = api.decision(&caller, &headers, body).await?;
    if expected.is_some() && api.hub.held_set(&name).await?.decision.is_none() {
        agreed("cancel", api.hub.held_through(&name, through.0).await?, expected)?;
    }
    let engine::Decided { jobs, rest } = api.hub.reject(&name, through.0, &caller.actor).await?;
    Ok(Json(Decided { jobs, rest }))
}

impl Api {
    /// Up to where the caller has looked, and how many are meant.
    async fn decision(&self, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<Decide, Problem> {
        let decide: Option<Decide> = self.bodies.json(caller, headers, body).await?;
        let missing =
            || Problem::bad_request("the body is missing: name the `through` of the set as you saw it");
        decide.ok_or_else(missing)
    }
}
