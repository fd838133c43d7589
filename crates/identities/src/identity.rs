//! An identity as the register keeps it, and how it moves. Pure: times and names are arguments.

use jiff::Timestamp;
use model::effect::EntityContent;
use model::{Entity, EntityKey, EntityWrite, JobId, JobState};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::document;
use crate::fingerprint::fingerprint;
use crate::state::{Deed, Situation, State};

/// The kind of the entities.
pub const KIND: &str = "identity";

/// An identity with its place in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Its `_id`.
    pub id: String,
    /// Its revision: grows with each write; 0 = not written yet.
    pub rev: u64,
    /// Where it stands.
    pub state: State,
    /// The rest.
    pub kept: Kept,
}

/// What is kept of an identity, sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its own members, passed through to the backends.
    pub document: Map<String, Value>,
    /// See [`fingerprint()`].
    pub fingerprint: String,
    /// Who brought it in, and when.
    pub created: Stamp,
    /// Who changed its document last, and when.
    pub updated: Stamp,
    /// The backends know it: a synchronisation succeeded, and no deletion since.
    pub reached: bool,
    /// Access was taken away.
    pub disabled: bool,
    /// When it was last synchronised; `None` again after a failure.
    pub synchronised_at: Option<Timestamp>,
    /// The job that its state waits for.
    pub under_way: Option<UnderWay>,
    /// How the last job about it ended.
    pub last: Option<Last>,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A job that the state of an identity waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderWay {
    /// How it is recognised: its external id, or the id of a replay.
    pub key: String,
    /// What it does.
    pub deed: Deed,
    /// The state to go back to when it comes to nothing.
    pub before: State,
}

/// How the last job about an identity ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// The job.
    pub job: JobId,
    /// What it did.
    pub deed: Deed,
    /// How.
    pub state: JobState,
    /// When.
    pub at: Timestamp,
    /// Why it failed, redacted.
    pub message: Option<String>,
}

impl Identity {
    /// One that was not there before.
    pub fn new(id: String, document: Map<String, Value>, by: Stamp) -> Self {
        let kept = Kept {
            fingerprint: fingerprint(&document),
            document,
            created: by.clone(),
            updated: by,
            reached: false,
            disabled: false,
            synchronised_at: None,
            under_way: None,
            last: None,
        };
        let state = after_edit(&kept.document);
        Identity { id, rev: 0, state, kept }
    }

    /// Reads it from the journal. An error says what is wrong with it.
    pub fn read(entity: Entity) -> Result<Self, String> {
        let Entity { key, rev, state, body, .. } = entity;
        let state = State::from_word(&state).ok_or_else(|| format!("identity {} is {state}", key.key))?;
        let kept = serde_json::from_value(body).map_err(|e| format!("identity {}: {e}", key.key))?;
        Ok(Identity { id: key.key, rev, state, kept })
    }

    /// The write of it over the revision that was read.
    pub fn write(&self) -> EntityWrite {
        let content = EntityContent {
            state: self.state.as_str().to_owned(),
            label: document::label(&self.kept.document),
            // Plain data: there is nothing that could fail.
            body: serde_json::to_value(&self.kept).unwrap_or_default(),
        };
        EntityWrite { key: entity_key(&self.id), expected_rev: self.rev, content: Some(content) }
    }

    /// The write that leaves nothing of it.
    pub fn erase(&self) -> EntityWrite {
        EntityWrite { key: entity_key(&self.id), expected_rev: self.rev, content: None }
    }

    /// What decides what may be done.
    pub fn situation(&self) -> Situation {
        Situation { state: self.state, reached: self.kept.reached, disabled: self.kept.disabled }
    }

    /// Replaces its document; `false` = it says the same as before, and nothing changes. One that is deleted comes back;
    /// one that is set aside stays so.
    pub fn edit(&mut self, document: Map<String, Value>, by: Stamp) -> bool {
        let fingerprint = fingerprint(&document);
        if fingerprint == self.kept.fingerprint && self.state != State::Deleted {
            return false;
        }
        if self.state != State::NotToSynchronise {
            self.state = after_edit(&document);
        }
        self.kept.document = document;
        self.kept.fingerprint = fingerprint;
        self.kept.updated = by;
        // What is under way sends the document as it was: its end says nothing of this one.
        self.kept.under_way = None;
        true
    }

