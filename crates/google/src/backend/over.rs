//! The end of a deletion. What is remembered of one that is under way goes in the commit that ends its job: until then it may
//! be run again, and would find neither the account nor that it was there.

use engine::port::{Moment, Reactor, View};
use model::{Effects, Entity, EntityKey, EntityWrite, JobState};

use super::memory::errand_key;

/// Forgets deletions with the end of their jobs.
pub(crate) struct Over {
    /// The name of the backend.
    pub(crate) backend: &'static str,
}

impl Reactor for Over {
    fn entities(&self, view: &View<'_>, moment: Moment) -> Vec<EntityKey> {
        let over = moment == Moment::Settled && view.job.state == JobState::Succeeded;
        let ours = over && view.steps.iter().any(|(step, _)| step.backend == self.backend);
        ours.then(|| errand_key(view.job.id)).into_iter().collect()
    }

    fn react(&self, _: &View<'_>, _: Moment, entities: &[Entity]) -> Effects {
        let gone = |entity: &Entity| EntityWrite {
            key: entity.key.clone(),
            expected_rev: entity.rev,
            content: None,
        };
        Effects { entities: entities.iter().map(gone).collect(), ..Effects::default() }
    }
}
