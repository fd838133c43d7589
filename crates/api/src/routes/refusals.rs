//! What could not be accepted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Accepted;
use journal::{Listing, RecordFilter};
use model::RecordKind;

use super::Api;
use crate::dto::{self, Acceptance, RecordPage, RecordQuery, Refused, Submitted};
use http::Named;
use http::Params;
use http::Problem;
use http::{May, Operate, Read};

/// `GET /refusals`: newest first.
#[utoipa::path(
    get,
    path = "/refusals",
    tag = "refusals",
    operation_id = "refusals_list",
    params(RecordQuery),
    responses((status = 200, description = "Done", body = RecordPage)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<RecordPage>, Problem> {
    let RecordQuery { before, limit } = RecordQuery::read(&mut params)?;
    params.finish()?;
    let limit = limit.unwrap_or(dto::PAGE) as usize;
    let filter = RecordFilter::of(RecordKind::Refusal);
    let Listing { rows, next, damaged } = api.hub.records(filter, before, limit).await?;
    let records = rows.into_iter().map(dto::Record::from).collect();
    Ok(Json(RecordPage { records, next, damaged: dto::damaged(damaged) }))
}

/// `GET /refusals/{record}`.
#[utoipa::path(
    get,
    path = "/refusals/{record}",
    tag = "refusals",
    operation_id = "refusals_show",
    params(("record" = i64, Path, description = "Its record")),
    responses((status = 200, description = "Done", body = Refused)),
    security(("token" = ["read"])),
)]
pub(super) async fn show(
    State(api): State<Api>,
    _: May<Read>,
    Named(record): Named<i64>,
) -> Result<Json<Refused>, Problem> {
    let (record, raw) = api.hub.refused(record).await?;
    let moved = api.hub.moved(engine::Letter::Refusal(record.seq)).await?.map(dto::Moved::from);
    Ok(Json(Refused { record: record.into(), size: raw.len() as u64, moved }))
}

/// `POST /refusals/{record}/resubmit`: 201 for a new job, 200 for a known one.
#[utoipa::path(
    post,
    path = "/refusals/{record}/resubmit",
    tag = "refusals",
    operation_id = "refusals_resubmit",
    params(("record" = i64, Path, description = "Its record")),
    responses(
        (status = 200, description = "Done", body = Submitted),
        (status = 201, description = "Made", body = Submitted),
    ),
    security(("token" = ["operate"])),
)]
pub(super) async fn resubmit(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(record): Named<i64>,
) -> Result<(StatusCode, Json<Submitted>), Problem> {
    match api.hub.resubmit(record, &caller.actor).await? {
        Accepted::Refused(why) => Err(Problem { record: Some(record), ..why.into() }),
        accepted => {
            let submitted = api.report(accepted).await?;
            let new = submitted.accepted == Acceptance::New;
            Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(submitted)))
        }
    }
}
