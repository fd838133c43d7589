//! Has what a job leads to leave in the commit of each of its moves.

use std::sync::{Arc, PoisonError, RwLock};

use engine::door::was_taken_over;
use engine::port::{Moment, Reactor, View};
use model::{Effects, Entity};

use crate::amiss::SaidAmiss;
use crate::request::History;
use crate::route::Routes;
use crate::settings::Settings;

/// The routes as they are now. A reload replaces them whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedRoutes(Arc<RwLock<Arc<Routes>>>);

impl SharedRoutes {
    /// The routes.
    pub(crate) fn get(&self) -> Arc<Routes> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, routes: Routes) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }
}

/// Tells of the jobs of one source.
pub(crate) struct Tells {
    pub(crate) settings: Settings,
    pub(crate) routes: SharedRoutes,
    pub(crate) amiss: Arc<SaidAmiss>,
}

impl Reactor for Tells {
    fn tried_before(&self, view: &View<'_>) -> u32 {
        if view.job.source == self.settings.name { History::of_replies(view.reply).tried_before } else { 0 }
    }

    fn react(&self, view: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        let job = view.job.id.to_string();
        let routes = self.routes.get();
        let is_ours = view.job.source == self.settings.name;
        if was_taken_over(view.job) || (!is_ours && moment != Moment::Settled) {
            return Effects::default();
        }
        if moment == Moment::Settled {
            for amiss in self.settings.amiss(view, &routes) {
                self.amiss.say(&self.settings.name, &job, amiss);
            }
        }
        let told = if is_ours {
            self.settings.tell(view, moment, &routes)
        } else {
            self.settings.announce(view, &routes)
        };
        let deliveries = told.iter().map(|outgoing| self.settings.delivery(outgoing, &job)).collect();
        Effects { deliveries, ..Effects::default() }
    }
}
