//! One establishment.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http::Scope;

use super::Api;
use super::dto::{Connect, EstablishmentChange, EstablishmentView, Made, TicketView};
use super::many::read;
use super::trouble::{Kind, Trouble};
use super::visitor::{Known, Visitor, known};
use crate::error::Error;
use crate::establishment::{Establishment, Happening};
use crate::host::Host;
use crate::right::CLIENT;
use crate::rne::Rne;
use crate::state;
use crate::upload::School;
use crate::values;

/// `GET /hosting/v1/establishments/{rne}`: where it stands.
#[utoipa::path(
    get,
    path = "/establishments/{rne}",
    tag = "hosting",
    operation_id = "establishment",
    params(("rne" = String, Path, description = "The school's number")),
    responses((status = 200, description = "Done", body = EstablishmentView)),
    security(("token" = ["hosting:client"]), ("establishment" = [])),
)]
pub(super) async fn show(State(api): State<Api>, visitor: Visitor, Path(rne): Path<String>) -> Response {
    match visitor.client_or_school(&api, &rne).await {
        Ok(Known { own: Some(own), .. }) => known(view(&api, &visitor, &own).await),
        Ok(Known { own: None, .. }) => known(shown(&api, &visitor, &rne).await),
        Err(trouble) => trouble.into_response(),
    }
}

async fn shown(api: &Api, visitor: &Visitor, rne: &str) -> Result<Json<EstablishmentView>, Trouble> {
    let rne = number(visitor, rne)?;
    let found = api.host.get(&rne).await.map_err(|error| Trouble::of(error, visitor.lang))?;
    view(api, visitor, &found).await
}

/// `PUT /hosting/v1/establishments/{rne}`: changes what is known of it, once that is carried out.
#[utoipa::path(
    put,
    path = "/establishments/{rne}",
    tag = "hosting",
    operation_id = "establishment_change",
    params(("rne" = String, Path, description = "The school's number")),
    request_body(content = EstablishmentChange),
    responses((status = 200, description = "It is being changed", body = EstablishmentView)),
    security(("token" = ["hosting:client"]), ("establishment" = [])),
)]
pub(super) async fn put(
    State(api): State<Api>,
    visitor: Visitor,
    Path(rne): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Known { caller, .. } = match visitor.client_or_school(&api, &rne).await {
        Ok(found) => found,
        Err(trouble) => return trouble.into_response(),
    };
    let changed = async {
        let rne = number(&visitor, &rne)?;
        let said = read(&api, &visitor, &caller, &headers, body).await?;
        let change = values::read_change(&said).map_err(|faults| Trouble::faults(faults, visitor.lang))?;
        acted(&api, &visitor, api.host.act(&rne, Happening::Put(change), &caller.actor, "altered").await)
            .await
    };
    known(changed.await)
}

/// `DELETE /hosting/v1/establishments/{rne}`: has it exported and removed, after whatever is under way.
#[utoipa::path(
    delete,
    path = "/establishments/{rne}",
    tag = "hosting",
    operation_id = "establishment_delete",
    params(("rne" = String, Path, description = "The school's number")),
    responses((status = 200, description = "It is being removed", body = EstablishmentView)),
    security(("token" = ["hosting:client"]), ("establishment" = [])),
)]
pub(super) async fn delete(State(api): State<Api>, visitor: Visitor, Path(rne): Path<String>) -> Response {
    match visitor.client_or_school(&api, &rne).await {
        Ok(Known { caller, .. }) => {
            known(act(&api, &visitor, &rne, Happening::Delete, &caller, "deleted").await)
        }
        Err(trouble) => trouble.into_response(),
    }
}

/// `POST /hosting/v1/establishments/{rne}/retry`: has what failed tried again, as the establishment stands.
#[utoipa::path(
    post,
    path = "/establishments/{rne}/retry",
    tag = "hosting",
    operation_id = "establishment_retry",
    params(("rne" = String, Path, description = "The school's number")),
    responses((status = 200, description = "It is tried again", body = EstablishmentView)),
    security(("token" = ["operate"])),
)]
pub(super) async fn retry(State(api): State<Api>, visitor: Visitor, Path(rne): Path<String>) -> Response {
    match visitor.client(Scope::OPERATE) {
        Ok(caller) => known(act(&api, &visitor, &rne, Happening::Retry, &caller, "retried").await),
        Err(trouble) => trouble.into_response(),
    }
}

