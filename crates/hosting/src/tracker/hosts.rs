//! The hosts whose schools are followed: this hub's own, and those of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::believe::is_ahead;
use model::effect::EntityContent;
use model::{Entity, EntityKey};
use serde::{Deserialize, Serialize};

use super::ask::Remote;
use super::followed::Failing;

/// The name of the host in this hub, which needs no network.
pub const OWN: &str = "here";
/// The kind of the entities that keep how hosts answer.
pub(super) const KIND: &str = "followed_host";
/// The first pause after a host did not answer, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));
/// A pause that a host asks for is not longer.
const LONGEST: Duration = Duration::from_hours(24);

/// The hosts over HTTP, by name.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Arc<BTreeMap<String, Remote>>);

impl Hosts {
    /// These.
    pub fn new(hosts: BTreeMap<String, Remote>) -> Self {
        Hosts(Arc::new(hosts))
    }

    /// One of them.
    pub(super) fn get(&self, name: &str) -> Option<&Remote> {
        self.0.get(name)
    }

    /// The names of all, this hub's own first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(OWN).chain(self.0.keys().map(String::as_str))
    }

    /// Those besides this hub's own, each with where it is.
    pub(crate) fn remotes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, remote)| (name.as_str(), remote.url()))
    }

    /// All of them, each with where it is; this hub's own is nowhere else.
    pub(super) fn places(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        std::iter::once((OWN, None)).chain(self.remotes().map(|(name, url)| (name, Some(url))))
    }
}

/// How a host answers, as the journal keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answering {
    /// When it answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Failing>,
    /// How often it did not, one after the other.
    pub tries: u32,
    /// It is not asked before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
}

impl Answering {
    /// Reads it; what cannot be read is as good as nothing.
    pub(super) fn read(entity: Option<&Entity>) -> Self {
        entity.and_then(|entity| serde_json::from_value(entity.body.clone()).ok()).unwrap_or_default()
    }

    pub(super) fn content(&self, name: &str) -> EntityContent {
        let state = if self.trouble.is_some() { "down" } else { "up" };
        // Plain data: there is nothing that could fail.
        let body = serde_json::to_value(self).unwrap_or_default();
        EntityContent { state: state.to_owned(), label: name.to_owned(), body }
    }

    /// It answers.
    #[must_use]
    pub(super) fn up(now: Timestamp) -> Self {
        Answering { answered_at: Some(now), ..Answering::default() }
    }

    /// It does not. `asked` = the pause that it wants; `chance` from 0 to 1 spreads those who wait for it.
    #[must_use]
    pub(super) fn down(&self, why: &str, asked: Option<Duration>, chance: f64, now: Timestamp) -> Self {
        let doubled = PAUSE.0.saturating_mul(1 << self.tries.min(16)).min(PAUSE.1);
        let pause =
            doubled.mul_f64(1.0 + chance.clamp(0.0, 1.0) / 4.0).max(asked.unwrap_or_default().min(LONGEST));
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        Answering {
            answered_at: self.answered_at,
            trouble: Some(Failing::again(self.trouble.as_ref(), why, now)),
            tries: self.tries.saturating_add(1),
            again_at: Some(now.checked_add(pause).unwrap_or(Timestamp::MAX)),
        }
    }

    /// Whether it is left alone for now. What lies ahead did not happen: then the clock was put right.
    pub(super) fn is_paused(&self, now: Timestamp) -> bool {
        let (Some(again), Some(trouble)) = (self.again_at, &self.trouble) else { return false };
        again > now && !is_ahead(trouble.at, now)
    }
}

/// Names the entity of a host.
pub(super) fn entity_key(name: &str) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn pause(of: &Answering, now: Timestamp) -> i64 {
        of.again_at.unwrap().duration_since(now).as_secs()
    }

    #[test]
    fn pauses_grow_and_end() {
        let mut host = Answering::up(at(0));
        let mut pauses = Vec::new();
        for _ in 0..9 {
            host = host.down("no answer in time", None, 0.0, at(10));
            pauses.push(pause(&host, at(10)));
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(pause(&Answering::default().down("no", None, 1.0, at(0)), at(0)), 75, "not all at once");
        assert_eq!((host.answered_at, host.trouble.as_ref().unwrap().since), (Some(at(0)), at(10)));
        assert_eq!(Answering::up(at(99)).trouble, None);
    }

    #[test]
    fn a_host_says_when_it_wants_to_be_asked_again() {
        let asked =
            |seconds| Answering::default().down("busy", Some(Duration::from_secs(seconds)), 0.0, at(0));
        assert_eq!((pause(&asked(900), at(0)), pause(&asked(1), at(0))), (900, 60));
        assert_eq!(pause(&asked(10_000_000), at(0)), 86_400);
    }

    #[test]
    fn a_clock_that_is_put_right_ends_a_pause() {
        let host = Answering::default().down("no", None, 0.0, at(0));
        assert!(host.is_paused(at(59)) && !host.is_paused(at(60)));
        let ahead = Answering::default().down("no", None, 0.0, at(30 * 86_400));
        assert!(!ahead.is_paused(at(0)));
    }
}
