//! Routes of pages, each with who may use it.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};

use crate::scope::Scope;

/// Who may use a route of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Also somebody who is not signed in.
    Anybody,
    /// Whoever is signed in.
    Person,
    /// Who may do this.
    May(Scope),
}

/// A route of a page, as tests walk them: what is said here is what its handler asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRoute {
    /// The method, in small letters.
    pub method: &'static str,
    /// The path, as routes are written.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

/// Routes of pages that know which they are.
pub struct PageRoutes<S> {
    router: Router<S>,
    table: Vec<PageRoute>,
}

impl<S: Clone + Send + Sync + 'static> Default for PageRoutes<S> {
    fn default() -> Self {
        PageRoutes { router: Router::new(), table: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> PageRoutes<S> {
    /// With a page that is shown.
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.with("get", path, who, get(handler))
    }

    /// With something that is done.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.with("post", path, who, post(handler))
    }

    /// With a route that has layers of its own.
    #[must_use]
    pub fn with(
        mut self,
        method: &'static str,
        path: &'static str,
        who: Who,
        handlers: MethodRouter<S>,
    ) -> Self {
        self.router = self.router.route(path, handlers);
        self.table.push(PageRoute { method, path, who });
        self
    }

    /// Which they are.
    pub fn table(&self) -> Vec<PageRoute> {
        self.table.clone()
    }

    /// The routes themselves.
    pub fn with_state(self, state: S) -> Router {
        self.router.with_state(state)
    }
}
