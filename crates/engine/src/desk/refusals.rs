//! What could not be accepted: kept whole, listed with the dead letters, and handed in again when the cause is gone.

use journal::EffectSet;
use model::redact::masked_pointers;
use model::{Code, Record, RecordKind, Request};

use crate::carry::carry;
use crate::desk::aside::Refusals;
use crate::desk::audit::{Actor, AuditEntry};
use crate::desk::hub::{Accepted, Hub};
use crate::error::Error;
use crate::work::follow::FOLLOW_UP;
use crate::work::refusal::secrets;

/// Refusals that are named; the others are counted.
const NAMED: usize = 1000;

/// What became of many refused messages that were handed in again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resubmitted {
    /// So many were accepted.
    pub accepted: u64,
    /// So many were refused once more.
    pub refused: u64,
    /// The first of those by their records, and why.
    pub refusals: Vec<(i64, String)>,
    /// So many were not looked at: the journal could not be written.
    pub left: u64,
}

/// The source of a refused message: one that no source had received has the source that was meant.
fn source_of(who: &str) -> &str {
    who.strip_prefix(FOLLOW_UP).and_then(|rest| rest.strip_prefix('/')).unwrap_or(who)
}

impl Hub {
    /// Hands a refused message in again, read by the decoder of its source. A new job is recorded in the audit, and the
    /// message is no dead letter any more.
    pub async fn resubmit(&self, record: i64, actor: &Actor) -> Result<Accepted, Error> {
        let (record, raw) = self.refused(record).await?;
        if raw.is_empty() {
            return Ok(Accepted::Refused(secrets::gone("what it said is no longer kept")));
        }
        let Some(decoder) = self.core.decoder(&record.who) else {
            return Err(Error::Missing(format!(
                "source {} any more, which received this message",
                record.who
            )));
        };
        let entry = |job| {
            let (what, message) =
                (format!("refusal {}", record.seq), format!("handed in again as job {job}"));
            Some(AuditEntry::new(actor, what, Code::from_static("resubmitted"), message))
        };
        match decoder.decode(&raw) {
            Ok(request) => {
                let masked = masked_pointers(&request.body);
                if !masked.is_empty() {
                    let what = format!("its secrets are no longer kept ({})", masked.join(", "));
                    return Ok(Accepted::Refused(secrets::gone(&what)));
                }
                let source = source_of(&record.who).to_owned();
                let request = Request { source, ..request };
                let settles = vec![record.seq];
                let accepted =
                    self.accept_settling(request, model::Effects::default(), settles.clone(), entry).await?;
                if matches!(accepted, Accepted::Known(..) | Accepted::Unclaimed) {
                    // There was nothing to accept, in whose commit it would have been settled.
                    let effects = EffectSet { settles, ..EffectSet::default() };
                    self.core.journal.apply(effects, None, self.now()).await?;
                }
                Ok(accepted)
            }
            Err(why) => Ok(Accepted::Refused(why)),
        }
    }

    /// Hands many in again, those that came first before the others, and tells of each what [`Hub::resubmit`] does.
    pub async fn resubmit_many(&self, which: Refusals, actor: &Actor) -> Result<Resubmitted, Error> {
        let mut records = self.dead_refusals(which).await?;
        records.sort_unstable();
        records.dedup();
        let (hub, actor) = (self.clone(), actor.clone());
        carry(async move {
            let mut told = Resubmitted::default();
            let mut rest = records.into_iter();
            for record in rest.by_ref() {
                let why = match hub.resubmit(record, &actor).await {
                    Ok(Accepted::Refused(why)) => why.message,
                    Ok(_) => {
                        told.accepted += 1;
                        continue;
                    }
                    Err(Error::Journal(_) | Error::Stopping) => {
                        told.left += 1;
                        break;
                    }
                    Err(error) => error.to_string(),
                };
                told.refused += 1;
                if told.refusals.len() < NAMED {
                    told.refusals.push((record, why));
                }
            }
            told.left += rest.len() as u64;
            Ok(told)
        })
        .await
    }

    /// A refusal and the message as it came.
    pub async fn refused(&self, record: i64) -> Result<(Record, Vec<u8>), Error> {
        let found = self.core.journal.record_body(record).await?;
        let found = found.filter(|(record, _)| record.kind == RecordKind::Refusal);
        found.ok_or_else(|| Error::Missing(format!("refusal {record}")))
    }
}
