//! The only place of this crate that reads a clock: time limits are spans of monotonic time.

use std::time::{Duration, Instant};

/// On a busy machine a wait takes somewhat longer than it was to.
const LATE: Duration = Duration::from_secs(1);

/// A point in time after which something must be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// So long from now. What is too long to be counted never ends.
    pub(crate) fn after(limit: Duration) -> Self {
        Deadline(now().checked_add(limit))
    }

    /// No such point.
    pub(crate) fn never() -> Self {
        Deadline(None)
    }

    /// How much time is left; zero when it is over.
    pub(crate) fn left(self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(now()))
    }

    /// Grants the time that a wait took longer than it was to: the process was stopped meanwhile, and could neither
    /// write nor read.
    pub(crate) fn put_off(&mut self, asked: Duration, waited: Stopwatch) {
        let late = waited.elapsed().saturating_sub(asked);
        if late > LATE {
            self.0 = self.0.and_then(|end| end.checked_add(late));
        }
    }

    /// Whether it is over.
    pub(crate) fn is_over(self) -> bool {
        self.left().is_zero()
    }
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    pub(crate) fn start() -> Self {
        Stopwatch(now())
    }

    /// The time since the beginning.
    pub(crate) fn elapsed(self) -> Duration {
        now().saturating_duration_since(self.0)
    }
}

/// Resolves when something did not happen within this time; never when it did.
pub(crate) async fn missed(limit: Duration, happens: impl Future) {
    if engine::clock::within(limit, happens).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a running script is measured by the monotonic clock, here only"
)]
fn now() -> Instant {
    Instant::now()
}
