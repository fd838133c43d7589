//! What a hub answers that cannot start yet: that it is there, and why it is not ready.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{any, get};
use axum::{Json, Router};

use super::status;
use crate::dto::{Part, Readiness};
use http::Problem;

/// Seconds after which a caller may look again.
const AGAIN: u16 = 10;

/// Routes of a hub whose journal cannot be opened yet.
pub fn waiting(why: &str) -> Router {
    let part = Part { name: "journal".to_owned(), ready: false, optional: false, why: Some(why.to_owned()) };
    let readiness = Readiness { ready: false, parts: vec![part] };
    let refused: Arc<str> = format!("the hub has not started yet and takes nothing: {why}").into();
    Router::new()
        .route("/healthz", get(status::health))
        .route("/readyz", get(async move || (StatusCode::SERVICE_UNAVAILABLE, Json(readiness))))
        .merge(everything_else(refused))
}

/// Routes and no fallback: the frame around them has one of its own.
fn everything_else(refused: Arc<str>) -> Router {
    let answer = async move || Problem::later("starting", AGAIN, &*refused).into_response();
    Router::new().route("/", any(answer.clone())).route("/{*rest}", any(answer))
}
