//! What stands around all routes: finding out who asks.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use super::Access;
use super::limit::Asker;
use super::origin::{Origin, refuse_foreign};
use super::session::session_of;
use http::Problem;
use http::Proved;
use http::listen::tcp::Peer;
use http::{Address, Caller};

impl Access {
    /// Puts itself around routes. What comes over the hub's own socket has proved who it is already.
    pub fn layer(&self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self.clone(), identify))
    }

    /// Who asks; `None` = nobody says.
    async fn caller(
        &self,
        method: &Method,
        headers: &HeaderMap,
        origin: &Origin,
    ) -> Result<Option<Caller>, Problem> {
        if let Some(token) = bearer(headers)? {
            return match self.holder(&token).await {
                Ok(caller) => Ok(Some(caller)),
                Err(problem) => {
                    self.anonymous(origin)?;
                    Err(problem)
                }
            };
        }
        let session = session_of(headers, origin);
        refuse_foreign(method, headers, session.is_some())?;
        let person = match session {
            Some(text) => self.person(&text).await?,
            None => None,
        };
        if person.is_none() {
            self.anonymous(origin)?;
        }
        Ok(person)
    }

    /// Counts a request of somebody unknown.
    fn anonymous(&self, origin: &Origin) -> Result<(), Problem> {
        self.0.by_address.check(Asker::at(origin.address), self.0.hub.now())
    }
}

async fn identify(State(access): State<Access>, mut request: Request, next: Next) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().copied() else { return next.run(request).await };
    let origin = Origin::new(peer, request.headers(), &access.0.rules.trusted_proxies);
    request.extensions_mut().insert(origin);
    request.extensions_mut().insert(Address(origin.address));
    let mut response = match access.caller(request.method(), request.headers(), &origin).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller.clone());
            let mut response = access.as_long_as_it_may(caller, next.run(request)).await;
            response.extensions_mut().insert(Proved);
            response
        }
        Ok(None) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if origin.https {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim().to_owned())),
        _ => {
            let detail =
                "the header Authorization is not understood here: write `Authorization: Bearer <token>`";
            Err(Problem { detail: detail.into(), ..Problem::unauthenticated() })
        }
    }
}
