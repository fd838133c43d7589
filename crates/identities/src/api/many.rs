//! Many identities.

use crate::ReadIdentities;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use engine::Actor;
use http::{May, Operate, Params, Problem, agreed};

use super::{Api, Filter, IdentityPage, IdentityView, Move, Report, Selection};
use crate::directory::Sort;
use crate::error::Error;
use crate::register;
use crate::state::{Deed, State as Lifecycle};

/// What lists are sorted by.
const SORTS: &str = "known are name, uid, state and changed, each also with - before it";
/// Identities of a page, unless the caller wants fewer or more.
const PAGE: u32 = 100;

/// `GET /identities`: by id, or sorted; then it is also said how many fit.
#[utoipa::path(
    get,
    path = "/identities",
    tag = "identities",
    operation_id = "identities_list",
    params(
        Filter,
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("sort" = Option<String>, Query, description = "By `name`, `uid`, `state` or `changed`; `-name` is the reverse"),
        ("limit" = Option<u32>, Query, description = "At most so many (1 to 1000)"),
    ),
    responses((status = 200, description = "Done", body = IdentityPage)),
    security(("token" = ["identities:read"]), ("token" = ["operate"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    _: May<ReadIdentities>,
    mut params: Params,
) -> Result<Json<IdentityPage>, Problem> {
    let filter = Filter::read(&mut params)?;
    let after = params.one("after")?;
    let limit = params.number("limit", 1..=1000)?.unwrap_or(PAGE);
    let sort = params.one("sort")?.map(|word| {
        let unknown = || Problem::bad_request(format!("nothing is sorted by {word:?}: {SORTS}"));
        Sort::from_word(&word).ok_or_else(unknown)
    });
    params.finish()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (identities, next, total, damaged) = match sort.transpose()? {
        None => {
            let found = api.register.find(&filter.into(), after, limit).await?;
            (found.identities, found.next, None, found.damaged)
        }
        Some(sort) => {
            let found = api.register.listed(&filter.into(), sort, after, limit).await?;
            (found.identities, found.next, Some(found.total), found.damaged)
        }
    };
    let identities = identities.iter().map(IdentityView::brief).collect();
    let damaged = damaged.into_iter().map(super::dto::damaged).collect();
    Ok(Json(IdentityPage { identities, total, next, damaged }))
}

/// `POST /identities/state`: moves identities to another state.
#[utoipa::path(
    post,
    path = "/identities/state",
    tag = "identities",
    operation_id = "identities_state",
    request_body(content = Move),
    responses((status = 200, description = "Done", body = Report)),
    security(("token" = ["operate"])),
)]
pub(super) async fn state(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Report>, Problem> {
    let asked: Option<Move> = api.bodies.json(&caller, &headers, body).await?;
    let Move { state, ids, filter } = asked
        .ok_or_else(|| Problem::bad_request("the body is missing: name the state and the identities"))?;
    if !Lifecycle::ALL.iter().any(|from| from.may_become(state)) {
        let detail = format!("nobody is set to {}: that is what jobs come to", state.as_str());
        return Err(Problem::bad_request(detail));
    }
    let selection = chosen(Selection { ids, filter, expected: None }, None)?;
    finish(api, move |register: register::Register| async move {
        register.move_to(selection, state, &caller.actor).await
    })
    .await
}

/// `POST /identities/synchronise`: one job for each. Without a selection, all that are to be synchronised.
#[utoipa::path(
    post,
    path = "/identities/synchronise",
    tag = "identities",
    operation_id = "identities_synchronise",
    request_body(content = Selection),
    responses((status = 200, description = "Done", body = Report)),
    security(("token" = ["operate"])),
)]
pub(super) async fn synchronise(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Report>, Problem> {
    let all = register::Filter { states: vec![Lifecycle::ToSynchronise], text: None };
    let selection = chosen(api.bodies.json(&caller, &headers, body).await?, Some(all))?;
    carry_out(api, selection, Deed::Synchronise, caller.actor).await
}

/// `POST /identities/enable`: gives access back.
#[utoipa::path(
    post,
    path = "/identities/enable",
    tag = "identities",
    operation_id = "identities_enable",
    request_body(content = Selection),
    responses((status = 200, description = "Done", body = Report)),
    security(("token" = ["operate"])),
)]
pub(super) async fn enable(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Report>, Problem> {
    let selection = chosen(api.bodies.json(&caller, &headers, body).await?, None)?;
    carry_out(api, selection, Deed::Enable, caller.actor).await
}

/// `POST /identities/disable`: takes access away. More than 50 need their number, as `expected`. The failsafe looks on.
#[utoipa::path(
    post,
    path = "/identities/disable",
    tag = "identities",
    operation_id = "identities_disable",
    request_body(content = Selection),
    responses((status = 200, description = "Done", body = Report)),
    security(("token" = ["operate"])),
)]
pub(super) async fn disable(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Report>, Problem> {
    let selection = api.bodies.json(&caller, &headers, body).await?;
    destroy(api, selection, Deed::Disable, caller.actor).await
}

/// `POST /identities/delete`: removes them from the backends. More than 50 need their number, as `expected`. The failsafe
/// looks on.
#[utoipa::path(
    post,
    path = "/identities/delete",
    tag = "identities",
    operation_id = "identities_delete",
    request_body(content = Selection),
    responses((status = 200, description = "Done", body = Report)),
    security(("token" = ["operate"])),
)]
pub(super) async fn delete(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Report>, Problem> {
    let selection = api.bodies.json(&caller, &headers, body).await?;
    destroy(api, selection, Deed::Delete, caller.actor).await
}

/// What was selected. Nothing at all is a mistake, unless that has a meaning.
fn chosen(selection: Selection, without: Option<register::Filter>) -> Result<register::Selection, Problem> {
    match (selection.ids, selection.filter, without) {
        (Some(ids), None, _) => Ok(register::Selection::Ids(ids)),
        (None, Some(filter), _) => Ok(register::Selection::Filter(filter.into())),
        (None, None, Some(all)) => Ok(register::Selection::Filter(all)),
        _ => {
            Err(Problem::bad_request("name the identities: either `ids`, or a `filter`, of which {} is all"))
        }
    }
}

/// Takes something away from those who were selected, once it is clear that their number is known.
async fn destroy(api: Api, asked: Selection, deed: Deed, actor: Actor) -> Result<Json<Report>, Problem> {
    let expected = asked.expected;
    let selection = chosen(asked, None)?;
    let meant = api.register.fitting(&selection, deed).await?;
    agreed(deed.as_str(), meant.len() as u64, expected)?;
    finish(api, move |register: register::Register| async move {
        register.carry_out_agreed(selection, deed, meant, &actor).await
    })
    .await
}

async fn carry_out(
    api: Api,
    selection: register::Selection,
    deed: Deed,
    actor: Actor,
) -> Result<Json<Report>, Problem> {
    finish(api, move |register: register::Register| async move {
        register.carry_out(selection, deed, &actor).await
    })
    .await
}

/// Goes on to the end, also when the caller goes away in the middle.
async fn finish<F>(api: Api, work: impl FnOnce(register::Register) -> F) -> Result<Json<Report>, Problem>
where
    F: Future<Output = Result<register::Report, Error>> + Send + 'static,
{
    let done = tokio::spawn(work(api.register)).await.map_err(|error| Problem::bug(&error))?;
    Ok(Json(done?.into()))
}
