//! Completes BullMQ jobs with the answers that the outbox hands over.

use std::sync::Arc;
use std::time::Duration;

use engine::port::{BoxFuture, Courier, Delivered};
use jiff::{SignedDuration, Timestamp};
use model::Delivery;
use redis::RedisError;
use redis::aio::MultiplexedConnection;

use crate::connection::said;
use crate::keep::Keep;
use crate::queue::{Finished, Held};
use crate::reactor::Completion;
use crate::source::Shared;

/// Pause before a job is looked at again that is in somebody else's hands, or back in the queue.
const ELSEWHERE: Duration = Duration::from_secs(5);
/// Longest pause after Redis refused.
const REFUSED: Duration = Duration::from_secs(30);

/// Completes jobs.
pub(crate) struct Completions(pub(crate) Arc<Shared>);

impl Courier for Completions {
    fn is_open(&self) -> bool {
        self.0.calls.borrow().is_some()
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(async move {
            let id = delivery.to.address.clone();
            let how = self.complete(&id, delivery).await;
            if !matches!(how, Delivered::Later(..)) {
                self.0.held.let_go(&id);
            }
            how
        })
    }
}

impl Completions {
    async fn complete(&self, id: &str, delivery: Delivery) -> Delivered {
        let calls = self.0.calls.borrow().clone();
        let Some(calls) = calls else {
            return Delivered::Later(None, "there is no connection to Redis".to_owned());
        };
        let completion: Completion = match serde_json::from_value(delivery.body) {
            Ok(completion) => completion,
            Err(error) => return Delivered::Never(format!("the answer cannot be read back: {error}")),
        };
        match self.finish(&calls, id, &completion).await {
            Ok(how) => how,
            Err(error) => {
                let pause = Duration::from_secs(1 << delivery.attempts.min(5)).min(REFUSED);
                Delivered::Later(self.after(pause), said(&self.0.settings.address, &error).to_string())
            }
        }
    }

    async fn finish(
        &self,
        calls: &MultiplexedConnection,
        id: &str,
        completion: &Completion,
    ) -> Result<Delivered, RedisError> {
        let (queue, value) = (&self.0.queue, completion.value.to_string());
        let is_to_go = completion.keep.is_some_and(Keep::removes);
        // The lock may have run out: it is taken again, and the job completed under it.
        for _ in 0..2 {
            match queue.finish(calls.clone(), id, &value, completion.keep, self.0.clock.now()).await? {
                // Gone: it was completed before, and only the word of it was lost.
                Finished::Yes | Finished::Gone if is_to_go => return Ok(Delivered::Done),
                Finished::Yes => return self.mask(calls, id, completion).await,
                Finished::Gone => return Ok(gone(id)),
                Finished::HasChildren => {
                    return Ok(Delivered::Never(format!(
                        "job {id} waits for other jobs, which is not supported"
                    )));
                }
                Finished::NotOurs => {}
            }
            match queue.hold(calls.clone(), &[id], true).await?.first() {
                Some(Held::Ours | Held::Free) => {}
                Some(Held::Finished) => return self.compare(calls, id, completion, &value).await,
                Some(Held::Gone) if is_to_go => return Ok(Delivered::Done),
                Some(Held::Gone) | None => return Ok(gone(id)),
                Some(Held::Waiting) => {
                    return Ok(self.elsewhere(format!(
                        "job {id} is back in the queue and is answered when it is taken"
                    )));
                }
                Some(Held::Other) => {
                    return Ok(self.elsewhere(format!("another worker has job {id}")));
                }
            }
        }
        Ok(self.elsewhere(format!("job {id} changes hands")))
    }

    /// A job that was complete before: by us, and only our mark was lost, or by somebody else.
    async fn compare(
        &self,
        calls: &MultiplexedConnection,
        id: &str,
        completion: &Completion,
        value: &str,
    ) -> Result<Delivered, RedisError> {
        if self.0.queue.answer_of(calls.clone(), id).await?.as_deref() == Some(value) {
            return self.mask(calls, id, completion).await;
        }
        Ok(Delivered::Never(format!("job {id} was answered by another worker before")))
    }

    async fn mask(
        &self,
        calls: &MultiplexedConnection,
        id: &str,
        completion: &Completion,
    ) -> Result<Delivered, RedisError> {
        if let Some(data) = &completion.masked {
            self.0.queue.mask(calls.clone(), id, &data.to_string()).await?;
        }
        Ok(Delivered::Done)
    }

    fn elsewhere(&self, why: String) -> Delivered {
        Delivered::Later(self.after(ELSEWHERE), why)
    }

    fn after(&self, pause: Duration) -> Option<Timestamp> {
        self.0.clock.now().checked_add(SignedDuration::try_from(pause).ok()?).ok()
    }
}

fn gone(id: &str) -> Delivered {
    Delivered::Never(format!("job {id} is no longer in the queue: it was removed, or Redis lost it"))
}
