//! Dead letters that somebody sent on to another place: marked, so that it is not done twice unasked.

use jiff::Timestamp;
use journal::EffectSet;
use model::effect::EntityContent;
use model::{Code, EntityKey, EntityWrite, JobId};
use serde::{Deserialize, Serialize};

use crate::desk::audit::{Actor, AuditEntry};
use crate::desk::hub::Hub;
use crate::error::Error;

/// The kind of the entities that are these marks.
const MARK: &str = "moved_letter";
/// Marks that are kept; the first ones go.
const KEPT: u64 = 10_000;

/// A dead letter that can be sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// A job that failed or was cancelled.
    Job(JobId),
    /// A message that was refused.
    Refusal(i64),
}

impl std::fmt::Display for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Letter::Job(job) => write!(f, "job {job}"),
            Letter::Refusal(record) => write!(f, "refusal {record}"),
        }
    }
}

/// That a dead letter was sent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// When, the last time.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Where to, in words.
    pub to: String,
}

impl Letter {
    fn key(self) -> EntityKey {
        EntityKey { kind: MARK.to_owned(), key: self.to_string() }
    }
}

impl Hub {
    /// Whether a dead letter was sent on before.
    pub async fn moved(&self, letter: Letter) -> Result<Option<Moved>, Error> {
        let mark = self.core.journal.entity(letter.key()).await?;
        Ok(mark.and_then(|mark| serde_json::from_value(mark.body).ok()))
    }

    /// Marks that a dead letter was sent on, with a record in the audit.
    pub async fn mark_moved(&self, letter: Letter, to: &str, actor: &Actor) -> Result<(), Error> {
        let core = &self.core;
        let now = core.clock.now();
        let known = core.journal.entity(letter.key()).await?;
        let moved = Moved { at: now, by: actor.0.clone(), to: to.to_owned() };
        let content = EntityContent {
            state: "moved".to_owned(),
            label: String::new(),
            body: serde_json::to_value(&moved).unwrap_or_default(),
        };
        let mark = EntityWrite {
            key: letter.key(),
            expected_rev: known.map_or(0, |known| known.rev),
            content: Some(content),
        };
        let entry =
            AuditEntry::new(actor, letter.to_string(), Code::from_static("moved"), format!("moved to {to}"));
        let entities = std::iter::once(mark).chain(self.surplus().await?).collect();
        let effects = EffectSet { entities, ..entry.recorded(now) };
        Ok(core.journal.apply(effects, None, now).await?)
    }

    /// The removal of the first mark, where there are more than are kept.
    async fn surplus(&self) -> Result<Option<EntityWrite>, Error> {
        let journal = &self.core.journal;
        let tallies = journal.entity_tallies(MARK.to_owned()).await?;
        if tallies.iter().map(|(_, count)| count).sum::<u64>() < KEPT {
            return Ok(None);
        }
        // Ids of jobs begin with the time.
        let first = journal.entities(MARK.to_owned(), None, 1).await?.rows.pop();
        Ok(first.map(|first| EntityWrite { key: first.key, expected_rev: first.rev, content: None }))
    }
}
