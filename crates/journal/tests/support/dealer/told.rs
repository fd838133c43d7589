//! What two hubs are told, as one would have been.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use intendant_journal::{Committed, Observer};
use model::{DeliveryId, EntityKey, JobId};

use super::super::Heard;

/// What was told so far.
#[derive(Default)]
pub(super) struct Told {
    pub(super) heard: Heard,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The jobs that each hub was asked to cancel: it is told again for as long as they run.
    cancels: HashMap<usize, HashSet<JobId>>,
    /// Whoever writes a delivery is told of it, and whoever makes it.
    owed: HashSet<DeliveryId>,
    /// Whoever writes an entity is told of it, and all others: here are the revisions that were told last.
    entities: HashMap<EntityKey, Option<u64>>,
}

impl Told {
    /// What the hub in this place tells.
    pub(super) fn observer(self: &Arc<Self>, place: usize) -> Observer {
        let (told, hear) = (Arc::clone(self), self.heard.observer());
        Arc::new(move |committed| {
            let merged = told.seen.lock().unwrap().merge(place, committed);
            if !is_nothing(&merged) {
                hear(merged);
            }
        })
    }

    /// Whether this hub was told that the job is to be cancelled.
    pub(super) fn is_cancelled(&self, place: usize, job: JobId) -> bool {
        self.seen.lock().unwrap().cancels.get(&place).is_some_and(|cancels| cancels.contains(&job))
    }
}

impl Seen {
    /// What of it is new.
    fn merge(&mut self, place: usize, mut committed: Committed) -> Committed {
        // The other one tells of its own, and whose the jobs are is between the hubs.
        committed.others.clear();
        committed.shared_anew = false;
        let is_new = |seen: &Seen, job: &JobId| !seen.cancels.values().any(|cancels| cancels.contains(job));
        let cancels = std::mem::take(&mut committed.cancels);
        committed.cancels = cancels.iter().filter(|job| is_new(self, job)).copied().collect();
        self.cancels.entry(place).or_default().extend(cancels);
        committed.owed.retain(|(delivery, _)| self.owed.insert(*delivery));
        committed.entities.retain(|(key, entity)| {
            let rev = entity.as_ref().map(|entity| entity.rev);
            self.entities.insert(key.clone(), rev) != Some(rev)
        });
        committed
    }
}

fn is_nothing(committed: &Committed) -> bool {
    let Committed { due, deadlines, events, owed, left, entities, cancels, revived, damaged, .. } = committed;
    due.is_empty()
        && deadlines.is_empty()
        && events.is_empty()
        && owed.is_empty()
        && left.is_empty()
        && entities.is_empty()
        && cancels.is_empty()
        && revived.is_empty()
        && damaged.is_empty()
}
