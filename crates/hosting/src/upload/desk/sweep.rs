//! Removing what nobody needs.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use super::{Set, Uploads};
use crate::upload::error::Error;
use crate::upload::set::{KEPT, SetDocument};

/// What becomes of a set that was looked at.
enum Fate {
    Stays,
    SeemsOld,
    Removed,
}

impl Uploads {
    /// Removes sets that nobody has used for a day, or whose school has another key by now, and that no school holds. What
    /// looks too old is looked at twice, an hour apart: a clock that was set ahead makes everything old at once. A set of
    /// which nobody can say whether it is needed stays, and the others are looked at all the same.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let (now, before) = (self.now(), self.unused());
        let (mut unused, mut removed, mut failed) = (HashSet::new(), 0, None);
        for mark in self.on_disk(move |store| store.old_tickets(now)).await? {
            if before.contains(&mark) {
                self.on_disk(move |store| store.forget_ticket(&mark)).await?;
            } else {
                unused.insert(mark);
            }
        }
        for set in self.all() {
            match self.look_over(&set, &before).await {
                Ok(Fate::Stays) => {}
                Ok(Fate::SeemsOld) => drop(unused.insert(set.id.clone())),
                Ok(Fate::Removed) => removed += 1,
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        *self.0.unused.lock().unwrap_or_else(PoisonError::into_inner) = unused;
        failed.map_or(Ok(removed), Err)
    }

    /// Looks whether a set is still needed, and removes one that is not. `before` are those that seemed too old before.
    async fn look_over(&self, set: &Arc<Set>, before: &HashSet<String>) -> Result<Fate, Error> {
        let now = self.now();
        let is_put_right = set.state().document.put_right(now);
        if is_put_right {
            self.keep(set).await?;
        }
        let document = set.document();
        let standing = self.0.schools.standing(&document.school.rne).await?;
        if standing.as_ref().is_some_and(|standing| standing.sets.contains(&set.id)) {
            return Ok(Fate::Stays);
        }
        let is_dead = standing.is_none_or(|standing| standing.generation != document.school.generation);
        let is_old = now.duration_since(document.used_at) >= KEPT;
        if is_dead || (is_old && before.contains(&set.id)) {
            let is_removed = self.drop_set(set, &document).await?;
            return Ok(if is_removed { Fate::Removed } else { Fate::Stays });
        }
        Ok(if is_old { Fate::SeemsOld } else { Fate::Stays })
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
        self.sets().drop_set(set);
        for file in set.files() {
            // Whoever still sends is told that the file is gone.
            file.take().await.give_up();
        }
        let id = set.id.clone();
        self.on_disk(move |store| store.remove(&id)).await?;
        Ok(true)
    }
}
