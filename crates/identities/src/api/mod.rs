//! The register over HTTP: `/api/v1/identities`.

mod dto;
mod export;
mod import;
mod imported;
mod many;
mod one;
mod runs;
mod upload;

use crate::ReadIdentities;
use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use http::{Bodies, BodyLimits, May, Params, Problem};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use dto::{
    Counts, Filter, IdentityPage, IdentityView, LastJob, LeftOut, Move, NewPassword, PasswordJob, Report,
    Selection,
};
pub use imported::{Bad, Brought, Changed, ChangedMember, Given, ImportLine, ImportReport};

pub(crate) use import::encoding;
pub use runs::{RunCause, RunPage, RunView};
pub use upload::Upload;
pub(crate) use upload::format_of;

use crate::register::Register;
use crate::schedule::Schedule;

/// A file of an import is not longer, in bytes.
pub(crate) const FILE: usize = 64 << 20;

/// What the routes are made from. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The identities.
    pub register: Register,
    /// When they are synchronised by themselves.
    pub schedule: Schedule,
    bodies: Bodies,
}

/// What stands above the routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    tags((name = "identities", description = "The register of identities, and their synchronisation with the backends")),
)]
struct Head;

impl Api {
    /// Routes to this register.
    pub fn new(register: Register, schedule: Schedule) -> Self {
        Api { register, schedule, bodies: Bodies::new(BodyLimits::default()) }
    }
}

/// The routes, whose paths are whole.
pub fn routes(api: Api) -> OpenApiRouter {
    described().with_state(api)
}

/// Their description.
pub fn document() -> OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Api> {
    let upload =
        OpenApiRouter::new().routes(routes!(import::import)).layer(DefaultBodyLimit::max(FILE + (1 << 20)));
    let routes = OpenApiRouter::new()
        .routes(routes!(many::list, one::create))
        .routes(routes!(counts))
        .routes(routes!(export::export))
        .merge(upload)
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(many::state))
        .routes(routes!(many::synchronise))
        .routes(routes!(many::enable))
        .routes(routes!(many::disable))
        .routes(routes!(many::delete))
        .routes(routes!(one::show, one::replace, one::erase))
        .routes(routes!(one::jobs))
        .routes(routes!(one::password));
    OpenApiRouter::with_openapi(Head::openapi()).nest("/api/v1", routes)
}

/// `GET /identities/counts`: how many are in each state, and when they are synchronised next by themselves.
#[utoipa::path(
    get,
    path = "/identities/counts",
    tag = "identities",
    operation_id = "identities_counts",
    responses((status = 200, description = "Done", body = Counts)),
    security(("token" = ["identities:read"]), ("token" = ["operate"])),
)]
async fn counts(
    State(api): State<Api>,
    _: May<ReadIdentities>,
    params: Params,
) -> Result<Json<Counts>, Problem> {
    params.finish()?;
    let states = api.register.counts().await?;
    let next = api.schedule.next(api.register.hub()).map(Into::into);
    Ok(Json(Counts { states, next_synchronisation: next }))
}
