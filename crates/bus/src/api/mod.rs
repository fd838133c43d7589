//! The buses over HTTP: `/api/v1/bus`.

mod moving;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use engine::{Hub, LinkView};
use http::dependency::DEPENDENCY;
use http::{Bodies, BodyLimits, May, Params, Problem, Read};
use serde::{Deserialize, Serialize};
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::{Entry, Known, catalogue};
use crate::source::Source;

pub use moving::{Move, MovedLetter};

/// What routes and pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The hub.
    pub hub: Hub,
    /// Its buses.
    pub sources: Arc<[Source]>,
    bodies: Bodies,
    /// Held while a dead letter goes back.
    moving: Arc<tokio::sync::Mutex<()>>,
}

/// The catalogue of all buses of a hub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Catalogue {
    /// What comes and what goes, bus by bus.
    pub entries: Vec<Entry>,
    /// What is asked over HTTP meanwhile, and whether it answers.
    pub dependencies: Vec<Reachability>,
}

/// A dependency as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reachability {
    /// Its name.
    pub name: String,
    /// Whether it answers.
    pub reachable: bool,
    /// Why it does not, or did not the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What stands above the routes.
#[derive(utoipa::OpenApi)]
#[openapi(tags((name = "bus", description = "Message buses: what is listened to and emitted, and dead letters that go back")))]
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
    let routes = OpenApiRouter::new().routes(routes!(show)).routes(routes!(moving::move_letter));
    OpenApiRouter::with_openapi(Head::openapi()).nest("/api/v1", routes)
}

impl Api {
    /// Of the buses of a hub.
    pub fn new(hub: Hub, sources: Arc<[Source]>) -> Self {
        Api { hub, sources, bodies: Bodies::new(BodyLimits::default()), moving: Arc::default() }
    }

    /// The catalogue as it follows from the routes and the backends now.
    pub fn catalogue(&self) -> Catalogue {
        let actions = self.hub.actions();
        let declared: BTreeMap<_, _> =
            self.hub.backends().into_iter().map(|backend| (backend.name, backend.depends_on)).collect();
        let known = |name: &str| {
            let action = actions.iter().find(|action| action.name == name);
            let backends = action.map(|action| action.backends.clone()).unwrap_or_default();
            let depends_on =
                backends.iter().filter_map(|name| declared.get(name)).flatten().cloned().collect();
            Known { backends, depends_on }
        };
        let entries = self.sources.iter();
        let entries = entries.flat_map(|source| catalogue(source.settings(), &source.routes(), known));
        let entries: Vec<Entry> = entries.collect();
        let is_named =
            |link: &LinkView| entries.iter().flat_map(|entry| &entry.depends_on).any(|d| d.name == link.name);
        let links = self.hub.links().into_iter();
        let links = links.filter(|link| link.kind == DEPENDENCY && is_named(link));
        let reachability = |link: LinkView| Reachability {
            name: link.name,
            reachable: link.connected,
            why: link.last_error,
        };
        let dependencies = links.map(reachability).collect();
        Catalogue { entries, dependencies }
    }
}

/// `GET /bus/catalogue`: what the hub listens to and emits on its buses.
#[utoipa::path(
    get,
    path = "/bus/catalogue",
    tag = "bus",
    operation_id = "bus_catalogue",
    responses((status = 200, description = "Done", body = Catalogue)),
    security(("token" = ["read"])),
)]
async fn show(State(api): State<Api>, _: May<Read>, params: Params) -> Result<Json<Catalogue>, Problem> {
    params.finish()?;
    Ok(Json(api.catalogue()))
}
