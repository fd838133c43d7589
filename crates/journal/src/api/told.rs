//! What the journal tells of its commits.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Class, DeliveryId, Entity, EntityKey, Event, JobId, OutboxPlace, Seq};

use crate::damage::Damaged;

/// A job that may run once it is due: the head of its subject, not running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The job.
    pub id: JobId,
    /// Its place in the order.
    pub seq: Seq,
    /// What it waits for next, see [`model::Job::lane`].
    pub lane: Arc<str>,
    /// How urgent.
    pub class: Class,
    /// When.
    pub due_at: Timestamp,
}

/// What a group of writes made true, told to the [`Observer`] after the commit and before any of their futures
/// resolves. Nobody has to wait for a write's future for this to arrive.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Jobs that can be taken up, now or at their due time: new heads, freed heads, retries, requeued jobs, heads
    /// whose due time or class changed (the newest word on a job counts).
    pub due: Vec<Due>,
    /// Deadlines of newly accepted jobs.
    pub deadlines: Vec<Timestamp>,
    /// Events written.
    pub events: Vec<Event>,
    /// Events that other hubs have written, which work on the journal beside this one: those of each in their order.
    pub others: Vec<Event>,
    /// New deliveries, each with the job that led to it.
    pub owed: Vec<(DeliveryId, Option<JobId>)>,
    /// Deliveries that have left, or never will.
    pub left: Vec<DeliveryId>,
    /// Entities that were written or removed, in that order: each as it stands now, `None` = it is gone. What is kept of
    /// entities in memory follows from these and from nothing else.
    pub entities: Vec<(EntityKey, Option<Arc<Entity>>)>,
    /// Running jobs that somebody wants cancelled.
    pub cancels: Vec<JobId>,
    /// Places of deliveries that had been given up and are to be made again. They are pending, without being new.
    pub revived: Vec<OutboxPlace>,
    /// Rows that were in the way and cannot be read.
    pub damaged: Vec<Damaged>,
    /// Other jobs are ours to run than before, or attempts of theirs were begun in a life that is over: what waits is to be
    /// looked at anew, and what nobody leads any more to be taken back.
    pub shared_anew: bool,
}

#[cfg(feature = "postgres")]
impl Committed {
    /// Whether there is nothing in it that anybody could want to hear.
    pub(crate) fn is_nothing(&self) -> bool {
        let Committed { due, deadlines, events, others, owed, left, entities, .. } = self;
        let Committed { cancels, revived, damaged, shared_anew, .. } = self;
        let work = due.is_empty() && deadlines.is_empty() && cancels.is_empty() && !shared_anew;
        let news = events.is_empty() && others.is_empty() && entities.is_empty() && damaged.is_empty();
        work && news && owed.is_empty() && left.is_empty() && revived.is_empty()
    }
}

/// Told of each commit, on the writer's thread: it must not block.
pub type Observer = Arc<dyn Fn(Committed) + Send + Sync>;
