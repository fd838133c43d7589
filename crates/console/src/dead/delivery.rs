//! Replies and notifications that were given up: sent again, or dropped.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use engine::Dead;
use http::page::{Form, Visit};
use http::{May, Operate, Problem};
use journal::Fate;
use model::DeliveryId;

use crate::Console;

/// `POST /dead-letters/deliveries`: all of them again.
pub(crate) async fn all_again(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
) -> Result<Response, Problem> {
    let all = Dead::All { courier: None, address: None };
    let sent = console.hub.settle_deliveries(all, Fate::Again, &caller.actor).await?;
    Ok(said("sent-again", sent))
}

/// `POST /dead-letters/deliveries/{id}`: this one again, or dropped.
pub(crate) async fn one(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let this = id.parse().map(DeliveryId).map_err(|_| Problem::missing(format!("delivery {id}")))?;
    let (fate, key) =
        if form.is_ticked("drop") { (Fate::Drop, "dropped") } else { (Fate::Again, "sent-again") };
    let settled = console.hub.settle_deliveries(Dead::These(vec![this]), fate, &caller.actor).await?;
    Ok(said(key, settled))
}

fn said(key: &str, n: u64) -> Response {
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    Visit::said("/dead-letters?of=deliveries", key, n).into_response()
}
