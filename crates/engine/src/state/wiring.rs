//! What the journal's writer tells the engine after each commit, and who is woken by it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use journal::{Committed, Due, Observer};
use model::{Event, EventKind, JobId, OutboxPlace};
use tokio::sync::{Notify, broadcast, oneshot};

use crate::port::Stop;
use crate::state::copies::Followers;
use crate::state::debts::Debts;
use crate::state::running::Running;

/// Above this many unread notices the dispatcher reads the journal instead.
const INBOX: usize = 50_000;
/// Events kept for slow readers of the live stream; who falls behind reads the journal.
const STREAM: usize = 4096;

/// What the dispatcher has not looked at yet.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pub(crate) due: VecDeque<Due>,
    pub(crate) ended: Vec<JobId>,
    /// Notices were dropped: read all lanes from the journal.
    pub(crate) overflow: bool,
    /// Other jobs are ours than before, or there are some that nobody leads any more.
    pub(crate) shared_anew: bool,
}

/// The ends of the wires: made before the journal is opened, handed to the hub afterwards.
pub struct Wiring {
    inbox: Mutex<Inbox>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) outbox: Notify,
    /// The earliest deadline of jobs that were accepted of late.
    deadline: Mutex<Option<Timestamp>>,
    pub(crate) deadlines: Notify,
    /// What this hub writes, and what all write.
    pub(crate) own_events: broadcast::Sender<Event>,
    pub(crate) events: broadcast::Sender<Event>,
    waiters: Mutex<HashMap<JobId, Vec<oneshot::Sender<()>>>>,
    /// Who keeps copies of entities.
    pub(crate) followers: Followers,
    /// What is still owed for what somebody follows to the last.
    pub(crate) debts: Debts,
    /// The jobs that are run here.
    pub(crate) running: Running,
    /// Places of deliveries that were given up and are to be sent again.
    revived: Mutex<Vec<OutboxPlace>>,
}

/// Makes the wires: the observer is for the journal, the other end for [`crate::Hub::start`].
pub fn wiring() -> (Observer, Arc<Wiring>) {
    let wiring = Arc::new(Wiring {
        inbox: Mutex::default(),
        wake: Arc::new(Notify::new()),
        outbox: Notify::new(),
        deadline: Mutex::default(),
        deadlines: Notify::new(),
        own_events: broadcast::channel(STREAM).0,
        events: broadcast::channel(STREAM).0,
        waiters: Mutex::default(),
        followers: Followers::default(),
        debts: Debts::default(),
        running: Running::default(),
        revived: Mutex::default(),
    });
    let heard = Arc::clone(&wiring);
    (Arc::new(move |committed| heard.hear(committed)), wiring)
}

impl Wiring {
    fn hear(&self, committed: Committed) {
        // Copies first: what else is told may be looked at in their light.
        let copied = self.followers.told(&committed.entities);
        self.debts.told(&committed);
        self.hear_events(committed.events, true);
        self.hear_events(committed.others, false);
        if committed.shared_anew {
            self.share_anew();
        }
        for job in committed.cancels {
            self.running.signal(job, Stop::Cancelled);
        }
        if !committed.revived.is_empty() {
            self.revived.lock().unwrap_or_else(PoisonError::into_inner).extend(committed.revived);
            self.outbox.notify_one();
        }
        if !committed.owed.is_empty() {
            self.outbox.notify_one();
        }
        if copied || !committed.damaged.is_empty() {
            self.wake.notify_one();
        }
        if let Some(first) = committed.deadlines.into_iter().min() {
            let mut deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
            if deadline.is_none_or(|known| first < known) {
                *deadline = Some(first);
                self.deadlines.notify_one();
            }
        }
        if committed.due.is_empty() {
            return;
        }
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        if inbox.due.len() + committed.due.len() > INBOX {
            inbox.due.clear();
            inbox.overflow = true;
        } else {
            inbox.due.extend(committed.due);
        }
        drop(inbox);
        self.wake.notify_one();
    }

    /// Says that other jobs may be ours to run than before.
    pub(crate) fn share_anew(&self) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).shared_anew = true;
        self.wake.notify_one();
    }

    /// Has the deadlines read anew.
    pub(crate) fn forget_deadlines(&self) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(Timestamp::MIN);
        self.deadlines.notify_one();
    }

    fn hear_events(&self, events: Vec<Event>, own: bool) {
        let listened = self.events.receiver_count() > 0;
        let own = own && self.own_events.receiver_count() > 0;
        let mut waiters = self.lock_waiters();
        for event in events {
            if ends(event.kind)
                && let Some(job) = event.job
                && let Some(waiting) = waiters.remove(&job)
            {
                // A caller that went away needs no answer.
                for waiter in waiting {
                    _ = waiter.send(());
                }
            }
            // Nobody left to hear it is no error.
            if own {
                let _ = self.own_events.send(event.clone());
            }
            if listened {
                let _ = self.events.send(event);
            }
        }
    }

    /// Waits for the end of a job. Ask for it before looking at the job, so that its end is not missed.
    pub(crate) fn end_of(&self, job: JobId) -> Waiter<'_> {
        let (sender, told) = oneshot::channel();
        self.lock_waiters().entry(job).or_default().push(sender);
        Waiter { wiring: self, job, told }
    }

    fn lock_waiters(&self) -> MutexGuard<'_, HashMap<JobId, Vec<oneshot::Sender<()>>>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_revived(&self) -> Vec<OutboxPlace> {
        std::mem::take(&mut *self.revived.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn take_deadline(&self) -> Option<Timestamp> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn take_inbox(&self) -> Inbox {
        std::mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a job back in view.
    pub(crate) fn offer(&self, due: Due) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).due.push_back(due);
        self.wake.notify_one();
    }

    /// A job's runner is gone.
    pub(crate) fn ended(&self, job: JobId) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).ended.push(job);
        self.wake.notify_one();
    }
}

/// Somebody who waits for the end of a job. Whoever goes away is forgotten, whatever the reason.
pub(crate) struct Waiter<'a> {
    wiring: &'a Wiring,
    job: JobId,
    told: oneshot::Receiver<()>,
}

impl Waiter<'_> {
    /// Resolves when the job has ended.
    pub(crate) async fn told(&mut self) {
        // Whoever tells is never gone before: the wiring outlives its waiters.
        let _ = (&mut self.told).await;
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.told.close();
        let mut waiters = self.wiring.lock_waiters();
        if let Some(waiting) = waiters.get_mut(&self.job) {
            waiting.retain(|waiter| !waiter.is_closed());
            if waiting.is_empty() {
                waiters.remove(&self.job);
            }
        }
    }
}

pub(crate) fn ends(kind: EventKind) -> bool {
    matches!(kind, EventKind::Succeeded | EventKind::Failed | EventKind::Cancelled | EventKind::Superseded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_no_longer_waits_is_forgotten() {
        let (_, wiring) = wiring();
        let (job, other) = (JobId(uuid::Uuid::from_u128(1)), JobId(uuid::Uuid::from_u128(2)));
        let (first, second) = (wiring.end_of(job), wiring.end_of(job));
        // Of a job that there is not, or by a caller who went away.
        drop(wiring.end_of(other));
        assert_eq!(wiring.lock_waiters().keys().collect::<Vec<_>>(), [&job]);
        drop(first);
        assert_eq!(wiring.lock_waiters()[&job].len(), 1);
        drop(second);
        assert!(wiring.lock_waiters().is_empty());
    }
}
