//! What is taken before all others, whatever waits and however busy the hub is: who opens a page of the orchestrator does
//! not wait for all identities to be synchronised, and one that hears nothing for a while takes the daemon for dead.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::watch;

use super::{Session, granted};
use crate::connection::{is_lost, said};
use crate::error::Error;

/// How often the queue is looked through while there is more in it than is taken at once.
const LOOK: Duration = Duration::from_millis(250);

impl Session {
    /// Takes jobs of these names out of their turn while others wait, also when no more may be held.
    pub(super) async fn take_first(
        &self,
        names: &[&str],
        mut serves: watch::Receiver<bool>,
        mut behind: watch::Receiver<bool>,
    ) -> Result<Infallible, Error> {
        let mut last = None;
        loop {
            granted(&mut serves).await;
            granted(&mut behind).await;
            self.shared.clock.sleep(LOOK).await;
            self.stopped.unless_told().await;
            if *behind.borrow() && *serves.borrow() {
                self.look(names, &mut last).await?;
            }
        }
    }

    /// Looks at what was added since the `last` look.
    async fn look(&self, names: &[&str], last: &mut Option<String>) -> Result<(), Error> {
        let (mut skipped, mut newest) = (0, None);
        loop {
            let (calls, now) = (self.pair.calls.clone(), self.shared.clock.now());
            let looked = self.shared.queue.take_first(calls, names, skipped, last.as_deref(), now).await;
            let looked = match looked {
                Ok(looked) => looked,
                Err(error) if is_lost(&error) => return Err(said(&self.shared.settings.address, &error)),
                // That Redis refuses is for those to note who also see that it no longer does.
                Err(_) => return Ok(()),
            };
            newest = newest.or(looked.newest);
            self.take_in(looked.jobs).await?;
            match looked.many {
                Some(many) => skipped += many,
                None => break,
            }
        }
        *last = newest;
        Ok(())
    }
}
