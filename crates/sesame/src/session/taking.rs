//! Taking jobs: eagerly, many at once, in their order.

use std::convert::Infallible;
use std::time::Duration;

use jiff::Timestamp;
use redis::{RedisError, RedisResult};
use tokio::sync::watch;

use super::{REFUSED, Session, granted};
use crate::connection::WAIT;
use crate::decode::Message;
use crate::error::Error;
use crate::queue::Taken;

/// Most jobs that are asked for at once.
const MOST: usize = 128;

/// What came of asking for several jobs.
#[derive(Default)]
struct Haul {
    jobs: Vec<Message>,
    /// The queue wants to be asked again at the latest at this time.
    next: Option<Timestamp>,
}

impl Session {
    /// Takes jobs while we serve, there is room and nobody told us to stop. `behind` is false while it waits for
    /// somebody to add one.
    pub(super) async fn take(
        &self,
        mut serves: watch::Receiver<bool>,
        behind: &watch::Sender<bool>,
    ) -> Result<Infallible, Error> {
        let (mut wanted, mut pause) = (1, REFUSED.0);
        loop {
            granted(&mut serves).await;
            let room = self.shared.held.room(self.shared.settings.hold).await;
            self.stopped.unless_told().await;
            wanted = wanted.min(room);
            let (haul, failed) = self.haul(wanted).await;
            let taken = haul.jobs.len();
            let accepted = self.take_in(haul.jobs).await?;
            let refused = failed.as_ref();
            match refused {
                Some(error) => self.refused(error)?,
                None => self.obeyed(),
            }
            if refused.is_some() || !accepted {
                self.shared.clock.sleep(pause).await;
                pause = (2 * pause).min(REFUSED.1);
                continue;
            }
            pause = REFUSED.0;
            if taken == 0 {
                behind.send_replace(false);
                let woken = self.wait_for_more(haul.next).await;
                behind.send_replace(true);
                woken?;
            }
            wanted = if taken == wanted { (2 * wanted).min(MOST) } else { 1 };
        }
    }

    /// Asks for so many jobs at once. Those that came count, whatever became of the others.
    async fn haul(&self, wanted: usize) -> (Haul, Option<RedisError>) {
        let now = self.shared.clock.now();
        let asked = self.shared.queue.take(self.pair.calls.clone(), wanted, now).await;
        let answers = match asked {
            Ok(answers) => answers,
            Err(error) => return (Haul::default(), Some(error)),
        };
        let (mut haul, mut failed) = (Haul::default(), None);
        for answer in answers {
            match answer {
                Ok(Taken::Job(job)) => haul.jobs.push(job),
                Ok(Taken::Nothing(next)) => haul.next = next,
                Err(error) => failed = Some(error),
            }
        }
        (haul, failed)
    }

    /// Waits until somebody adds a job, a delayed one is due, or it is time to look anyway.
    async fn wait_for_more(&self, next: Option<Timestamp>) -> Result<(), Error> {
        let now = self.shared.clock.now();
        let until_next = next.map(|next| Duration::try_from(next.duration_since(now)).unwrap_or_default());
        // Redis takes 0 for "for ever".
        let wait = until_next.unwrap_or(WAIT).clamp(Duration::from_millis(5), WAIT);
        let mut waits = self.pair.waits.clone();
        let mut call = redis::cmd("BZPOPMIN");
        call.arg(self.shared.queue.marker()).arg(wait.as_secs_f64());
        let woken: RedisResult<Option<(String, String, f64)>> = call.query_async(&mut waits).await;
        self.unless_lost(woken).map(drop)
    }
}
