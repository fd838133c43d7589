//! The page on which a batch is worked out: a copy of the rows that its operations touch. The rules run here, in memory;
//! what a rule needs and nobody has loaded is asked for, never guessed. An operation that fails leaves no trace.

mod row;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use model::{Code, DeliveryId, EntityKey, Event, EventKind, EventSeq, Job, JobId, JobState, Seq, Subject};

pub(super) use row::{
    AttemptRow, CauseRow, DeliveryRow, EntityRow, External, JobRow, NewDelivery, Note, OpenRow,
};

use super::number::{Needs, Numbers, Of, Used};
use super::shard::{self, Shards};
use super::sharing::Shared;
use super::table::Table;
use crate::api::{Committed, Due};
use crate::code::Coded;
use crate::damage::{Damaged, Spot};
use crate::error::Error;
use crate::seal::DIGEST;

/// Why a rule does not go on.
#[derive(Debug)]
pub(super) enum Halt {
    /// It needs a row that is not there yet: see [`Page::wants`].
    Missing,
    /// The operation fails.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Failed(error)
    }
}

/// What rules come to.
pub(super) type Ruled<T> = Result<T, Halt>;

/// Rows that are to be loaded.
#[derive(Debug, Default)]
pub(super) struct Wants {
    pub(super) jobs: BTreeSet<JobId>,
    /// Such jobs, with the beginning of the lines of their subjects.
    pub(super) leaving: BTreeSet<JobId>,
    /// What stands in the line of a subject behind its head, whose number this is.
    pub(super) behind: BTreeMap<String, i64>,
    /// More of the line of a subject, behind this number.
    pub(super) lines: BTreeMap<String, i64>,
    /// All of the line of a subject that are in no hurry.
    pub(super) bulk: BTreeSet<String>,
    /// External ids: value and source.
    pub(super) externals: BTreeSet<(String, String)>,
    pub(super) entities: BTreeSet<(String, String)>,
    pub(super) deliveries: BTreeSet<DeliveryId>,
    /// The reply addresses of a job.
    pub(super) replies: BTreeSet<JobId>,
    /// The replays of a job, and their replays.
    pub(super) replays: BTreeSet<JobId>,
    pub(super) causes: BTreeSet<i64>,
    /// How many causes there are.
    pub(super) cause_count: bool,
    pub(super) numbers: Needs,
}

/// The live jobs of a subject, by number, as far as they are known.
#[derive(Debug)]
pub(super) struct Line {
    /// A job, or why it cannot be read.
    pub(super) known: BTreeMap<i64, Result<JobId, String>>,
    /// Up to this number all are known.
    pub(super) horizon: i64,
    /// All that are in no hurry are known.
    pub(super) bulk: bool,
}

/// How a line was before.
enum Moved {
    Came(String, i64),
    Went(String, i64, Result<JobId, String>),
}

/// See above.
#[derive(Default)]
pub(super) struct Page {
    /// The number of our life.
    pub(super) life: i64,
    /// Its node: what its events come from.
    pub(super) origin: i64,
    /// What the events of this commit have in common, see the migration.
    pub(super) tick: i64,
    /// The shards whose jobs are put in line here, and run.
    pub(super) owned: Shards,
    /// Of these, those in which more has arrived than is put in line with this batch: whatever comes now comes behind it.
    pub(super) crowded: Shards,
    /// Deliveries are put in line here.
    pub(super) delivers: bool,
    /// Others work on the journal, and have to hear which entities are written.
    pub(super) is_heard: bool,
    /// How many signals this life has written, and which ones this commit adds.
    pub(super) signalled: i64,
    pub(super) signals: Vec<EntityKey>,
    /// Heads are due earlier than before, and nobody is told of each.
    pub(super) is_set_back: bool,
    /// Whose the shards are from this commit on.
    pub(super) shared: Option<Shared>,
    numbers: Numbers,
    /// How many events it has written.
    pub(super) told: i64,
    pub(super) committed: Committed,
    pub(super) tallies: [i64; JobState::ALL.len()],
    /// By how many dead letters causes come to have more, beside those of the jobs on the page.
    pub(super) by_cause: BTreeMap<i64, i64>,
    /// By how many entities of a kind and state there come to be more, beside those on the page.
    pub(super) by_state: BTreeMap<(String, String), i64>,
    pub(super) wants: Wants,
    pub(super) jobs: Table<JobId, JobRow>,
    pub(super) damaged: HashMap<JobId, String>,
    pub(super) lines: HashMap<String, Line>,
    pub(super) externals: Table<(String, String), External>,
    pub(super) entities: Table<(String, String), EntityRow>,
    pub(super) deliveries: Table<DeliveryId, DeliveryRow>,
    pub(super) replies: Table<JobId, Vec<[u8; DIGEST]>>,
    pub(super) causes: Table<i64, CauseRow>,
    pub(super) cause_count: Option<i64>,
    /// Replays that the database holds, by the job of which they are.
    pub(super) replays: HashMap<JobId, Vec<JobId>>,
    pub(super) notes: Vec<Note>,
    moved: Vec<Moved>,
    mark: Mark,
}

