//! Messages that are held: where the journal does not last, a message stays the broker's until nothing is owed for it any
//! more. It is always in one place there: in the job queue without an acknowledgement, or in a deferred queue. The journal
//! has its job meanwhile, with what is done of it; a message that comes back finds it, or is a new one when it is gone.

mod copy;
mod memory;
mod rule;
mod taking;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use engine::{Debt, Error};
use jiff::Timestamp;
use model::{Job, JobId, WaitingOn};

use crate::publisher::Unpublished;
use crate::raw::RawMessage;
use crate::session::Session;
use crate::topology;
use crate::wire;
use rule::{Facts, Stand, Until, deferred};

pub(crate) use copy::come_back;
pub(crate) use memory::Memory;

/// How often a message that is held is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What is left to do for a message that was taken in.
pub(crate) enum Fate {
    /// Nothing.
    Done,
    /// Its job.
    Job(JobId),
    /// Something is told of it.
    Told(Debt),
}

/// A message that was taken in and not acknowledged.
pub(crate) struct Held {
    /// The broker's number of it.
    pub(crate) tag: u64,
    pub(crate) raw: RawMessage,
    pub(crate) fate: Fate,
}

/// How a hold ends.
pub(crate) enum Ended {
    /// The broker need not keep this one any longer.
    Acknowledge(u64),
    /// The hub stops, and has not begun with it: it is somebody else's.
    GiveBack(u64),
}

/// How many are held.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    fn one_more(&self) -> One<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        One(self)
    }
}

/// One that is held, for as long as this lives.
struct One<'a>(&'a Count);

impl Drop for One<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Session {
    /// Holds a message until it need not be, or is deferred.
    pub(crate) async fn hold(&self, held: Held) -> Ended {
        let Held { tag, raw, fate } = held;
        let _one = self.held.one_more();
        match fate {
            Fate::Done => {}
            Fate::Told(mut debt) => debt.paid().await,
            Fate::Job(job) => {
                self.shared.held.add(&raw, job);
                if !self.hold_for(job, &raw).await {
                    return Ended::GiveBack(tag);
                }
                self.shared.held.forget(&raw, job);
            }
        }
        Ended::Acknowledge(tag)
    }

    /// `false`: the hub stops, and does not run the job.
    async fn hold_for(&self, job: JobId, raw: &RawMessage) -> bool {
        tokio::select! {
            biased;
            () = self.until_paid(job) => true,
            () = self.until_deferred(job, raw) => true,
            () = self.until_left(job) => false,
        }
    }

    /// Waits until nothing is owed for the job.
    async fn until_paid(&self, job: JobId) {
        loop {
            match self.hub.debt_of(job).await {
                Ok(mut debt) => return debt.paid().await,
                // It has ended long ago, and is no longer kept.
                Err(Error::Missing(_)) => return,
                Err(_) => self.shared.clock.sleep(LOOK).await,
            }
        }
    }

    /// Waits until the hub takes up no job any more and has not begun with this one.
    async fn until_left(&self, job: JobId) {
        self.hub.stops().await;
        if self.hub.runs(job) || self.has_ended(job).await {
            std::future::pending::<()>().await;
        }
    }

    async fn has_ended(&self, job: JobId) -> bool {
        self.hub.job(job).await.is_ok_and(|job| job.state.is_terminal())
    }

    /// Waits until the message is in a deferred queue: its job cannot be done in the time that a message may be held.
    async fn until_deferred(&self, job: JobId, raw: &RawMessage) {
        let since = self.shared.clock.instant();
        loop {
            self.shared.clock.sleep(LOOK).await;
            if let Ok(job) = self.hub.job(job).await
                && let Some(until) = self.is_to_go(&job, since).await
            {
                match self.defer(&job, raw, until).await {
                    Ok(()) => {
                        self.undeferred.ended();
                        return self.link.count("deferred", 1);
                    }
                    Err(why) if self.undeferred.began() => {
                        let source = &self.shared.settings.name;
                        tracing::warn!(
                            source,
                            "messages that have to wait cannot be put into deferred queues: {why}"
                        );
                    }
                    Err(_) => {}
                }
            }
        }
    }

    async fn is_to_go(&self, job: &Job, since: Instant) -> Option<Until> {
        let settings = &self.shared.settings;
        let now = self.shared.clock.now();
        let waiting = self.hub.waiting_on(job).await.ok()?;
        deferred(&Facts {
            now,
            held: self.shared.clock.instant().duration_since(since),
            hold: settings.hold?,
            crowded: self.held.0.load(Ordering::Relaxed) >= usize::from(settings.prefetch),
            stand: stand(&waiting, now),
        })
    }

    /// Puts a message into its deferred queue. The broker has it when this succeeds.
    async fn defer(&self, job: &Job, raw: &RawMessage, Until(until): Until) -> Result<(), String> {
        let settings = &self.shared.settings;
        let steps = self.hub.journal().steps(job.id).await.map_err(|error| error.to_string())?;
        let copy = copy::copy(raw, settings, job, &steps);
        let pause = copy::pause(settings, self.shared.clock.now(), until);
        let properties = wire::write(&copy.properties).with_expiration(pause.as_millis().to_string().into());
        let (entry, body) = (settings.delay_entry(), copy.body.bytes());
        let mut made = false;
        loop {
            let sent = self.publisher.send(&entry, &raw.routing_key, properties.clone(), &body, true).await;
            match sent {
                Ok(()) => return Ok(()),
                Err(Unpublished::Unroutable) if !made => {
                    let notes = topology::defer(&self.connection, settings, &raw.routing_key).await;
                    notes.map_err(|error| error.to_string())?;
                    made = true;
                }
                Err(Unpublished::Unknown) => {
                    self.shared.rerouted.notify_one();
                    return Err(format!("exchange {entry} was deleted, and is made again"));
                }
                Err(Unpublished::Later(why)) => return Err(why),
                Err(failed) => return Err(crate::courier::never(&failed, &entry, &raw.routing_key)),
            }
        }
    }
}

/// How a job stands that waits for this.
fn stand(waiting: &WaitingOn, now: Timestamp) -> Stand {
    match waiting {
        WaitingOn::Ended { .. } => Stand::Ended,
        WaitingOn::Running { .. } | WaitingOn::Slot { .. } | WaitingOn::Rate { .. } | WaitingOn::Nothing => {
            Stand::Turn
        }
        WaitingOn::Retry { until }
        | WaitingOn::Wait { until, .. }
        | WaitingOn::NotBefore { until }
        | WaitingOn::Breaker { until, .. }
        | WaitingOn::BackendWait { until, .. }
        | WaitingOn::Window { until: Some(until), .. } => Stand::Waits(*until),
        WaitingOn::Subject { .. }
        | WaitingOn::Failsafe { .. }
        | WaitingOn::Pause { .. }
        | WaitingOn::Window { until: None, .. } => Stand::Waits(now),
    }
}
