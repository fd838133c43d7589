//! Who asks: a client with its key, a school with its own, or somebody at the hub's socket.

use std::convert::Infallible;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http::page::Lang;
use http::{Caller, Credential, Proved, Scope};

use super::Api;
use super::trouble::{Kind, Trouble};
use crate::establishment::Establishment;
use crate::right::CLIENT;
use crate::rne::Rne;

/// Somebody who asks, before anything is known of who it is.
pub(super) struct Visitor {
    caller: Option<Caller>,
    credential: Option<Credential>,
    /// In which language he is answered.
    pub(super) lang: Lang,
}

/// Somebody who has proved who he is.
pub(super) struct Known {
    /// Who.
    pub(super) caller: Caller,
    /// The establishment, where its own key was shown.
    pub(super) own: Option<Establishment>,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Visitor {
            caller: parts.extensions.get().cloned(),
            // What is not understood is as good as nothing.
            credential: Credential::of(&parts.headers).ok().flatten(),
            lang: Lang::wanted(&parts.headers),
        })
    }
}

impl Visitor {
    /// A client: somebody who may ask for establishments. `scope` is what else would do.
    pub(super) fn client(&self, scope: Scope) -> Result<Caller, Trouble> {
        let Some(caller) = &self.caller else { return Err(Trouble::unauthorized(self.lang)) };
        if caller.may(scope) {
            return Ok(caller.clone());
        }
        Err(Trouble::new(Kind::Forbidden, self.lang, format!("this needs a token with the scope {scope}")))
    }

    /// A client, or the school itself, which has its key.
    pub(super) async fn client_or_school(&self, api: &Api, rne: &str) -> Result<Known, Trouble> {
        if self.caller.is_some() {
            return Ok(Known { caller: self.client(CLIENT)?, own: None });
        }
        let refused = || Trouble::unauthorized(self.lang);
        let Some(Credential::Bearer(key)) = &self.credential else { return Err(refused()) };
        let rne: Rne = rne.parse().map_err(|_| refused())?;
        let found =
            api.host.of_key(&rne, key.expose()).await.map_err(|error| Trouble::of(error, self.lang))?;
        let own = found.ok_or_else(refused)?;
        Ok(Known { caller: Caller::of_key(format!("school:{rne}")), own: Some(own) })
    }
}

/// An answer to somebody who has proved who he is.
pub(super) fn known(answer: impl IntoResponse) -> Response {
    (Extension(Proved), answer).into_response()
}
