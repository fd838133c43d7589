//! The arguments of the journal's operations with everything confidential sealed: what waits in the queue.

use std::sync::Arc;

use jiff::Timestamp;
use model::effect::EntityContent;
use model::{Class, DeliveryId, DeliveryTo, Entity, EntityKey, EntityWrite, JobId, Subject};

use crate::aad::{Aad, Deciding, Ending};
use crate::change::{AttemptEnd, Change, EffectSet, NewJob, NewRecord, is_named};
use crate::error::Error;
use crate::rules::steps;
use crate::seal::{Digest, Seal};

/// A reply address: a keyed hash to recognise it, and the sealed bytes.
pub(crate) type SealedReply = (Digest, Vec<u8>);

/// See [`NewJob`].
pub(crate) struct SealedJob {
    pub(crate) id: JobId,
    pub(crate) source: String,
    pub(crate) external_id: Option<SealedId>,
    pub(crate) action: String,
    pub(crate) subject: Option<Subject>,
    pub(crate) class: Class,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) dry_run: bool,
    pub(crate) accepted_at: Timestamp,
    pub(crate) replay_of: Option<JobId>,
    pub(crate) body: Vec<u8>,
    pub(crate) secrets: Option<Vec<u8>>,
    pub(crate) reply: Option<SealedReply>,
}

/// A caller's id of a request, and what tells whether it is the same request.
pub(crate) struct SealedId {
    pub(crate) value: String,
    pub(crate) digest: Digest,
    /// The digest that version 0.1 wrote.
    pub(crate) formerly: Digest,
}

impl SealedJob {
    pub(crate) fn new(seal: &Seal, job: NewJob) -> Result<Self, Error> {
        let body = seal.seal(&Aad::body(Deciding::from(&job)), &job.body)?;
        let external_id = job.external_id.map(|id| SealedId {
            digest: seal.digest("request", &id.content),
            formerly: seal.digest("request", &id.formerly),
            value: id.value,
        });
        let reply = match &job.reply {
            None => None,
            Some(bytes) => {
                let aad = Aad::reply(&job.source, external_id.as_ref().map(|id| id.value.as_str()), job.id);
                Some((seal.digest("reply", bytes), seal.seal(&aad, bytes)?))
            }
        };
        Ok(SealedJob {
            id: job.id,
            source: job.source,
            external_id,
            action: job.action,
            subject: job.subject,
            class: job.class,
            deadline: job.deadline,
            not_before: job.not_before,
            dry_run: job.dry_run,
            accepted_at: job.accepted_at,
            replay_of: job.replay_of,
            body,
            secrets: job.secrets.map(|s| seal.seal(&Aad::secrets(job.id), &s)).transpose()?,
            reply,
        })
    }

    /// About how many bytes it is in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
            + self.secrets.as_ref().map_or(0, Vec::len)
            + self.reply.as_ref().map_or(0, |(_, sealed)| sealed.len())
    }
}

/// See [`model::EntityWrite`]: the entity as it will stand and its sealed body, or `None` to remove it.
pub(crate) struct SealedEntity {
    pub(crate) key: EntityKey,
    pub(crate) expected_rev: u64,
    pub(crate) content: Option<(Arc<Entity>, Vec<u8>)>,
}

impl SealedEntity {
    fn new(seal: &Seal, write: EntityWrite) -> Result<Self, Error> {
        // What older versions have written may still be changed, and removed.
        if write.expected_rev == 0 && write.content.is_some() && !is_named(&write.key) {
            let kind = write.key.kind.chars().take(64).collect();
            return Err(Error::NoName { kind });
        }
        let EntityWrite { key, expected_rev, content } = write;
        let content = match content {
            None => None,
            Some(EntityContent { state, label, body }) => {
                let rev = expected_rev + 1;
                let aad = Aad::entity(&key, rev, &state, &label);
                let sealed = seal.seal(&aad, body.to_string().as_bytes())?;
                Some((Arc::new(Entity { key: key.clone(), rev, state, label, body }), sealed))
            }
        };
        Ok(SealedEntity { key, expected_rev, content })
    }
}

/// See [`EffectSet::deliveries`].
pub(crate) struct SealedDelivery {
    pub(crate) id: DeliveryId,
    pub(crate) to: DeliveryTo,
    pub(crate) due_at: Timestamp,
    pub(crate) body: Vec<u8>,
}

