//! Reads, each on a session that all share.

use jiff::Timestamp;
use model::{
    CauseId, Class, Delivery, DeliveryTo, Entity, EntityKey, Event, EventsCursor, Job, JobId, Name,
    OutboxPlace, Record, Seq, Step, Subject,
};
use uuid::Uuid;

use super::journal::PostgresJournal;
use crate::api::{
    Answer, AttemptOutput, BoxFuture, CauseTally, Count, DeadTally, DeliveryFilter, Due, EntityFilter,
    EntityPage, Filter, Listing, Naming, OpenAttempt, Page, Prepared, Read, RecordBody, RecordFilter, Tally,
    Whose,
};
use crate::damage::Damaged;
use crate::error::Error;
use crate::life::Life;

fn not_yet<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(async { Err(Error::Engine("not yet".into())) })
}

impl Read for PostgresJournal {
    fn id(&self) -> Uuid {
        self.id
    }
    fn life(&self) -> &Life {
        &self.life
    }
    fn damaged(&self) -> Vec<Damaged> {
        self.damage.all()
    }
    fn due(&self, _lane: String, _class: Class, _limit: usize) -> BoxFuture<'_, Result<Listing<Due>, Error>> {
        not_yet()
    }
    fn lanes(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        not_yet()
    }
    fn lane(
        &self,
        _lane: String,
        _after: Timestamp,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        not_yet()
    }
    fn lane_size(&self, _lane: String) -> BoxFuture<'_, Result<(u64, Option<Timestamp>), Error>> {
        not_yet()
    }
    fn expired(&self, _at: Timestamp, _limit: usize) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        not_yet()
    }
    fn next_deadline(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        not_yet()
    }
    fn prepare(&self, _job: JobId) -> BoxFuture<'_, Result<Option<Prepared>, Error>> {
        not_yet()
    }
    fn open_attempts(&self, _of: Whose) -> BoxFuture<'_, Result<Vec<OpenAttempt>, Error>> {
        not_yet()
    }
    fn job(&self, _job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        not_yet()
    }
    fn steps(&self, _job: JobId) -> BoxFuture<'_, Result<Vec<Step>, Error>> {
        not_yet()
    }
    fn attempts(&self, _job: JobId) -> BoxFuture<'_, Result<Vec<AttemptOutput>, Error>> {
        not_yet()
    }
    fn deliveries_of(&self, _job: JobId) -> BoxFuture<'_, Result<Vec<Delivery>, Error>> {
        not_yet()
    }
    fn jobs(&self, _filter: Filter, _page: Page) -> BoxFuture<'_, Result<Listing<Job>, Error>> {
        not_yet()
    }
    fn count(
        &self,
        _filter: Filter,
        _before: Option<Seq>,
        _at_most: u32,
    ) -> BoxFuture<'_, Result<Count, Error>> {
        not_yet()
    }
    fn newest(&self) -> BoxFuture<'_, Result<Option<Seq>, Error>> {
        not_yet()
    }
    fn names(&self, _subjects: Vec<Subject>) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        not_yet()
    }
    fn named(&self, _naming: Naming, _at_most: usize) -> BoxFuture<'_, Result<Vec<(Subject, Name)>, Error>> {
        not_yet()
    }
    fn before(&self, _job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        not_yet()
    }
    fn deadline_behind(&self, _job: JobId) -> BoxFuture<'_, Result<Option<Timestamp>, Error>> {
        not_yet()
    }
    fn later_success(&self, _job: JobId) -> BoxFuture<'_, Result<Option<Job>, Error>> {
        not_yet()
    }
    fn dead_letters(&self) -> BoxFuture<'_, Result<DeadTally, Error>> {
        not_yet()
    }
    fn causes(
        &self,
        _backend: Option<String>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Vec<CauseTally>, Error>> {
        not_yet()
    }
    fn cause(&self, _id: CauseId) -> BoxFuture<'_, Result<Option<CauseTally>, Error>> {
        not_yet()
    }
    fn tallies(&self) -> BoxFuture<'_, Result<Vec<Tally>, Error>> {
        not_yet()
    }
    fn deliveries(
        &self,
        _courier: Option<String>,
        _after: OutboxPlace,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
        not_yet()
    }
    fn line(
        &self,
        _to: DeliveryTo,
        _after: OutboxPlace,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery, OutboxPlace>, Error>> {
        not_yet()
    }
    fn outbox(
        &self,
        _filter: DeliveryFilter,
        _before: Option<i64>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Delivery>, Error>> {
        not_yet()
    }
    fn answer(&self, _job: JobId) -> BoxFuture<'_, Result<Option<Answer>, Error>> {
        not_yet()
    }
    fn entity(&self, _key: EntityKey) -> BoxFuture<'_, Result<Option<Entity>, Error>> {
        not_yet()
    }
    fn entities(
        &self,
        _kind: String,
        _after: Option<String>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        not_yet()
    }
    fn find_entities(
        &self,
        _filter: EntityFilter,
        _after: Option<String>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<EntityPage, Error>> {
        not_yet()
    }
    fn entity_tallies(&self, _kind: String) -> BoxFuture<'_, Result<Vec<(String, u64)>, Error>> {
        not_yet()
    }
    fn records(
        &self,
        _filter: RecordFilter,
        _before: Option<i64>,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Record>, Error>> {
        not_yet()
    }
    fn refusals(&self, _after: i64, _limit: usize) -> BoxFuture<'_, Result<Vec<Record>, Error>> {
        not_yet()
    }
    fn record_body(&self, _seq: i64) -> BoxFuture<'_, Result<Option<RecordBody>, Error>> {
        not_yet()
    }
    fn events(
        &self,
        _after: EventsCursor,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Listing<Event, EventsCursor>, Error>> {
        not_yet()
    }
    fn last_event(&self) -> BoxFuture<'_, Result<EventsCursor, Error>> {
        not_yet()
    }
    fn writable(&self) -> BoxFuture<'_, Result<(), Error>> {
        not_yet()
    }
}
