//! Many schools: listing them, and following those of a table.

use ::http::body::apart;
use ::http::{May, Operate, Params, Problem, Read};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::stream;
use tokio::sync::mpsc;

use super::super::{Error, Manner, Table};
use super::{Api, HostAnswers, ImportLine, SchoolPage};

/// Schools of a page.
const PAGE: u32 = 100;
/// Lines that wait for a slow reader. What does not fit is left out: the next one says more.
const WAITING: usize = 64;

/// `GET /schools`: those that are followed, by number.
#[utoipa::path(
    get,
    path = "/schools",
    tag = "schools",
    operation_id = "schools",
    params(
        ("state" = Option<Vec<String>>, Query, description = "In one of these states, as their codes; `UNSEEN` = not seen yet"),
        ("text" = Option<String>, Query, description = "With this text in number or stamp"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 1000"),
    ),
    responses((status = 200, description = "Done", body = SchoolPage)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<SchoolPage>, Problem> {
    let states = params.all("state");
    let text = params.one("text")?;
    let after = params.one("after")?;
    let limit = params.number("limit", 1..=1000)?.unwrap_or(PAGE);
    params.finish()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(Json(api.tracker.list(&states, text, after, limit).await?.into()))
}

/// `GET /schools/hosts`: the hosts, and how they answer.
#[utoipa::path(
    get,
    path = "/schools/hosts",
    tag = "schools",
    operation_id = "school_hosts",
    responses((status = 200, description = "Done", body = Vec<HostAnswers>)),
    security(("token" = ["read"])),
)]
pub(super) async fn hosts(
    State(api): State<Api>,
    _: May<Read>,
    params: Params,
) -> Result<Json<Vec<HostAnswers>>, Problem> {
    params.finish()?;
    Ok(Json(api.tracker.hosts().await?.into_iter().map(HostAnswers::from).collect()))
}

/// `POST /schools/import`: follows the schools of a table (CSV). Every line of the answer says how far it is; the last one is
/// the report, with every row that could not be used.
#[utoipa::path(
    post,
    path = "/schools/import",
    tag = "schools",
    operation_id = "schools_import",
    params(
        ("leave_out" = Option<bool>, Query, description = "Leave out rows that cannot be used; without it nothing is done when there are any"),
        ("tell" = Option<bool>, Query, description = "Tell schools of the state in which they are found"),
    ),
    request_body(content = String, content_type = "text/csv", example = "rne,name\n0123456A,Lycée Jean Moulin\n"),
    responses((status = 200, description = "Done", body = ImportLine, content_type = "application/x-ndjson")),
    security(("token" = ["operate"])),
)]
pub(super) async fn import(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    mut params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let manner = Manner { leave_out: params.flag("leave_out")?, tell: params.flag("tell")? };
    params.finish()?;
    let file = api.bodies.read(&caller, &headers, body).await?;
    let length = file.bytes.len();
    let table = apart(length, move || Table::read(&file.bytes)).await?.map_err(Error::BadFile)?;
    let of = table.rows.len();
    let (tell, told) = mpsc::channel(WAITING);
    // It goes on to the end, also when the caller goes away in the middle.
    tokio::spawn(async move {
        let progress = |rows: usize| {
            let _ = tell.try_send(ImportLine::Handled { rows, of });
        };
        let last = match api.tracker.follow_all(table, manner, &caller.actor, progress).await {
            Ok(bulk) => ImportLine::Report(bulk.into()),
            Err(error) => ImportLine::Broken(error.into()),
        };
        let _ = tell.send(last).await;
    });
    Ok(::api::ndjson(stream::unfold(told, |mut told| async { Some((told.recv().await?, told)) })))
}
