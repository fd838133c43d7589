//! Replies and notifications that were given up: sent again, or dropped for a reason.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use engine::Dead;
use http::page::{Form, Visit};
use http::{May, Operate, Problem};
use model::DeliveryId;

use super::letters::{Narrowed, nothing_chosen};
use crate::Console;

/// `POST /dead-letters/deliveries`: those that are chosen, or all that fit, again or dropped.
pub(crate) async fn act(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    let which = which(&form)?;
    let (key, n) = if form.is_ticked("drop") {
        let reason = form.get("reason").unwrap_or_default();
        ("dropped", console.hub.drop_deliveries(which, reason, &caller.actor).await?)
    } else {
        ("sent-again", console.hub.retry_deliveries(which, &caller.actor).await?)
    };
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Visit::said("/dead-letters?of=deliveries", key, n).into_response())
}

fn which(form: &Form) -> Result<Dead, Problem> {
    let id =
        |text: &str| text.parse().map(DeliveryId).map_err(|_| Problem::missing(format!("delivery {text}")));
    if let Some(one) = form.get("one") {
        return Ok(Dead::These(vec![id(one)?]));
    }
    if form.is_ticked("all") {
        let Narrowed { by, address, cause } = Narrowed::read(form)?;
        return Ok(Dead::All { courier: by, address, cause });
    }
    let these: Vec<DeliveryId> = form.all("delivery").map(id).collect::<Result<_, _>>()?;
    if these.is_empty() { Err(nothing_chosen()) } else { Ok(Dead::These(these)) }
}
