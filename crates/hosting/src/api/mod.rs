//! The establishments over HTTP: `/hosting/v1`.

mod dto;
mod file;
mod many;
mod one;
mod trouble;
mod visitor;

use http::{Bodies, BodyLimits};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use dto::{
    ClientDownload, Connect, Download, EstablishmentChange, EstablishmentPage, EstablishmentRow,
    EstablishmentView, LastOperation, Made, NewEstablishment, Passed, RowView, TicketView, WhatFailed,
};
pub(crate) use one::view_of;
pub use trouble::{Kind, Trouble, TroubleField};
pub(crate) use trouble::{in_words as faults_in_words, wrong_in_words};

use crate::host::Host;
use crate::upload::Uploads;

/// Bytes of a document: all that is known of a school fits many times.
const DOCUMENT: usize = 64 << 10;

/// What the routes are made from. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The establishments.
    pub host: Host,
    uploads: Uploads,
    bodies: Bodies,
}

impl Api {
    /// Routes to these establishments.
    pub fn new(host: Host, uploads: Uploads) -> Self {
        let limits = BodyLimits { document: DOCUMENT, ..BodyLimits::default() };
        Api { host, uploads, bodies: Bodies::new(limits) }
    }
}

/// What stands above the routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    tags((name = "hosting", description = "Hosted library servers, one for each school")),
    components(schemas(Trouble)),
    modifiers(&Keys),
)]
struct Head;

/// How a school proves who it is.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut OpenApi) {
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The key of the establishment, as the answer to its POST gave it"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("establishment", SecurityScheme::Http(key.build()));
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
    let routes = OpenApiRouter::new()
        .routes(routes!(many::list, many::post))
        .routes(routes!(one::show, one::put, one::delete))
        .routes(routes!(one::retry))
        .routes(routes!(one::rotate))
        .routes(routes!(one::ticket))
        .routes(routes!(file::export))
        .routes(routes!(file::program));
    OpenApiRouter::with_openapi(Head::openapi()).nest("/hosting/v1", routes)
}
