//! What could not be accepted.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::{Accepted, Refusals};
use journal::{Listing, RecordFilter};
use model::{CauseId, RecordKind};

use super::Api;
use crate::dto::{
    self, Acceptance, Aside, AsideRefusals, LetterCauses, RecordPage, RecordQuery, RefusalQuery, Refused,
    ResubmitMany, ResubmittedMany, Submitted,
};
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
    params(RecordQuery, RefusalQuery),
    responses((status = 200, description = "Done", body = RecordPage)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<RecordPage>, Problem> {
    let RecordQuery { before, limit } = RecordQuery::read(&mut params)?;
    let query = RefusalQuery::read(&mut params)?;
    params.finish()?;
    let limit = limit.unwrap_or(dto::PAGE) as usize;
    let found = match query.cause {
        Some(cause) => api.hub.refusals_of(cause, query.filter(), before, limit).await?,
        None => api.hub.records(query.filter(), before, limit).await?,
    };
    let Listing { rows, next, damaged } = found;
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

/// `GET /refusals/causes`: those that nothing has settled, grouped by what they have in common.
#[utoipa::path(
    get,
    path = "/refusals/causes",
    tag = "refusals",
    operation_id = "refusals_causes",
    responses((status = 200, description = "Done", body = LetterCauses)),
    security(("token" = ["read"])),
)]
pub(super) async fn causes(State(api): State<Api>, _: May<Read>) -> Result<Json<LetterCauses>, Problem> {
    Ok(Json(api.hub.refusal_causes().await?.into()))
}

/// `POST /refusals/resubmit`: many are handed in again, those that came first before the others.
#[utoipa::path(
    post,
    path = "/refusals/resubmit",
    tag = "refusals",
    operation_id = "refusals_resubmit_many",
    request_body(content = ResubmitMany),
    responses((status = 200, description = "Done", body = ResubmittedMany)),
    security(("token" = ["operate"])),
)]
pub(super) async fn resubmit_many(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ResubmittedMany>, Problem> {
    let ResubmitMany { records, all, source, code, cause } = api.bodies.json(&caller, &headers, body).await?;
    let which = which(records, all, (source, code, cause))?;
    Ok(Json(api.hub.resubmit_many(which, &caller.actor).await?.into()))
}

/// `POST /refusals/aside`: those that nobody has to do anything about count no longer among the dead letters.
#[utoipa::path(
    post,
    path = "/refusals/aside",
    tag = "refusals",
    operation_id = "refusals_aside",
    request_body(content = AsideRefusals),
    responses((status = 200, description = "Done", body = Aside)),
    security(("token" = ["operate"])),
)]
pub(super) async fn aside(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Aside>, Problem> {
    let AsideRefusals { records, all, source, code, cause, reason } =
        api.bodies.json(&caller, &headers, body).await?;
    let which = which(records, all, (source, code, cause))?;
    let aside = api.hub.set_aside_refusals(which, &reason, &caller.actor).await?;
    Ok(Json(Aside { aside }))
}

/// Source, code and cause of those that are meant.
type Narrowed = (Option<String>, Option<String>, Option<CauseId>);

/// Which refusals are meant.
fn which(records: Vec<i64>, all: bool, narrowed: Narrowed) -> Result<Refusals, Problem> {
    let (source, code, cause) = narrowed;
    let narrowed = source.is_some() || code.is_some() || cause.is_some();
    match (records.is_empty(), all) {
        (false, false) if !narrowed => Ok(Refusals::These(records)),
        (true, true) => {
            let filter = RecordFilter { who: source, code, ..RecordFilter::of(RecordKind::Refusal) };
            Ok(Refusals::All(filter, cause))
        }
        _ => Err(Problem::bad_request(
            "name `records`, or say `\"all\": true`, for one `source`, `code` or `cause` if given",
        )),
    }
}