/// How far the page was.
#[derive(Clone, Copy, Default)]
struct Mark {
    used: Used,
    told: i64,
    tallies: [i64; JobState::ALL.len()],
    notes: usize,
    due: usize,
    deadlines: usize,
    events: usize,
    owed: usize,
    left: usize,
    entities: usize,
    cancels: usize,
    revived: usize,
}

impl Page {
    pub(super) fn new(life: i64, origin: i64, told: i64, owned: Shards) -> Self {
        Page { life, origin, owned, told, ..Page::default() }
    }

    /// Whether a job is put in line here, and run.
    pub(super) fn owns(&self, job: &Job) -> bool {
        self.owned.is_all() || self.owned.has(shard::of_job(job))
    }

    /// Takes in numbers that the database has given.
    pub(super) fn give(&mut self, of: Of, numbers: Vec<i64>) {
        self.numbers.add(of, numbers);
    }

    /// Numbers of jobs from here on are higher than those that were given before.
    pub(super) fn forget_numbers(&mut self) {
        self.numbers.forget(Of::Job);
    }

    /// A number for something new.
    pub(super) fn number(&mut self, of: Of) -> Ruled<i64> {
        self.numbers.take(of, &mut self.wants.numbers)
    }

    /// The number that the next one will get.
    pub(super) fn next_number(&mut self, of: Of) -> Ruled<i64> {
        let used = self.numbers.used();
        let next = self.number(of)?;
        self.numbers.back(used);
        Ok(next)
    }

    /// An operation begins.
    pub(super) fn begin(&mut self) {
        let Committed { due, deadlines, events, owed, left, entities, cancels, revived, .. } =
            &self.committed;
        self.mark = Mark {
            used: self.numbers.used(),
            told: self.told,
            tallies: self.tallies,
            notes: self.notes.len(),
            due: due.len(),
            deadlines: deadlines.len(),
            events: events.len(),
            owed: owed.len(),
            left: left.len(),
            entities: entities.len(),
            cancels: cancels.len(),
            revived: revived.len(),
        };
        self.moved.clear();
        self.jobs.begin();
        self.externals.begin();
        self.entities.begin();
        self.deliveries.begin();
        self.replies.begin();
        self.causes.begin();
    }

    /// Takes back what was done since. What was in the way and cannot be read stays told.
    pub(super) fn back(&mut self) {
        let mark = self.mark;
        self.numbers.back(mark.used);
        self.told = mark.told;
        self.tallies = mark.tallies;
        self.notes.truncate(mark.notes);
        self.committed.due.truncate(mark.due);
        self.committed.deadlines.truncate(mark.deadlines);
        self.committed.events.truncate(mark.events);
        self.committed.owed.truncate(mark.owed);
        self.committed.left.truncate(mark.left);
        self.committed.entities.truncate(mark.entities);
        self.committed.cancels.truncate(mark.cancels);
        self.committed.revived.truncate(mark.revived);
        while let Some(moved) = self.moved.pop() {
            match moved {
                Moved::Came(subject, seq) => {
                    self.lines.get_mut(&subject).map(|line| line.known.remove(&seq));
                }
                Moved::Went(subject, seq, entry) => {
                    self.lines.get_mut(&subject).map(|line| line.known.insert(seq, entry));
                }
            }
        }
        self.jobs.back();
        self.externals.back();
        self.entities.back();
        self.deliveries.back();
        self.replies.back();
        self.causes.back();
    }

