//! Somebody who is registered, as the journal keeps him. Pure.

use jiff::Timestamp;
use model::effect::EntityContent;
use model::{Entity, EntityKey};
use serde::{Deserialize, Serialize};

use crate::registry::{Held, Holder, Process, Queue, Seen, Triple};

/// The kind of the entities.
pub(crate) const KIND: &str = "registration";
/// Their state: those who are gone have none.
pub(crate) const STATE: &str = "registered";

/// One who was there at the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The revision that was read, for the next write.
    pub rev: u64,
    /// Who.
    pub triple: Triple,
    /// What is kept of it.
    pub kept: Kept,
}

/// What is kept of him besides his names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Since when he is there.
    pub since: Timestamp,
    /// The processes that hold him, so that they are waited for after a restart.
    #[serde(default)]
    pub processes: Vec<Process>,
    /// How many references came on queues: nobody says them a second time.
    #[serde(default)]
    pub queues: Vec<(Queue, u64)>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    backend: String,
    username: String,
    vuser: String,
    #[serde(flatten)]
    kept: Kept,
}

/// The key of somebody's entity: of one length, whatever the names are.
pub(crate) fn key(triple: &Triple) -> EntityKey {
    let mut hash = blake3::Hasher::new();
    for name in [&triple.backend, &triple.vuser, &triple.user] {
        // The length keeps two names apart that read the same when they are joined.
        hash.update(&u64::try_from(name.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(name.as_bytes());
    }
    let key = hash.finalize().to_hex().chars().take(32).collect();
    EntityKey { kind: KIND.to_owned(), key }
}

impl Kept {
    /// What is kept of somebody who is held so.
    pub fn of(seen: &Seen, since: Timestamp) -> Self {
        let processes = |held: &Held| match held.holder {
            Holder::Process(process) => Some(process),
            Holder::Queue(_) | Holder::Unseen => None,
        };
        let queues = |held: &Held| match held.holder {
            Holder::Queue(queue) => Some((queue, held.count)),
            Holder::Process(_) | Holder::Unseen => None,
        };
        let mut kept = Kept {
            since,
            processes: seen.held.iter().filter_map(processes).collect(),
            queues: seen.held.iter().filter_map(queues).collect(),
        };
        kept.processes.sort_unstable();
        kept.queues.sort_unstable();
        kept
    }

    /// Who held him, as the table takes it back.
    pub fn holders(&self) -> impl Iterator<Item = (Holder, u64)> {
        let processes = self.processes.iter().map(|process| (Holder::Process(*process), 1));
        processes.chain(self.queues.iter().map(|(queue, count)| (Holder::Queue(*queue), *count)))
    }

    /// As it is written.
    pub fn content(self, triple: &Triple) -> EntityContent {
        let body = Body {
            backend: triple.backend.to_string(),
            username: triple.user.to_string(),
            vuser: triple.vuser.to_string(),
            kept: self,
        };
        EntityContent {
            state: STATE.to_owned(),
            label: triple.to_string(),
            body: serde_json::to_value(body).unwrap_or_default(),
        }
    }
}

impl Stored {
    /// Reads an entity; `None` = it says nothing that could be used.
    pub fn read(entity: &Entity) -> Option<Self> {
        let body: Body = serde_json::from_value(entity.body.clone()).ok()?;
        let triple = Triple::new(&body.backend, &body.username, &body.vuser)?;
        (key(&triple) == entity.key).then_some(Stored { rev: entity.rev, triple, kept: body.kept })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::registry::Process;

    #[test]
    fn what_is_written_is_read_back() {
        let triple = Triple::new("SOGo", "jérôme", "太郎@example.jp").unwrap();
        let process = Holder::Process(Process { pid: 7, start: 9, instance: uuid::Uuid::max() });
        let held = |holder, count| Held { holder, count, connected: true };
        let seen = Seen {
            triple: Arc::new(triple.clone()),
            count: 5,
            held: vec![held(Holder::Queue(Queue::B), 3), held(process, 2)],
        };
        let kept = Kept::of(&seen, Timestamp::UNIX_EPOCH);
        let EntityContent { state, label, body } = kept.clone().content(&triple);
        let entity = Entity { key: key(&triple), rev: 4, state, label, body };
        let stored = Stored::read(&entity).unwrap();
        assert_eq!(stored, Stored { rev: 4, triple, kept });
        assert_eq!(stored.kept.holders().collect::<Vec<_>>(), [(process, 1), (Holder::Queue(Queue::B), 3)]);
    }

    #[test]
    fn names_that_join_to_the_same_text_have_keys_of_their_own() {
        let of = |backend, user, vuser| key(&Triple::new(backend, user, vuser).unwrap());
        assert_ne!(of("ab", "c", "d"), of("a", "c", "bd"));
        assert_ne!(of("a", "", "b"), of("a", "b", ""));
        assert_eq!(of("SOGo", "alice", "alice").key.len(), 32);
    }
}
