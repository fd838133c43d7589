//! Reads: of all of them either knows, and of its own jobs each.

use std::time::Instant;

use futures_util::future::join_all;
use intendant_journal::{
    Answer, AttemptOutput, BoxFuture, CauseTally, Count, Damaged, DeadTally, DeliveryFilter, Due,
    EntityFilter, EntityPage, Error, Filter, Journal, Life, Listing, Naming, OpenAttempt, Page, Prepared,
    Read, RecordBody, RecordFilter, Tally, Whose,
};
use jiff::Timestamp;
use model::{
    CauseId, Class, Delivery, DeliveryTo, Entity, EntityKey, Event, EventsCursor, Job, JobId, Name,
    OutboxPlace, Record, Seq, Step, Subject,
};
use uuid::Uuid;

use super::Dealer;

impl Dealer {
    /// What all hubs answer of what is their own, while nothing of it moves.
    pub(super) async fn of_all<'d, T>(
        &'d self,
        ask: impl Fn(&'d dyn Journal) -> BoxFuture<'d, Result<T, Error>>,
    ) -> Result<Vec<T>, Error> {
        let begun = Instant::now();
        loop {
            let before = self.owners();
            let asked: Vec<_> = self.hubs.iter().map(|hub| ask(&**hub)).collect();
            let answers = join_all(asked).await;
            if self.is_still(before, begun).await {
                return answers.into_iter().collect();
            }
        }
    }
}

impl Read for Dealer {
    fn id(&self) -> Uuid {
        self.hub().id()
    }

    fn life(&self) -> &Life {
        self.hubs[0].life()
    }

    fn owns(&self, job: JobId, subject: Option<&Subject>) -> bool {
        self.owner(job, subject).is_some()
    }

    fn damaged(&self) -> Vec<Damaged> {
        self.hubs.iter().flat_map(|hub| hub.damaged()).collect()
    }

