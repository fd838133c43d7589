//! What a transition brings about besides itself: entity writes, deliveries, follow-up requests. All of it is in
//! the same commit as the transition.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::cursor::OutboxPlace;
use crate::id::JobId;
use crate::request::Request;
use crate::state::DeliveryState;

/// Names an entity: something with a state of its own that a module keeps (an identity, an establishment, a token).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntityKey {
    /// What it is, `identity`.
    pub kind: String,
    /// Which one.
    pub key: String,
}

/// An entity as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Which one.
    pub key: EntityKey,
    /// Grows by one with each write; a write names the one it read.
    pub rev: u64,
    /// Its state, in clear, for filters.
    pub state: String,
    /// Its name for people, in clear.
    pub label: String,
    /// Its content, sealed at rest.
    pub body: Value,
}

/// A write of an entity: compare-and-set on `rev`.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityWrite {
    /// Which one.
    pub key: EntityKey,
    /// The revision that was read; 0 = it must not exist yet.
    pub expected_rev: u64,
    /// The new content; `None` removes it.
    pub content: Option<EntityContent>,
}

impl EntityWrite {
    /// The entity as it is once this is written; `None` = it is removed.
    pub fn written(self) -> Option<Entity> {
        let EntityContent { state, label, body } = self.content?;
        Some(Entity { key: self.key, rev: self.expected_rev + 1, state, label, body })
    }
}

/// New content of an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityContent {
    /// See [`Entity::state`].
    pub state: String,
    /// See [`Entity::label`].
    pub label: String,
    /// See [`Entity::body`].
    pub body: Value,
}

/// A delivery's stable id: sent along, so that the other side can recognise a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub Uuid);

impl DeliveryId {
    /// When the delivery was wanted, to the millisecond; `None` = its id does not say.
    pub fn made_at(self) -> Option<Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
    }

    /// Ids of deliveries that were wanted before this time are smaller, all others are not.
    pub fn first_at(at: Timestamp) -> Self {
        let millis = u128::try_from(at.as_millisecond()).unwrap_or_default();
        DeliveryId(Uuid::from_u128(millis << 80))
    }
}

/// Which courier takes a delivery, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeliveryTo {
    /// The courier's name (`sesame`, `bus`, `mail`, `webhook`).
    pub courier: String,
    /// The address in the courier's own terms. A stuck address holds only itself.
    pub address: String,
}

/// A delivery to be made, as a reactor asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// Who takes it, where to.
    pub to: DeliveryTo,
    /// What is sent.
    pub body: Value,
    /// Not before this time.
    pub due_at: Option<Timestamp>,
}

/// A delivery as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its place in the order of all deliveries.
    pub seq: OutboxPlace,
    /// Its stable id.
    pub id: DeliveryId,
    /// The job that caused it.
    pub job: Option<JobId>,
    /// Who takes it, where to.
    pub to: DeliveryTo,
    /// What is sent.
    pub body: Value,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this time.
    pub due_at: Timestamp,
    /// Why the last try failed.
    pub message: Option<String>,
}

/// What a transition brings about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Entity writes, each compare-and-set.
    pub entities: Vec<EntityWrite>,
    /// Deliveries, in the order in which they leave.
    pub deliveries: Vec<NewDelivery>,
    /// Requests that follow from it, accepted in the same commit.
    pub follow_ups: Vec<Request>,
}

impl Effects {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty() && self.deliveries.is_empty() && self.follow_ups.is_empty()
    }

    /// Adds those of another reactor.
    pub fn append(&mut self, mut other: Effects) {
        self.entities.append(&mut other.entities);
        self.deliveries.append(&mut other.deliveries);
        self.follow_ups.append(&mut other.follow_ups);
    }
}