/// See [`NewRecord`]; its body is moved out of it, sealed.
pub(crate) struct SealedRecord {
    pub(crate) record: NewRecord,
    pub(crate) body: Vec<u8>,
}

impl SealedRecord {
    pub(crate) fn new(seal: &Seal, mut record: NewRecord) -> Result<Self, Error> {
        let body = std::mem::take(&mut record.body);
        let NewRecord { kind, at, who, what, code, message, .. } = &record;
        let aad = Aad::record(*kind, *at, who, what.as_deref(), code, message);
        Ok(SealedRecord { body: seal.seal(&aad, &body)?, record })
    }
}

/// See [`EffectSet`].
pub(crate) struct SealedEffects {
    pub(crate) entities: Vec<SealedEntity>,
    pub(crate) deliveries: Vec<SealedDelivery>,
    pub(crate) follow_ups: Vec<SealedJob>,
    pub(crate) joins: Vec<SealedJob>,
    pub(crate) records: Vec<SealedRecord>,
    pub(crate) settles: Vec<i64>,
}

impl SealedEffects {
    pub(crate) fn new(seal: &Seal, effects: EffectSet) -> Result<Self, Error> {
        let entity = |write| SealedEntity::new(seal, write);
        let delivery = |(id, to, due_at, body): (DeliveryId, DeliveryTo, Timestamp, Vec<u8>)| {
            let body = seal.seal(&Aad::delivery(id, &to), &body)?;
            Ok(SealedDelivery { id, to, due_at, body })
        };
        let jobs = |jobs: Vec<NewJob>| -> Result<Vec<SealedJob>, Error> {
            jobs.into_iter().map(|job| SealedJob::new(seal, job)).collect()
        };
        Ok(SealedEffects {
            settles: effects.settles,
            entities: effects.entities.into_iter().map(entity).collect::<Result<_, Error>>()?,
            deliveries: effects.deliveries.into_iter().map(delivery).collect::<Result<_, Error>>()?,
            follow_ups: jobs(effects.follow_ups)?,
            joins: jobs(effects.joins)?,
            records: effects
                .records
                .into_iter()
                .map(|record| SealedRecord::new(seal, record))
                .collect::<Result<_, Error>>()?,
        })
    }

    /// About how many bytes they are in memory.
    pub(crate) fn bytes(&self) -> usize {
        // Sealed, and in clear for those who keep a copy.
        let entities =
            self.entities.iter().filter_map(|e| e.content.as_ref()).map(|(_, body)| 2 * body.len());
        let deliveries = self.deliveries.iter().map(|d| d.body.len());
        let follow_ups = self.follow_ups.iter().chain(&self.joins).map(SealedJob::bytes);
        let records = self.records.iter().map(|r| r.body.len());
        entities.chain(deliveries).chain(follow_ups).chain(records).sum()
    }
}

/// See [`Change`]; its `effects` and the output of its attempt are moved out of it, sealed.
pub(crate) struct SealedChange {
    pub(crate) change: Change,
    /// That the plan is this one.
    pub(crate) plan: Option<Vec<u8>>,
    pub(crate) output: Vec<u8>,
    pub(crate) effects: SealedEffects,
}

impl SealedChange {
    /// Fails with [`Error::TooMany`] when it has more steps or attempts than can be numbered.
    pub(crate) fn new(seal: &Seal, mut change: Change) -> Result<Self, Error> {
        steps::numbered(&change)?;
        let effects = SealedEffects::new(seal, std::mem::take(&mut change.effects))?;
        let output = match &mut change.ended {
            None => Vec::new(),
            Some(AttemptEnd { step, number, kind, status, code, message, output }) => {
                let (code, message) = (code.as_ref(), message.as_deref());
                let end = Ending { at: Some(change.at), kind: Some(*kind), status: *status, code, message };
                let aad = Aad::output(change.job, *step, *number, end);
                seal.seal(&aad, &std::mem::take(output))?
            }
        };
        let plan = if change.plan.is_empty() {
            None
        } else {
            let plan = change.plan.iter().map(|step| (step.backend.as_str(), step.on_error));
            Some(seal.seal(&Aad::plan(change.job, plan), b"")?)
        };
        Ok(SealedChange { change, plan, output, effects })
    }

    /// About how many bytes it is in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.output.len() + self.effects.bytes()
    }
}