    /// Counts jobs into a state, or (negative) out of it.
    pub(super) fn count(&mut self, state: JobState, by: i64) {
        if let Some(tally) = usize::try_from(state.code()).ok().and_then(|code| self.tallies.get_mut(code)) {
            *tally += by;
        }
    }

    /// Counts dead letters to a cause, or (negative) away from it. One that has none any more goes.
    pub(super) fn count_cause(&mut self, cause: i64, by: i64) {
        *self.by_cause.entry(cause).or_default() += by;
    }

    /// Numbers an event.
    pub(super) fn event(
        &mut self,
        at: Timestamp,
        kind: EventKind,
        job: Option<JobId>,
        (step, attempt): (Option<u16>, Option<u32>),
        code: Option<Code>,
    ) {
        self.told += 1;
        let seq = EventSeq::of(self.origin, self.told);
        self.committed.events.push(Event { seq, at, kind, job, step, attempt, code });
    }

    /// Nothing more is written: says which entities were, where somebody has to hear it.
    pub(super) fn signal(&mut self) {
        if self.is_heard {
            let written: BTreeSet<(&str, &str)> = self
                .committed
                .entities
                .iter()
                .map(|(EntityKey { kind, key }, _)| (kind.as_str(), key.as_str()))
                .collect();
            let key = |(kind, key): (&str, &str)| EntityKey { kind: kind.to_owned(), key: key.to_owned() };
            self.signals = written.into_iter().map(key).collect();
        }
    }

    /// Tells after the commit that a job may run.
    pub(super) fn due(&mut self, row: &JobRow) {
        let Job { id, seq, lane, class, due_at, .. } = &row.job;
        let (lane, class, due_at) = (lane.as_str().into(), *class, *due_at);
        self.committed.due.push(Due { id: *id, seq: *seq, lane, class, due_at });
    }

    /// A job; `None` = there is none.
    pub(super) fn job(&mut self, id: JobId) -> Ruled<Option<Arc<JobRow>>> {
        if let Some(why) = self.damaged.get(&id) {
            return Err(Error::Damaged(why.clone()).into());
        }
        if let Some(row) = self.jobs.get(&id) {
            return Ok(row.cloned());
        }
        self.wants.jobs.insert(id);
        Err(Halt::Missing)
    }

    /// A job that has to be there.
    pub(super) fn the_job(&mut self, id: JobId) -> Ruled<Arc<JobRow>> {
        self.job(id)?.ok_or_else(|| Error::Missing(format!("job {id}")).into())
    }

    /// Writes a job. One that has ended leaves the line of its subject, a new one comes into it.
    pub(super) fn put(&mut self, row: JobRow) {
        let Job { id, seq: Seq(seq), .. } = row.job;
        let live = row.is_live();
        let is_in_line = row.placed;
        if is_in_line
            && let Some(subject) = row.job.subject.as_ref().map(Subject::as_str)
            && let Some(line) = self.lines.get_mut(subject)
        {
            if live {
                if line.known.insert(seq, Ok(id)).is_none() {
                    self.moved.push(Moved::Came(subject.to_owned(), seq));
                }
            } else if let Some(entry) = line.known.remove(&seq) {
                self.moved.push(Moved::Went(subject.to_owned(), seq, entry));
            }
        }
        self.jobs.set(id, Some(row));
    }

    /// The first live job of a subject, or where it stands when it cannot be read.
    pub(super) fn first(&mut self, subject: &str) -> Ruled<Option<Result<Arc<JobRow>, Damaged>>> {
        let Some(line) = self.lines.get(subject) else {
            self.wants.lines.insert(subject.to_owned(), i64::MIN);
            return Err(Halt::Missing);
        };
        match line.known.first_key_value() {
            Some((seq, entry)) if *seq <= line.horizon => match entry.clone() {
                Err(why) => Ok(Some(Err(Damaged { spot: Spot::Job(Seq(*seq)), why }))),
                Ok(id) => Ok(self.job(id)?.map(Ok)),
            },
            _ if line.horizon == i64::MAX => Ok(None),
            _ => {
                self.wants.lines.insert(subject.to_owned(), line.horizon);
                Err(Halt::Missing)
            }
        }
    }

