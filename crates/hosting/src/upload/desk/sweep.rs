//! Removing what nobody needs.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use super::{Set, Uploads};
use crate::upload::error::Error;
use crate::upload::set::{KEPT, SetDocument};

impl Uploads {
    /// Removes sets that nobody has used for a day, or whose school has another key by now, and that no school holds. What
    /// looks too old is looked at twice, an hour apart: a clock that was set ahead makes everything old at once.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let (now, mut unused, mut removed) = (self.now(), HashSet::new(), 0);
        self.on_disk(move |store| store.forget_tickets(now)).await?;
        let before = self.unused();
        for set in self.all() {
            let document = set.document();
            let standing = self.0.schools.standing(&document.school.rne).await?;
            if standing.as_ref().is_some_and(|standing| standing.sets.contains(&set.id)) {
                continue;
            }
            let is_dead = standing.is_none_or(|standing| standing.generation != document.school.generation);
            let is_old = now.duration_since(document.used_at) >= KEPT;
            if is_dead || (is_old && before.contains(&set.id)) {
                removed += usize::from(self.drop_set(&set, &document).await?);
            } else if is_old {
                unused.insert(set.id.clone());
            }
        }
        *self.0.unused.lock().unwrap_or_else(PoisonError::into_inner) = unused;
        Ok(removed)
    }

    fn unused(&self) -> HashSet<String> {
        self.0.unused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Removes a set, unless something happened to it since it was looked at.
    async fn drop_set(&self, set: &Arc<Set>, seen: &SetDocument) -> Result<bool, Error> {
        let _turn = set.turn.lock().await;
        let standing = self.0.schools.standing(&seen.school.rne).await?;
        if set.document() != *seen || standing.is_some_and(|standing| standing.sets.contains(&set.id)) {
            return Ok(false);
        }
        self.sets().remove(&set.id);
        for file in set.files() {
            // Whoever still sends is told that the file is gone.
            file.take().await.give_up();
        }
        let id = set.id.clone();
        self.on_disk(move |store| store.remove(&id)).await?;
        Ok(true)
    }
}
