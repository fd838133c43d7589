//! Rows that cannot be read: left out of what they belong to, and remembered so that somebody learns of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{EntityKey, JobId, Seq};
use uuid::Uuid;

use crate::api::{Committed, Observer};
use crate::error::Error;

/// So many are remembered; a journal with more has lost more than rows.
const REMEMBERED: usize = 1000;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// The row of a job itself.
    Job(Seq),
    /// Something that belongs to a job: body, secrets, a reply address, a step, an attempt.
    OfJob(Seq),
    /// A delivery.
    Delivery(i64),
    /// A record: a refusal, an entry of the audit, a message.
    Record(i64),
    /// An event.
    Event(i64),
    /// An entity: its kind and its key, as far as they are text.
    Entity(String, String),
}

impl Spot {
    /// The place of an entity.
    pub fn entity(key: &EntityKey) -> Self {
        Spot::Entity(key.kind.clone(), key.key.clone())
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spot::Job(Seq(seq)) | Spot::OfJob(Seq(seq)) => write!(f, "job number {seq}"),
            Spot::Delivery(seq) => write!(f, "delivery number {seq}"),
            Spot::Record(seq) => write!(f, "record {seq}"),
            Spot::Event(seq) => write!(f, "event {seq}"),
            Spot::Entity(kind, key) => write!(f, "{kind} {key}"),
        }
    }
}

/// A row, or a part of it, that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Where it stands.
    pub spot: Spot,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.spot, self.why)
    }
}

/// What is ended although it cannot be read, see [`crate::Write::bury`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grave {
    /// The job with this id, whatever it does.
    Job(JobId),
    /// The job with this number, whatever it does.
    Numbered(Seq),
    /// The job with this number, unless an attempt of it is open: whoever leads it ends it.
    Waiting(Seq),
    /// The delivery at this place.
    Delivery(i64),
}

/// What [`crate::Write::bury`] needs that the journal does not make itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burial {
    /// Which.
    pub grave: Grave,
    /// Its new id, if its own is not to be read.
    pub spare: Uuid,
    /// Now.
    pub at: jiff::Timestamp,
}

/// Lets what can be read through, and gathers the rest.
#[derive(Debug, Default)]
pub(crate) struct Sieve {
    pub(crate) damaged: Vec<Damaged>,
}

impl Sieve {
    /// What was read; `None` = it is damaged, and was noted. Other errors end the read.
    pub(crate) fn pass<T, E: Into<Error>>(
        &mut self,
        spot: impl FnOnce() -> Spot,
        read: Result<T, E>,
    ) -> Result<Option<T>, Error> {
        match read.map_err(Into::into) {
            Ok(read) => Ok(Some(read)),
            Err(Error::Damaged(why)) => {
                self.damaged.push(Damaged { spot: spot(), why });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Sieve {
    /// What was held back last.
    pub(crate) fn last(&self) -> Damaged {
        let none = || Damaged { spot: Spot::Event(0), why: String::new() };
        self.damaged.last().cloned().unwrap_or_else(none)
    }
}

/// Everything damaged that was met since start. Each is logged once.
#[derive(Debug, Default)]
pub(crate) struct Damage(Mutex<BTreeMap<Spot, String>>);

impl Damage {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Spot, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, found: &[Damaged]) {
        if found.is_empty() {
            return;
        }
        let mut known = self.lock();
        for Damaged { spot, why } in found {
            if known.len() >= REMEMBERED || known.contains_key(spot) {
                continue;
            }
            tracing::error!("{spot} cannot be read and is left out, all others are served: {why}");
            known.insert(spot.clone(), why.clone());
        }
    }

    pub(crate) fn all(&self) -> Vec<Damaged> {
        let known = self.lock();
        known.iter().map(|(spot, why)| Damaged { spot: spot.clone(), why: why.clone() }).collect()
    }

    /// It is gone.
    pub(crate) fn forget(&self, spot: &Spot) {
        self.lock().remove(spot);
    }
}

/// Notes what was in the way of a write, and that what was written anew can be read, before others are told.
pub(crate) fn noting(observer: Observer, damage: Arc<Damage>) -> Observer {
    Arc::new(move |committed: Committed| {
        damage.note(&committed.damaged);
        for (entity, _) in &committed.entities {
            damage.forget(&Spot::entity(entity));
        }
        observer(committed);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_remembered_once_and_within_a_bound() {
        let damage = Damage::default();
        let found = |seq| Damaged { spot: Spot::Event(seq), why: "no time".to_owned() };
        damage.note(&[found(1), found(1)]);
        assert_eq!(damage.all(), [found(1)]);
        let many: Vec<_> = (0..i64::try_from(REMEMBERED).unwrap() + 5).map(found).collect();
        damage.note(&many);
        assert_eq!(damage.all().len(), REMEMBERED);
        damage.forget(&Spot::Event(1));
        assert_eq!(damage.all().len(), REMEMBERED - 1);
    }
}
