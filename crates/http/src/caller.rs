//! Who asks, what it may do, and whether the server is about to stop: put into each request by what accepted the
//! connection, or found out from its credentials.

use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, StatusCode};
use engine::Actor;
use model::Job;

use crate::listen::Closing;
use crate::problem::Problem;
use crate::scope::{Role, Scope, Scopes};

/// The name under which requests come that are handed in over the socket; those of others have the caller's name
/// after it, `http/token:crm`.
pub const SOURCE: &str = "http";

/// Who asks. A request without one is refused by every route that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name for the audit: `uid:0`, `token:crm`, `account:alice`.
    pub actor: Actor,
    /// What it may do.
    pub scopes: Scopes,
    /// How it proved who it is.
    pub by: Proof,
}

/// How a caller proved who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The hub's own socket answers only root and its own user.
    Socket,
    /// A token.
    Token {
        /// The id of its record.
        id: String,
        /// Its id is a part of the source of what it submits.
        apart: bool,
    },
    /// A key that a module gave out, and looks after itself.
    Key,
    /// A person's session in a browser.
    Session {
        /// The name of the session's record.
        id: String,
        /// The person's role.
        role: Role,
    },
}

impl Caller {
    /// Somebody who may do everything: root and the hub's own user.
    pub fn of_socket(uid: u32) -> Self {
        Caller { actor: Actor(format!("uid:{uid}")), scopes: Scopes::admin(), by: Proof::Socket }
    }

    /// Somebody whom a module knows by a key that it gave out, under a name for the audit such as `school:0750655E`. What
    /// he may do the module alone knows.
    pub fn of_key(name: String) -> Self {
        Caller { actor: Actor(name), scopes: Scopes::none(), by: Proof::Key }
    }

    /// Whether it may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.allow(scope)
    }

    /// The name for people: `alice`, `crm`, `uid:0`.
    pub fn name(&self) -> &str {
        let actor = self.actor.0.as_str();
        actor.strip_prefix("account:").or(actor.strip_prefix("token:")).unwrap_or(actor)
    }

    /// The source of what it submits. Ids of requests (`Idempotency-Key`) are its own, and so are its jobs: a token that
    /// is made again under a name that another had before has none of those of the other.
    pub fn source(&self) -> String {
        match &self.by {
            Proof::Socket => SOURCE.to_owned(),
            Proof::Token { id, apart: true } => format!("{SOURCE}/{}/{id}", self.actor.0),
            Proof::Token { .. } | Proof::Key | Proof::Session { .. } => format!("{SOURCE}/{}", self.actor.0),
        }
    }

    /// Refuses what it may not do.
    pub fn must(&self, any_of: &[Scope]) -> Result<(), Problem> {
        if any_of.iter().any(|scope| self.may(*scope)) {
            return Ok(());
        }
        let needed = any_of.first().map_or("", |scope| scope.as_str());
        let detail = match self.by {
            Proof::Session { role, .. } => {
                format!("your role is {role}, and this needs the right to {needed}: ask an administrator")
            }
            _ => format!("this needs a token with the scope {needed}"),
        };
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
    }

    /// Whether it may look at a job: at any with `read`, at what it submitted itself with `submit`.
    pub fn may_see(&self, job: &Job) -> bool {
        self.may(Scope::READ) || (self.may(Scope::SUBMIT) && job.source == self.source())
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

/// Where a request comes from, as whoever stands around the routes found out. One that came over the hub's own socket
/// comes from this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl Address {
    /// Where a request comes from that has been looked at.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Address>().copied().unwrap_or(Address(IpAddr::V4(Ipv4Addr::LOCALHOST)))
    }
}

/// A caller that has proved to be allowed what `N` names: the permission of a route stands in its arguments.
#[derive(Clone, Debug)]
pub struct May<N> {
    /// Who.
    pub caller: Caller,
    needs: PhantomData<N>,
}

/// What a route needs: any one of these scopes.
pub trait Needs {
    /// The scopes, the first of them is named when none is there.
    const ANY_OF: &'static [Scope];
}

/// Declares what routes need.
macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident: $($scope:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Needs for $name {
            const ANY_OF: &'static [Scope] = &[$(Scope::$scope),+];
        }
    )*};
}

needs! {
    /// [`Scope::SUBMIT`].
    Submit: SUBMIT;
    /// [`Scope::READ`].
    Read: READ;
    /// [`Scope::READ`], or [`Scope::SUBMIT`] for what the caller submitted itself: the handler looks with
    /// [`Caller::may_see`].
    ReadOwn: READ | SUBMIT;
    /// [`Scope::OPERATE`].
    Operate: OPERATE;
    /// [`Scope::ADMIN`].
    Admin: ADMIN;
}

impl<S: Sync, N: Needs> FromRequestParts<S> for May<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.must(N::ANY_OF)?;
        Ok(May { caller, needs: PhantomData })
    }
}

impl<S: Sync> FromRequestParts<S> for Closing {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Closing>().cloned().unwrap_or_else(Closing::never))
    }
}
