//! What left, is to leave, or could not.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use engine::Dead;
use journal::{DeliveryFilter, Fate, Listing};
use model::{DeliveryId, DeliveryState};

use super::Api;
use crate::dto::{self, DeliveriesSettled, Delivery, DeliveryPage, RecordQuery, Settle};
use http::Params;
use http::Problem;
use http::{Caller, May, Operate, Read};

/// `GET /deliveries`: newest first.
#[utoipa::path(
    get,
    path = "/deliveries",
    tag = "deliveries",
    operation_id = "deliveries_list",
    params(
        RecordQuery,
        ("state" = Option<dto::schema::DeliveryState>, Query, description = "In this state"),
        ("courier" = Option<String>, Query, description = "Taken by this courier: `webhook`, `sesame`, …"),
        ("address" = Option<String>, Query, description = "To this address"),
    ),
    responses((status = 200, description = "Done", body = DeliveryPage)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<DeliveryPage>, Problem> {
    let RecordQuery { before, limit } = RecordQuery::read(&mut params)?;
    let state = match params.one("state")? {
        None => None,
        Some(word) => Some(state(&word)?),
    };
    let filter = DeliveryFilter { state, courier: params.one("courier")?, address: params.one("address")? };
    params.finish()?;
    let limit = limit.unwrap_or(dto::PAGE) as usize;
    let Listing { rows, next, damaged } = api.hub.deliveries(filter, before, limit).await?;
    let deliveries = rows.into_iter().map(Delivery::from).collect();
    Ok(Json(DeliveryPage { deliveries, next, damaged: dto::damaged(damaged) }))
}

fn state(word: &str) -> Result<DeliveryState, Problem> {
    let known = DeliveryState::ALL.map(DeliveryState::as_str);
    let found = DeliveryState::ALL.into_iter().find(|state| state.as_str() == word);
    found.ok_or_else(|| {
        let (word, hint) = (http::suggest::quote(word), http::suggest::hint(word, &known));
        Problem::bad_request(format!("{word} is no state of a delivery: {hint}"))
    })
}

/// `POST /deliveries/retry`: those that were given up are tried again.
#[utoipa::path(
    post,
    path = "/deliveries/retry",
    tag = "deliveries",
    operation_id = "deliveries_retry",
    request_body(content = Settle),
    responses((status = 200, description = "Done", body = DeliveriesSettled)),
    security(("token" = ["operate"])),
)]
pub(super) async fn retry(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DeliveriesSettled>, Problem> {
    let dead = api.dead(&caller, &headers, body).await?;
    Ok(Json(DeliveriesSettled {
        deliveries: api.hub.settle_deliveries(dead, Fate::Again, &caller.actor).await?,
    }))
}

/// `POST /deliveries/drop`: those that were given up are dropped for good.
#[utoipa::path(
    post,
    path = "/deliveries/drop",
    tag = "deliveries",
    operation_id = "deliveries_drop",
    request_body(content = Settle),
    responses((status = 200, description = "Done", body = DeliveriesSettled)),
    security(("token" = ["operate"])),
)]
pub(super) async fn discard(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DeliveriesSettled>, Problem> {
    let dead = api.dead(&caller, &headers, body).await?;
    Ok(Json(DeliveriesSettled {
        deliveries: api.hub.settle_deliveries(dead, Fate::Drop, &caller.actor).await?,
    }))
}

impl Api {
    /// Which deliveries are meant.
    async fn dead(&self, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<Dead, Problem> {
        let Settle { ids, all, courier, address } = self.bodies.json(caller, headers, body).await?;
        match (ids.is_empty(), all) {
            (false, false) if courier.is_none() && address.is_none() => {
                Ok(Dead::These(ids.into_iter().map(DeliveryId).collect()))
            }
            (true, true) => Ok(Dead::All { courier, address }),
            _ => Err(Problem::bad_request(
                "name the deliveries as `ids`, or say `\"all\": true`, for one `courier` or `address` if given",
            )),
        }
    }
}
