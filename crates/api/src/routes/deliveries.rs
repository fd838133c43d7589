//! What left, is to leave, or could not.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use engine::Dead;
use journal::Listing;
use model::DeliveryId;

use super::Api;
use crate::dto::{
    self, DeliveriesSettled, Delivery, DeliveryPage, DeliveryQuery, DropDeliveries, LetterCauses,
    RecordQuery, Resend,
};
use http::Params;
use http::Problem;
use http::{May, Operate, Read};

/// `GET /deliveries`: newest first.
#[utoipa::path(
    get,
    path = "/deliveries",
    tag = "deliveries",
    operation_id = "deliveries_list",
    params(RecordQuery, DeliveryQuery),
    responses((status = 200, description = "Done", body = DeliveryPage)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<DeliveryPage>, Problem> {
    let RecordQuery { before, limit } = RecordQuery::read(&mut params)?;
    let query = DeliveryQuery::read(&mut params)?;
    params.finish()?;
    let limit = limit.unwrap_or(dto::PAGE) as usize;
    let found = match query.cause {
        Some(cause) => api.hub.deliveries_of(cause, query.filter(), before, limit).await?,
        None => api.hub.deliveries(query.filter(), before, limit).await?,
    };
    let Listing { rows, next, damaged } = found;
    let deliveries = rows.into_iter().map(Delivery::from).collect();
    Ok(Json(DeliveryPage { deliveries, next, damaged: dto::damaged(damaged) }))
}

/// `GET /deliveries/causes`: those that were given up, grouped by what they have in common.
#[utoipa::path(
    get,
    path = "/deliveries/causes",
    tag = "deliveries",
    operation_id = "deliveries_causes",
    responses((status = 200, description = "Done", body = LetterCauses)),
    security(("token" = ["read"])),
)]
pub(super) async fn causes(State(api): State<Api>, _: May<Read>) -> Result<Json<LetterCauses>, Problem> {
    Ok(Json(api.hub.delivery_causes().await?.into()))
}

/// `POST /deliveries/retry`: those that were given up are tried again.
#[utoipa::path(
    post,
    path = "/deliveries/retry",
    tag = "deliveries",
    operation_id = "deliveries_retry",
    request_body(content = Resend),
    responses((status = 200, description = "Done", body = DeliveriesSettled)),
    security(("token" = ["operate"])),
)]
pub(super) async fn retry(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DeliveriesSettled>, Problem> {
    let which = dead(api.bodies.json(&caller, &headers, body).await?)?;
    let deliveries = api.hub.retry_deliveries(which, &caller.actor).await?;
    Ok(Json(DeliveriesSettled { deliveries }))
}

/// `POST /deliveries/drop`: those that were given up are dropped for good, for a reason that the audit keeps.
#[utoipa::path(
    post,
    path = "/deliveries/drop",
    tag = "deliveries",
    operation_id = "deliveries_drop",
    request_body(content = DropDeliveries),
    responses((status = 200, description = "Done", body = DeliveriesSettled)),
    security(("token" = ["operate"])),
)]
pub(super) async fn discard(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DeliveriesSettled>, Problem> {
    let asked: DropDeliveries = api.bodies.json(&caller, &headers, body).await?;
    let (which, reason) = asked.split();
    let deliveries = api.hub.drop_deliveries(dead(which)?, &reason, &caller.actor).await?;
    Ok(Json(DeliveriesSettled { deliveries }))
}

/// Which deliveries are meant.
fn dead(Resend { ids, all, courier, address, cause }: Resend) -> Result<Dead, Problem> {
    let narrowed = courier.is_some() || address.is_some() || cause.is_some();
    match (ids.is_empty(), all) {
        (false, false) if !narrowed => Ok(Dead::These(ids.into_iter().map(DeliveryId).collect())),
        (true, true) => Ok(Dead::All { courier, address, cause }),
        _ => Err(Problem::bad_request(
            "name the deliveries as `ids`, or say `\"all\": true`, for one `courier`, `address` or `cause` if given",
        )),
    }
}
