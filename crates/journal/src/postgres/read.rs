//! Reads: what one statement tells on a session that all share, the rest in a snapshot of its own.

use jiff::Timestamp;
use model::{
    CauseId, Class, Delivery, DeliveryTo, Entity, EntityKey, Event, EventsCursor, Job, JobId, Name,
    OutboxPlace, Record, Seq, Step, Subject,
};
use uuid::Uuid;

use super::journal::PostgresJournal;
use super::shard::Shards;
use super::{dead, entity, job, list, name, outbox, record, room, shard};
use crate::api::{
    Answer, AttemptOutput, BoxFuture, CauseTally, Count, DeadTally, DeliveryFilter, Due, EntityFilter,
    EntityPage, Filter, Listing, Naming, OpenAttempt, Page, Prepared, Read, RecordBody, RecordFilter, Tally,
    Whose,
};
use crate::damage::Damaged;
use crate::error::Error;
use crate::life::Life;

impl Read for PostgresJournal {
    fn id(&self) -> Uuid {
        self.id
    }

    fn life(&self) -> &Life {
        &self.life
    }

    fn owns(&self, job: JobId, subject: Option<&Subject>) -> bool {
        self.owned.now().has(shard::of(job, subject.map(Subject::as_str)))
    }

    fn damaged(&self) -> Vec<Damaged> {
        self.damage.all()
    }

