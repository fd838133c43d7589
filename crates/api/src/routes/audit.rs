//! Who changed what, and the settings as they hold.

use axum::Json;
use axum::extract::State;
use engine::Changed;
use journal::{Listing, Match, RecordFilter};
use model::RecordKind;

use super::Api;
use crate::dto::{self, Audited, RecordPage, RecordQuery, Setting, Time};
use http::Named;
use http::Params;
use http::Problem;
use http::{Admin, May};

/// `GET /audit`: newest first. A page may be short although there is more: go on while there is a `next`.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "audit",
    operation_id = "audit_list",
    params(
        RecordQuery,
        ("who" = Option<String>, Query, description = "Who did it: `account:alice`, `token:crm`, `uid:0`"),
        ("what" = Option<String>, Query, description = "What it was done to: the beginning of it"),
        ("code" = Option<String>, Query, description = "Which change"),
        ("since" = Option<Time>, Query, description = "At this time or later"),
        ("until" = Option<Time>, Query, description = "Before this time"),
    ),
    responses((status = 200, description = "Done", body = RecordPage)),
    security(("token" = ["admin"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<Admin>,
    mut params: Params,
) -> Result<Json<RecordPage>, Problem> {
    const TIME: &str = "a time such as 2026-11-30T18:00:00Z";
    let RecordQuery { before, limit } = RecordQuery::read(&mut params)?;
    let filter = RecordFilter {
        who: params.one("who")?,
        what: params.one("what")?.map(Match::Begins),
        code: params.one("code")?,
        since: params.value("since", TIME)?.map(|time: Time| time.0),
        until: params.value("until", TIME)?.map(|time: Time| time.0),
        ..RecordFilter::of(RecordKind::Audit)
    };
    params.finish()?;
    let limit = limit.unwrap_or(dto::PAGE) as usize;
    let Listing { rows, next, damaged } = api.hub.records(filter, before, limit).await?;
    let records = rows.into_iter().map(dto::Record::from).collect();
    Ok(Json(RecordPage { records, next, damaged: dto::damaged(damaged) }))
}

/// `GET /audit/{record}`: with what was changed.
#[utoipa::path(
    get,
    path = "/audit/{record}",
    tag = "audit",
    operation_id = "audit_show",
    params(("record" = i64, Path, description = "Its record")),
    responses((status = 200, description = "Done", body = Audited)),
    security(("token" = ["admin"])),
)]
pub(super) async fn show(
    State(api): State<Api>,
    _: May<Admin>,
    Named(record): Named<i64>,
) -> Result<Json<Audited>, Problem> {
    let (record, Changed { before, after }) = api.hub.audited(record).await?;
    Ok(Json(Audited { record: record.into(), before, after }))
}

/// `GET /settings`: the configuration as it holds, and where each value comes from.
#[utoipa::path(
    get,
    path = "/settings",
    tag = "hub",
    operation_id = "settings",
    responses((status = 200, description = "Done", body = Vec<Setting>)),
    security(("token" = ["admin"])),
)]
pub(super) async fn settings(State(api): State<Api>, _: May<Admin>) -> Json<Vec<Setting>> {
    Json(api.installation.settings())
}
