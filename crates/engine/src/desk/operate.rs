//! What operators do: cancel, pause, resume. Every change leaves an audit record.

use std::sync::Arc;

use jiff::Timestamp;
use journal::Grave;
use model::effect::EntityContent;
use model::word::code;
use model::{Code, Entity, EntityKey, EventKind, JobId, JobState};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::carry::carry;
use crate::desk::audit::{Actor, AuditEntry};
use crate::desk::hub::Hub;
use crate::error::Error;
use crate::port::Stop;
use crate::state::edit::Edit;
use crate::work::breaker;
use crate::work::bury::bury;
use crate::work::ending::{End, end_taken_over, end_waiting};
use crate::work::errand::Errand;

/// The kind of the entities that keep which backends are paused.
pub(crate) const PAUSE: &str = "paused_backend";
/// The kind of the entities that keep how many attempts operators let run at once.
pub(crate) const LIMIT: &str = "backend_limit";
/// More attempts at once nobody sets by hand.
const MOST: usize = 1000;

/// What an operator's wish to cancel came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
            let job = match self.job(id).await {
                // Nobody can say what it does: it is ended, and with it what runs of it.
                Err(Error::Journal(journal::Error::Damaged(_))) if bury(core, Grave::Job(id)).await? => {
                    core.wiring.running.signal(id, Stop::Cancelled);
                    return Ok(Cancelled::Now);
                }
                job => job?,
            };
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
                    match core.journal.ask_cancel(id, actor.0.clone(), entry.recorded(now)).await {
                        // Whoever runs it hears of it from the journal.
                        Ok(()) => Some(Cancelled::Ending),
                        Err(journal::Error::Fenced(_)) => None,
                        Err(error) => return Err(error.into()),
                    }
                }
                _ if !core.journal.owns(id, job.subject.as_ref()) => {
                    self.ask_owner(Errand::Cancel { job: id, by: actor.0.clone() }).await?
                }
                _ => {
                    let message = format!("cancelled by {}", actor.0);
                    let (state, code) = (JobState::Cancelled, code::CANCELLED);
                    let end = End { state, code, message, record: Some(entry.record(now)) };
                    let closed = end_waiting(core, id, end, now).await;
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

    /// Ends a job that another worker has taken over, whatever it does just now. One that has ended stays as it is:
    /// then the answer is `false`.
    pub async fn withdraw(&self, id: JobId) -> Result<bool, Error> {
        let core = &self.core;
        // It may start or end between our look and our change: look again, a few times.
        for _ in 0..5 {
            let job = self.job(id).await?;
            let now = core.clock.now();
            match job.state {
                state if state.is_terminal() => return Ok(false),
                JobState::Running if core.wiring.running.has(id) => {
                    core.wiring.running.signal(id, Stop::TakenOver);
                    return Ok(true);
                }
                _ if !core.journal.owns(id, job.subject.as_ref()) => {
                    if let Some(withdrawn) = self.ask_owner(Errand::Withdraw { job: id }).await? {
                        return Ok(withdrawn);
                    }
                }
                _ if end_taken_over(core, id, now).await => return Ok(true),
                _ => {}
            }
        }
        Ok(false)
    }

    /// Pauses a backend: its running attempts end, no new one starts. Kept over restarts.
    pub async fn pause(&self, backend: &str, actor: &Actor) -> Result<(), Error> {
        self.set_paused(backend, true, actor).await
    }

    /// Resumes a backend. One that is left alone because it kept failing, or that said "not now", gets work again at once,
    /// too; jobs that it told to wait keep their time.
    pub async fn resume(&self, backend: &str, actor: &Actor) -> Result<(), Error> {
        let (hub, backend, actor) = (self.clone(), backend.to_owned(), actor.clone());
        carry(async move {
            hub.set_paused(&backend, false, &actor).await?;
            breaker::closed(&hub.core, &backend).await;
            if hub.core.slots.let_go(&backend) {
                breaker::say_recovered(Arc::clone(&hub.core), Arc::from(backend)).await;
            }
            Ok(())
        })
        .await
    }

    /// Lets so many attempts run at once on a backend, in the place of what is configured; `None` = what is configured holds
    /// again. What runs goes on. Kept over restarts. Refused beyond 1 to 1000.
    pub async fn set_concurrency(
        &self,
        backend: &str,
        at_most: Option<usize>,
        actor: &Actor,
    ) -> Result<(), Error> {
        let core = &self.core;
        let before = match core.snapshot().backend(backend) {
            Some(entry) => core.slots.limit(entry),
            None if at_most.is_none() => None,
            None => return Err(Error::Missing(format!("backend {backend}; see `intendant backends list`"))),
        };
        if at_most.is_some_and(|at_most| !(1..=MOST).contains(&at_most)) {
            let message =
                format!("{backend}: from 1 to {MOST} attempts may run at once; pause it to let none run");
            return Err(Error::Refused { code: code::INVALID_PAYLOAD, message });
        }
        let key = EntityKey { kind: LIMIT.to_owned(), key: backend.to_owned() };
        let entry =
            AuditEntry::new(actor, format!("backend {backend}"), Code::from_static("concurrency"), "")
                .before(json!({ "concurrency": before }))
                .after(json!({ "concurrency": at_most }));
        let entry = AuditEntry {
            message: match at_most {
                Some(at_most) => format!("at most {at_most} attempts at once"),
                None => "as many attempts at once as configured".to_owned(),
            },
            ..entry
        };
        let (by, at) = (&actor.0, core.clock.now());
        let edit = |stored: Option<&Entity>| match at_most {
            Some(at_most) => {
                let body = json!({ "at_most": at_most, "by": by, "at": at });
                let content = EntityContent { state: "set".to_owned(), label: backend.to_owned(), body };
                Ok((Edit::Put(content), Some(entry.clone())))
            }
            None if stored.is_none() => Ok((Edit::Keep, None)),
            None => Ok((Edit::Remove, Some(entry.clone()))),
        };
        match core.update(key.clone(), None, edit).await {
            // What cannot be read is set anew, or goes.
            Err(Error::Journal(journal::Error::Damaged(_))) => {
                self.erase(key.clone(), at_most.is_none().then(|| entry.clone())).await?;
                core.update(key, None, edit).await
            }
            done => done,
        }
    }

    async fn set_paused(&self, backend: &str, paused: bool, actor: &Actor) -> Result<(), Error> {
        let core = &self.core;
        let known = core.snapshot().backend(backend).is_some();
        if !known && (paused || !core.slots.is_paused(backend)) {
            return Err(Error::Missing(format!("backend {backend}; see `intendant backends list`")));
        }
        let key = EntityKey { kind: PAUSE.to_owned(), key: backend.to_owned() };
        let entry = pause_entry(backend, paused, actor);
        let content = pause_content(backend, actor, core.clock.now());
        let edit = |stored: Option<&Entity>| match stored {
            stored if stored.is_some() == paused => Ok((Edit::Keep, None)),
            None => Ok((Edit::Put(content.clone()), Some(entry.clone()))),
            Some(_) => Ok((Edit::Remove, Some(entry.clone()))),
        };
        let event = if paused { EventKind::Paused } else { EventKind::Resumed };
        match core.update(key.clone(), Some((event, backend.to_owned())), edit).await {
            // It holds, whatever it says; and it can be lifted.
            Err(Error::Journal(journal::Error::Damaged(_))) if paused => Ok(()),
            Err(Error::Journal(journal::Error::Damaged(_))) => self.erase(key, Some(entry)).await.map(drop),
            done => done,
        }
    }
}

fn pause_entry(backend: &str, paused: bool, actor: &Actor) -> AuditEntry {
    let verb = if paused { "paused" } else { "resumed" };
    AuditEntry::new(actor, format!("backend {backend}"), Code::from_static(verb), verb)
        .before(json!({ "paused": !paused }))
        .after(json!({ "paused": paused }))
}

fn pause_content(backend: &str, actor: &Actor, now: Timestamp) -> EntityContent {
    EntityContent {
        state: "paused".to_owned(),
        label: backend.to_owned(),
        body: json!({ "by": actor.0, "at": now }),
    }
}