/// `POST /hosting/v1/establishments/{rne}/key`: gives it another key; the one before is void, with all that was signed for
/// it.
#[utoipa::path(
    post,
    path = "/establishments/{rne}/key",
    tag = "hosting",
    operation_id = "establishment_rotate",
    params(("rne" = String, Path, description = "The school's number")),
    responses((status = 200, description = "The new key", body = Made)),
    security(("token" = ["hosting:client"])),
)]
pub(super) async fn rotate(State(api): State<Api>, visitor: Visitor, Path(rne): Path<String>) -> Response {
    let caller = match visitor.client(CLIENT) {
        Ok(caller) => caller,
        Err(trouble) => return trouble.into_response(),
    };
    let trouble = |error| Trouble::of(error, visitor.lang);
    let rotated = async {
        let rne = number(&visitor, &rne)?;
        let done =
            api.host.act(&rne, Happening::KeyRotated, &caller.actor, "key_rotated").await.map_err(trouble)?;
        let key = api.host.key(&done).await.map_err(trouble)?;
        Ok::<_, Trouble>(Json(Made {
            rne: rne.to_string(),
            state: api.host.settings().code(done.state).to_owned(),
            key,
        }))
    };
    known(rotated.await)
}

/// `POST /hosting/v1/establishments/{rne}/upload-tickets`: a signed link to the upload page, to be opened once and within
/// 15 minutes.
#[utoipa::path(
    post,
    path = "/establishments/{rne}/upload-tickets",
    tag = "hosting",
    operation_id = "establishment_upload_ticket",
    params(("rne" = String, Path, description = "The school's number")),
    responses((status = 201, description = "The link", body = TicketView)),
    security(("token" = ["hosting:client"]), ("establishment" = [])),
)]
pub(super) async fn ticket(State(api): State<Api>, visitor: Visitor, Path(rne): Path<String>) -> Response {
    let found = match visitor.client_or_school(&api, &rne).await {
        Ok(found) => found,
        Err(trouble) => return trouble.into_response(),
    };
    let made = async {
        let of = if let Some(own) = found.own {
            own
        } else {
            let rne = number(&visitor, &rne)?;
            api.host.get(&rne).await.map_err(|error| Trouble::of(error, visitor.lang))?
        };
        let school = School { rne: of.rne.to_string(), generation: of.kept.generation };
        let ticket = api.uploads.ticket(&school).await;
        let ticket = ticket.map_err(|problem| Trouble::from_problem(problem, visitor.lang))?;
        let view =
            TicketView { url: api.host.whole(&ticket.path), expires_at: http::Time(ticket.expires_at) };
        Ok::<_, Trouble>((StatusCode::CREATED, Json(view)))
    };
    known(made.await)
}

async fn act(
    api: &Api,
    visitor: &Visitor,
    rne: &str,
    what: Happening,
    caller: &http::Caller,
    code: &'static str,
) -> Result<Json<EstablishmentView>, Trouble> {
    let rne = number(visitor, rne)?;
    acted(api, visitor, api.host.act(&rne, what, &caller.actor, code).await).await
}

async fn acted(
    api: &Api,
    visitor: &Visitor,
    done: Result<Establishment, Error>,
) -> Result<Json<EstablishmentView>, Trouble> {
    let done = done.map_err(|error| Trouble::of(error, visitor.lang))?;
    view(api, visitor, &done).await
}

/// A number in a path: what cannot be one names nothing.
fn number(visitor: &Visitor, rne: &str) -> Result<Rne, Trouble> {
    rne.parse()
        .map_err(|error: crate::rne::BadRne| Trouble::new(Kind::NotFound, visitor.lang, error.to_string()))
}

async fn view(api: &Api, visitor: &Visitor, of: &Establishment) -> Result<Json<EstablishmentView>, Trouble> {
    view_of(&api.host, of).await.map(Json).map_err(|error| Trouble::of(error, visitor.lang))
}

/// All that may be told of it to whoever has a key.
pub(crate) async fn view_of(host: &Host, of: &Establishment) -> Result<EstablishmentView, Error> {
    let mut view = EstablishmentView::new(of, host.settings());
    view.eta_seconds = host.eta(of).await?.map(|eta| eta.seconds);
    if of.state == state::State::Ready {
        view.connection = of.kept.connection.as_ref().map(Connect::from);
        view.client_download = host.programs(of.kept.values.version).await?;
    }
    view.downloads = host.downloads(of).await?;
    Ok(view)
}
