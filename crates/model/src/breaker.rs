//! A backend's breaker: after soft failures of several jobs in a row no more work is sent there for a
//! while, and then a single probe decides.
//!
//! Hard failures are the request's fault and say that the backend answers.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::believe::within;
use crate::id::JobId;

/// When a backend is left alone, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRule {
    /// So many jobs must have failed softly in a row; 0 = never.
    pub failures: u32,
    /// How long it is left alone at first; twice as long after each probe that fails.
    pub pause: Duration,
    /// How long it is left alone at most.
    pub longest: Duration,
}

impl BreakerRule {
    /// Never leaves a backend alone.
    pub const OFF: Self = BreakerRule { failures: 0, pause: Duration::ZERO, longest: Duration::ZERO };
}

/// The breaker of one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// Work goes there.
    Closed {
        /// The jobs that failed softly since the last answer.
        failed: BTreeSet<JobId>,
    },
    /// None does.
    Open {
        /// Until then.
        until: Timestamp,
        /// How long this pause is.
        pause: Duration,
    },
    /// One attempt at a time does, and decides.
    Probing {
        /// How long the pause before was.
        pause: Duration,
    },
    /// None does from here: the attempt of another hub decides, or a ping.
    Tried {
        /// How long the pause before was.
        pause: Duration,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker::Closed { failed: BTreeSet::new() }
    }
}

impl Breaker {
    /// Takes note of a soft failure of `job`. Says until when the backend is left alone, when that begins with it.
    pub fn failed(&mut self, job: JobId, rule: &BreakerRule, now: Timestamp) -> Option<Timestamp> {
        match self {
            Breaker::Closed { .. } if rule.failures == 0 => None,
            Breaker::Closed { failed } => {
                failed.insert(job);
                self.counted(rule, now)
            }
            Breaker::Probing { .. } => Some(self.lengthen(rule, now)),
            // It began before the others had failed.
            Breaker::Open { .. } | Breaker::Tried { .. } => None,
        }
    }

    /// Looks whether enough jobs have failed. Says until when the backend is left alone, when that begins with it.
    pub fn counted(&mut self, rule: &BreakerRule, now: Timestamp) -> Option<Timestamp> {
        let Breaker::Closed { failed } = self else { return None };
        let enough = rule.failures > 0 && failed.len() >= rule.failures as usize;
        enough.then(|| self.open(rule.pause, now))
    }

    /// Takes note that the backend answered. Says whether it was left alone until then.
    pub fn answered(&mut self) -> bool {
        !matches!(std::mem::take(self), Breaker::Closed { .. })
    }

    /// Leaves the backend alone again, for longer: a probe failed.
    pub fn lengthen(&mut self, rule: &BreakerRule, now: Timestamp) -> Timestamp {
        let (Breaker::Open { pause, .. } | Breaker::Probing { pause } | Breaker::Tried { pause }) = *self
        else {
            return self.open(rule.pause, now);
        };
        self.open(pause.saturating_mul(2).min(rule.longest), now)
    }

    /// A pause does not become longer than it is because the clock was set back.
    pub fn set_back(&mut self, now: Timestamp) {
        if let Breaker::Open { until, pause } = self {
            *until = within(*until, *pause, now);
        }
    }

    /// Lets one attempt through, to decide.
    pub fn probe(&mut self) {
        if let Breaker::Open { pause, .. } = *self {
            *self = Breaker::Probing { pause };
        }
    }

    /// Whether one more attempt may go there, beside `running` ones.
    pub fn lets_through(&self, running: usize) -> bool {
        match self {
            Breaker::Closed { .. } => true,
            Breaker::Open { .. } | Breaker::Tried { .. } => false,
            Breaker::Probing { .. } => running == 0,
        }
    }

    /// Until when the backend is left alone.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Breaker::Open { until, .. } => Some(*until),
            Breaker::Closed { .. } | Breaker::Probing { .. } | Breaker::Tried { .. } => None,
        }
    }

    fn open(&mut self, pause: Duration, now: Timestamp) -> Timestamp {
        let until = SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok());
        let until = until.unwrap_or(Timestamp::MAX);
        *self = Breaker::Open { until, pause };
        until
    }
}
