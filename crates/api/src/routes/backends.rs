//! Backends: looking at them, asking them, setting them aside for a while.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::AuditEntry;
use model::Code;

use super::Api;
use crate::dto::{ActionView, Backend, BackendFigures, CheckReport, Concurrency, Pong, ReloadReport};
use http::Named;
use http::Problem;
use http::{Admin, May, Operate, Read};

/// `GET /backends`, in the order in which they run.
#[utoipa::path(
    get,
    path = "/backends",
    tag = "backends",
    operation_id = "backends_list",
    responses((status = 200, description = "Done", body = Vec<Backend>)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(State(api): State<Api>, _: May<Read>) -> Result<Json<Vec<Backend>>, Problem> {
    let mut figures = api.hub.stats().backends;
    let mut dead = api.hub.journal().dead_letters().await?.by_backend;
    let backend = |view: engine::BackendView| {
        let did = figures.remove(&view.name).map(BackendFigures::from);
        Backend { figures: did, dead: dead.remove(&view.name).unwrap_or_default(), ..view.into() }
    };
    Ok(Json(api.hub.backends().into_iter().map(backend).collect()))
}

/// `GET /actions`: what is known of each action, and which backends map it.
#[utoipa::path(
    get,
    path = "/actions",
    tag = "backends",
    operation_id = "actions",
    responses((status = 200, description = "Done", body = Vec<ActionView>)),
    security(("token" = ["read"])),
)]
pub(super) async fn actions(State(api): State<Api>, _: May<Read>) -> Json<Vec<ActionView>> {
    Json(api.hub.actions().into_iter().map(ActionView::from).collect())
}

/// `POST /backends/{name}/ping`: whether its target is there. No job, nothing is kept.
#[utoipa::path(
    post,
    path = "/backends/{name}/ping",
    tag = "backends",
    operation_id = "backends_ping",
    params(("name" = String, Path, description = "The backend")),
    responses((status = 200, description = "Done", body = Pong)),
    security(("token" = ["operate"])),
)]
pub(super) async fn ping(
    State(api): State<Api>,
    _: May<Operate>,
    Named(name): Named<String>,
) -> Result<Json<Pong>, Problem> {
    Ok(Json(api.hub.ping(&name).await?.into()))
}

/// `POST /backends/{name}/pause`: running attempts end, no new one starts.
#[utoipa::path(
    post,
    path = "/backends/{name}/pause",
    tag = "backends",
    operation_id = "backends_pause",
    params(("name" = String, Path, description = "The backend")),
    responses((status = 204, description = "Done")),
    security(("token" = ["operate"])),
)]
pub(super) async fn pause(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    api.hub.pause(&name, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /backends/{name}/resume`.
#[utoipa::path(
    post,
    path = "/backends/{name}/resume",
    tag = "backends",
    operation_id = "backends_resume",
    params(("name" = String, Path, description = "The backend")),
    responses((status = 204, description = "Done")),
    security(("token" = ["operate"])),
)]
pub(super) async fn resume(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    api.hub.resume(&name, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /backends/{name}/concurrency`: how many attempts run at once, in the place of what is configured. It holds over
/// restarts, until it is set to null.
#[utoipa::path(
    put,
    path = "/backends/{name}/concurrency",
    tag = "backends",
    operation_id = "backends_concurrency",
    params(("name" = String, Path, description = "The backend")),
    request_body(content = Concurrency),
    responses((status = 204, description = "Done")),
    security(("token" = ["operate"])),
)]
pub(super) async fn set_concurrency(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(name): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let Concurrency { concurrency } = api.bodies.json(&caller, &headers, body).await?;
    api.hub.set_concurrency(&name, concurrency, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /backends/reload`: all that can change at run time is read anew, or stays as it was.
#[utoipa::path(
    post,
    path = "/backends/reload",
    tag = "backends",
    operation_id = "backends_reload",
    responses((status = 200, description = "Done", body = ReloadReport)),
    security(("token" = ["admin"])),
)]
pub(super) async fn reload(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
) -> Result<Json<ReloadReport>, Problem> {
    let report = api.installation.reload().await.map_err(bad_configuration)?;
    let code = Code::from_static("reloaded");
    api.hub.audit(AuditEntry::new(&caller.actor, "configuration", code, "read anew")).await?;
    Ok(Json(report))
}

/// `GET /backends/check`: what a reload would find. Nothing is swapped.
#[utoipa::path(
    get,
    path = "/backends/check",
    tag = "backends",
    operation_id = "backends_check",
    responses((status = 200, description = "Done", body = CheckReport)),
    security(("token" = ["operate"])),
)]
pub(super) async fn check(State(api): State<Api>, _: May<Operate>) -> Result<Json<CheckReport>, Problem> {
    Ok(Json(api.installation.check().await.map_err(bad_configuration)?))
}

fn bad_configuration(why: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_configuration", why)
}
