//! What the hubs of a journal tell each other of a backend that one of them has found failing: all leave it alone, one tries whether
//! it works again, and what that one finds holds for all.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::effect::EntityContent;
use model::{Breaker, Entity, EntityKey};
use serde::{Deserialize, Serialize};

/// The kind of the entities that keep it, one for each backend that is left alone.
pub(crate) const BREAKER: &str = "backend_breaker";

/// A backend is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// Until then; afterwards somebody tries.
    pub(crate) until: Timestamp,
    /// How long this pause is, in milliseconds.
    pause: u64,
    /// Who tries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trial: Option<Trial>,
}

/// A hub tries whether it works again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The life of the hub.
    pub(crate) life: String,
    /// By what.
    pub(crate) by: By,
}

/// By what it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// The backend is asked whether its target is there.
    Ping,
    /// It cannot be asked: a job that waits is done.
    Job,
}

impl Opened {
    pub(crate) fn new(until: Timestamp, pause: Duration) -> Self {
        Opened { until, pause: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), trial: None }
    }

    pub(crate) fn read(entity: &Entity) -> Self {
        // What nobody can make sense of is tried at once.
        let unknown = || Opened::new(Timestamp::UNIX_EPOCH, Duration::from_secs(1));
        serde_json::from_value(entity.body.clone()).unwrap_or_else(|_| unknown())
    }

    pub(crate) fn content(&self, backend: &str) -> EntityContent {
        EntityContent {
            state: if self.trial.is_some() { "tried" } else { "open" }.to_owned(),
            label: backend.to_owned(),
            // Words, numbers and times: there is nothing that could fail.
            body: serde_json::to_value(self).unwrap_or_default(),
        }
    }

    pub(crate) fn pause(&self) -> Duration {
        Duration::from_millis(self.pause)
    }

    /// The same without whoever tries, or with another one.
    pub(crate) fn tried(&self, trial: Option<Trial>) -> Self {
        Opened { trial, ..self.clone() }
    }

    /// Whether this life tries.
    pub(crate) fn is_tried_by(&self, life: &str) -> bool {
        self.trial.as_ref().is_some_and(|trial| trial.life == life)
    }

    /// Whether the pause is over, by the wall clocks of whoever wrote it and of this hub. A clock that was set back does not make
    /// it longer.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        let pause = SignedDuration::try_from(self.pause()).unwrap_or(SignedDuration::MAX);
        self.until <= now || self.until.duration_since(now) > pause.saturating_add(model::believe::SLACK)
    }

    /// What the hub of this life does about it.
    pub(crate) fn seen_by(&self, life: &str) -> Breaker {
        let (until, pause) = (self.until, self.pause());
        match &self.trial {
            None => Breaker::Open { until, pause },
            Some(Trial { life: own, by: By::Job }) if own == life => Breaker::Probing { pause },
            Some(_) => Breaker::Tried { pause },
        }
    }
}

/// The entity that keeps it.
pub(crate) fn key_of(backend: &str) -> EntityKey {
    EntityKey { kind: BREAKER.to_owned(), key: backend.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn one_tries_and_the_others_wait() {
        let open = Opened::new(at(60), Duration::from_mins(1));
        assert_eq!(open.seen_by("a").until(), Some(at(60)));
        let by = |by| open.tried(Some(Trial { life: "a".to_owned(), by }));
        assert!(by(By::Job).seen_by("a").lets_through(0) && !by(By::Job).seen_by("a").lets_through(1));
        assert!(!by(By::Job).seen_by("b").lets_through(0));
        assert!(!by(By::Ping).seen_by("a").lets_through(0), "no job: it is asked");
    }

    #[test]
    fn what_is_kept_is_read_back_and_what_is_not_understood_is_tried() {
        let open = Opened::new(at(60), Duration::from_mins(1));
        let open = open.tried(Some(Trial { life: "a".to_owned(), by: By::Ping }));
        let content = open.content("b");
        let mut entity = Entity {
            key: key_of("b"),
            rev: 1,
            state: content.state,
            label: content.label,
            body: content.body,
        };
        assert_eq!(Opened::read(&entity), open);
        entity.body = serde_json::Value::Null;
        assert!(Opened::read(&entity).is_over(at(1)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_make_the_pause_longer() {
        let open = Opened::new(at(7260), Duration::from_mins(1));
        assert!(!open.is_over(at(7200)) && open.is_over(at(7260)) && open.is_over(at(0)));
    }
}