    /// A person moves it; whether that is allowed was asked before.
    pub fn move_to(&mut self, state: State) {
        self.state = state;
        self.kept.under_way = None;
    }

    /// A job about it was accepted.
    pub fn begin(&mut self, deed: Deed, key: String) {
        let before = match &self.kept.under_way {
            Some(under_way) => under_way.before,
            None => self.state,
        };
        self.kept.under_way = Some(UnderWay { key, deed, before });
        self.state = State::Synchronising;
    }

    /// A job about it has ended. `key` is how the job is recognised.
    pub fn end(&mut self, key: &str, last: Last) {
        let (deed, at) = (last.deed, last.at);
        let awaited = self.kept.under_way.take_if(|under_way| under_way.key == key);
        match last.state {
            JobState::Succeeded => {
                match deed {
                    Deed::Synchronise => self.kept.reached = true,
                    Deed::Enable => self.kept.disabled = false,
                    Deed::Disable => self.kept.disabled = true,
                    Deed::Delete => (self.kept.reached, self.kept.disabled) = (false, false),
                    Deed::PasswordChange | Deed::PasswordReset => {}
                }
                if let Some(awaited) = &awaited {
                    self.state = succeeded(deed, awaited.before);
                    self.kept.synchronised_at = Some(at);
                }
            }
            JobState::Failed if awaited.is_some() => {
                self.state = State::InError;
                self.kept.synchronised_at = None;
            }
            // Cancelled, rejected, superseded: it is as if nobody had asked.
            _ => {
                if let Some(awaited) = awaited {
                    self.state = awaited.before;
                }
            }
        }
        self.kept.last = Some(last);
    }

    /// The document as backends and readers see it, members in the orchestrator's order.
    pub fn document(&self, state: i32) -> Value {
        let Kept { document, created, updated, .. } = &self.kept;
        let mut whole = Map::new();
        let mut say = |name: &str, value: Value| whole.insert(name.to_owned(), value);
        say("_id", json!(self.id));
        say(
            "metadata",
            json!({
                "createdBy": created.by, "createdAt": time(created.at),
                "lastUpdatedBy": updated.by, "lastUpdatedAt": time(updated.at),
            }),
        );
        say("state", json!(state));
        let [(lifecycle, none), (init, not_sent)] = document::DEFAULTS;
        say(lifecycle, document.get(lifecycle).cloned().unwrap_or(json!(none)));
        for (name, value) in document.iter().filter(|(name, _)| *name != lifecycle && *name != init) {
            say(name, value.clone());
        }
        say(init, document.get(init).cloned().unwrap_or(json!(not_sent)));
        say("dataStatus", json!(self.data_status()));
        say("deletedFlag", json!(self.state == State::Deleted));
        say("lastBackendSync", json!(self.kept.synchronised_at.map(time)));
        say("fingerprint", json!(self.kept.fingerprint));
        Value::Object(whole)
    }

    /// Active 1, deleted -1, inactive -3.
    fn data_status(&self) -> i32 {
        match (self.state, self.kept.disabled) {
            (State::Deleted, _) => -1,
            (_, true) => -3,
            (_, false) => 1,
        }
    }
}

/// Names the entity of an identity.
pub fn entity_key(id: &str) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: id.to_owned() }
}

/// The state of a document that somebody has just changed.
fn after_edit(document: &Map<String, Value>) -> State {
    if document::missing(document).is_empty() { State::ToValidate } else { State::ToComplete }
}

/// The state after a success. Giving or taking access sends no document: what still had to go out has to all the same.
fn succeeded(deed: Deed, before: State) -> State {
    match (deed, before) {
        (Deed::Delete, _) => State::Deleted,
        (Deed::Enable | Deed::Disable, State::InError) => State::Synchronised,
        (Deed::Enable | Deed::Disable, before) => before,
        _ => State::Synchronised,
    }
}

/// With milliseconds, as JavaScript writes it.
fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests;