    fn due(&self, lane: String, class: Class, limit: usize) -> BoxFuture<'_, Result<Listing<Due>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, _, sieve) = read.parts();
            let mut place = self.lanes.read(&lane, class);
            job::due(sql, sieve, (&lane, class), &mut place, (self.owned.now(), limit)).await
        })
    }

    fn lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::lanes(&read, self.owned.now()).await
        })
    }

    fn all_lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::lanes(&read, Shards::all()).await
        })
    }

    fn lane(&self, lane: String, after: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, _, sieve) = read.parts();
            job::lane(sql, sieve, &lane, after, limit).await
        })
    }

    fn lane_size(&self, lane: String) -> BoxFuture<'_, Result<(u64, Option<Timestamp>), Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::lane_size(&read, &lane).await
        })
    }

    fn expired(&self, at: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, _, sieve) = read.parts();
            job::expired(sql, sieve, at, (self.owned.now(), limit)).await
        })
    }

    fn next_deadline(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::next_deadline(&read, self.owned.now()).await
        })
    }

    fn prepare(&self, job: JobId) -> BoxFuture<'_, Result<Option<Prepared>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            job::prepare(sql, seal, sieve, (&self.together, job)).await
        })
    }

    fn open_attempts(&self, of: Whose) -> BoxFuture<'_, Result<Vec<OpenAttempt>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, _, sieve) = read.parts();
            job::open_attempts(sql, sieve, (of, self.owned.now()), self.life.number()).await
        })
    }

    fn job(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::one(&read, job).await
        })
    }

    fn steps(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Step>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, _, sieve) = read.parts();
            job::steps(sql, sieve, job).await
        })
    }

    fn attempts(&self, job: JobId) -> BoxFuture<'_, Result<Vec<AttemptOutput>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            job::attempts(sql, seal, sieve, job).await
        })
    }

    fn deliveries_of(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Delivery>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            outbox::of_job(sql, seal, sieve, job).await
        })
    }

    fn jobs(&self, filter: Filter, page: Page) -> BoxFuture<'_, Result<Listing<Job>, Error>> {
        Box::pin(async move {
            let mut read = self.snapshot().await?;
            let (sql, _, sieve) = read.parts();
            list::jobs(sql, sieve, &filter, page).await
        })
    }

    fn count(
        &self,
        filter: Filter,
        before: Option<Seq>,
        at_most: u32,
    ) -> BoxFuture<'_, Result<Count, Error>> {
        Box::pin(async move {
            let read = self.snapshot().await?;
            list::count(&read, &filter, before, at_most).await
        })
    }

    fn newest(&self) -> BoxFuture<'_, Result<Option<Seq>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            list::newest(&read).await
        })
    }

    fn names(&self, subjects: Vec<Subject>) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            name::of(&read, &subjects).await
        })
    }

    fn named(&self, naming: Naming, at_most: usize) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            name::find(&read, &naming, at_most).await
        })
    }

    fn before(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::before(&read, job).await
        })
    }

    fn deadline_behind(&self, job: JobId) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::deadline_behind(&read, job).await
        })
    }

    fn later_success(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::later_success(&read, job).await
        })
    }

    fn dead_letters(&self) -> BoxFuture<'_, Result<DeadTally, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            dead::tally(&read).await
        })
    }

    fn causes(&self, backend: Option<String>, limit: usize) -> BoxFuture<'_, Result<Vec<CauseTally>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            dead::causes(&read, backend.as_deref(), limit).await
        })
    }

    fn cause(&self, id: CauseId) -> BoxFuture<'_, Result<Option<CauseTally>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            dead::one(&read, id).await
        })
    }

    fn tallies(&self) -> BoxFuture<'_, Result<Vec<Tally>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            job::tallies(&read).await
        })
    }

    fn deliveries(
        &self,
        courier: Option<String>,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            outbox::pending(sql, seal, sieve, courier.as_ref(), after.number(), limit).await
        })
    }

    fn line(
        &self,
        to: DeliveryTo,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            outbox::line(sql, seal, sieve, &to, after.number(), limit).await
        })
    }

    fn outbox(
        &self,
        filter: DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>> {
        Box::pin(async move {
            let mut read = self.snapshot().await?;
            let (sql, seal, sieve) = read.parts();
            outbox::list(sql, seal, sieve, &filter, before, limit).await
        })
    }

    fn answer(&self, job: JobId) -> BoxFuture<'_, Result<Option<Answer>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            job::answer(sql, seal, sieve, job).await
        })
    }

    fn entity(&self, key: EntityKey) -> BoxFuture<'_, Result<Option<Entity>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            entity::one(sql, seal, sieve, &key).await
        })
    }

    fn entities(
        &self,
        kind: String,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, sieve) = read.parts();
            entity::list(sql, seal, sieve, &kind, after.as_deref(), limit).await
        })
    }

    fn find_entities(
        &self,
        filter: EntityFilter,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        Box::pin(async move {
            let mut read = self.snapshot().await?;
            let (sql, seal, sieve) = read.parts();
            entity::find(sql, seal, sieve, &filter, after.as_deref(), limit).await
        })
    }

    fn entity_tallies(&self, kind: String) -> BoxFuture<'_, Result<Vec<(String, u64)>, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            entity::tallies(&read, &kind).await
        })
    }

    fn records(
        &self,
        filter: RecordFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Record>, Error>> {
        Box::pin(async move {
            let mut read = self.snapshot().await?;
            let (sql, _, sieve) = read.parts();
            record::list(sql, sieve, &filter, before, limit).await
        })
    }

    fn refusals(&self, after: i64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, _, sieve) = read.parts();
            record::refusals(sql, sieve, after, limit).await
        })
    }

    fn record_body(&self, seq: i64) -> BoxFuture<'_, Result<Option<RecordBody>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, seal, _) = read.parts();
            record::one(sql, seal, seq).await
        })
    }

    fn events(
        &self,
        after: EventsCursor,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Event, EventsCursor>, Error>> {
        Box::pin(async move {
            let mut read = self.read().await?;
            let (sql, _, sieve) = read.parts();
            record::events(sql, sieve, &after, limit).await
        })
    }

    fn last_event(&self) -> BoxFuture<'_, Result<EventsCursor, Error>> {
        Box::pin(async move {
            let read = self.read().await?;
            record::last_event(&read).await
        })
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            if self.health.trouble().is_none() {
                return Ok(());
            }
            let tried = self.alone(0, |tx| Box::pin(room::take(tx))).await;
            // Whoever may not take any for a moment has to try it with what comes.
            if matches!(tried, Ok(()) | Err(Error::Engine(_))) {
                self.health.healed();
                return Ok(());
            }
            // Also of a life that is over it says why.
            self.health.trouble().map_or(tried, |why| Err(Error::Unwritable(why)))
        })
    }
}
