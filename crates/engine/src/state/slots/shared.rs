//! The places on backends that all hubs of a journal share: see [`crate::state::shares`].

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::{Entity, EntityWrite};

use super::{Slots, Use};
use crate::port::BackendEntry;
use crate::state::copies::Follower;
use crate::state::gate::Now;
use crate::state::shares::{Looker, Shared, TURN};

/// Whoever has not said so for so long wants no place any more.
const WANTED: Duration = Duration::from_millis(2500);

/// The places that all hubs share.
#[derive(Debug)]
pub(super) struct Shares {
    /// The life of this hub.
    life: String,
    parts: HashMap<String, Part>,
}

impl Shares {
    /// The life of this hub.
    pub(super) fn life(&self) -> &str {
        &self.life
    }
}

/// Those on one backend.
#[derive(Debug)]
struct Part {
    shared: Shared,
    rev: u64,
    /// When what this hub has of them was another number: this and the next since the hub began.
    since: Duration,
    /// When there was work here last for which there was no place.
    wanted: Option<Duration>,
}

impl Part {
    fn new(now: Duration) -> Self {
        Part { shared: Shared::default(), rev: 0, since: now, wanted: None }
    }

    fn looker<'s>(&self, life: &'s str, limit: usize, running: usize, now: Duration) -> Looker<'s> {
        let wants = self.wanted.is_some_and(|at| now.saturating_sub(at) < WANTED);
        Looker { life, limit, running, wants, is_long: now.saturating_sub(self.since) >= TURN }
    }
}

impl Use {
    /// How many of the places that all hubs share may be used here.
    pub(super) fn usable(
        &self,
        entry: &BackendEntry,
        limit: usize,
        running: usize,
        now: &impl Fn() -> Now,
    ) -> Option<usize> {
        let Shares { life, parts } = self.shares.as_ref()?;
        let usable = |part: &Part| part.shared.usable(part.looker(life, limit, running, now().grown));
        Some(parts.get(&*entry.name).map_or(0, usable))
    }

    /// Notes that there is work for which there is no place, when that is because of what all hubs share. Says whether it is.
    pub(super) fn want(&mut self, entry: &BackendEntry, now: &impl Fn() -> Now) -> bool {
        if self.shares.is_none() {
            return false;
        }
        let running = self.running(&entry.name);
        let Some(limit) = self.limit(entry).filter(|limit| running < *limit) else { return false };
        if self.paused.contains(&*entry.name) || self.shut(entry, now).is_some() {
            return false;
        }
        if self.usable(entry, limit, running, now).is_none_or(|usable| running < usable) {
            return false;
        }
        let Some(shares) = &mut self.shares else { return false };
        let now = now().grown;
        shares.parts.entry(entry.name.to_string()).or_insert_with(|| Part::new(now)).wanted = Some(now);
        true
    }

    /// Whether anybody waits for a place on this backend.
    pub(super) fn is_waited_for(&self, backend: &str) -> bool {
        let part = self.shares.as_ref().and_then(|shares| shares.parts.get(backend));
        part.is_some_and(|part| part.shared.is_waited_for())
    }
}

impl Slots {
    /// There is work for a backend, and no place on it.
    pub(crate) fn want(&self, entry: &BackendEntry) {
        self.wanted(&mut self.lock(), entry);
    }

    pub(super) fn wanted(&self, used: &mut Use, entry: &BackendEntry) {
        if used.want(entry, &|| self.now()) {
            self.share.notify_one();
        }
        if used.want_trial(&entry.name, self.now().grown) {
            self.open.notify_one();
        }
    }

    /// The places on backends are shared with other hubs from now on, under the name of this life.
    pub(crate) fn share_as(&self, life: String) {
        self.lock().shares = Some(Shares { life, parts: HashMap::new() });
    }

    /// So many hubs work now: each has an equal part of a backend's rate.
    pub(crate) fn set_hubs(&self, hubs: usize) {
        let hubs = u32::try_from(hubs).unwrap_or(u32::MAX).max(1);
        if self.hubs.swap(hubs, Ordering::Relaxed) > hubs {
            self.freed.notify_one();
        }
    }

    /// The backends whose places are shared out, each with those who have a part in it.
    pub(crate) fn shared(&self) -> Vec<(String, Vec<String>)> {
        let used = self.lock();
        let parts = used.shares.iter().flat_map(|shares| &shares.parts);
        parts.map(|(backend, part)| (backend.clone(), part.shared.lives().cloned().collect())).collect()
    }

    /// What is to be written so that the places on a backend are shared out as they should be; `over`: lives that are. `None` =
    /// nothing.
    pub(crate) fn share_out(&self, entry: &BackendEntry, over: &BTreeSet<String>) -> Option<EntityWrite> {
        let used = self.lock();
        let running = used.running(&entry.name);
        let limit = used.limit(entry)?;
        let Shares { life, parts } = used.shares.as_ref()?;
        let part = parts.get(&*entry.name)?;
        let looker = part.looker(life, limit, running, self.now().grown);
        let next = part.shared.clone().without(over).next(looker);
        (next != part.shared).then(|| next.write(&entry.name, part.rev))
    }

    /// Whether anybody waits for a place: then it is to be looked at again.
    pub(crate) fn is_waited_for(&self) -> bool {
        let used = self.lock();
        used.shares.iter().flat_map(|shares| shares.parts.values()).any(|part| part.shared.is_waited_for())
    }

    /// Has those look again who wait for a place.
    pub(crate) fn look_again(&self) {
        self.freed.notify_one();
    }
}

/// How the places on backends are shared out.
pub(crate) struct SharedOut(pub(crate) Slots);

impl Follower for SharedOut {
    fn told(&self, backend: &str, now: Option<&Entity>) {
        let at = self.0.now().grown;
        let mut used = self.0.lock();
        let Some(Shares { life, parts }) = &mut used.shares else { return };
        let part = parts.entry(backend.to_owned()).or_insert_with(|| Part::new(at));
        let shared = now.map(Shared::read).unwrap_or_default();
        if shared.held_by(life) != part.shared.held_by(life) {
            part.since = at;
        }
        (part.shared, part.rev) = (shared, now.map_or(0, |entity| entity.rev));
        drop(used);
        self.0.share.notify_one();
        self.0.freed.notify_one();
    }

    fn unreadable(&self, backend: &str) {
        tracing::error!("how the places on {backend} are shared out cannot be read: none is used here");
    }
}
