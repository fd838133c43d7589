//! Who changed what, with what it was before and after. The record is in the same commit as the change.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::{EffectSet, NewRecord};
use model::{Code, Record, RecordKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desk::hub::Hub;
use crate::error::Error;

/// Who does it: `uid:0`, a token's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(pub String);

/// Pause before an entry is written again for which the journal had no room.
const AGAIN: Duration = Duration::from_secs(1);

/// What stands in `before` and `after` for a secret: that it changed, never what it is.
pub const CHANGED: &str = "changed";

/// A change that somebody made.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// What was changed: a kind and a name, such as `job 019a…` or `backend 10ldif`.
    pub what: String,
    /// Which change.
    pub code: Code,
    /// The same in words.
    pub message: String,
    /// What it was before and is now.
    pub changed: Changed,
}

/// What something was before a change and is after it. A secret is [`CHANGED`] in both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// Before; `None` = it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// After; `None` = it is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl AuditEntry {
    /// An entry that says no more than that it was done.
    pub fn new(actor: &Actor, what: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        let (what, message) = (what.into(), message.into());
        AuditEntry { actor: actor.clone(), what, code, message, changed: Changed::default() }
    }

    /// The same with what it was.
    #[must_use]
    pub fn before(mut self, before: Value) -> Self {
        self.changed.before = Some(before);
        self
    }

    /// The same with what it is now.
    #[must_use]
    pub fn after(mut self, after: Value) -> Self {
        self.changed.after = Some(after);
        self
    }

    /// Effects that are nothing but this record.
    pub(crate) fn recorded(self, at: Timestamp) -> EffectSet {
        EffectSet { records: vec![self.record(at)], ..EffectSet::default() }
    }

    /// As the journal keeps it: before and after are sealed.
    pub fn record(self, at: Timestamp) -> NewRecord {
        let body = if self.changed == Changed::default() {
            Vec::new()
        } else {
            // Values written to memory: there is nothing that could fail.
            serde_json::to_vec(&self.changed).unwrap_or_default()
        };
        NewRecord {
            kind: RecordKind::Audit,
            at,
            who: self.actor.0,
            what: Some(self.what),
            code: self.code,
            message: self.message,
            body,
        }
    }
}

impl Hub {
    /// Records a change that was made outside the journal. What the hub itself changes is recorded by the way.
    pub async fn audit(&self, entry: AuditEntry) -> Result<i64, Error> {
        let record = entry.record(self.core.clock.now());
        Ok(self.core.journal.record(record).await?)
    }

    /// The same for what is done already: while the disk is full it is written as soon as there is room.
    pub async fn audit_when_possible(&self, entry: AuditEntry) -> Result<(), Error> {
        let core = Arc::clone(&self.core);
        let record = entry.record(core.clock.now());
        match core.journal.record(record.clone()).await {
            Err(journal::Error::Unwritable(_)) => {}
            written => return Ok(written.map(drop)?),
        }
        tokio::spawn(async move {
            loop {
                core.clock.sleep(AGAIN).await;
                match core.journal.record(record.clone()).await {
                    Err(journal::Error::Unwritable(_)) => {}
                    Ok(_) | Err(journal::Error::Closed) => return,
                    Err(error) => return tracing::error!("an entry of the audit is lost: {error}"),
                }
            }
        });
        Ok(())
    }

    /// An audit record, with before and after.
    pub async fn audited(&self, record: i64) -> Result<(Record, Changed), Error> {
        let found = self.core.journal.record_body(record).await?;
        let found = found.filter(|(record, _)| record.kind == RecordKind::Audit);
        let (record, body) = found.ok_or_else(|| Error::Missing(format!("audit record {record}")))?;
        let changed = if body.is_empty() {
            Changed::default()
        } else {
            serde_json::from_slice(&body).map_err(|e| {
                journal::Error::Damaged(format!("the body of audit record {} is no JSON: {e}", record.seq))
            })?
        };
        Ok((record, changed))
    }
}
