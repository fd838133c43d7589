//! One identity.

use std::time::Duration;

use crate::ReadIdentities;
use api::dto::{self, JobPage};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http::{Admin, May, Named, Operate, Params, Problem};
use journal::{Order, Page};
use model::Seq;
use serde_json::Value;

use super::{Api, IdentityView, NewPassword, PasswordJob};
use crate::identity::Identity;

/// Jobs of a page.
const PAGE: u32 = 100;
/// How long somebody may wait for a password to be set, in seconds.
const LONGEST_WAIT: u32 = 60;

/// `GET /identities/{id}`: with its document as backends see it.
#[utoipa::path(
    get,
    path = "/identities/{id}",
    tag = "identities",
    operation_id = "identity",
    params(("id" = String, Path, description = "The identity: its id, or the name of its account")),
    responses((status = 200, description = "Done", body = IdentityView)),
    security(("token" = ["identities:read"]), ("token" = ["operate"])),
)]
pub(super) async fn show(
    State(api): State<Api>,
    _: May<ReadIdentities>,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, &api.register.get(&id).await?))
}

/// `POST /identities`: adds one. Without `_id` it gets one that belongs to its `inetOrgPerson.uid`.
#[utoipa::path(
    post,
    path = "/identities",
    tag = "identities",
    operation_id = "identities_create",
    request_body(content = Value),
    responses((status = 201, description = "Made", body = IdentityView)),
    security(("token" = ["operate"])),
)]
pub(super) async fn create(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let document: Value = api.bodies.json(&caller, &headers, body).await?;
    let identity = api.register.create(document, &caller.actor).await?;
    let mut response = answer(StatusCode::CREATED, &identity);
    if let Ok(place) = HeaderValue::try_from(format!("/api/v1/identities/{}", identity.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `PUT /identities/{id}`: replaces its document, or adds it; with `If-Match` only over the revision that was seen.
#[utoipa::path(
    put,
    path = "/identities/{id}",
    tag = "identities",
    operation_id = "identity_replace",
    params(
        ("id" = String, Path, description = "The identity, by its id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was seen, `\"7\"`"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is not there"),
    ),
    request_body(content = Value),
    responses((status = 200, description = "Done", body = IdentityView)),
    security(("token" = ["operate"])),
)]
pub(super) async fn replace(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(id): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let rev = expected(&headers)?;
    let document: Value = api.bodies.json(&caller, &headers, body).await?;
    Ok(answer(StatusCode::OK, &api.register.put(&id, document, rev, &caller.actor).await?))
}

/// `DELETE /identities/{id}`: erases what the register keeps of one that is deleted, for good. Its jobs, and what the
/// audit says of earlier edits, are removed in their own time (`retention`).
#[utoipa::path(
    delete,
    path = "/identities/{id}",
    tag = "identities",
    operation_id = "identity_erase",
    params(("id" = String, Path, description = "The identity: its id, or the name of its account")),
    responses((status = 204, description = "Done")),
    security(("token" = ["admin"])),
)]
pub(super) async fn erase(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    Named(id): Named<String>,
) -> Result<StatusCode, Problem> {
    api.register.erase(&id, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /identities/{id}/jobs`: newest first, whichever door they came by.
#[utoipa::path(
    get,
    path = "/identities/{id}/jobs",
    tag = "identities",
    operation_id = "identity_jobs",
    params(
        ("id" = String, Path, description = "The identity: its id, or the name of its account"),
        ("before" = Option<i64>, Query, description = "The `next` of the page before"),
    ),
    responses((status = 200, description = "Done", body = JobPage)),
    security(("token" = ["identities:read"]), ("token" = ["operate"])),
)]
pub(super) async fn jobs(
    State(api): State<Api>,
    _: May<ReadIdentities>,
    Named(id): Named<String>,
    mut params: Params,
) -> Result<Json<JobPage>, Problem> {
    let before = params.value("before", "the `next` of the page before")?.map(Seq);
    params.finish()?;
    let id = api.register.get(&id).await?.id;
    let listing = api.register.jobs(&id, Page { after: before, order: Order::Newest, limit: PAGE }).await?;
    let names = api.register.hub().names_in(&listing.rows).await?;
    let jobs = listing.rows.into_iter().map(|job| dto::Job::named(job, &names)).collect();
    let (next, damaged) = (listing.next.map(Seq), dto::damaged(listing.damaged));
    Ok(Json(JobPage { jobs, next, looked_at: None, damaged }))
}

/// `POST /identities/{id}/password`: changes it, or resets it. Waits for the backends, 30 s unless told otherwise.
#[utoipa::path(
    post,
    path = "/identities/{id}/password",
    tag = "identities",
    operation_id = "identity_password",
    params(
        ("id" = String, Path, description = "The identity: its id, or the name of its account"),
        ("wait" = Option<u32>, Query, description = "Wait so many seconds (at most 60) for the result"),
    ),
    request_body(content = NewPassword),
    responses(
        (status = 200, description = "Done", body = PasswordJob),
        (status = 202, description = "Not done yet", body = PasswordJob),
    ),
    security(("token" = ["operate"])),
)]
pub(super) async fn password(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(id): Named<String>,
    mut params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<PasswordJob>), Problem> {
    let wait = params.number("wait", 0..=LONGEST_WAIT)?.unwrap_or(30);
    params.finish()?;
    let given: Option<NewPassword> = api.bodies.json(&caller, &headers, body).await?;
    let NewPassword { new_password: new, old_password: old } =
        given.ok_or_else(|| Problem::bad_request("the body is missing: give new_password"))?;
    if new.is_empty() || old.as_deref() == Some("") {
        return Err(Problem::bad_request("a password must not be empty"));
    }
    let job = api.register.password(&id, &new, old.as_deref(), &caller.actor).await?;
    let found = api.register.hub().wait(job, Duration::from_secs(wait.into())).await?;
    let status = if found.state.is_terminal() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(PasswordJob { job, state: found.state, message: found.message })))
}

fn answer(status: StatusCode, identity: &Identity) -> Response {
    let mut response = (status, Json(IdentityView::whole(identity))).into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", identity.rev)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The revision that the caller expects; 0 = none.
fn expected(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(None),
        (None, Some("*")) => Ok(Some(0)),
        (Some(tag), None) => {
            let rev = tag.trim_matches('"').parse().ok().filter(|rev| *rev > 0);
            rev.map(Some).ok_or_else(|| {
                Problem::bad_request("the header If-Match must be a revision in quotes, such as \"7\"")
            })
        }
        _ => Err(Problem::bad_request("give If-Match with a revision, or If-None-Match: *, and not both")),
    }
}
