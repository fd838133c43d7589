//! What every server puts around its routes: answers that are problems, also where no route answers.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use crate::problem::Problem;
use crate::suggest::quote;

/// Adds answers for unknown paths, wrong methods and handlers that panic, and the headers that browsers heed. To be
/// called last, around all routes.
pub fn frame(routes: Router) -> Router {
    let routes = routes.fallback(no_route).method_not_allowed_fallback(wrong_method);
    guarded(routes.layer(from_fn(plain)).layer(from_fn(survive)))
}

/// Puts the headers that browsers heed on every answer that comes from inside.
pub(crate) fn guarded(routes: Router) -> Router {
    routes.layer(from_fn(guard))
}

/// What a page of ours may do: load and ask what comes from the hub itself, and be shown in no frame. A route with
/// other needs sets its own policy.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What every answer says to browsers, unless its route said something else.
pub(crate) const SAID: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SAID {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses bodies that are packed: what they would become cannot be bounded before they are unpacked.
async fn plain(request: Request, next: Next) -> Response {
    let codings = request.headers().get_all(header::CONTENT_ENCODING).iter();
    let codings: Vec<_> = codings.map(|coding| coding.to_str().unwrap_or("?").trim()).collect();
    let packed = codings.iter().any(|coding| !coding.eq_ignore_ascii_case("identity"));
    if !packed || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let named = quote(&codings.join(", "));
    let detail = format!("the body has the Content-Encoding {named}: send it as it is, without one");
    let mut response =
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_encoding", detail).into_response();
    response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    response
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
