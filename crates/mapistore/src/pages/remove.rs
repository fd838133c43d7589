//! Somebody who came on a queue is taken away: first a page that says what goes and what stays, then the deed.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{May, Operate, Problem, Query};

use super::Pages;
use crate::api::{Registration, named};
use crate::registry::{Holder, Triple};
use crate::removal::Unremoved;

/// Where it is asked and done.
pub(super) const PATH: &str = "/registrations/remove";

#[derive(Template)]
#[template(path = "remove.html")]
struct Ask<'p> {
    v: &'p Visit,
    who: String,
    names: [(&'static str, String); 3],
    /// References that came on queues, and those that processes hold.
    references: u64,
    left: u64,
}

/// The page on which somebody is taken away, where there is something to take away.
pub(super) fn link(one: &Registration) -> Option<String> {
    one.holders.iter().any(|holder| holder.queue.is_some()).then(|| {
        let mut query = Query::new(PATH);
        query.add("backend", Some(&one.backend));
        query.add("user", Some(&one.user));
        query.add("vuser", Some(&one.vuser));
        query.finish()
    })
}

/// Whom a form names.
fn whom(form: &Form) -> Result<Triple, Problem> {
    match ["backend", "user", "vuser"].map(|name| form.raw(name)) {
        [Some(backend), Some(user), Some(vuser)] => named(backend, user, vuser),
        _ => Err(Problem::bad_request("the form does not say who is to be removed")),
    }
}

/// `GET /registrations/remove`: says what would happen.
pub(super) async fn ask(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let triple = whom(&Form::of_query(query.as_deref().unwrap_or_default()))?;
    let seen = pages.api.live()?.table().look_up(&triple);
    let seen = seen.ok_or_else(|| Unremoved::NotRegistered(triple.clone()))?;
    let of_queues = seen.held.iter().filter(|held| matches!(held.holder, Holder::Queue(_)));
    let references = of_queues.fold(0_u64, |sum, held| sum.saturating_add(held.count));
    if references == 0 {
        return Err(Unremoved::HeldByProcesses(triple).into());
    }
    let Triple { backend, vuser, user } = &*seen.triple;
    let names = [("backend", backend), ("user", user), ("vuser", vuser)];
    let ask = Ask {
        v: &visit,
        who: seen.triple.to_string(),
        names: names.map(|(name, value)| (name, value.to_string())),
        references,
        left: seen.count.saturating_sub(references),
    };
    Ok(visit.page(visit.t("registration-remove")).show(&ask))
}

/// `POST /registrations/remove`.
pub(super) async fn remove(
    State(pages): State<Pages>,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    pages.api.live()?.remove(&whom(&form)?, &caller.actor).await?;
    Ok(Visit::said("/registrations", "registration-removed", 1).into_response())
}
