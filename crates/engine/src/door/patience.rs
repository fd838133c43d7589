//! While the journal takes nothing, what came stays where it is durable. That is told once when it begins and once when
//! it is over.

use std::time::Duration;

use crate::clock::Clock;
use crate::error::Error;
use crate::lasting::Lasting;

/// First and longest pause before the journal is tried again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A source's patience with the journal.
#[derive(Debug)]
pub struct Patience {
    source: String,
    what: &'static str,
    meanwhile: &'static str,
    trouble: Lasting,
}

impl Patience {
    /// Of a source: what it takes, and what they do meanwhile (`stay with the broker`).
    pub fn new(source: &str, what: &'static str, meanwhile: &'static str) -> Self {
        Patience { source: source.to_owned(), what, meanwhile, trouble: Lasting::default() }
    }

    /// The journal did not take something.
    pub fn refused(&self, error: &Error) {
        let Patience { source, what, meanwhile, trouble } = self;
        if trouble.began() {
            tracing::warn!(source, "{what} {meanwhile} until the journal takes them: {error}");
        }
    }

    /// It took something.
    pub fn took(&self) {
        let Patience { source, what, trouble, .. } = self;
        if trouble.ended() {
            tracing::info!(source, "the journal takes {what} again");
        }
    }

    /// Tries until the journal takes it. An error: the hub stops.
    pub async fn until_taken<T, F>(&self, clock: &Clock, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pause = PAUSE.0;
        loop {
            match attempt().await {
                Ok(taken) => {
                    self.took();
                    return Ok(taken);
                }
                Err(Error::Stopping) => return Err(Error::Stopping),
                Err(error) => self.refused(&error),
            }
            clock.sleep(pause).await;
            pause = (2 * pause).min(PAUSE.1);
        }
    }
}
