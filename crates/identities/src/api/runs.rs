//! The history of what was asked for many identities.

use api::dto::Time;
use axum::Json;
use axum::extract::State;
use http::{May, Named, Params, Problem};
use model::JobId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use crate::ReadIdentities;
use crate::register::Runs;
use crate::run::{Cause, Run, Stage, Tally};
use crate::state::Deed;

/// Runs of a page, unless the caller wants fewer or more.
const PAGE: u32 = 20;

/// What was asked of the backends for many identities at once, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunView {
    /// Its id, with which the external ids of its jobs end: jobs are found by it.
    pub id: String,
    /// What was asked.
    pub deed: Deed,
    /// Who asked.
    pub by: String,
    /// When.
    pub begun: Time,
    /// Where it stands.
    pub stage: Stage,
    /// For so many there is a job; `null` = they are still being made, or that was interrupted.
    pub jobs: Option<u64>,
    /// So many were left as they are.
    pub left: Option<u64>,
    /// Jobs that have not ended.
    pub under_way: u64,
    /// Jobs that succeeded.
    pub succeeded: u64,
    /// Jobs that failed.
    pub failed: u64,
    /// Jobs that were cancelled, rejected or replaced.
    pub cancelled: u64,
    /// Why jobs failed, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<RunCause>,
}

/// Why jobs of a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunCause {
    /// The backend that failed, where it is known.
    pub backend: Option<String>,
    /// The code.
    pub code: Option<String>,
    /// In words.
    pub message: String,
    /// How many.
    pub count: u64,
    /// One of them.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
}

/// A page of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<RunView>,
    /// The `after` of the next page; `null` = this was all.
    pub next: Option<String>,
}

impl RunView {
    fn new((run, stage, tally): (Run, Stage, Tally)) -> Self {
        let Tally { under_way, succeeded, failed, cancelled, causes } = tally;
        let cause =
            |Cause { backend, code, message, count, job }| RunCause { backend, code, message, count, job };
        RunView {
            id: run.id,
            deed: run.kept.deed,
            by: run.kept.by,
            begun: run.kept.begun.into(),
            stage,
            jobs: run.kept.asked.map(|asked| asked.jobs),
            left: run.kept.asked.map(|asked| asked.left),
            under_way,
            succeeded,
            failed,
            cancelled,
            causes: causes.into_iter().map(cause).collect(),
        }
    }

    /// Jobs that have ended, however.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.cancelled
    }
}

/// `GET /identities/runs`: what was asked of the backends for many identities at once, newest first.
#[utoipa::path(
    get,
    path = "/identities/runs",
    tag = "identities",
    operation_id = "identities_runs",
    params(
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u32>, Query, description = "At most so many (1 to 1000)"),
    ),
    responses((status = 200, description = "Done", body = RunPage)),
    security(("token" = ["identities:read"]), ("token" = ["operate"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<ReadIdentities>,
    mut params: Params,
) -> Result<Json<RunPage>, Problem> {
    let after = params.one("after")?;
    let limit = params.number("limit", 1..=1000)?.unwrap_or(PAGE);
    params.finish()?;
    let Runs { runs, next } = api.register.runs(after, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    Ok(Json(RunPage { runs: runs.into_iter().map(RunView::new).collect(), next }))
}

/// `GET /identities/runs/{run}`: one of them, with the causes of what failed.
#[utoipa::path(
    get,
    path = "/identities/runs/{run}",
    tag = "identities",
    operation_id = "identities_run",
    params(("run" = String, Path, description = "The run")),
    responses((status = 200, description = "Done", body = RunView)),
    security(("token" = ["identities:read"]), ("token" = ["operate"])),
)]
pub(super) async fn show(
    State(api): State<Api>,
    _: May<ReadIdentities>,
    Named(run): Named<String>,
) -> Result<Json<RunView>, Problem> {
    Ok(Json(RunView::new(api.register.run(&run).await?)))
}
