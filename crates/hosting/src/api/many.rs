//! Asking for establishments, and listing them.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use http::body::{apart, require};
use http::{Caller, Params, Problem};
use serde_json::Value;

use super::Api;
use super::dto::{EstablishmentPage, EstablishmentRow, Made, NewEstablishment};
use super::trouble::{Kind, Trouble};
use super::visitor::{Visitor, known};
use crate::right::CLIENT;
use crate::state;
use crate::values;

/// Establishments of a page.
const PAGE: u32 = 100;

/// `GET /hosting/v1/establishments`: those that fit, by number.
#[utoipa::path(
    get,
    path = "/establishments",
    tag = "hosting",
    operation_id = "establishments",
    params(
        ("state" = Option<Vec<String>>, Query, description = "In one of these states"),
        ("text" = Option<String>, Query, description = "With this text in number or stamp"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 1000"),
    ),
    responses((status = 200, description = "Done", body = EstablishmentPage)),
    security(("token" = ["hosting:client"])),
)]
pub(super) async fn list(State(api): State<Api>, visitor: Visitor, params: Params) -> Response {
    match visitor.client(CLIENT) {
        Ok(_) => {
            known(listed(&api, params).await.map_err(|problem| Trouble::from_problem(problem, visitor.lang)))
        }
        Err(trouble) => trouble.into_response(),
    }
}

async fn listed(api: &Api, mut params: Params) -> Result<Json<EstablishmentPage>, Problem> {
    let unknown = |code: &str| {
        Problem::bad_request(format!("{code:?} is no state of an establishment, such as BCDIREADY"))
    };
    let states = params
        .all("state")
        .into_iter()
        .map(|code| state::State::of_code(&code).ok_or_else(|| unknown(&code)));
    let states = states.collect::<Result<Vec<_>, _>>()?;
    let (text, after) = (params.one("text")?, params.one("after")?);
    let limit = params.number("limit", 1..=1000)?.unwrap_or(PAGE);
    params.finish()?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let found = api.host.list(&states, text, after, limit).await?;
    let rows = found.establishments.iter().map(|of| EstablishmentRow::new(of, api.host.settings()));
    let damaged = found.damaged.into_iter().map(|(what, why)| api::dto::Damaged { what, why });
    Ok(Json(EstablishmentPage {
        establishments: rows.collect(),
        next: found.next,
        damaged: damaged.collect(),
    }))
}

/// `POST /hosting/v1/establishments`: asks for a school. The same again has the same answer, with the same key. Every
/// refusal is a 404, whose `type` says which.
#[utoipa::path(
    post,
    path = "/establishments",
    tag = "hosting",
    operation_id = "establishment_create",
    request_body(content = NewEstablishment),
    responses(
        (status = 200, description = "It is asked for, or was before", body = Made),
        (status = 401, description = "The client key is missing or wrong", body = Trouble, content_type = "application/problem+json"),
        (status = 404, description = "It was refused", body = Trouble, content_type = "application/problem+json"),
    ),
    security(("token" = ["hosting:client"])),
)]
pub(super) async fn post(
    State(api): State<Api>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let strict = api.host.settings().strict_404;
    match visitor.client(CLIENT) {
        Ok(caller) => {
            let made = posted(&api, &visitor, &caller, &headers, body).await;
            known(made.map_err(|trouble| trouble.as_of_post(strict)))
        }
        // A token that may not ask for establishments is no client key.
        Err(_) => Trouble::unauthorized(visitor.lang).as_of_post(strict).into_response(),
    }
}

async fn posted(
    api: &Api,
    visitor: &Visitor,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json<Made>, Trouble> {
    let lang = visitor.lang;
    let said = read(api, visitor, caller, headers, body).await?;
    let (rne, values) = values::read_new(&said).map_err(|faults| Trouble::faults(faults, lang))?;
    let made = api.host.post(&rne, values, &caller.actor).await.map_err(|error| Trouble::of(error, lang))?;
    let key = api.host.key(&made).await.map_err(|error| Trouble::of(error, lang))?;
    Ok(Json(Made { rne: rne.to_string(), state: api.host.settings().code(made.state).to_owned(), key }))
}

/// Reads a JSON body.
pub(super) async fn read(
    api: &Api,
    visitor: &Visitor,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Trouble> {
    let problem = |problem| Trouble::from_problem(problem, visitor.lang);
    let document = api.bodies.document(caller, headers, body).await.map_err(problem)?;
    require(headers, "application/json").map_err(problem)?;
    let bytes = document.bytes.clone();
    let said = apart(bytes.len(), move || model::json::read_around(&bytes)).await.map_err(problem)?;
    said.map_err(|bad| Trouble::new(Kind::InvalidJson, visitor.lang, bad.to_string()))
}
