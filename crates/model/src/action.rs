//! The entries of the action table (design §3): what the hub knows about an action before any backend is asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::word::Class;

/// What an action destroys on the backends, for the failsafe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Destructive {
    /// It removes accounts or data.
    Delete,
    /// It takes access away.
    Disable,
}

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
    /// Never try again.
    pub const NONE: RetryPolicy = RetryPolicy {
        max: 0,
        initial: Duration::ZERO,
        max_delay: Duration::ZERO,
        max_age: None,
        jitter: 0.0,
    };
}

/// An entry of the action table. An action without one is accepted with [`ActionSpec::default`].
#[derive(Clone, Debug, PartialEq)]
pub struct ActionSpec {
    /// JSON Schema of the body (drafts 4 to 2020-12), checked at intake.
    pub schema: Option<Value>,
    /// The subject's kind; `None` = the action's jobs have no subject and no order.
    pub subject_kind: Option<String>,
    /// Where the subject's value is, first hit wins: JSON pointers into the body (strings and numbers count).
    pub subject_pointers: Vec<String>,
    /// How urgent its jobs are, when the request does not say.
    pub class: Class,
    /// Where secrets are: JSON pointers into the body, beside the key names that count as secret everywhere.
    pub secrets: Vec<String>,
    /// What it destroys.
    pub destructive: Option<Destructive>,
    /// When a soft failure is tried again, when neither answer nor backend says.
    pub retry: Option<RetryPolicy>,
    /// It merely tells: no job when nobody maps it (design §5, invariant 10).
    pub optional: bool,
    /// Backends see `""` where the body has `null` (Sesame's actions, contracts/sesame.md §3.5).
    pub null_as_empty: bool,
}

impl Default for ActionSpec {
    fn default() -> Self {
        ActionSpec {
            schema: None,
            subject_kind: Some("identity".to_owned()),
            subject_pointers: vec!["/concernedTo".to_owned()],
            class: Class::Bulk,
            secrets: Vec::new(),
            destructive: None,
            retry: None,
            optional: false,
            null_as_empty: false,
        }
    }
}
