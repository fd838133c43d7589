//! Couriers of which each try is told.

use std::sync::Arc;
use std::time::Duration;

use engine::Clock;
use engine::port::{BoxFuture, Courier, Delivered};
use model::Delivery;

use super::span::Tried;
use super::{Note, Notes};

/// A courier that is watched.
pub(super) struct Watched {
    pub(super) inner: Arc<dyn Courier>,
    pub(super) notes: Notes,
    pub(super) clock: Clock,
}

impl Courier for Watched {
    fn is_open(&self) -> bool {
        self.inner.is_open()
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    fn longest_wait(&self) -> Duration {
        self.inner.longest_wait()
    }

    fn longest_pause(&self) -> Duration {
        self.inner.longest_pause()
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        // Addresses stay here: they may hold what only the two sides know.
        let (id, job, courier) = (delivery.id, delivery.job, delivery.to.courier.clone());
        let before = delivery.attempts;
        Box::pin(async move {
            let start = self.clock.now();
            let delivered = self.inner.deliver(delivery).await;
            if let Some(job) = job {
                let failure = match &delivered {
                    Delivered::Done => None,
                    Delivered::Later(_, why) | Delivered::Never(why) => Some(why.clone()),
                };
                let end = self.clock.now();
                self.notes.put(Note::Tried(Tried {
                    delivery: id,
                    job,
                    courier,
                    before,
                    start,
                    end,
                    failure,
                }));
            }
            delivered
        })
    }
}
