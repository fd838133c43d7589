//! Writes, dealt to the one or the other. Each is handed over when it is asked for, whether somebody waits for it or not.

use std::time::{Duration, Instant};

use intendant_journal::{
    Acceptance, BoxFuture, Burial, Change, EffectSet, Error, Fate, Mark, NewJob, NewRecord, Over, Write,
};
use jiff::Timestamp;
use model::{DeliveryId, EntityKey, EventKind, JobId};

use super::{Dealer, LONG};

impl Dealer {
    /// What was asked, and what follows from it everywhere.
    fn and_settled<'d, T: Send + 'd>(&'d self, asked: BoxFuture<'d, T>) -> BoxFuture<'d, T> {
        Box::pin(async move {
            let answer = asked.await;
            self.settle().await;
            answer
        })
    }

    /// Whoever does not own the job says so, and then its owner is asked. Where that one refuses, too, it is another life's.
    async fn asked_of_owner<'d>(
        &'d self,
        job: JobId,
        first: BoxFuture<'d, Result<(), Error>>,
        ask: impl Fn(usize) -> BoxFuture<'d, Result<(), Error>>,
    ) -> Result<(), Error> {
        let mut answer = first.await;
        while matches!(answer, Err(Error::NotOurs(_))) {
            let owner = self.owner_of(job).await;
            answer = ask(owner).await;
            if self.owner_of(job).await == owner {
                break;
            }
        }
        self.settle().await;
        answer
    }
}

impl Write for Dealer {
    fn accept(&self, job: NewJob, effects: EffectSet) -> BoxFuture<'_, Result<Acceptance, Error>> {
        let hub = self.hub_for(self.owner(job.id, job.subject.as_ref()));
        self.and_settled(hub.accept(job, effects))
    }

    fn record(&self, record: NewRecord) -> BoxFuture<'_, Result<i64, Error>> {
        self.and_settled(self.hub().record(record))
    }

    fn change(&self, change: Change) -> BoxFuture<'_, Result<(), Error>> {
        let (job, first) = (change.job, self.hub().change(change.clone()));
        Box::pin(self.asked_of_owner(job, first, move |hub| self.hubs[hub].change(change.clone())))
    }

    fn ask_cancel(&self, job: JobId, by: String, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        let asked = self.hub().ask_cancel(job, by, effects);
        Box::pin(async move {
            asked.await?;
            let (owner, begun) = (self.owner_of(job).await, Instant::now());
            while !self.told.is_cancelled(owner, job) {
                assert!(begun.elapsed() < LONG, "whoever runs {job} is not told");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            self.settle().await;
            Ok(())
        })
    }

    fn hurry(&self, job: JobId, at: Timestamp, effects: EffectSet) -> BoxFuture<'_, Result<(), Error>> {
        let first = self.hub().hurry(job, at, effects.clone());
        Box::pin(self.asked_of_owner(job, first, move |hub| self.hubs[hub].hurry(job, at, effects.clone())))
    }

    fn apply(
        &self,
        effects: EffectSet,
        event: Option<(EventKind, String)>,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<(), Error>> {
        self.and_settled(self.hub().apply(effects, event, at))
    }

    fn settle_dead(
        &self,
        deliveries: Vec<DeliveryId>,
        fate: Fate,
        effects: EffectSet,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        self.and_settled(self.hub_for(self.leader()).settle_dead(deliveries, fate, effects, at))
    }

    fn set_aside(
        &self,
        jobs: Vec<JobId>,
        refusals: Vec<i64>,
        effects: EffectSet,
    ) -> BoxFuture<'_, Result<u64, Error>> {
        self.and_settled(self.hub().set_aside(jobs, refusals, effects))
    }

    fn give_up(&self, over: Over, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        self.and_settled(self.hub().give_up(over, at))
    }

    fn bound_lines(&self, most: u64, at: Timestamp) -> BoxFuture<'_, Result<u64, Error>> {
        self.and_settled(self.hub().bound_lines(most, at))
    }

    fn mark(&self, delivery: DeliveryId, mark: Mark, at: Timestamp) -> BoxFuture<'_, Result<(), Error>> {
        self.and_settled(self.hub().mark(delivery, mark, at))
    }

    fn bury(&self, burial: Burial) -> BoxFuture<'_, Result<bool, Error>> {
        self.and_settled(self.hub().bury(burial))
    }

    fn erase(&self, entity: EntityKey, effects: EffectSet) -> BoxFuture<'_, Result<bool, Error>> {
        self.and_settled(self.hub().erase(entity, effects))
    }
}
