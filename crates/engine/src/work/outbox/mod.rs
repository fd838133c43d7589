//! Delivers what must leave: replies, notifications, mails, webhooks.
//!
//! Deliveries to one address leave in order, one at a time; an address that is stuck holds only itself. The mark
//! that a delivery was made is written without waiting: after a crash the same delivery, with the same id, may leave
//! again.

mod queue;

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jiff::Timestamp;
use journal::{Grave, Mark, Over, Spot};
use model::believe::within;
use model::{Delivery, DeliveryId, DeliveryTo, OutboxPlace};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::queue::{HELD, Queue};
use crate::clock::Pace;
use crate::lasting::Lasting;
use crate::port::{Delivered, LONGEST_PAUSE, LONGEST_WAIT};
use crate::state::core::Core;
use crate::work::bury::bury;
use crate::work::keeper::before;

/// Of couriers that are no longer configured.
const NO_LANES: usize = 64;
/// The wall clock is looked at this often at least.
const LOOK: Duration = Duration::from_secs(5);
/// What is due within this time when the hub stops still leaves.
const LAST_CALL: Duration = Duration::from_secs(1);
/// Marks are written this long after they were made, together: nobody waits for them, and each commit of its own would
/// cost as much as one of a job.
const GATHER: Duration = Duration::from_millis(10);
/// Pause before marks are written again for which the journal had no room.
const AGAIN: Duration = Duration::from_secs(1);
/// So many are written at once.
const GATHERED: usize = 1024;
/// First and longest pause before a delivery is tried again, when its courier does not say.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), LONGEST_PAUSE);

/// What is told of when it cannot be done.
const READING: &str = "reading the outbox";

/// Deliveries of which it is not on disk yet what became of them. A reading of the journal may still show them.
#[derive(Clone, Default)]
struct Unmarked(Arc<Mutex<HashSet<DeliveryId>>>);

impl Unmarked {
    fn add(&self, id: DeliveryId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    fn remove(&self, ids: &[DeliveryId]) {
        let mut unmarked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            unmarked.remove(id);
        }
    }

    fn all(&self) -> HashSet<DeliveryId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A delivery, and how it went.
type Tried = (Delivery, Delivered);

pub(crate) struct Outbox {
    core: Arc<Core>,
    /// One for each courier: what cannot leave through one does not keep another waiting.
    queues: HashMap<String, Queue>,
    /// That the journal could not be read.
    trouble: Lasting,
    pace: Pace,
    /// Place of the last delivery that was looked at.
    read_to: OutboxPlace,
    /// There may be new ones after it.
    unread: bool,
    /// What became of deliveries and is not written yet, with the time when it was made.
    marks: Vec<(DeliveryId, Mark, Timestamp)>,
    unmarked: Unmarked,
    /// What lies in the journal and is to be given up.
    over: Vec<Over>,
    /// Writes those that were gathered before.
    writing: Option<JoinHandle<()>>,
    /// Bounded by the couriers' lanes.
    done: mpsc::UnboundedSender<Tried>,
    tried: mpsc::UnboundedReceiver<Tried>,
}

impl Outbox {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let (done, tried) = mpsc::unbounded_channel();
        let (queues, marks, trouble) = (HashMap::new(), Vec::new(), Lasting::default());
        let pace = Pace::new(&core.clock);
        let (unmarked, over, writing) = (Unmarked::default(), Vec::new(), None);
        Outbox {
            core,
            queues,
            trouble,
            pace,
            read_to: OutboxPlace::default(),
            unread: true,
            marks,
            unmarked,
            over,
            writing,
            done,
            tried,
        }
    }

    /// Works until the hub has stopped: when no job runs any more, what is due or nearly so still leaves.
    pub(crate) async fn run(mut self) {
        loop {
            let last_round = self.core.is_stopping() && self.core.wiring.running.len() == 0;
            self.read().await;
            if let Some(by) = self.pace.set_back(&self.core.clock) {
                self.queues.values_mut().for_each(|queue| queue.set_back(by));
            }
            self.core.stats.waiting_to_leave(self.queues.values().map(Queue::held).sum());
            let next = self.send();
            let soon = self.core.clock.now() + LAST_CALL;
            let idle = self.queues.values().all(|queue| queue.under_way() == 0);
            if last_round && idle && next.is_none_or(|next| next > soon) {
                return write(self.core, self.marks, self.unmarked, self.writing).await;
            }
            self.wait(next).await;
            self.write_marks();
        }
    }

    /// Reads what is new, what there was no room for, and what an operator wants to be sent again.
    async fn read(&mut self) {
        let reading = async {
            self.give_up().await?;
            self.read_revived().await?;
            self.read_new().await?;
            self.catch_up().await
        };
        match reading.await {
            Ok(()) => self.trouble.obeyed(READING),
            Err(error) => self.trouble.refused(READING, &error),
        }
    }

