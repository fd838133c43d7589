//! Writes: sealed here, and handed to the writer.

use jiff::Timestamp;
use model::{Code, DeliveryId, EntityKey, EventKind, JobId};

use super::{SqliteJournal, failed};
use crate::api::{Acceptance, BoxFuture, Write};
use crate::change::{Change, EffectSet, Fate, Mark, NewJob, NewRecord, Over};
use crate::damage::Burial;
use crate::error::Error;
use crate::sealed::{SealedChange, SealedEffects, SealedJob, SealedRecord};
use crate::sqlite::queue::Kind;
use crate::sqlite::{accept, bury, change, dead, effects, operate, outbox, record};

impl Write for SqliteJournal {
    fn accept(&self, job: NewJob, effects: EffectSet) -> BoxFuture<'_, Result<Acceptance, Error>> {
        let sealed = SealedJob::new(&self.seal, job)
            .and_then(|job| Ok((job, SealedEffects::new(&self.seal, effects)?)));
        match sealed {
            Err(error) => failed(error),
            Ok((job, effects)) => self.write(Kind::Accept, job.bytes() + effects.bytes(), move |tx| {
                accept::accept(tx, &job, &effects)
            }),
        }
    }

    fn record(&self, record: NewRecord) -> BoxFuture<'_, Result<i64, Error>> {
        match SealedRecord::new(&self.seal, record) {
            Err(error) => failed(error),
            Ok(sealed) => self.write(Kind::Other, sealed.body.len(), move |tx| record::append(tx, &sealed)),
        }
    }

    fn change(&self, change: Change) -> BoxFuture<'_, Result<(), Error>> {
        let settles = change.ended.is_some() || change.to.state.is_terminal();
        let kind = match change.started {
            _ if settles => Kind::Settle,
            Some(_) => Kind::Start,
            None => Kind::Other,
        };
        match SealedChange::new(&self.seal, change) {
            Err(error) => failed(error),
            Ok(sealed) => self.write(kind, sealed.bytes(), move |tx| change::change(tx, &sealed)),
        }
    }

    fn ask_cancel(&self, job: JobId, by: String, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => self
                .write(Kind::Other, effects.bytes(), move |tx| operate::ask_cancel(tx, job, &by, &effects)),
        }
    }

    fn hurry(&self, job: JobId, at: Timestamp, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => {
                self.write(Kind::Other, effects.bytes(), move |tx| operate::hurry(tx, job, at, &effects))
            }
        }
    }

    fn apply(
        &self,
        effects: EffectSet,
        event: Option<(EventKind, String)>,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<(), Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => self.write(Kind::Other, effects.bytes(), move |tx| {
                effects::write(tx, &effects, None)?;
                if let Some((kind, name)) = &event {
                    tx.event(at, *kind, None, (None, None), Some(Code(name.clone().into())));
                }
                Ok(())
            }),
        }
    }

    fn settle_dead(
        &self,
        deliveries: Vec<DeliveryId>,
        fate: Fate,
        effects: EffectSet,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => self.write(Kind::Other, effects.bytes(), move |tx| {
                outbox::settle_dead(tx, &deliveries, fate, &effects, at)
            }),
        }
    }

    fn set_aside(
        &self,
        jobs: Vec<JobId>,
        refusals: Vec<i64>,
        effects: EffectSet,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        match SealedEffects::new(&self.seal, effects) {
            Err(error) => failed(error),
            Ok(effects) => self.write(Kind::Other, effects.bytes(), move |tx| {
                dead::set_aside(tx, &jobs, &refusals, &effects)
            }),
        }
    }

    fn give_up(&self, over: Over, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        self.write(Kind::Other, 0, move |tx| outbox::give_up(tx, &over, at))
    }

    fn bound_lines(&self, most: u64, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        self.write(Kind::Other, 0, move |tx| outbox::bound_lines(tx, most, at))
    }

    fn mark(&self, delivery: DeliveryId, mark: Mark, at: Timestamp) -> BoxFuture<'_, Result<(), Error>> {
        self.write(Kind::Mark, 0, move |tx| outbox::mark(tx, delivery, &mark, at))
    }

    fn bury(&self, burial: Burial) -> BoxFuture<'_, Result<bool, Error>> {
        self.write(Kind::Other, 0, move |tx| bury::bury(tx, &burial))
    }

    fn erase(&self, entity: EntityKey, effects: EffectSet) -> BoxFuture<'_, Result<bool, Error>> {
        let effects = match SealedEffects::new(&self.seal, effects) {
            Err(error) => return failed(error),
            Ok(effects) => effects,
        };
        self.write(Kind::Other, effects.bytes(), move |tx| effects::erase(tx, &entity, &effects))
    }
}
