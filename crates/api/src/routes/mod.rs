//! The routes of `/api/v1`, and those that say whether the hub is well.

mod access;
mod audit;
mod backends;
mod batch;
mod dead;
mod deliveries;
mod document;
mod events;
mod export;
mod failsafe;
mod jobs;
mod lines;
mod metrics;
mod nodes;
mod operate;
mod refusals;
mod status;
mod submit;
mod table;
mod take;
mod waiting;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use engine::Hub;
use jiff::Timestamp;
use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::installation::Installation;
use ::access::Access;
use http::KnownScopes;
use http::body::{Bodies, BodyLimits};

pub use batch::{NDJSON, ndjson};
pub use document::example;
pub use take::Documents;
pub use waiting::{standing_by, standing_by_nodes, waiting};

/// What the routes need.
#[derive(Clone)]
pub struct Api {
    hub: Hub,
    access: Access,
    installation: Arc<dyn Installation>,
    bodies: Bodies,
    version: &'static str,
    url: Option<Arc<str>>,
    lost_commits: u64,
    started_at: Timestamp,
}

/// What the routes are made from.
pub struct Parts {
    /// The hub.
    pub hub: Hub,
    /// Who may come in.
    pub access: Access,
    /// Configuration and backends on disk.
    pub installation: Arc<dyn Installation>,
    /// Sizes and times of bodies.
    pub bodies: BodyLimits,
    /// Of the program.
    pub version: &'static str,
    /// Where people reach the hub: the base of links. `None` = nowhere.
    pub url: Option<String>,
    /// So many commits that it had confirmed the database has lost since the process began.
    pub lost_commits: u64,
}

impl Api {
    /// Routes to this hub.
    pub fn new(parts: Parts) -> Self {
        let Parts { hub, access, installation, bodies, version, url, lost_commits } = parts;
        Api {
            started_at: hub.now(),
            hub,
            access,
            installation,
            bodies: Bodies::new(bodies),
            version,
            url: url.map(Into::into),
            lost_commits,
        }
    }
}

/// The routes, with those of modules, whose paths are whole, and the document that describes them. They answer callers that what accepts connections has named
/// ([`http::Caller`]).
pub fn routes(api: Api, modules: Vec<OpenApiRouter>) -> (Router, Value) {
    let scopes = api.access.scopes().clone();
    let (mut routes, own) = described().with_state(api).split_for_parts();
    let mut described = Vec::new();
    for module in modules {
        let (more, document) = module.split_for_parts();
        routes = routes.merge(more);
        described.push(document);
    }
    let document = document::complete(own, described, &scopes);
    // One copy for all who read it, however slowly.
    let text = Bytes::from(document_text(&document));
    let routes = routes.route("/openapi.json", get(async move || document::show(text.clone())));
    // It is made of plain data.
    (routes, serde_json::to_value(document).unwrap_or_default())
}

/// The OpenAPI 3.1 document of these routes, with those of modules.
pub fn document(modules: Vec<OpenApi>, scopes: &KnownScopes) -> OpenApi {
    document::complete(described().split_for_parts().1, modules, scopes)
}

/// A document as the text of a file.
pub fn document_text(document: &OpenApi) -> String {
    // It is made of plain data; if it could not be written, an empty one would be seen by the comparison in CI.
    document.to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}

fn described() -> OpenApiRouter<Api> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(jobs::list, submit::submit))
        .routes(routes!(batch::batch))
        .routes(routes!(export::export))
        .routes(routes!(operate::retry_many))
        .routes(routes!(operate::cancel_many))
        .routes(routes!(jobs::count))
        .routes(routes!(dead::causes))
        .routes(routes!(dead::aside))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::wait))
        .routes(routes!(operate::retry))
        .routes(routes!(operate::cancel))
        .routes(routes!(events::events))
        .routes(routes!(refusals::list))
        .routes(routes!(refusals::causes))
        .routes(routes!(refusals::aside))
        .routes(routes!(refusals::resubmit_many))
        .routes(routes!(refusals::show))
        .routes(routes!(refusals::resubmit))
        .routes(routes!(backends::list))
        .routes(routes!(backends::reload))
        .routes(routes!(backends::check))
        .routes(routes!(backends::ping))
        .routes(routes!(backends::pause))
        .routes(routes!(backends::resume))
        .routes(routes!(backends::set_concurrency))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::causes))
        .routes(routes!(deliveries::retry))
        .routes(routes!(deliveries::discard))
        .routes(routes!(backends::actions))
        .routes(routes!(failsafe::show))
        .routes(routes!(failsafe::set))
        .routes(routes!(failsafe::approve))
        .routes(routes!(failsafe::reject))
        .routes(routes!(audit::list))
        .routes(routes!(audit::show))
        .routes(routes!(audit::settings))
        .routes(routes!(access::me))
        .routes(routes!(access::tokens, access::make_token))
        .routes(routes!(access::revoke_token))
        .routes(routes!(access::accounts, access::make_account))
        .routes(routes!(access::account, access::change_account, access::remove_account))
        .routes(routes!(access::make_link))
        .routes(routes!(nodes::list))
        .routes(routes!(nodes::drain))
        .routes(routes!(nodes::resume))
        .routes(routes!(status::status));
    OpenApiRouter::with_openapi(document::head())
        .nest("/api/v1", v1)
        .routes(routes!(status::health))
        .routes(routes!(status::ready))
        .routes(routes!(metrics::metrics))
}
