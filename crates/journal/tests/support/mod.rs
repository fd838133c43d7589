//! Short ways to say what the tests do: jobs, moves, a journal that can be opened again.
#![allow(dead_code, reason = "each test program uses its part")]

#[cfg(feature = "postgres")]
pub mod database;
#[cfg(feature = "postgres")]
pub mod dealer;
pub mod folder;
#[cfg(feature = "postgres")]
pub mod holder;
#[cfg(feature = "postgres")]
pub mod hubs;
#[cfg(feature = "postgres")]
pub mod judge;
pub mod left;
#[cfg(feature = "postgres")]
pub mod load;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use intendant_journal::{
    Acceptance, AttemptEnd, AttemptStart, Change, Committed, EffectSet, Error, Expect, ExternalId, JobChange,
    Journal, NewJob, NewStep, Observer, Retention, Scrub, StepChange,
};
use jiff::Timestamp;
use model::effect::EntityContent;
use model::{
    Class, Code, DeliveryId, DeliveryTo, EntityKey, EntityWrite, EventKind, JobId, JobState, OnError,
    OutcomeKind, Seq, StepState, Subject,
};
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What the observer was told, in order.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<Committed>>>);

impl Heard {
    pub fn observer(&self) -> Observer {
        let heard = Arc::clone(&self.0);
        Arc::new(move |committed| heard.lock().unwrap().push(committed))
    }

    /// All that was told since the last call.
    pub fn take(&self) -> Vec<Committed> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The jobs that may run, as told since the last call: id, due time, class.
    pub fn due(&self) -> Vec<(JobId, Timestamp, Class)> {
        self.take().into_iter().flat_map(|c| c.due).map(|d| (d.id, d.due_at, d.class)).collect()
    }
}

/// A journal and what its observer heard.
#[derive(Clone)]
pub struct Opened {
    pub journal: Arc<dyn Journal>,
    pub heard: Heard,
}

/// A place for one journal, which can be opened again after it was closed.
pub trait Bed: Send + Sync {
    fn open(&self) -> Opened;

    /// Another handle on a journal that is open: of another process where several may have it open, else the same one.
    fn beside(&self, opened: &Opened) -> Opened {
        opened.clone()
    }

    /// An empty one of the same kind.
    fn another(&self) -> Box<dyn Bed>;
}

/// A time, so many milliseconds after the tests' beginning.
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
}

/// The job id of that number.
pub fn id(number: u64) -> JobId {
    JobId(Uuid::from_u128(u128::from(number)))
}

/// The number of a job.
pub fn number(job: JobId) -> u64 {
    u64::try_from(job.0.as_u128()).unwrap()
}

/// How many milliseconds after the tests' beginning.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond() - self::at(0).as_millisecond()
}

/// A bulk job without subject.
pub fn job(number: u64) -> NewJob {
    NewJob {
        id: id(number),
        source: "http".to_owned(),
        external_id: None,
        action: "IDENTITY_UPDATE".to_owned(),
        subject: None,
        class: Class::Bulk,
        deadline: None,
        not_before: None,
        dry_run: false,
        accepted_at: at(i64::try_from(number).unwrap()),
        replay_of: None,
        body: format!("the body of {number}").into_bytes(),
        secrets: None,
        reply: None,
    }
}

/// A bulk job of a subject.
pub fn job_of(subject: &str, number: u64) -> NewJob {
    NewJob { subject: Some(Subject::new("identity", subject).unwrap()), ..job(number) }
}

/// The same with a caller's id.
pub fn known_as(value: &str, content: &[u8], job: NewJob) -> NewJob {
    known_or_formerly_as(value, content, content, job)
}

/// The same where version 0.1 wrote the content in another way.
pub fn known_or_formerly_as(value: &str, content: &[u8], formerly: &[u8], job: NewJob) -> NewJob {
    let bytes = |content: &[u8]| Zeroizing::new(content.to_vec());
    let id = ExternalId { value: value.to_owned(), content: bytes(content), formerly: bytes(formerly) };
    NewJob { external_id: Some(id), ..job }
}

/// Accepts it and expects it to be new; its place in the order.
pub async fn accept(journal: &dyn Journal, job: NewJob) -> Seq {
    let id = job.id;
    assert_eq!(journal.accept(job, EffectSet::default()).await.unwrap(), Acceptance::New);
    journal.job(id).await.unwrap().unwrap().seq
}

/// A move that only names the new state.
pub fn to(number: u64, expect: Expect, state: JobState, now: Timestamp) -> Change {
    Change {
        job: id(number),
        at: now,
        expect,
        replies: 0,
        plan: Vec::new(),
        ended: None,
        steps: Vec::new(),
        started: None,
        to: JobChange {
            state,
            lane: None,
            due_at: now,
            status: 0,
            code: None,
            message: None,
            scrub: if state.is_terminal() { Scrub::Now } else { Scrub::Keep },
            cause: None,
        },
        events: Vec::new(),
        effects: EffectSet::default(),
    }
}

