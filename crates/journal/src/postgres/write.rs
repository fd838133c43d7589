//! Writes: sealed here, and handed to the writer.

use std::sync::Arc;

use jiff::Timestamp;
use model::{DeliveryId, EntityKey, EventKind, JobId};

use super::journal::{PostgresJournal, answered};
use super::op::Op;
use super::queue::Answer;
use super::{alone, bury, clean};
use crate::api::{Acceptance, BoxFuture, Write};
use crate::change::{Change, EffectSet, Fate, Mark, NewJob, NewRecord, Over};
use crate::damage::Burial;
use crate::error::Error;
use crate::sealed::{SealedChange, SealedEffects, SealedJob, SealedRecord};

fn failed<T: Send + 'static>(error: Error) -> BoxFuture<'static, Result<T, Error>> {
    Box::pin(async { Err(error) })
}

impl PostgresJournal {
    /// Queues at once what could be sealed.
    fn queue<S, T: Send + 'static>(
        &self,
        sealed: Result<S, Error>,
        bytes: impl FnOnce(&S) -> usize,
        op: impl FnOnce(S, Answer<T>) -> Op,
    ) -> BoxFuture<'static, Result<T, Error>> {
        match sealed {
            Err(error) => failed(error),
            Ok(sealed) => {
                let bytes = bytes(&sealed);
                answered(self.queue.write(bytes, |answer| op(sealed, answer)))
            }
        }
    }

    fn sealed(&self, mut effects: EffectSet) -> Result<Box<SealedEffects>, Error> {
        clean::effects(&mut effects);
        SealedEffects::new(&self.seal, effects).map(Box::new)
    }
}

impl Write for PostgresJournal {
    fn accept(&self, mut job: NewJob, effects: EffectSet) -> BoxFuture<'_, Result<Acceptance, Error>> {
        clean::job(&mut job);
        let sealed =
            SealedJob::new(&self.seal, job).and_then(|job| Ok((Box::new(job), self.sealed(effects)?)));
        self.queue(
            sealed,
            |(job, effects)| job.bytes() + effects.bytes(),
            |(job, effects), answer| Op::Accept { job, effects, answer },
        )
    }

    fn record(&self, mut record: NewRecord) -> BoxFuture<'_, Result<i64, Error>> {
        clean::record(&mut record);
        let sealed = SealedRecord::new(&self.seal, record).map(Box::new);
        self.queue(sealed, |sealed| sealed.body.len(), |record, answer| Op::Record { record, answer })
    }

    fn change(&self, mut change: Change) -> BoxFuture<'_, Result<(), Error>> {
        clean::change(&mut change);
        let sealed = SealedChange::new(&self.seal, change).map(Box::new);
        self.queue(sealed, |sealed| sealed.bytes(), |change, answer| Op::Change { change, answer })
    }

    fn ask_cancel(&self, job: JobId, by: String, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        let by = by.replace('\0', "\u{fffd}");
        self.queue(
            self.sealed(effects),
            |effects| effects.bytes(),
            |effects, answer| Op::AskCancel { job, by, effects, answer },
        )
    }

    fn hurry(&self, job: JobId, at: Timestamp, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        self.queue(
            self.sealed(effects),
            |effects| effects.bytes(),
            |effects, answer| Op::Hurry { job, at, effects, answer },
        )
    }

    fn apply(
        &self,
        effects: EffectSet,
        event: Option<(EventKind, String)>,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<(), Error>> {
        let event = event.map(|(kind, name)| (kind, name.replace('\0', "\u{fffd}")));
        self.queue(
            self.sealed(effects),
            |effects| effects.bytes(),
            |effects, answer| Op::Apply { effects, event, at, answer },
        )
    }

    fn settle_dead(
        &self,
        deliveries: Vec<DeliveryId>,
        fate: Fate,
        effects: EffectSet,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        let asked = match self.sealed(effects) {
            Err(error) => return failed(error),
            Ok(effects) => Arc::new((deliveries, effects)),
        };
        self.alone(asked.1.bytes(), move |tx| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { alone::settle_dead(tx, &asked.0, fate, &asked.1, at).await })
        })
    }

    fn set_aside(
        &self,
        jobs: Vec<JobId>,
        refusals: Vec<i64>,
        effects: EffectSet,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        let asked = match self.sealed(effects) {
            Err(error) => return failed(error),
            Ok(effects) => Arc::new((jobs, refusals, effects)),
        };
        self.alone(asked.2.bytes(), move |tx| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { alone::set_aside(tx, &asked.0, &asked.1, &asked.2).await })
        })
    }

    fn give_up(&self, over: Over, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        let over = Arc::new(over);
        self.alone(0, move |tx| {
            let over = Arc::clone(&over);
            Box::pin(async move { alone::give_up(tx, &over, at).await })
        })
    }

    fn bound_lines(&self, most: u64, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        self.alone(0, move |tx| Box::pin(alone::bound_lines(tx, most, at)))
    }

    fn mark(&self, delivery: DeliveryId, mut mark: Mark, at: Timestamp) -> BoxFuture<'_, Result<(), Error>> {
        if let Mark::Later(_, why) | Mark::Never(why) = &mut mark {
            *why = why.replace('\0', "\u{fffd}");
        }
        self.queue(Ok(mark), |_| 0, |mark, answer| Op::Mark { delivery, mark, at, answer })
    }

    fn bury(&self, burial: Burial) -> BoxFuture<'_, Result<bool, Error>> {
        self.alone(0, move |tx| Box::pin(async move { bury::bury(tx, &burial).await }))
    }

    fn erase(&self, entity: EntityKey, effects: EffectSet) -> BoxFuture<'_, Result<bool, Error>> {
        let asked = match self.sealed(effects) {
            Err(error) => return failed(error),
            Ok(effects) => Arc::new((entity, effects)),
        };
        self.alone(asked.1.bytes(), move |tx| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { alone::erase(tx, &asked.0, &asked.1).await })
        })
    }
}