    async fn read_new(&mut self) -> Result<(), journal::Error> {
        while self.unread {
            let new = self.core.journal.deliveries(None, self.read_to, HELD).await?;
            self.unread = new.next.is_some();
            self.read_to = new.next.map_or(self.read_to, |next| self.read_to.max(next));
            for delivery in new.rows {
                self.read_to = self.read_to.max(delivery.seq);
                let delivery = believed(&self.core, delivery);
                let queue = self.queues.entry(delivery.to.courier.clone()).or_default();
                queue.take(delivery);
            }
        }
        Ok(())
    }

    /// Reads what lies in the journal of lines that have room again, many at once, so that this is seldom done.
    async fn catch_up(&mut self) -> Result<(), journal::Error> {
        let couriers: Vec<String> = self.queues.keys().cloned().collect();
        for courier in couriers {
            let Some(queue) = self.queues.get_mut(&courier) else { continue };
            for (address, after, limit) in queue.hungry() {
                let to = DeliveryTo { courier: courier.clone(), address };
                let more = self.core.journal.line(to.clone(), after, limit).await?;
                let rows = more.rows.into_iter().map(|delivery| believed(&self.core, delivery)).collect();
                queue.fill(&to.address, rows, more.next);
            }
            if let Some(after) = queue.take_missed() {
                self.read_missed(courier, after).await?;
            }
        }
        Ok(())
    }

    /// Reads deliveries to addresses for which there was no room at all. What has just left may not be marked yet.
    async fn read_missed(&mut self, courier: String, after: OutboxPlace) -> Result<(), journal::Error> {
        let left = self.unmarked.all();
        let more = self.core.journal.deliveries(Some(courier.clone()), after, HELD).await;
        let queue = self.queues.entry(courier).or_default();
        let more = match more {
            Ok(more) => more,
            Err(error) => {
                queue.missed_from(after);
                return Err(error);
            }
        };
        if let Some(next) = more.next {
            queue.missed_from(next);
        }
        for delivery in more.rows.into_iter().filter(|delivery| !left.contains(&delivery.id)) {
            queue.take(believed(&self.core, delivery));
        }
        Ok(())
    }

    /// Gives up what lies in the journal for addresses that have failed for too long.
    async fn give_up(&mut self) -> Result<(), journal::Error> {
        while let Some(over) = self.over.last() {
            let given_up = self.core.journal.give_up(over.clone(), self.core.clock.now()).await?;
            if given_up > 0 {
                tracing::warn!(given_up, "{given_up} deliveries were given up: {}", over.why);
            }
            self.over.pop();
        }
        Ok(())
    }

    async fn read_revived(&mut self) -> Result<(), journal::Error> {
        for place in self.core.wiring.take_revived() {
            // What lies behind the place that was read to comes by itself.
            if place > self.read_to {
                continue;
            }
            let found = match self.core.journal.deliveries(None, place.before(), 1).await {
                Ok(found) => found,
                Err(journal::Error::Closed) => return Err(journal::Error::Closed),
                Err(error) => {
                    tracing::error!("a delivery leaves after the next start: {error}");
                    continue;
                }
            };
            // Sent again by an operator, and not to be read: it is dead again.
            let number = place.number();
            if found.damaged.iter().any(|row| row.spot == Spot::Delivery(number)) {
                bury(&self.core, Grave::Delivery(number)).await?;
            }
            for delivery in found.rows.into_iter().filter(|delivery| delivery.seq == place) {
                let queue = self.queues.entry(delivery.to.courier.clone()).or_default();
                queue.revive(delivery, self.core.clock.now());
            }
        }
        Ok(())
    }

    /// Starts what is due, and says when the next one is.
    fn send(&mut self) -> Option<Timestamp> {
        let now = self.core.clock.now();
        let mut next: Option<Timestamp> = None;
        // Somebody else may be about to send the same.
        if !self.core.is_sure() {
            return None;
        }
        for (name, queue) in &mut self.queues {
            let courier = self.core.couriers.get(name);
            if courier.is_some_and(|courier| !courier.is_open()) {
                continue;
            }
            let lanes = courier.map_or(NO_LANES, |courier| courier.lanes());
            while let Some(delivery) = queue.next(now, lanes) {
                tokio::spawn(deliver(Arc::clone(&self.core), delivery, self.done.clone()));
            }
            next = next.into_iter().chain(queue.next_due()).min();
        }
        next
    }

    async fn wait(&mut self, next: Option<Timestamp>) {
        let clock = self.core.clock.clone();
        let pause = async {
            match next {
                Some(time) => clock.sleep_until(time, LOOK).await,
                None => clock.sleep(LOOK).await,
            }
        };
        let gathered = self.marks.first().map(|(_, _, at)| *at + GATHER);
        let marks_are_due = async {
            match gathered {
                Some(time) => clock.sleep_until(time, GATHER).await,
                None => std::future::pending().await,
            }
        };
        let wiring = Arc::clone(&self.core.wiring);
        tokio::select! {
            Some((delivery, how)) = self.tried.recv() => self.note(&delivery, how),
            () = marks_are_due => {}
            () = wiring.outbox.notified() => self.unread = true,
            () = pause => self.unread = true,
        }
        while let Ok((delivery, how)) = self.tried.try_recv() {
            self.note(&delivery, how);
        }
    }

