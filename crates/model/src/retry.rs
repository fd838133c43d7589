//! When a soft failure is tried again.

use std::time::Duration;

use jiff::Timestamp;

/// When and how often a soft failure is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How many retries after the first attempt; 0 = none.
    pub max: u32,
    /// Pause before the first retry; each later one doubles it.
    pub initial: Duration,
    /// No pause is longer than this.
    pub max_delay: Duration,
    /// No retry begins later than this after the first attempt.
    pub max_age: Option<Duration>,
    /// Share of the pause that chance may take away or add, 0.0 to 1.0.
    pub jitter: f64,
}

impl RetryPolicy {
    /// Never try again: `run`, and Sesame's requests that have a deadline.
    pub const NONE: RetryPolicy = RetryPolicy {
        max: 0,
        initial: Duration::ZERO,
        max_delay: Duration::ZERO,
        max_age: None,
        jitter: 0.0,
    };

    /// For requests from the bus: every 30 minutes, for a day.
    pub const BUS: RetryPolicy = RetryPolicy {
        max: 48,
        initial: Duration::from_mins(30),
        max_delay: Duration::from_mins(30),
        max_age: None,
        jitter: 0.1,
    };

    /// For requests over HTTP: five within the hour.
    pub const HTTP: RetryPolicy = RetryPolicy {
        max: 5,
        initial: Duration::from_mins(1),
        max_delay: Duration::from_mins(20),
        max_age: Some(Duration::from_hours(1)),
        jitter: 0.2,
    };

    /// For Sesame's requests without a deadline: three within ten minutes.
    pub const SESAME: RetryPolicy = RetryPolicy {
        max: 3,
        initial: Duration::from_secs(30),
        max_delay: Duration::from_mins(3),
        max_age: Some(Duration::from_mins(10)),
        jitter: 0.2,
    };

    /// The policy for a request with this deadline: whoever waits for Sesame's daemon takes its first answer.
    #[must_use]
    pub fn by(self, deadline: Option<Timestamp>) -> Self {
        if deadline.is_some() && self == RetryPolicy::SESAME { RetryPolicy::NONE } else { self }
    }

    /// Whether a job gives up its retries where somebody would wait for them in vain. Sesame's daemon made none: whoever
    /// sets a password there is not kept until it is too late by an update that fails.
    pub fn gives_way(self) -> bool {
        self == RetryPolicy::SESAME
    }

    /// The policy that holds: the backend's, else the action's, else the source's. What an answer itself asks for
    /// goes before all of them, as `retry_after` of [`RetryPolicy::next`].
    pub fn first_that_speaks(
        backend: Option<RetryPolicy>,
        action: Option<RetryPolicy>,
        source: RetryPolicy,
    ) -> RetryPolicy {
        backend.or(action).unwrap_or(source)
    }

    /// When a step is tried again whose attempt number `attempt` (from 1) has just failed softly; `None` = it has
    /// failed for good. `jitter` is a random number from 0 to 1. `retry_after`, what the backend asked for, takes the
    /// place of the pause; it does not add to `max` or `max_age`.
    pub fn next(
        &self,
        attempt: u32,
        first_attempt_at: Timestamp,
        now: Timestamp,
        jitter: f64,
        retry_after: Option<Duration>,
    ) -> Option<Timestamp> {
        if attempt > self.max {
            return None;
        }
        let at = now.checked_add(retry_after.unwrap_or_else(|| self.pause(attempt, jitter))).ok()?;
        match self.max_age {
            // An age beyond the end of time is no limit.
            Some(age) if first_attempt_at.checked_add(age).is_ok_and(|last| at > last) => None,
            _ => Some(at),
        }
    }

    /// The pause after this attempt.
    fn pause(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let pause = self.initial.saturating_mul(doubled).min(self.max_delay);
        let share = self.jitter.clamp(0.0, 1.0) * (2.0 * jitter.clamp(0.0, 1.0) - 1.0);
        Duration::try_from_secs_f64(pause.as_secs_f64() * (1.0 + share)).unwrap_or(self.max_delay)
    }
}

/// Whether an attempt that begins at `at` and may take `limit` is over by the deadline. A retry that is not is not
/// made: the failure before it is final.
pub fn fits_deadline(at: Timestamp, limit: Duration, deadline: Option<Timestamp>) -> bool {
    deadline.is_none_or(|deadline| at.checked_add(limit).is_ok_and(|end| end <= deadline))
}
