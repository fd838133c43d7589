//! The breakers of backends that all hubs of a journal share: see [`crate::state::opened`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use model::{Breaker, Entity, EntityWrite};

use super::{Slots, Use};
use crate::port::BackendEntry;
use crate::state::copies::Follower;
use crate::state::gate::{Now, Shut};
use crate::state::opened::{By, Opened, Trial, key_of};

/// Whoever has not said so for so long has no job for a trial any more.
const WANTED: Duration = Duration::from_millis(2500);
/// No ping takes so long.
const PINGED: Duration = Duration::from_mins(2);
/// While somebody tries it is looked at so often at least.
const SOON: Duration = Duration::from_millis(500);

/// What is known of the breakers that all hubs share.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    open: HashMap<String, Part>,
    /// Those that were open before this hub began are known: of others it hears at once.
    hears: bool,
    /// What this hub has found out and not written yet, the last of it for each backend.
    pub(super) findings: BTreeMap<String, Finding>,
}

/// One that is open.
#[derive(Debug)]
struct Part {
    opened: Opened,
    rev: u64,
    /// When it has become so: this and the next since the hub began.
    since: Duration,
    /// When its pause began, where this hub heard of that at once.
    paused: Option<Duration>,
    /// When there was work here last that a trial could be made with.
    wanted: Option<Duration>,
}

impl Part {
    fn is_wanted(&self, now: Duration) -> bool {
        self.wanted.is_some_and(|at| now.saturating_sub(at) < WANTED)
    }

    /// How much of its pause is left. By the hub's own time, where it can be: other hubs' clocks may show another one.
    fn left(&self, now: Now) -> Duration {
        match self.paused {
            Some(at) => self.opened.pause().saturating_sub(now.grown.saturating_sub(at)),
            None if self.opened.is_over(now.wall) => Duration::ZERO,
            None => Duration::try_from(self.opened.until.duration_since(now.wall)).unwrap_or_default(),
        }
    }
}

/// What a hub has found out about a backend that others are to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It keeps failing.
    Failing(Opened),
    /// It does not answer a ping yet.
    Silent(Opened),
    /// It works.
    Works,
}

impl Use {
    /// Has others told of what was found out, where there are others.
    pub(super) fn found(&mut self, backend: &str, finding: impl FnOnce(Opened) -> Finding) -> bool {
        if self.shares.is_none() {
            return false;
        }
        let open = match self.gates.get(backend).map(|gate| &gate.breaker) {
            Some(Breaker::Open { until, pause }) => Some(Opened::new(*until, *pause)),
            _ => None,
        };
        let finding = open.map_or(Finding::Works, finding);
        self.breakers.findings.insert(backend.to_owned(), finding);
        true
    }

    /// Notes that there is work that a trial could be made with. Says whether that is news.
    pub(super) fn want_trial(&mut self, backend: &str, now: Duration) -> bool {
        let Some(part) = self.breakers.open.get_mut(backend) else { return false };
        let news = !part.is_wanted(now);
        part.wanted = Some(now);
        news
    }

    /// Whether a job that waits here could try at once whether the backend works again, were it let through.
    fn could_try(&mut self, entry: &BackendEntry, now: Now) -> bool {
        let name = &*entry.name;
        self.running(name) == 0
            && !self.paused.contains(name)
            && self.breakers.open.get(name).is_some_and(|part| part.is_wanted(now.grown))
            && self.gate(&entry.name).shut_beside_breaker(&entry.bounds, 0, now).is_none()
    }

    /// How the breaker of a backend stands, as all know it.
    fn follow_breaker(&mut self, backend: &str) {
        let Some(shares) = &self.shares else { return };
        let breaker = self
            .breakers
            .open
            .get(backend)
            .map(|part| part.opened.seen_by(shares.life()))
            .unwrap_or_default();
        self.gate(&backend.into()).breaker = breaker;
    }
}

impl Slots {
    /// Whether breakers are shared with other hubs.
    pub(crate) fn has_others(&self) -> bool {
        self.lock().shares.is_some()
    }

    /// All breakers that were open before are known: from now on this hub hears of each at once.
    pub(crate) fn hears_of_breakers(&self) {
        self.lock().breakers.hears = true;
    }

    /// What this hub has found out and not written yet.
    pub(crate) fn findings(&self) -> Vec<(String, Finding)> {
        let used = self.lock();
        used.breakers.findings.iter().map(|(backend, found)| (backend.clone(), found.clone())).collect()
    }

    /// It was written, or others had found out the same.
    pub(crate) fn told_others(&self, backend: &str, finding: &Finding) {
        let mut used = self.lock();
        if used.breakers.findings.get(backend) != Some(finding) {
            return;
        }
        used.breakers.findings.remove(backend);
        used.follow_breaker(backend);
        drop(used);
        self.freed.notify_one();
    }

    /// The backends that are left alone, each with whoever tries it.
    pub(crate) fn opened(&self) -> Vec<(String, Option<String>)> {
        let used = self.lock();
        let trier = |part: &Part| part.opened.trial.as_ref().map(|trial| trial.life.clone());
        used.breakers.open.iter().map(|(backend, part)| (backend.clone(), trier(part))).collect()
    }

