//! Who asks, and whether the server is about to stop: put into each request by what accepted the connection.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use engine::Actor;
use tokio::sync::watch;

use crate::problem::Problem;

/// Who asks. A request without one is refused by every route that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name for the audit: `uid:0`.
    pub actor: Actor,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let unknown =
            || Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "nobody knows who asks this");
        parts.extensions.get::<Caller>().cloned().ok_or_else(unknown)
    }
}

/// Tells handlers that wait or stream that the server is about to stop, so that they answer now.
#[derive(Clone, Debug)]
pub(crate) struct Closing(pub(crate) watch::Receiver<bool>);

impl Closing {
    /// Resolves when the server is about to stop.
    pub(crate) async fn begun(&mut self) {
        if self.0.wait_for(|closing| *closing).await.is_err() {
            // The server is gone without a word; its connections go with it.
            std::future::pending::<()>().await;
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Closing {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let never = || Closing(watch::channel(false).1);
        Ok(parts.extensions.get::<Closing>().cloned().unwrap_or_else(never))
    }
}