/// The first start of a job with one step.
pub fn start(number: u64, now: Timestamp) -> Change {
    Change {
        plan: vec![NewStep { backend: "00dummy".to_owned(), on_error: OnError::Stop }],
        ..restart(number, 1, now)
    }
}

/// A later start of step 0.
pub fn restart(number: u64, attempt: u32, now: Timestamp) -> Change {
    Change {
        started: Some(AttemptStart { step: 0, number: attempt }),
        events: vec![(EventKind::StepStarted, Some(0), Some(attempt), None)],
        ..to(number, Expect::Ready, JobState::Running, now)
    }
}

/// How an attempt of step 0 ended.
pub fn ended(attempt: u32, kind: OutcomeKind) -> AttemptEnd {
    let failed = kind != OutcomeKind::Done;
    AttemptEnd {
        step: 0,
        number: attempt,
        kind,
        status: i32::from(failed),
        code: failed.then_some(Code::from_static("failed")),
        message: failed.then(|| "it did not work".to_owned()),
        output: format!("output {attempt}").into_bytes(),
    }
}

/// A new state of step 0.
pub fn step(state: StepState) -> StepChange {
    StepChange {
        index: 0,
        state,
        status: 0,
        code: None,
        message: None,
        tried: 0,
        due_at: None,
        waits: 0,
        waited: Duration::ZERO,
    }
}

/// The end of a job with one step.
pub fn settle(number: u64, attempt: u32, kind: OutcomeKind, now: Timestamp) -> Change {
    let (job_state, step_state, event) = match kind {
        OutcomeKind::Done => (JobState::Succeeded, StepState::Succeeded, EventKind::Succeeded),
        _ => (JobState::Failed, StepState::Failed, EventKind::Failed),
    };
    Change {
        ended: Some(ended(attempt, kind)),
        steps: vec![step(step_state)],
        events: vec![(event, None, None, None)],
        ..to(number, Expect::Running(0, attempt), job_state, now)
    }
}

/// A soft failure: to be tried again at that time.
pub fn retry(number: u64, attempt: u32, now: Timestamp, due_at: Timestamp) -> Change {
    let mut change = Change {
        ended: Some(ended(attempt, OutcomeKind::Soft)),
        steps: vec![StepChange { tried: attempt, due_at: Some(due_at), ..step(StepState::Pending) }],
        ..to(number, Expect::Running(0, attempt), JobState::Retrying, now)
    };
    change.to.due_at = due_at;
    change.to.lane = Some("@00dummy".to_owned());
    change
}

/// Starts and ends a job with one step.
pub async fn run(journal: &dyn Journal, number: u64, kind: OutcomeKind, now: Timestamp) {
    journal.change(start(number, now)).await.unwrap();
    journal.change(settle(number, 1, kind, now)).await.unwrap();
}

pub async fn the_job(journal: &dyn Journal, number: u64) -> model::Job {
    journal.job(id(number)).await.unwrap().unwrap()
}

/// Expects a move to be refused as outdated.
pub async fn fenced(journal: &dyn Journal, change: Change) {
    match journal.change(change).await {
        Err(Error::Fenced(_)) => {}
        other => panic!("expected the move to be fenced, got {other:?}"),
    }
}

/// The full check finds nothing.
pub async fn sound(journal: &dyn Journal) {
    assert_eq!(journal.check().await.unwrap(), Vec::<String>::new());
}

/// Retention that keeps everything.
pub fn everything() -> Retention {
    Retention {
        jobs_before: Timestamp::MIN,
        jobs_max: u64::MAX,
        ids_before: Timestamp::MIN,
        records_before: Timestamp::MIN,
        records_max: u64::MAX,
        messages_before: Timestamp::MIN,
        messages_max: u64::MAX,
        events_max: u64::MAX,
        bytes_max: u64::MAX,
    }
}

pub fn entity_key(key: &str) -> EntityKey {
    EntityKey { kind: "identity".to_owned(), key: key.to_owned() }
}

/// A write of an entity, or its removal.
pub fn entity(key: &str, expected_rev: u64, state: Option<&str>) -> EntityWrite {
    let content = state.map(|state| EntityContent {
        state: state.to_owned(),
        label: format!("label of {key}"),
        body: json!({"key": key, "state": state}),
    });
    EntityWrite { key: entity_key(key), expected_rev, content }
}

pub fn delivery_id(number: u64) -> DeliveryId {
    DeliveryId(Uuid::from_u128(u128::from(number) << 64))
}

/// The number of a delivery.
pub fn delivery_number(delivery: DeliveryId) -> u64 {
    u64::try_from(delivery.0.as_u128() >> 64).unwrap()
}

pub fn delivery(number: u64, due_at: Timestamp) -> (DeliveryId, DeliveryTo, Timestamp, Vec<u8>) {
    let to = DeliveryTo { courier: "sesame".to_owned(), address: "queue".to_owned() };
    (delivery_id(number), to, due_at, json!({"delivery": number}).to_string().into_bytes())
}
