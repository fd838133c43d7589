//! Tokens, accounts and sign-in links.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Api;
use crate::dto::{
    AccountChange, AccountView, MadeLink, MadeToken, Me, NewAccount, NewLink, NewToken, TokenView,
};
use http::Named;
use http::Problem;
use http::{Admin, Caller, May};

/// `GET /me`: who is asking.
#[utoipa::path(
    get,
    path = "/me",
    tag = "access",
    operation_id = "me",
    responses((status = 200, description = "Done", body = Me)),
    security(("token" = [])),
)]
pub(super) async fn me(State(api): State<Api>, caller: Caller) -> Json<Me> {
    let known = api.access.scopes().all();
    let scopes = known.filter(|scope| caller.may(*scope)).map(|scope| scope.to_string()).collect();
    Json(Me { actor: caller.actor.0, scopes })
}

/// `GET /tokens`, by name.
#[utoipa::path(
    get,
    path = "/tokens",
    tag = "access",
    operation_id = "tokens",
    responses((status = 200, description = "Done", body = Vec<TokenView>)),
    security(("token" = ["admin"])),
)]
pub(super) async fn tokens(State(api): State<Api>, _: May<Admin>) -> Json<Vec<TokenView>> {
    Json(api.access.tokens())
}

/// `POST /tokens`: 201 with the token's text, which is shown here and never again.
#[utoipa::path(
    post,
    path = "/tokens",
    tag = "access",
    operation_id = "make_token",
    request_body(content = NewToken),
    responses((status = 201, description = "Made", body = MadeToken)),
    security(("token" = ["admin"])),
)]
pub(super) async fn make_token(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let new: NewToken = api.bodies.json(&caller, &headers, body).await?;
    Ok((StatusCode::CREATED, Json(api.access.make_token(new, &caller).await?)))
}

/// `DELETE /tokens/{token}`, named by id or name.
#[utoipa::path(
    delete,
    path = "/tokens/{token}",
    tag = "access",
    operation_id = "revoke_token",
    params(("token" = String, Path, description = "Its id or name")),
    responses((status = 204, description = "Done")),
    security(("token" = ["admin"])),
)]
pub(super) async fn revoke_token(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    Named(token): Named<String>,
) -> Result<StatusCode, Problem> {
    api.access.revoke_token(&token, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /accounts`, by name.
#[utoipa::path(
    get,
    path = "/accounts",
    tag = "access",
    operation_id = "accounts",
    responses((status = 200, description = "Done", body = Vec<AccountView>)),
    security(("token" = ["admin"])),
)]
pub(super) async fn accounts(State(api): State<Api>, _: May<Admin>) -> Json<Vec<AccountView>> {
    Json(api.access.accounts())
}

/// `GET /accounts/{name}`, with its revision as `ETag`.
#[utoipa::path(
    get,
    path = "/accounts/{name}",
    tag = "access",
    operation_id = "account",
    params(("name" = String, Path, description = "The account")),
    responses((status = 200, description = "Done", body = AccountView)),
    security(("token" = ["admin"])),
)]
pub(super) async fn account(
    State(api): State<Api>,
    _: May<Admin>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, api.access.account(&name)?))
}

/// `POST /accounts`: 201.
#[utoipa::path(
    post,
    path = "/accounts",
    tag = "access",
    operation_id = "make_account",
    request_body(content = NewAccount),
    responses((status = 201, description = "Made", body = AccountView)),
    security(("token" = ["admin"])),
)]
pub(super) async fn make_account(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: Option<NewAccount> = api.bodies.json(&caller, &headers, body).await?;
    let new =
        new.ok_or_else(|| Problem::bad_request("the body is missing: an account has a name and a role"))?;
    Ok(tagged(StatusCode::CREATED, api.access.make_account(new, &caller).await?))
}

/// `PATCH /accounts/{name}`; with `If-Match` only if nobody changed it since.
#[utoipa::path(
    patch,
    path = "/accounts/{name}",
    tag = "access",
    operation_id = "change_account",
    params(
        ("name" = String, Path, description = "The account"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was looked at"),
    ),
    request_body(content = AccountChange),
    responses((status = 200, description = "Done", body = AccountView)),
    security(("token" = ["admin"])),
)]
pub(super) async fn change_account(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    Named(name): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let rev = if_match(&headers)?;
    let change: AccountChange = api.bodies.json(&caller, &headers, body).await?;
    Ok(tagged(StatusCode::OK, api.access.change_account(&name, rev, change, &caller).await?))
}

/// `DELETE /accounts/{name}`; with `If-Match` only if nobody changed it since.
#[utoipa::path(
    delete,
    path = "/accounts/{name}",
    tag = "access",
    operation_id = "remove_account",
    params(
        ("name" = String, Path, description = "The account"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was looked at"),
    ),
    responses((status = 204, description = "Done")),
    security(("token" = ["admin"])),
)]
pub(super) async fn remove_account(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    Named(name): Named<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    api.access.remove_account(&name, if_match(&headers)?, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /sign-in-links`: 201 with a link that works once.
#[utoipa::path(
    post,
    path = "/sign-in-links",
    tag = "access",
    operation_id = "make_link",
    request_body(content = NewLink),
    responses((status = 201, description = "Made", body = MadeLink)),
    security(("token" = ["admin"])),
)]
pub(super) async fn make_link(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeLink>), Problem> {
    let new: NewLink = api.bodies.json(&caller, &headers, body).await?;
    let url = api.url.ok_or_else(|| Problem::taken("the hub listens on no address: set http.listen"))?;
    let path = api.access.make_link(new.account, &caller).await?;
    Ok((StatusCode::CREATED, Json(MadeLink { url: format!("{url}{path}") })))
}

fn tagged(status: StatusCode, account: AccountView) -> Response {
    let tag = HeaderValue::try_from(format!("\"{}\"", account.rev)).ok();
    let mut response = (status, Json(account)).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The revision that the caller looked at.
fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let rev =
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    rev.map(Some).ok_or_else(|| Problem::bad_request("the header If-Match must be the ETag of an answer"))
}
