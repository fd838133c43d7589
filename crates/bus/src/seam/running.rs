//! The buses of a hub that runs.

use anyhow::Result;
use axum::Router;
use engine::door::Sources;
use engine::port::BoxFuture;
use engine::{Clock, Hub, Setup};
use http::page::Part;
use model::Dependency;
use module::{Around, Running, Served, Swap, Told};

use super::settings;
use crate::api::Api;
use crate::pages::{self, Pages};
use crate::route::Routes;
use crate::{Settings, Source};

/// The buses of a hub.
pub(super) struct Buses(Sources<Source>);

impl Buses {
    /// Gives the hub what it needs of them before it starts.
    pub(super) fn join(configured: Vec<(Settings, Routes)>, clock: &Clock, setup: &mut Setup) -> Self {
        let source = |(settings, routes)| Source::new(settings, routes, clock.clone());
        let all = Sources::new(configured.into_iter().map(source));
        all.join(setup);
        Buses(all)
    }
}

impl Running for Buses {
    fn start(&self, hub: &Hub) {
        self.0.start(hub);
    }

    /// Without a bus there are no pages about one.
    fn pages(&self) -> Option<Part> {
        (!self.0.all().is_empty()).then_some(pages::PART)
    }

    fn serve(&self, around: &Around<'_>) -> Served {
        let api = Api::new(around.hub.clone(), self.0.all().into());
        let pages = match self.pages() {
            Some(_) => pages::routes().with_state(Pages {
                api: api.clone(),
                clock: around.clock.clone(),
                kit: around.kit.clone(),
            }),
            None => Router::new(),
        };
        Served { api: vec![crate::api::routes(api)], pages, ..Served::default() }
    }

    fn reload(&self, told: &Told) -> Result<Swap<'_>> {
        let routes = settings::all_routes(told)?;
        Ok(Box::new(move || self.0.reload(routes)))
    }

    fn depends_on(&self) -> Vec<Dependency> {
        let mut needed = Vec::new();
        for source in self.0.all() {
            needed.extend(source.routes().iter().flat_map(|route| route.spec.depends_on.clone()));
        }
        needed
    }

    fn quiesce(&self) {
        self.0.quiesce();
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.close())
    }
}