    /// What is to be written so that somebody tries, and one only, whether a backend works again. `entry`: the backend, where it gets
    /// work here; `over`: lives that are. `None` = nothing.
    pub(crate) fn next_trial(
        &self,
        backend: &str,
        entry: Option<&BackendEntry>,
        can_be_asked: bool,
        over: &BTreeSet<String>,
    ) -> Option<(EntityWrite, Option<By>)> {
        let mut used = self.lock();
        let (now, running) = (self.now(), used.running(backend));
        let could_try = entry.is_some_and(|entry| used.could_try(entry, now));
        let life = used.shares.as_ref()?.life();
        let part = used.breakers.open.get(backend)?;
        let long = now.grown.saturating_sub(part.since);
        let by = match &part.opened.trial {
            None if !part.left(now).is_zero() => return None,
            None if can_be_asked => Some(By::Ping),
            None if could_try => Some(By::Job),
            Some(trial) if over.contains(&trial.life) => None,
            Some(trial) if trial.life != life => return None,
            // The job is not there any more, or has to wait for something else: another hub may have one that has not.
            Some(trial) if trial.by == By::Job && running == 0 && !could_try && long >= WANTED => None,
            Some(trial) if trial.by == By::Ping && long >= PINGED => None,
            None | Some(_) => return None,
        };
        let next = part.opened.tried(by.map(|by| Trial { life: life.to_owned(), by }));
        let content = Some(next.content(backend));
        Some((EntityWrite { key: key_of(backend), expected_rev: part.rev, content }, by))
    }

    /// What is to be written when this hub stops, so that others try what it was about to.
    pub(crate) fn trials_given_up(&self) -> Vec<EntityWrite> {
        let used = self.lock();
        let Some(shares) = &used.shares else { return Vec::new() };
        let own = used.breakers.open.iter().filter(|(_, part)| part.opened.is_tried_by(shares.life()));
        let given_up = own.map(|(backend, part)| EntityWrite {
            key: key_of(backend),
            expected_rev: part.rev,
            content: Some(part.opened.tried(None).content(backend)),
        });
        given_up.collect()
    }

    /// Whether this hub tries a backend by a ping.
    pub(crate) fn is_pinged_here(&self, backend: &str) -> bool {
        let used = self.lock();
        let (Some(shares), Some(part)) = (&used.shares, used.breakers.open.get(backend)) else {
            return false;
        };
        part.opened.trial.as_ref().is_some_and(|trial| trial.life == shares.life() && trial.by == By::Ping)
    }

    /// After so long the breakers are to be looked at again, of backends that are here; `None` = not before something is told.
    pub(crate) fn look_at_breakers(&self, is_here: impl Fn(&str) -> bool) -> Option<Duration> {
        let used = self.lock();
        let now = self.now();
        let life = used.shares.as_ref()?.life();
        let pause = |(backend, part): (&String, &Part)| match part.opened.trial {
            // The others see to it.
            _ if !is_here(backend) && !part.opened.is_tried_by(life) => None,
            None if !part.left(now).is_zero() => Some(part.left(now)),
            // Whoever has work says so.
            None if !part.is_wanted(now.grown) => None,
            _ => Some(SOON),
        };
        used.breakers.open.iter().filter_map(pause).min()
    }
}

/// The breakers that all hubs share.
pub(crate) struct SharedBreakers(pub(crate) Slots);

impl Follower for SharedBreakers {
    fn told(&self, backend: &str, now: Option<&Entity>) {
        let at = self.0.now().grown;
        let mut used = self.0.lock();
        match now {
            Some(entity) => {
                let opened = Opened::read(entity);
                let hears = used.breakers.hears;
                let before = used.breakers.open.get(backend);
                let wanted = before.and_then(|part| part.wanted);
                // Whoever begins or gives up a trial leaves the pause as it is.
                let known = before.filter(|part| part.opened.tried(None) == opened.tried(None));
                let paused = known.map_or(hears.then_some(at), |part| part.paused);
                let part = Part { opened, rev: entity.rev, since: at, paused, wanted };
                used.breakers.open.insert(backend.to_owned(), part);
            }
            None => _ = used.breakers.open.remove(backend),
        }
        // What was found out here and is not written yet is newer.
        if !used.breakers.findings.contains_key(backend) {
            used.follow_breaker(backend);
        }
        drop(used);
        self.0.open.notify_one();
        self.0.freed.notify_one();
    }

    /// It gets work, and is found failing anew.
    fn unreadable(&self, backend: &str) {
        tracing::error!("whether {backend} is to be left alone cannot be read: it is given work");
        self.told(backend, None);
    }
}

impl Slots {
    /// Until when the backend is left alone because it keeps failing, for people: where others are told of it that is so until
    /// somebody has found out that it works. While somebody tries that time is over.
    pub(crate) fn shown_left_alone_until(&self, backend: &str) -> Option<Timestamp> {
        let used = self.lock();
        match &used.gates.get(backend)?.breaker {
            Breaker::Closed { .. } => None,
            Breaker::Open { until, .. } => Some(*until),
            Breaker::Probing { .. } | Breaker::Tried { .. } => {
                used.breakers.open.get(backend).map(|part| part.opened.until)
            }
        }
    }

    /// Why no work goes to the backend now, beside pauses and slots, for people.
    pub(crate) fn shown_shut(&self, entry: &BackendEntry) -> Option<Shut> {
        let left_alone = self.shown_left_alone_until(&entry.name).map(Shut::Breaker);
        left_alone.or_else(|| self.shut(entry))
    }
}

#[cfg(test)]
mod tests;
