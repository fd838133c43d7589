//! Followed schools over HTTP: `/api/v1/schools`.

mod dto;
mod many;
mod one;

use ::http::{Bodies, BodyLimits};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Tracker;

pub use dto::{
    BadRowView, FailingView, HostAnswers, ImportLine, ImportReport, NewFollowed, SchoolFollowed, SchoolPage,
    SchoolView, StepView,
};

/// Bytes of a table.
const TABLE: usize = 16 << 20;

/// What the routes are made from. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    tracker: Tracker,
    bodies: Bodies,
}

impl Api {
    /// Routes to these schools.
    pub fn new(tracker: Tracker) -> Self {
        let limits = BodyLimits { document: TABLE, ..BodyLimits::default() };
        Api { tracker, bodies: Bodies::new(limits) }
    }
}

/// What stands above the routes.
#[derive(utoipa::OpenApi)]
#[openapi(tags((name = "schools", description = "Schools that are followed, at this hub's own host or at others")))]
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
        .routes(routes!(many::list, one::follow))
        .routes(routes!(many::hosts))
        .routes(routes!(many::import))
        .routes(routes!(one::show, one::unfollow));
    OpenApiRouter::with_openapi(Head::openapi()).nest("/api/v1", routes)
}
