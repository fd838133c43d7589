//! What stands around all routes: finding out who asks.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use super::Access;
use super::limit::Asker;
use super::origin::{Origin, refuse_foreign};
use super::session::session_of;
use super::token::TOKEN_PREFIX;
use http::Problem;
use http::listen::tcp::Peer;
use http::{Address, Caller};
use http::{Credential, KeyedPaths, Proved};
use model::Secret;

impl Access {
    /// Puts itself around routes, some of which know who asks by keys of their own. What comes over the hub's own socket has
    /// proved who it is already.
    pub fn layer(&self, routes: Router, keyed: KeyedPaths) -> Router {
        routes.layer(from_fn_with_state((self.clone(), keyed), identify))
    }

    /// Who asks; `None` = nobody says.
    async fn caller(
        &self,
        method: &Method,
        headers: &HeaderMap,
        origin: &Origin,
    ) -> Result<Option<Caller>, Problem> {
        self.is_recent()?;
        match Credential::of(headers)? {
            Some(Credential::Bearer(token)) => {
                return self.holder_or_stranger(&token, origin).await.map(Some);
            }
            Some(Credential::Basic { .. }) => {
                let detail = "no name and password is taken here: write `Authorization: Bearer <token>`";
                return Err(Problem { detail: detail.into(), ..Problem::unauthenticated() });
            }
            None => {}
        }
        let session = session_of(headers, origin);
        refuse_foreign(method, headers, session.is_some())?;
        let person = match session {
            Some(text) => self.person(&text, origin).await?,
            None => None,
        };
        if person.is_none() {
            self.anonymous(origin)?;
        }
        Ok(person)
    }

    /// Who asks where routes know keys of their own; `None` = they find out.
    async fn keyed_caller(&self, headers: &HeaderMap, origin: &Origin) -> Result<Option<Caller>, Problem> {
        self.is_recent()?;
        self.0.by_address.look(Asker::at(origin.address), self.0.hub.now())?;
        match Credential::of(headers)? {
            Some(Credential::Bearer(token)) if token.expose().starts_with(TOKEN_PREFIX) => {
                match self.holder(token.expose(), origin).await {
                    // The route says so in its own way, and whoever is not known by it is counted.
                    Err(problem) if problem.status == StatusCode::UNAUTHORIZED => Ok(None),
                    found => found.map(Some),
                }
            }
            _ => Ok(None),
        }
    }

    /// Who has this token. Whoever shows one that is none counts as unknown.
    async fn holder_or_stranger(&self, token: &Secret<String>, origin: &Origin) -> Result<Caller, Problem> {
        match self.holder(token.expose(), origin).await {
            Ok(caller) => Ok(caller),
            Err(problem) => {
                self.anonymous(origin)?;
                Err(problem)
            }
        }
    }

    /// Counts a request of somebody unknown.
    fn anonymous(&self, origin: &Origin) -> Result<(), Problem> {
        self.0.by_address.check(Asker::at(origin.address), self.0.hub.now())
    }
}

async fn identify(
    State((access, keyed)): State<(Access, KeyedPaths)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().copied() else { return next.run(request).await };
    let origin = Origin::new(peer, request.headers(), &access.0.rules.trusted_proxies);
    request.extensions_mut().insert(origin);
    request.extensions_mut().insert(Address(origin.address));
    let is_keyed = keyed.cover(request.uri().path());
    let caller = if is_keyed {
        access.keyed_caller(request.headers(), &origin).await
    } else {
        access.caller(request.method(), request.headers(), &origin).await
    };
    let mut response = match caller {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller.clone());
            let mut response = access.as_long_as_it_may(caller, next.run(request)).await;
            response.extensions_mut().insert(Proved);
            response
        }
        Ok(None) => {
            let response = next.run(request).await;
            if is_keyed && response.extensions().get::<Proved>().is_none() {
                // It is answered; the next one waits.
                let _ = access.anonymous(&origin);
            }
            response
        }
        Err(problem) => problem.into_response(),
    };
    if origin.https {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
