//! Looking at jobs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use journal::{Listing, Order, Page};
use model::{JobId, Seq};

use super::Api;
use super::submit::LONGEST_WAIT;
use crate::dto::{self, Filter, JobCount, JobPage, JobQuery, RecordQuery, Waited};
use http::Named;
use http::Params;
use http::Problem;
use http::Scope;
use http::{Caller, Closing, May, Read, ReadOwn};

/// `GET /jobs`: newest first, or in the order in which they were accepted.
#[utoipa::path(
    get,
    path = "/jobs",
    tag = "jobs",
    operation_id = "jobs_list",
    params(
        Filter,
        ("order" = Option<dto::JobOrder>, Query, description = "By the time of acceptance: the newest first (when nobody says), or the oldest"),
        RecordQuery,
    ),
    responses((status = 200, description = "Done", body = JobPage)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<JobPage>, Problem> {
    let JobQuery { filter, order, before, limit } = JobQuery::read(&mut params)?;
    params.finish()?;
    let (filter, waits_for) = filter.split(&api.hub).await?;
    let limit = limit.unwrap_or(dto::PAGE);
    let order = order.map(Order::from).unwrap_or_default();
    let page = Page { after: before, order, limit };
    let Listing { rows, next, damaged } = api.hub.jobs(filter, waits_for, page).await?;
    let short = u32::try_from(rows.len() + damaged.len()).is_ok_and(|found| found < limit);
    let looked_at = match next.filter(|_| short) {
        Some(next) => Some(api.hub.looked_at(order, Seq(next)).await?),
        None => None,
    };
    let jobs = api.named(rows).await?;
    Ok(Json(JobPage { jobs, next: next.map(Seq), looked_at, damaged: dto::damaged(damaged) }))
}

/// Counted so far, unless the caller wants fewer.
const COUNTED: u32 = 1000;

/// `GET /jobs/count`: how many jobs fit, counted up to a thousand.
#[utoipa::path(
    get,
    path = "/jobs/count",
    tag = "jobs",
    operation_id = "jobs_count",
    params(Filter),
    responses((status = 200, description = "Done", body = JobCount)),
    security(("token" = ["read"])),
)]
pub(super) async fn count(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<JobCount>, Problem> {
    let filter = Filter::read(&mut params)?;
    params.finish()?;
    let (filter, waits_for) = filter.split(&api.hub).await?;
    let journal::Count { jobs, more, .. } = api.hub.count(filter, waits_for, COUNTED).await?;
    Ok(Json(JobCount { jobs, more }))
}

/// `GET /jobs/{id}`: everything about a job.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    tag = "jobs",
    operation_id = "jobs_show",
    params(("id" = uuid::Uuid, Path, description = "The job")),
    responses((status = 200, description = "Done", body = dto::Story)),
    security(("token" = ["read"]), ("token" = ["submit"])),
)]
pub(super) async fn show(
    State(api): State<Api>,
    May { caller, .. }: May<ReadOwn>,
    Named(job): Named<JobId>,
) -> Result<Json<dto::Story>, Problem> {
    api.seen_by(&caller, job).await?;
    let mut story: dto::Story = api.hub.story(job).await?.into();
    let names = api.hub.names(&story.job.subject).await?;
    story.job.name = names.of(story.job.subject.as_ref()).map(|name| name.as_str().to_owned());
    Ok(Json(story))
}

impl Api {
    /// Jobs with what their subjects are called.
    pub(super) async fn named(&self, jobs: Vec<model::Job>) -> Result<Vec<dto::Job>, Problem> {
        let names = self.hub.names_in(&jobs).await?;
        Ok(jobs.into_iter().map(|job| dto::Job::named(job, &names)).collect())
    }

    /// Makes sure that the job is one that the caller may look at. To others it does not exist.
    pub(super) async fn seen_by(&self, caller: &Caller, id: JobId) -> Result<(), Problem> {
        if caller.may(Scope::READ) || caller.may_see(&self.hub.job(id).await?) {
            return Ok(());
        }
        Err(engine::Error::Missing(format!("job {id}")).into())
    }
}

/// `GET /jobs/{id}/wait`: 200 when the job has ended, 202 when it has not.
#[utoipa::path(
    get,
    path = "/jobs/{id}/wait",
    tag = "jobs",
    operation_id = "jobs_wait",
    params(
        ("id" = uuid::Uuid, Path, description = "The job"),
        ("seconds" = Option<u32>, Query, description = "How long at most, up to 3600"),
    ),
    responses(
        (status = 200, description = "Done", body = Waited),
        (status = 202, description = "Not done yet", body = Waited),
    ),
    security(("token" = ["read"]), ("token" = ["submit"])),
)]
pub(super) async fn wait(
    State(api): State<Api>,
    May { caller, .. }: May<ReadOwn>,
    closing: Closing,
    Named(id): Named<JobId>,
    mut params: Params,
) -> Result<(StatusCode, Json<Waited>), Problem> {
    let seconds = params.number("seconds", 0..=LONGEST_WAIT)?.unwrap_or(LONGEST_WAIT);
    params.finish()?;
    api.seen_by(&caller, id).await?;
    let job = api.wait_for(id, seconds, closing).await?;
    let (status, result) = if job.state.is_terminal() {
        (StatusCode::OK, Some(api.result(id).await?))
    } else {
        (StatusCode::ACCEPTED, None)
    };
    Ok((status, Json(Waited { job: job.into(), result })))
}
