//! The routes of `/api/v1`, and those that say whether the hub is well.

mod backends;
mod batch;
mod events;
mod export;
mod jobs;
mod lines;
mod operate;
mod refusals;
mod status;
mod submit;
mod take;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use engine::Hub;
use engine::port::BoxFuture;
use jiff::Timestamp;

use crate::body::{Bodies, BodyLimits};
use crate::dto::ReloadReport;

pub use take::{Documents, SOURCE};

/// Reads configuration and backends anew and hands them to the hub; an error says why all stays as it was.
pub type Reload = Arc<dyn Fn() -> BoxFuture<'static, Result<ReloadReport, String>> + Send + Sync>;

/// What the routes need.
#[derive(Clone)]
pub struct Api {
    hub: Hub,
    reload: Reload,
    bodies: Bodies,
    version: &'static str,
    started_at: Timestamp,
}

impl Api {
    /// Routes to this hub, with `version` of the program in their status.
    pub fn new(hub: Hub, version: &'static str, limits: BodyLimits, reload: Reload) -> Self {
        Api { started_at: hub.now(), hub, reload, bodies: Bodies::new(limits), version }
    }
}

/// The routes. They answer callers that what accepts connections has named ([`crate::Caller`]).
pub fn routes(api: Api) -> Router {
    let v1 = Router::new()
        .route("/jobs", get(jobs::list).post(submit::submit))
        .route("/jobs/batch", post(batch::batch))
        .route("/jobs/export", get(export::export))
        .route("/jobs/retry", post(operate::retry_many))
        .route("/jobs/{id}", get(jobs::show))
        .route("/jobs/{id}/wait", get(jobs::wait))
        .route("/jobs/{id}/retry", post(operate::retry))
        .route("/jobs/{id}/cancel", post(operate::cancel))
        .route("/events", get(events::events))
        .route("/refusals", get(refusals::list))
        .route("/refusals/{record}", get(refusals::show))
        .route("/refusals/{record}/resubmit", post(refusals::resubmit))
        .route("/backends", get(backends::list))
        .route("/backends/reload", post(backends::reload))
        .route("/backends/{name}/ping", post(backends::ping))
        .route("/backends/{name}/pause", post(backends::pause))
        .route("/backends/{name}/resume", post(backends::resume))
        .route("/status", get(status::status));
    Router::new()
        .nest("/api/v1", v1)
        .route("/healthz", get(status::health))
        .route("/readyz", get(status::ready))
        .with_state(api)
}
