//! What a request carries in its header `Authorization` (RFC 9110 §11), and the paths below which routes look at it
//! themselves.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use model::Secret;

use crate::problem::Problem;

/// What a request shows for who sends it.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A token or key (RFC 6750).
    Bearer(Secret<String>),
    /// A name and a password (RFC 7617).
    Basic {
        /// The name.
        name: String,
        /// The password.
        password: Secret<String>,
    },
}

impl Credential {
    /// What the headers say; `None` = nothing. What is not understood is no credential, and an error.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        Credential::read(text).map(Some).ok_or_else(|| {
            let detail =
                "the header Authorization is not understood here: write `Authorization: Bearer <token>`";
            Problem { detail: detail.into(), ..Problem::unauthenticated() }
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, said) = text.split_once(' ')?;
        let said = said.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Credential::Bearer(Secret::new(said.to_owned())));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let said = String::from_utf8(BASE64_STANDARD.decode(said).ok()?).ok()?;
        let (name, password) = said.split_once(':')?;
        Some(Credential::Basic { name: name.to_owned(), password: Secret::new(password.to_owned()) })
    }
}

/// Paths below which routes know who asks by what their module gave out itself: keys, signed links, names and passwords.
/// What a browser has of a person does not count there, so that pages of other sites may send requests. Tokens of the hub
/// do; any other credential is left to the route, which puts [`crate::Proved`] into its answer when it was good.
#[derive(Clone, Debug, Default)]
pub struct KeyedPaths(Arc<[&'static str]>);

impl KeyedPaths {
    /// Below these, each of which ends in `/`.
    pub fn new(below: impl IntoIterator<Item = &'static str>) -> Self {
        KeyedPaths(below.into_iter().collect())
    }

    /// Whether this path is below one of them.
    pub fn cover(&self, path: &str) -> bool {
        self.0.iter().any(|below| below.ends_with('/') && path.starts_with(below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<Credential>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, text.parse().unwrap());
        Credential::of(&headers)
    }

    #[test]
    fn both_schemes_are_read_and_no_other_is() {
        let Ok(Some(Credential::Bearer(key))) = of("bearer  k-1 ") else { panic!("it is a key") };
        assert_eq!(key.expose(), "k-1");
        let Ok(Some(Credential::Basic { name, password })) = of("Basic c2Nob29sOnA6dw==") else {
            panic!("it is a name and a password")
        };
        assert_eq!((name.as_str(), password.expose().as_str()), ("school", "p:w"));
        for odd in ["Digest x", "Basic !", "Basic c2Nob29s", "Bearer"] {
            assert_eq!(of(odd).unwrap_err().status, 401, "{odd}");
        }
        assert!(Credential::of(&HeaderMap::new()).unwrap().is_none());
    }

    #[test]
    fn only_what_is_below_is_covered() {
        let keyed = KeyedPaths::new(["/rooms/v1/", "/odd"]);
        assert!(keyed.cover("/rooms/v1/keys"));
        for path in ["/rooms/v1", "/rooms/v10/keys", "/odd", "/oddity", "/", "//rooms/v1/keys"] {
            assert!(!keyed.cover(path), "{path}");
        }
    }
}