    fn due(&self, lane: String, class: Class, limit: usize) -> BoxFuture<'_, Result<Listing<Due>, Error>> {
        Box::pin(async move {
            let found = self.of_all(|hub| hub.due(lane.clone(), class, limit)).await?;
            let (mut rows, mut damaged) = (Vec::new(), Vec::new());
            for mut part in found {
                rows.append(&mut part.rows);
                damaged.append(&mut part.damaged);
            }
            rows.sort_by_key(|due| (due.due_at, due.seq));
            rows.truncate(limit);
            let next = rows.last().filter(|_| rows.len() >= limit).map(|due| due.seq.0);
            Ok(Listing { rows, next, damaged })
        })
    }

    fn lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let mut lanes = self.of_all(|hub| hub.lanes()).await?.concat();
            lanes.sort();
            lanes.dedup();
            Ok(lanes)
        })
    }

    fn expired(&self, at: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        Box::pin(async move {
            let mut expired = self.of_all(|hub| hub.expired(at, limit)).await?.concat();
            expired.sort_by_key(|job| (job.deadline, job.seq));
            expired.truncate(limit);
            Ok(expired)
        })
    }

    fn next_deadline(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        Box::pin(async move {
            let found = self.of_all(|hub| hub.next_deadline()).await?;
            Ok(found.into_iter().flatten().min())
        })
    }

    fn open_attempts(&self, of: Whose) -> BoxFuture<'_, Result<Vec<OpenAttempt>, Error>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for open in self.of_all(|hub| hub.open_attempts(of)).await?.concat() {
                found.push((self.hub().job(open.job).await?.map(|job| job.seq), open));
            }
            found.sort_by_key(|(seq, _)| *seq);
            Ok(found.into_iter().map(|(_, open)| open).collect())
        })
    }

    fn lane(&self, lane: String, after: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        self.hub().lane(lane, after, limit)
    }

    fn lane_size(&self, lane: String) -> BoxFuture<'_, Result<(u64, Option<Timestamp>), Error>> {
        self.hub().lane_size(lane)
    }

    fn prepare(&self, job: JobId) -> BoxFuture<'_, Result<Option<Prepared>, Error>> {
        self.hub().prepare(job)
    }

    fn job(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        self.hub().job(job)
    }

    fn steps(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Step>, Error>> {
        self.hub().steps(job)
    }

    fn attempts(&self, job: JobId) -> BoxFuture<'_, Result<Vec<AttemptOutput>, Error>> {
        self.hub().attempts(job)
    }

    fn deliveries_of(&self, job: JobId) -> BoxFuture<'_, Result<Vec<Delivery>, Error>> {
        self.hub().deliveries_of(job)
    }

    fn jobs(&self, filter: Filter, page: Page) -> BoxFuture<'_, Result<Listing<Job>, Error>> {
        self.hub().jobs(filter, page)
    }

    fn count(
        &self,
        filter: Filter,
        before: Option<Seq>,
        at_most: u32,
    ) -> BoxFuture<'_, Result<Count, Error>> {
        self.hub().count(filter, before, at_most)
    }

    fn newest(&self) -> BoxFuture<'_, Result<Option<Seq>, Error>> {
        self.hub().newest()
    }

    fn names(&self, subjects: Vec<Subject>) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        self.hub().names(subjects)
    }

    fn named(&self, naming: Naming, at_most: usize) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        self.hub().named(naming, at_most)
    }

    fn before(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        self.hub().before(job)
    }

    fn deadline_behind(&self, job: JobId) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        self.hub().deadline_behind(job)
    }

    fn later_success(&self, job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        self.hub().later_success(job)
    }

    fn dead_letters(&self) -> BoxFuture<'_, Result<DeadTally, Error>> {
        self.hub().dead_letters()
    }

    fn causes(&self, backend: Option<String>, limit: usize) -> BoxFuture<'_, Result<Vec<CauseTally>, Error>> {
        self.hub().causes(backend, limit)
    }

    fn cause(&self, id: CauseId) -> BoxFuture<'_, Result<Option<CauseTally>, Error>> {
        self.hub().cause(id)
    }

    fn tallies(&self) -> BoxFuture<'_, Result<Vec<Tally>, Error>> {
        self.hub().tallies()
    }

    fn deliveries(
        &self,
        courier: Option<String>,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
        self.hub().deliveries(courier, after, limit)
    }

    fn line(
        &self,
        to: DeliveryTo,
        after: OutboxPlace,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
        self.hub().line(to, after, limit)
    }

    fn outbox(
        &self,
        filter: DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>> {
        self.hub().outbox(filter, before, limit)
    }

    fn answer(&self, job: JobId) -> BoxFuture<'_, Result<Option<Answer>, Error>> {
        self.hub().answer(job)
    }

    fn entity(&self, key: EntityKey) -> BoxFuture<'_, Result<Option<Entity>, Error>> {
        self.hub().entity(key)
    }

    fn entities(
        &self,
        kind: String,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        self.hub().entities(kind, after, limit)
    }

    fn find_entities(
        &self,
        filter: EntityFilter,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        self.hub().find_entities(filter, after, limit)
    }

    fn entity_tallies(&self, kind: String) -> BoxFuture<'_, Result<Vec<(String, u64)>, Error>> {
        self.hub().entity_tallies(kind)
    }

    fn records(
        &self,
        filter: RecordFilter,
        before: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Record>, Error>> {
        self.hub().records(filter, before, limit)
    }

    fn refusals(&self, after: i64, limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        self.hub().refusals(after, limit)
    }

    fn record_body(&self, seq: i64) -> BoxFuture<'_, Result<Option<RecordBody>, Error>> {
        self.hub().record_body(seq)
    }

    fn events(
        &self,
        after: EventsCursor,
        limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Event, EventsCursor>, Error>> {
        self.hub().events(after, limit)
    }

    fn last_event(&self) -> BoxFuture<'_, Result<EventsCursor, Error>> {
        self.hub().last_event()
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.hub().writable()
    }
}
