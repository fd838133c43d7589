//! Delivers what must leave: replies, notifications, mails, webhooks (design §2.7).
//!
//! Deliveries to one address leave in order, one at a time; an address that is stuck holds only itself. The mark
//! that a delivery was made is written without waiting: after a crash the same delivery, with the same id, may leave
//! again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use journal::Mark;
use model::{Delivery, DeliveryTo};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::port::Delivered;

/// Deliveries held in memory; the rest stays in the journal.
const HELD: usize = 4096;
/// Addresses served at once.
const LANES: usize = 64;
/// The wall clock is looked at this often at least.
const LOOK: Duration = Duration::from_secs(5);
/// What is due within this time when the hub stops still leaves.
const LAST_CALL: Duration = Duration::from_secs(1);
/// First and longest pause before a delivery is tried again, when its courier does not say.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// A delivery, and how it went.
type Tried = (Delivery, Delivered);

pub(crate) struct Outbox {
    core: Arc<Core>,
    queues: HashMap<DeliveryTo, VecDeque<Delivery>>,
    busy: HashSet<DeliveryTo>,
    held: usize,
    /// Place of the last delivery that was read.
    read_to: i64,
    /// Bounded by [`LANES`]: each address has one delivery under way.
    done: mpsc::UnboundedSender<Tried>,
    tried: mpsc::UnboundedReceiver<Tried>,
}

impl Outbox {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let (done, tried) = mpsc::unbounded_channel();
        Outbox { core, queues: HashMap::new(), busy: HashSet::new(), held: 0, read_to: 0, done, tried }
    }

    /// Works until the hub has stopped: when no job runs any more, what is due or nearly so still leaves.
    pub(crate) async fn run(mut self) {
        loop {
            let last_round = self.core.is_stopping() && self.core.running() == 0;
            self.read().await;
            self.core.stats.waiting_to_leave(self.held);
            let next = self.send();
            let soon = self.core.clock.now() + LAST_CALL;
            if last_round && self.busy.is_empty() && next.is_none_or(|next| next > soon) {
                return;
            }
            self.wait(next).await;
        }
    }

    /// Reads what is new, and what an operator wants to be sent again.
    async fn read(&mut self) {
        self.read_revived().await;
        while self.held < HELD {
            let room = HELD - self.held;
            let new = match self.core.journal.deliveries(self.read_to, room).await {
                Ok(new) => new,
                Err(journal::Error::Closed) => return,
                Err(error) => return tracing::error!("reading the outbox: {error}"),
            };
            let complete = new.len() < room;
            for delivery in new {
                self.read_to = self.read_to.max(delivery.seq);
                self.held += 1;
                self.queues.entry(delivery.to.clone()).or_default().push_back(delivery);
            }
            if complete {
                return;
            }
        }
    }

    async fn read_revived(&mut self) {
        for place in self.core.wiring.take_revived() {
            // What lies behind the place that was read to comes by itself.
            if place > self.read_to {
                continue;
            }
            match self.core.journal.deliveries(place - 1, 1).await {
                Ok(found) => {
                    for delivery in found.into_iter().filter(|delivery| delivery.seq == place) {
                        self.held += 1;
                        self.queues.entry(delivery.to.clone()).or_default().push_back(delivery);
                    }
                }
                Err(journal::Error::Closed) => return,
                Err(error) => tracing::error!("a delivery leaves after the next start: {error}"),
            }
        }
    }

    /// Starts what is due, and says when the next one is.
    fn send(&mut self) -> Option<Timestamp> {
        let now = self.core.clock.now();
        let mut next: Option<Timestamp> = None;
        for (to, queue) in &self.queues {
            if self.busy.len() >= LANES {
                return None;
            }
            let Some(first) = queue.front() else { continue };
            if self.busy.contains(to) || self.core.couriers.get(&to.courier).is_some_and(|c| !c.is_open()) {
                continue;
            }
            if first.due_at > now {
                next = next.into_iter().chain([first.due_at]).min();
                continue;
            }
            self.busy.insert(to.clone());
            tokio::spawn(deliver(Arc::clone(&self.core), first.clone(), self.done.clone()));
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
        let wiring = Arc::clone(&self.core.wiring);
        tokio::select! {
            Some((delivery, how)) = self.tried.recv() => self.note(&delivery, how),
            () = wiring.outbox.notified() => {}
            () = pause => {}
        }
        while let Ok((delivery, how)) = self.tried.try_recv() {
            self.note(&delivery, how);
        }
    }

    fn note(&mut self, delivery: &Delivery, how: Delivered) {
        let now = self.core.clock.now();
        self.busy.remove(&delivery.to);
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
        self.core.stats.delivery(&delivery.to.courier, &mark);
        if let Some(queue) = self.queues.get_mut(&delivery.to) {
            match &mark {
                Mark::Later(at, why) => {
                    if let Some(first) = queue.front_mut() {
                        (first.due_at, first.attempts, first.message) =
                            (*at, first.attempts + 1, Some(why.clone()));
                    }
                }
                Mark::Delivered | Mark::Never(_) => {
                    queue.pop_front();
                    self.held -= 1;
                }
            }
            if queue.is_empty() {
                self.queues.remove(&delivery.to);
            }
        }
        let (core, id) = (Arc::clone(&self.core), delivery.id);
        tokio::spawn(async move {
            if let Err(error) = core.journal.mark(id, mark, now).await {
                tracing::warn!(delivery = %id.0, "it may leave again after a restart: {error}");
            }
        });
    }
}

async fn deliver(core: Arc<Core>, delivery: Delivery, done: mpsc::UnboundedSender<Tried>) {
    let how = match core.couriers.get(&delivery.to.courier) {
        // In a task of its own, so that a courier that panics is a delivery that failed.
        Some(courier) => {
            let (courier, delivery) = (Arc::clone(courier), delivery.clone());
            let sending = tokio::spawn(async move { courier.deliver(delivery).await });
            sending.await.unwrap_or_else(|_| Delivered::Later(None, "the courier broke down".to_owned()))
        }
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
