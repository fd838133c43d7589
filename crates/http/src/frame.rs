//! What every server puts around its routes: answers that are problems, also where no route answers.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use crate::problem::Problem;

/// Adds answers for unknown paths, wrong methods and handlers that panic. To be called last, around all routes.
pub fn frame(routes: Router) -> Router {
    routes.fallback(no_route).method_not_allowed_fallback(wrong_method).layer(from_fn(survive))
}

async fn no_route(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_route", format!("there is nothing at {}", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}; see the header Allow", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// A handler that panics costs its own request only.
async fn survive(request: Request, next: Next) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => Problem::bug(&format_args!("{what} panicked")).into_response(),
    }
}
