//! The OpenAPI document: generated from the routes, the one description of the API.

mod example;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as _, ToSchema as _};

use http::{KnownScopes, PROBLEM_JSON, Problem, Scope};

pub use example::example;

/// What stands above all routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Intendant",
        description = "Takes requests, records them durably, runs them in order on the backends that implement them, \
                       and tells whoever asked how it went. Every error is an RFC 9457 problem whose `code` does not \
                       change its meaning.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(Problem)),
    modifiers(&Common),
    tags(
        (name = "jobs", description = "Requests that were accepted, and what became of them"),
        (name = "deliveries", description = "Replies, notifications and webhooks"),
        (name = "refusals", description = "What could not be accepted, and is kept"),
        (name = "backends", description = "What implements actions"),
        (name = "failsafe", description = "Destructive jobs that wait for somebody's decision"),
        (name = "audit", description = "Who changed what"),
        (name = "events", description = "What happens, as it happens"),
        (name = "access", description = "Tokens of programs, accounts of people"),
        (name = "hub", description = "How the hub is"),
    ),
)]
struct Head;

/// `GET /openapi.json`: for everybody, it says nothing of this hub.
pub(super) fn show(text: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The document without its paths.
pub(super) fn head() -> OpenApi {
    Head::openapi()
}

/// The finished document: with the routes of modules, and what holds for every route.
pub(super) fn complete(mut document: OpenApi, modules: Vec<OpenApi>, scopes: &KnownScopes) -> OpenApi {
    for module in modules {
        document.merge(module);
    }
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        operation.responses.responses.insert("default".to_owned(), problem().into());
    }
    let components = document.components.get_or_insert_default();
    components.schemas.insert(Scope::name().into_owned(), scopes.schema());
    with_examples(document)
}

/// What is sent to a route has an example, also where none is written down.
fn with_examples(mut document: OpenApi) -> OpenApi {
    let named =
        serde_json::to_value(document.components.as_ref().map(|all| &all.schemas)).unwrap_or_default();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
        let bodies = body.content.values_mut();
        for content in bodies {
            let RefOr::T(content) = content else { continue };
            if content.example.is_some() || !content.examples.is_empty() {
                continue;
            }
            let schema = content.schema.as_ref().and_then(|schema| serde_json::to_value(schema).ok());
            content.example = Some(example(&schema.unwrap_or(Value::Null), &named));
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn problem() -> openapi::Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description("It was not done, because").content(PROBLEM_JSON, content).build()
}

/// How callers prove who they are.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token, made with `intendant token make` or in the console"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    }
}
