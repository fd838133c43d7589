//! What operators do: cancel, hurry, replay, pause, resume. Every change leaves an audit record.

use jiff::Timestamp;
use journal::EffectSet;
use model::effect::EntityContent;
use model::redact::{SecretSet, masked_pointers, put_back};
use model::word::code;
use model::{Code, Effects, EntityKey, EntityWrite, EventKind, Job, JobId, JobState, Request};
use serde_json::{Value, json};

use crate::audit::{Actor, AuditEntry};
use crate::dispatcher::{close_taken_over, close_waiting};
use crate::error::Error;
use crate::hub::{Accepted, Hub};
use crate::intake::Envelope;
use crate::port::Stop;

/// The kind of the entities that keep which backends are paused.
pub(crate) const PAUSE: &str = "paused_backend";

/// How a job is replayed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// Values to set in the body, JSON pointer → value; also secrets that are no longer kept.
    pub set: Vec<(String, Value)>,
    /// Replay although a later job of the same subject and action has succeeded.
    pub stale: bool,
}

/// What an operator's wish to cancel came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It had not started, or waited: it has ended.
    Now,
    /// A step of it is running and is being ended by force; the job ends with it.
    Ending,
}

impl Hub {
    /// Cancels a job, whatever it does just now.
    pub async fn cancel(&self, id: JobId, actor: &Actor) -> Result<Cancelled, Error> {
        let core = &self.core;
        // It may start or end between our look and our change: look again, a few times.
        for _ in 0..5 {
            let job = self.job(id).await?;
            let now = core.clock.now();
            let entry = AuditEntry::new(actor, format!("job {id}"), code::CANCELLED, "cancelled")
                .before(json!({ "state": job.state }))
                .after(json!({ "state": JobState::Cancelled }));
            let done = match job.state {
                state if state.is_terminal() => {
                    return Err(Error::WrongState {
                        job: id,
                        state,
                        hint: "it has ended, there is nothing to cancel",
                    });
                }
                JobState::Running => {
                    match core.journal.ask_cancel(id, actor.0.clone(), recorded(entry, now)).await {
                        Ok(()) => {
                            core.signal(Some(id), Stop::Cancelled);
                            Some(Cancelled::Ending)
                        }
                        Err(journal::Error::Fenced(_)) => None,
                        Err(error) => return Err(error.into()),
                    }
                }
                _ => {
                    let message = format!("cancelled by {}", actor.0);
                    let (state, code) = (JobState::Cancelled, code::CANCELLED);
                    let closed = close_waiting(core, job, state, code, message, now, Some(entry)).await;
                    closed.then_some(Cancelled::Now)
                }
            };
            if let Some(done) = done {
                return Ok(done);
            }
        }
        let state = self.job(id).await?.state;
        Err(Error::WrongState { job: id, state, hint: "it keeps changing; try again" })
    }

