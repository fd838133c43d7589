//! The OpenAPI document: generated from the routes, the one description of the API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, ContentBuilder, OpenApi, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi as _, ToSchema as _};
use utoipa_swagger_ui::{Config, SwaggerUi};

use http::{KnownScopes, PROBLEM_JSON, Problem, Scope};

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

/// `/docs`: the description as pages on which every route can be tried out. Everything comes from the program itself.
pub(super) fn browser() -> Router {
    let pages: Router = SwaggerUi::new("/docs").config(Config::new(["/openapi.json"])).into();
    pages.layer(from_fn_with_state(Arc::<Kept>::default(), keep)).layer(map_response(
        async |mut response: Response| {
            let policy = HeaderValue::from_static(POLICY);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        },
    ))
}

/// The files of the pages that were asked for, by path. There are a handful.
type Kept = Mutex<HashMap<String, (HeaderMap, Bytes)>>;

/// The library copies a file of a megabyte for each stranger who asks for it; here all of them read one copy.
async fn keep(State(kept): State<Arc<Kept>>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let known = kept.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
    if let Some(file) = known {
        return file.into_response();
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (head, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => {
            let file = (head.headers, bytes);
            kept.lock().unwrap_or_else(PoisonError::into_inner).insert(path, file.clone());
            file.into_response()
        }
        Err(error) => Problem::bug(&error).into_response(),
    }
}

/// The pages set styles of elements, which the hub's own do not.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      frame-ancestors 'none'; base-uri 'none'";

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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(pages: &Router, method: Method, path: &str) -> (StatusCode, HeaderMap, Bytes) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (head, body) = pages.clone().oneshot(request).await.unwrap().into_parts();
        (head.status, head.headers, to_bytes(body, usize::MAX).await.unwrap())
    }

    #[tokio::test]
    async fn a_file_of_the_pages_is_there_once() {
        let pages = browser();
        let path = "/docs/swagger-ui-bundle.js";
        assert!(ask(&pages, Method::HEAD, path).await.2.is_empty());
        let first = ask(&pages, Method::GET, path).await;
        assert_eq!(first.0, StatusCode::OK);
        assert!(first.2.len() > 500_000 && first.1.contains_key(header::CONTENT_SECURITY_POLICY));
        let again = ask(&pages, Method::GET, path).await;
        assert_eq!((again.2.as_ptr(), &again), (first.2.as_ptr(), &first), "the same memory");
        assert_eq!(ask(&pages, Method::GET, "/docs/nothing.js").await.0, StatusCode::NOT_FOUND);
    }
}