    /// The live jobs of a subject, but for those that are in a hurry and whom nobody has asked for.
    pub(super) fn bulk(&mut self, subject: &str) -> Ruled<Vec<JobId>> {
        match self.lines.get(subject) {
            Some(line) if line.bulk || line.horizon == i64::MAX => {
                Ok(line.known.values().filter_map(|entry| entry.as_ref().ok()).copied().collect())
            }
            _ => {
                self.wants.bulk.insert(subject.to_owned());
                Err(Halt::Missing)
            }
        }
    }

    /// The replays of a job and their replays, as they stand.
    pub(super) fn replays(&mut self, of: JobId) -> Ruled<Vec<Arc<JobRow>>> {
        if !self.replays.contains_key(&of) {
            self.wants.replays.insert(of);
            return Err(Halt::Missing);
        }
        let (mut found, mut next) = (Vec::new(), vec![of]);
        let mut seen = BTreeSet::from([of]);
        while let Some(of) = next.pop() {
            let stored = self.replays.get(&of).cloned().unwrap_or_default();
            let made = self.jobs.rows().filter(|row| row.job.replay_of == Some(of)).map(|row| row.job.id);
            let all: Vec<JobId> = stored.into_iter().chain(made).filter(|id| seen.insert(*id)).collect();
            for id in all {
                // One that cannot be read stands in nobody's way.
                match self.job(id) {
                    Ok(row) => found.extend(row),
                    Err(Halt::Failed(Error::Damaged(_))) => {}
                    Err(halt) => return Err(halt),
                }
                next.push(id);
            }
        }
        Ok(found)
    }

    /// A caller's id.
    pub(super) fn external(&mut self, value: &str, source: &str) -> Ruled<Option<Arc<External>>> {
        let key = (value.to_owned(), source.to_owned());
        if let Some(row) = self.externals.get(&key) {
            return Ok(row.cloned());
        }
        self.wants.externals.insert(key);
        Err(Halt::Missing)
    }

    /// An entity.
    pub(super) fn entity(&mut self, EntityKey { kind, key }: &EntityKey) -> Ruled<Option<Arc<EntityRow>>> {
        let key = (kind.clone(), key.clone());
        if let Some(row) = self.entities.get(&key) {
            return Ok(row.cloned());
        }
        self.wants.entities.insert(key);
        Err(Halt::Missing)
    }

    /// A delivery.
    pub(super) fn delivery(&mut self, id: DeliveryId) -> Ruled<Option<Arc<DeliveryRow>>> {
        if let Some(row) = self.deliveries.get(&id) {
            return Ok(row.cloned());
        }
        self.wants.deliveries.insert(id);
        Err(Halt::Missing)
    }

    /// The hashes of a job's reply addresses.
    pub(super) fn replies_of(&mut self, job: JobId) -> Ruled<Vec<[u8; DIGEST]>> {
        if let Some(row) = self.replies.get(&job) {
            return Ok(row.map(|row| row.to_vec()).unwrap_or_default());
        }
        self.wants.replies.insert(job);
        Err(Halt::Missing)
    }

    /// Whether a cause is known.
    pub(super) fn has_cause(&mut self, cause: i64) -> Ruled<bool> {
        if let Some(row) = self.causes.get(&cause) {
            return Ok(row.is_some());
        }
        self.wants.causes.insert(cause);
        Err(Halt::Missing)
    }

    /// How many causes are known.
    pub(super) fn causes_known(&mut self) -> Ruled<i64> {
        let Some(stored) = self.cause_count else {
            self.wants.cause_count = true;
            return Err(Halt::Missing);
        };
        let made =
            self.causes.changed().filter(|(_, changed)| matches!(changed, super::table::Changed::New(_)));
        Ok(stored + i64::try_from(made.count()).unwrap_or(i64::MAX))
    }
}
