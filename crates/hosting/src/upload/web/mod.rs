//! Uploads over HTTP: the page, and the protocol of resumable uploads. Nothing here heeds a cookie: who comes in has a
//! ticket, a key, or the address of a session.

mod answer;
mod form;
mod page;
mod tus;

pub(crate) use answer::{dressed, proved, size};
pub(crate) use page::Around;

use std::sync::{Arc, LazyLock};

use axum::extract::{DefaultBodyLimit, FromRef, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};
use http::page::{Assets, Kit, Lang, PageRoute, PageRoutes, Visit, Who};

use super::desk::Uploads;

/// What the page loads beside what all pages do.
static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    Assets::of(
        "/hosting/v1/upload/assets/",
        &[
            ("upload.css", "text/css; charset=utf-8", include_bytes!("../../../assets/upload.css")),
            ("upload.js", SCRIPT, include_bytes!("../../../assets/upload.js")),
            ("tus.min.js", SCRIPT, include_bytes!("../../../assets/tus.min.js")),
        ],
    )
});

/// What the routes are made from. Cheap to clone.
#[derive(Clone)]
pub(super) struct Web {
    uploads: Uploads,
    kit: Kit,
    sites: Arc<Sites>,
}

/// Sites of others that may show the page in a frame, and send files from their own pages.
#[derive(Debug)]
struct Sites {
    /// Their origins.
    origins: Vec<String>,
    /// The policy of the page.
    policy: String,
}

impl Sites {
    fn new(origins: Vec<String>) -> Self {
        let policy = policy(&origins, "");
        Sites { origins, policy }
    }
}

/// What a page may do that these sites may show in a frame; `more` ends the policy.
pub(crate) fn policy(sites: &[String], more: &str) -> String {
    let ancestors = sites.join(" ");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'self' {ancestors}{more}"
    )
}

impl FromRef<Web> for Kit {
    fn from_ref(web: &Web) -> Self {
        web.kit.clone()
    }
}

/// Who looks, in the language that the address says, or else the browser.
pub(crate) struct Looks(pub(crate) Visit);

impl<S> FromRequestParts<S> for Looks
where
    S: Send + Sync,
    Kit: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Ok(mut visit) = Visit::from_request_parts(parts, state).await;
        let said =
            parts.uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
        visit.lang = said.and_then(Lang::of_tag).unwrap_or(visit.lang);
        Ok(Looks(visit))
    }
}

/// The routes, whose paths are whole. `sites` are origins such as `https://shop.example`.
pub fn routes(uploads: Uploads, kit: Kit, sites: Vec<String>) -> Router {
    let web = Web { uploads, kit, sites: Arc::new(Sites::new(sites)) };
    let files = "/hosting/v1/upload/sessions/{session}/files";
    let programs = Router::new()
        .route(files, get(tus::list).post(tus::create).options(tus::options))
        .route(
            &format!("{files}/{{file}}"),
            axum::routing::head(tus::head)
                .patch(tus::patch)
                .delete(tus::delete)
                .post(tus::meant)
                .options(tus::options),
        )
        .route(&format!("{files}/{{file}}/head"), post(tus::begins_so).options(tus::options))
        .layer(middleware::from_fn_with_state(web.clone(), tus::around))
        .layer(DefaultBodyLimit::disable());
    let assets = Router::new().route("/hosting/v1/upload/assets/{name}", get(asset));
    pages().with_state(web.clone()).merge(programs.with_state(web.clone())).merge(assets.with_state(web))
}

/// The pages, each with who may use it.
pub fn table() -> Vec<PageRoute> {
    pages().table()
}

fn pages() -> PageRoutes<Web> {
    const SESSION: &str = "/hosting/v1/upload/sessions/{session}";
    let send = post(form::send).layer(DefaultBodyLimit::disable());
    PageRoutes::default()
        .post("/hosting/v1/upload", Who::Anybody, form::come_in)
        .get("/hosting/v1/upload/tickets/{ticket}", Who::Anybody, page::ticket)
        .post("/hosting/v1/upload/tickets/{ticket}", Who::Anybody, form::redeem)
        .get(SESSION, Who::Anybody, page::session)
        .with("post", SESSION, Who::Anybody, send)
        .post("/hosting/v1/upload/sessions/{session}/order", Who::Anybody, form::order)
        .post("/hosting/v1/upload/sessions/{session}/finish", Who::Anybody, form::finish)
        .post("/hosting/v1/upload/sessions/{session}/files/{file}/remove", Who::Anybody, form::remove)
}

async fn asset(State(_): State<Web>, Path(name): Path<String>) -> Response {
    ASSETS.serve(&name)
}
