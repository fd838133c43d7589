//! The entries of the action table: what the hub knows about an action before any backend is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::retry::RetryPolicy;
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

impl Destructive {
    /// The word, as shown and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Destructive::Delete => "delete",
            Destructive::Disable => "disable",
        }
    }
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
    /// It merely tells: no job when nobody maps it.
    pub optional: bool,
    /// Backends see `""` where the body has `null` (Sesame's actions).
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
