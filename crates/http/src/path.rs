//! Names in paths.

use std::str::FromStr;

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::problem::Problem;

/// The one name in the route's path, `{id}` for example, read as `T`. What cannot be one names nothing.
#[derive(Clone, Debug)]
pub struct Named<T>(pub T);

impl<S: Sync, T: FromStr> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let name = parts.extract::<Path<String>>().await.ok();
        let found = name.and_then(|Path(name)| name.parse().ok());
        found
            .map(Named)
            .ok_or_else(|| Problem::missing(format_args!("thing that {} could name", parts.uri.path())))
    }
}