    /// Ends a job that another worker has taken over, whatever it does just now. One that has ended stays as it is.
    pub async fn withdraw(&self, id: JobId) -> Result<(), Error> {
        let core = &self.core;
        // It may start or end between our look and our change: look again, a few times.
        for _ in 0..5 {
            let job = self.job(id).await?;
            let now = core.clock.now();
            let done = match job.state {
                state if state.is_terminal() => true,
                JobState::Running => {
                    core.signal(Some(id), Stop::TakenOver);
                    true
                }
                _ => close_taken_over(core, job, now).await,
            };
            if done {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Runs a job again: one that waits for its retry is due at once; one that has ended is replayed as a new job at
    /// the tail of its subject.
    pub async fn retry(&self, id: JobId, replay: &Replay, actor: &Actor) -> Result<JobId, Error> {
        let job = self.job(id).await?;
        match job.state {
            JobState::Retrying => {
                let now = self.core.clock.now();
                let entry = AuditEntry::new(actor, format!("job {id}"), code::RETRY, "made due at once")
                    .before(json!({ "due_at": job.due_at }))
                    .after(json!({ "due_at": now }));
                self.core.journal.hurry(id, now, recorded(entry, now)).await?;
                Ok(id)
            }
            JobState::Failed | JobState::Cancelled => self.replay(job, replay, actor).await,
            state => Err(Error::WrongState {
                job: id,
                state,
                hint: "only jobs that failed, were cancelled or wait for a retry can be retried",
            }),
        }
    }

    async fn replay(&self, job: Job, replay: &Replay, actor: &Actor) -> Result<JobId, Error> {
        if !replay.stale
            && let Some(later) = self.core.journal.later_success(job.id).await?
        {
            return Err(Error::Stale {
                job: job.id,
                later: later.id,
                action: job.action,
                subject: job.subject.map(|s| s.to_string()).unwrap_or_default(),
            });
        }
        let request = self.request_of(&job, &replay.set).await?;
        let edited: Vec<&str> = replay.set.iter().map(|(pointer, _)| pointer.as_str()).collect();
        let entry = |new| {
            let changed =
                if edited.is_empty() { String::new() } else { format!(", changed: {}", edited.join(", ")) };
            let message = format!("replayed as job {new}{changed}");
            Some(AuditEntry::new(actor, format!("job {}", job.id), Code::from_static("replayed"), message))
        };
        match self.take_in(request, Effects::default(), entry).await? {
            Accepted::New(id) | Accepted::Known(id, _) => Ok(id),
            Accepted::Refused(why) => Err(Error::Refused { code: why.code, message: why.message }),
            Accepted::Unclaimed => Err(Error::Refused {
                code: code::NO_BACKEND,
                message: format!("no active backend maps {}: there is nothing to replay it on", job.action),
            }),
        }
    }

    /// The request that a job was, with its secrets as far as they are kept, and values set anew.
    async fn request_of(&self, job: &Job, set: &[(String, Value)]) -> Result<Request, Error> {
        let unreadable = |why: String| Error::Unreadable { job: job.id, why };
        let prepared = self.core.journal.prepare(job.id).await?;
        let prepared = prepared.ok_or_else(|| Error::Missing(format!("job {}", job.id)))?;
        let envelope: Envelope =
            serde_json::from_slice(&prepared.body).map_err(|e| unreadable(e.to_string()))?;
        let mut body = envelope.body;
        for (pointer, value) in set {
            assign(&mut body, pointer, value.clone())?;
        }
        if let Some(bytes) = prepared.secrets {
            put_back(&mut body, &SecretSet::from_bytes(&bytes).map_err(|e| unreadable(e.to_string()))?);
        }
        let missing = masked_pointers(&body);
        if !missing.is_empty() {
            return Err(Error::SecretsGone { job: job.id, pointers: missing });
        }
        Ok(Request {
            external_id: None,
            subject: job.subject.clone(),
            class: Some(job.class),
            trace: envelope.trace,
            replay_of: Some(job.id),
            ..Request::new(job.source.clone(), job.action.clone(), body)
        })
    }

    /// Pauses a backend: its running attempts end, no new one starts. Kept over restarts.
    pub async fn pause(&self, backend: &str, actor: &Actor) -> Result<(), Error> {
        self.set_paused(backend, true, actor).await
    }

    /// Resumes a backend.
    pub async fn resume(&self, backend: &str, actor: &Actor) -> Result<(), Error> {
        self.set_paused(backend, false, actor).await
    }

    async fn set_paused(&self, backend: &str, paused: bool, actor: &Actor) -> Result<(), Error> {
        let core = &self.core;
        let known = core.snapshot().backend(backend).is_some();
        if !known && (paused || !core.slots.is_paused(backend)) {
            return Err(Error::Missing(format!("backend {backend}; see `intendant backends list`")));
        }
        let key = EntityKey { kind: PAUSE.to_owned(), key: backend.to_owned() };
        let (event, verb) =
            if paused { (EventKind::Paused, "paused") } else { (EventKind::Resumed, "resumed") };
        loop {
            let now = core.clock.now();
            let stored = core.journal.entity(key.clone()).await?;
            if stored.is_some() == paused {
                break;
            }
            let content = paused.then(|| pause_content(backend, actor, now));
            let expected_rev = stored.map_or(0, |entity| entity.rev);
            let write = EntityWrite { key: key.clone(), expected_rev, content };
            let entry = AuditEntry::new(actor, format!("backend {backend}"), Code::from_static(verb), verb)
                .before(json!({ "paused": !paused }))
                .after(json!({ "paused": paused }));
            let effects = EffectSet { entities: vec![write], ..recorded(entry, now) };
            match core.journal.apply(effects, Some((event, backend.to_owned())), now).await {
                Err(journal::Error::Conflict { .. }) => {}
                other => {
                    other?;
                    break;
                }
            }
        }
        core.slots.set_paused(backend, paused);
        Ok(())
    }
}

/// Effects that are the record of a change.
fn recorded(entry: AuditEntry, at: Timestamp) -> EffectSet {
    EffectSet { records: vec![entry.record(at)], ..EffectSet::default() }
}

fn pause_content(backend: &str, actor: &Actor, now: Timestamp) -> EntityContent {
    EntityContent {
        state: "paused".to_owned(),
        label: backend.to_owned(),
        body: json!({ "by": actor.0, "at": now }),
    }
}

/// Sets a value in a body. The place must exist, or be a new member of an object that does.
fn assign(body: &mut Value, pointer: &str, value: Value) -> Result<(), Error> {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value;
        return Ok(());
    }
    let parent = pointer.rsplit_once('/').and_then(|(parent, key)| Some((body.pointer_mut(parent)?, key)));
    match parent {
        Some((Value::Object(members), key)) => {
            members.insert(key.replace("~1", "/").replace("~0", "~"), value);
            Ok(())
        }
        _ => Err(Error::Missing(format!(
            "place {pointer} in the job's body (a JSON pointer such as /payload/uid)"
        ))),
    }
}
