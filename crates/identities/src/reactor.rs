//! Moves identities in the same commit in which their jobs move.

use engine::port::{Moment, Reactor, View};
use model::{Effects, Entity, EntityKey};

use crate::identity::{Identity, Last, entity_key};
use crate::request::SOURCE;
use crate::state::Deed;

/// Follows the jobs of the register. A job that is accepted for the first time comes with the identity's own write; here
/// are its end, and its replays.
#[derive(Clone, Copy, Debug)]
pub struct Follow;

impl Reactor for Follow {
    fn entities(&self, view: &View<'_>, moment: Moment) -> Vec<EntityKey> {
        let of_register = view.job.source == SOURCE && Deed::of_action(&view.job.action).is_some();
        let telling = match moment {
            Moment::Accepted => view.job.replay_of.is_some(),
            Moment::Soft => false,
            Moment::Settled => true,
        };
        let subject = view.job.subject.as_ref().filter(|_| of_register && telling);
        subject.map(|subject| entity_key(subject.value())).into_iter().collect()
    }

    fn react(&self, view: &View<'_>, moment: Moment, entities: &[Entity]) -> Effects {
        let Some(deed) = Deed::of_action(&view.job.action) else { return Effects::default() };
        // None: the job is not the register's, or its identity was forgotten.
        let Some(entity) = entities.iter().find(|entity| entity.key.kind == crate::identity::KIND) else {
            return Effects::default();
        };
        let Ok(mut identity) = Identity::read(entity.clone()) else { return Effects::default() };
        let job = view.job;
        let key = job.external_id.clone().unwrap_or_else(|| job.id.to_string());
        match moment {
            Moment::Accepted if deed.is_password() => return Effects::default(),
            Moment::Accepted => identity.begin(deed, key),
            Moment::Soft => return Effects::default(),
            Moment::Settled => {
                let at = job.ended_at.unwrap_or(job.accepted_at);
                let last = Last { job: job.id, deed, state: job.state, at, message: job.message.clone() };
                identity.end(&key, last);
            }
        }
        Effects { entities: vec![identity.write()], ..Effects::default() }
    }
}
