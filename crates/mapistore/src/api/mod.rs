//! The registry over HTTP: `/api/v1/registrations` and `/api/v1/notifications`.

mod dto;
mod notify;
mod remove;
mod stream;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Hub;
use http::{Bodies, BodyLimits, May, Params, Problem, Read};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::live::Live;
use crate::registry::Filter;

pub(crate) use dto::place;
pub use dto::{HolderView, Registered, Registration, RegistrationPage};
pub use notify::Notified;
pub(crate) use remove::named;
pub use stream::News;

/// What routes and pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The hub.
    pub hub: Hub,
    live: Option<Live>,
    bodies: Bodies,
}

/// Somebody notifies with a few names.
const LIMITS: BodyLimits = BodyLimits {
    document: 64 << 10,
    memory: 16 << 20,
    idle: std::time::Duration::from_secs(30),
    pause: std::time::Duration::from_secs(30),
};

/// What stands above the routes.
#[derive(utoipa::OpenApi)]
#[openapi(tags((name = "registry", description = "Users registered on backends by processes of OpenChange, and notifications for them")))]
struct Head;

/// The routes, whose paths are whole.
pub fn routes(api: Api) -> OpenApiRouter {
    described().with_state(api)
}

/// Their description.
pub fn document() -> OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Api> {
    let routes = OpenApiRouter::new()
        .routes(routes!(list, remove::remove))
        .routes(routes!(users))
        .routes(routes!(stream::events))
        .routes(routes!(notify::notify));
    OpenApiRouter::with_openapi(Head::openapi()).nest("/api/v1", routes)
}

impl Api {
    /// Of the registry of a hub; `None` = it has none.
    pub fn new(hub: Hub, live: Option<Live>) -> Self {
        Api { hub, live, bodies: Bodies::new(LIMITS) }
    }

    /// The registry, if it is switched on.
    pub fn live(&self) -> Result<&Live, Problem> {
        self.live.as_ref().ok_or_else(|| {
            let detail =
                "the registry is not switched on: set registry.socket in the configuration, and restart";
            Problem::new(StatusCode::NOT_FOUND, "not_configured", detail)
        })
    }
}

/// `GET /registrations`: who is registered, in the order of backend, user of the backend and system user.
#[utoipa::path(
    get,
    path = "/registrations",
    tag = "registry",
    operation_id = "registrations",
    params(
        ("backend" = Option<String>, Query, description = "On this backend"),
        ("user" = Option<String>, Query, description = "Of this system user"),
        ("vuser" = Option<String>, Query, description = "Of this user of the backend"),
        ("text" = Option<String>, Query, description = "With this text in any of the three names"),
        ("after" = Option<String>, Query, description = "Goes on after this place: `next` of the page before"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 1000; without it 100"),
    ),
    responses((status = 200, description = "Done", body = RegistrationPage)),
    security(("token" = ["read"])),
)]
async fn list(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<RegistrationPage>, Problem> {
    let filter = filter(&mut params)?;
    let after = params.one("after")?.map(|text| place(&text)).transpose()?;
    let limit = params.number("limit", 1..=1000)?.unwrap_or(100);
    params.finish()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(Json(RegistrationPage::of(api.live()?, &filter, after.as_ref(), limit)))
}

/// `GET /registrations/users`: the system users who are registered as one user of a backend.
#[utoipa::path(
    get,
    path = "/registrations/users",
    tag = "registry",
    operation_id = "registrations_users",
    params(
        ("backend" = String, Query, description = "The backend"),
        ("vuser" = String, Query, description = "The user as the backend knows him"),
    ),
    responses((status = 200, description = "Done", body = Registered)),
    security(("token" = ["read"])),
)]
async fn users(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Json<Registered>, Problem> {
    let (backend, vuser) = (params.one("backend")?, params.one("vuser")?);
    params.finish()?;
    let live = api.live()?;
    let (Some(backend), Some(vuser)) = (backend, vuser) else {
        return Err(Problem::bad_request("name backend and vuser"));
    };
    let users = live.table().of_vuser(&backend, &vuser);
    let users: Vec<String> = users.iter().map(|seen| seen.triple.user.to_string()).collect();
    Ok(Json(Registered { backend, vuser, users }))
}

fn filter(params: &mut Params) -> Result<Filter, Problem> {
    Ok(Filter {
        backend: params.one("backend")?,
        user: params.one("user")?,
        vuser: params.one("vuser")?,
        text: params.one("text")?,
    })
}