    fn note(&mut self, delivery: &Delivery, how: Delivered) {
        let now = self.core.clock.now();
        let mark = match how {
            Delivered::Done => Mark::Delivered,
            Delivered::Later(at, why) => {
                Mark::Later(at.unwrap_or_else(|| back_off(now, delivery.attempts)), why)
            }
            Delivered::Never(why) => {
                tracing::warn!(delivery = %delivery.id.0, courier = delivery.to.courier, "undeliverable: {why}");
                Mark::Never(why)
            }
        };
        let mark = self.line_up(delivery, mark, now);
        self.core.stats.delivery(&delivery.to.courier, &mark);
        self.mark(delivery.id, mark, now);
    }

    /// Has those behind it wait or go with it, and says what becomes of the delivery itself.
    fn line_up(&mut self, delivery: &Delivery, mark: Mark, now: Timestamp) -> Mark {
        let DeliveryTo { courier, address } = &delivery.to;
        let Some(queue) = self.queues.get_mut(courier) else { return mark };
        let patience = self.core.couriers.get(courier).map_or(LONGEST_WAIT, |courier| courier.longest_wait());
        let oldest = before(now, patience);
        let given_up_first = matches!(mark, Mark::Later(..));
        let noted = queue.note(address, mark, oldest, now);
        let Mark::Never(why) = &noted.mark else { return noted.mark };
        if !given_up_first {
            return noted.mark;
        }
        let hours = patience.as_secs() / 3600;
        let why =
            format!("{why}; it was given up after {hours} hours, with all that waited for {address} as long");
        for id in noted.given_up {
            let never = Mark::Never(why.clone());
            self.core.stats.delivery(courier, &never);
            self.mark(id, never, now);
        }
        if let Some(after) = noted.also_after {
            let (to, before) = (delivery.to.clone(), DeliveryId::first_at(oldest));
            self.over.push(Over { to, after, before, why: why.clone() });
        }
        Mark::Never(why)
    }

    fn mark(&mut self, id: DeliveryId, mark: Mark, now: Timestamp) {
        self.unmarked.add(id);
        self.marks.push((id, mark, now));
    }

    /// Writes the marks that were gathered, once it is time.
    fn write_marks(&mut self) {
        let now = self.core.clock.now();
        // A clock that was set back does not keep them.
        let due = |made: &Timestamp| *made + GATHER <= now || now < *made;
        if self.marks.len() >= GATHERED || self.marks.first().is_some_and(|(_, _, made)| due(made)) {
            let (core, marks) = (Arc::clone(&self.core), std::mem::take(&mut self.marks));
            let unmarked = self.unmarked.clone();
            self.writing = Some(tokio::spawn(write(core, marks, unmarked, self.writing.take())));
        }
    }
}

/// Writes marks, once those before them are written.
async fn write(
    core: Arc<Core>,
    marks: Vec<(DeliveryId, Mark, Timestamp)>,
    unmarked: Unmarked,
    before: Option<JoinHandle<()>>,
) {
    let ids: Vec<DeliveryId> = marks.iter().map(|(id, ..)| *id).collect();
    if let Some(before) = before {
        // It ends in no other way than by having written.
        let _ = before.await;
    }
    join_all(marks.into_iter().map(async |(id, mark, at)| {
        loop {
            match core.journal.mark(id, mark.clone(), at).await {
                Ok(()) => return,
                // It has room again some time.
                Err(journal::Error::Unwritable(_)) => core.clock.sleep(AGAIN).await,
                Err(error) => {
                    return tracing::warn!(delivery = %id.0, "it may leave again after a restart: {error}");
                }
            }
        }
    }))
    .await;
    unmarked.remove(&ids);
}

/// The delivery with a time for which it may wait: a clock that ran ahead when it was written does not hold it up. One
/// that was not tried yet waits for as long as was wanted when it was made.
fn believed(core: &Core, delivery: Delivery) -> Delivery {
    let longest =
        core.couriers.get(&delivery.to.courier).map_or(BACK_OFF.1, |courier| courier.longest_pause());
    let wanted = || Duration::try_from(delivery.due_at.duration_since(delivery.id.made_at()?)).ok();
    let wanted = if delivery.attempts == 0 { wanted().unwrap_or(longest) } else { longest };
    Delivery { due_at: within(delivery.due_at, wanted.min(longest), core.clock.now()), ..delivery }
}

async fn deliver(core: Arc<Core>, delivery: Delivery, done: mpsc::UnboundedSender<Tried>) {
    let how = match core.couriers.get(&delivery.to.courier) {
        // A courier that panics is a delivery that failed.
        Some(courier) => AssertUnwindSafe(courier.deliver(delivery.clone()))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Delivered::Later(None, "the courier broke down".to_owned())),
        None => Delivered::Later(None, format!("no courier named {} is configured", delivery.to.courier)),
    };
    journal::crash_point("deliver.before_mark");
    // The outbox is gone when the hub stops: the delivery stays pending.
    let _ = done.send((delivery, how));
}

fn back_off(now: Timestamp, attempts: u32) -> Timestamp {
    let pause = BACK_OFF.0.saturating_mul(2u32.saturating_pow(attempts.min(16))).min(BACK_OFF.1);
    now + pause
}
