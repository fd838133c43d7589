//! Files that are downloaded by signed links.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use http::Params;

use super::Api;
use super::trouble::{Kind, Trouble};
use super::visitor::{Visitor, known};
use crate::host::Link;

/// `GET /hosting/v1/establishments/{rne}/downloads/{name}`: an exported database, whole or in part, by its signed link.
#[utoipa::path(
    get,
    path = "/establishments/{rne}/downloads/{name}",
    tag = "hosting",
    operation_id = "establishment_download",
    params(
        ("rne" = String, Path, description = "The school's number"),
        ("name" = String, Path, description = "The file"),
        ("era" = Option<u64>, Query, description = "As the link has it"),
        ("signature" = Option<String>, Query, description = "As the link has it"),
        ("Range" = Option<String>, Header, description = "The part that is still missing, `bytes=1000-`"),
    ),
    responses(
        (status = 200, description = "All of it", content_type = "application/octet-stream"),
        (status = 206, description = "A part of it", content_type = "application/octet-stream"),
        (status = 403, description = "The link is no good, or not any more", body = Trouble, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(super) async fn export(
    State(api): State<Api>,
    Path((rne, name)): Path<(String, String)>,
    params: Params,
    wish: Wish,
) -> Response {
    wish.grant(&api, Link::of_export(&rne, &name, params)).await
}

/// `GET /hosting/v1/programs/{version}/{system}`: a program that schools install, by its signed link.
#[utoipa::path(
    get,
    path = "/programs/{version}/{system}",
    tag = "hosting",
    operation_id = "establishment_program",
    params(
        ("version" = String, Path, description = "For which server"),
        ("system" = String, Path, description = "For which system"),
        ("signature" = Option<String>, Query, description = "As the link has it"),
    ),
    responses(
        (status = 200, description = "All of it", content_type = "application/octet-stream"),
        (status = 206, description = "A part of it", content_type = "application/octet-stream"),
        (status = 403, description = "The link is no good, or not any more", body = Trouble, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(super) async fn program(
    State(api): State<Api>,
    Path((version, system)): Path<(String, String)>,
    params: Params,
    wish: Wish,
) -> Response {
    wish.grant(&api, Link::of_program(&version, &system, params)).await
}

/// How somebody wants a file: in which language he is told that there is none, whole or in part.
pub(super) struct Wish {
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Wish {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let Ok(visitor) = Visitor::from_request_parts(parts, state).await;
        Ok(Wish { visitor, method: parts.method.clone(), headers: parts.headers.clone() })
    }
}

impl Wish {
    /// The file of a link.
    async fn grant(&self, api: &Api, link: Option<Link>) -> Response {
        let lang = self.visitor.lang;
        let found = match link {
            Some(link) => api.host.open(&link).await.map_err(|error| Trouble::of(error, lang)),
            None => Ok(None),
        };
        match found {
            Ok(Some(file)) => {
                let sent = file.answer(&self.method, &self.headers).await;
                known(sent.map_err(|problem| Trouble::from_problem(problem, lang)))
            }
            Ok(None) => {
                let detail =
                    "ask for the establishment again: its answer has a new link, as long as the file is kept";
                Trouble::new(Kind::Forbidden, lang, detail).into_response()
            }
            Err(trouble) => trouble.into_response(),
        }
    }
}
