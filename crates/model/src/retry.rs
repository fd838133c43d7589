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

/// What a source says of retries: the last word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceRetry {
    /// When and how often.
    pub policy: RetryPolicy,
    /// Whoever waits goes before a retry: a request with a deadline has none, and a job gives up those for which somebody
    /// behind it would wait in vain.
    pub gives_way: bool,
}

impl SourceRetry {
    /// The policy for a request with this deadline.
    #[must_use]
    pub fn by(self, deadline: Option<Timestamp>) -> RetryPolicy {
        if deadline.is_some() && self.gives_way { RetryPolicy::NONE } else { self.policy }
    }
}

impl From<RetryPolicy> for SourceRetry {
    /// Of a source for whose callers a retry is worth waiting for.
    fn from(policy: RetryPolicy) -> Self {
        SourceRetry { policy, gives_way: false }
    }
}

impl RetryPolicy {
    /// Never try again.
    pub const NONE: RetryPolicy = RetryPolicy {
        max: 0,
        initial: Duration::ZERO,
        max_delay: Duration::ZERO,
        max_age: None,
        jitter: 0.0,
    };

    /// For requests over HTTP: five within the hour.
    pub const HTTP: RetryPolicy = RetryPolicy {
        max: 5,
        initial: Duration::from_mins(1),
        max_delay: Duration::from_mins(20),
        max_age: Some(Duration::from_hours(1)),
        jitter: 0.2,
    };

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
