//! The two actions that no backend implements: answered from memory, at once, without a job.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

const PACKAGE: &str = "DUMP_PACKAGE_CONFIG";
const BACKENDS: &str = "LIST_BACKENDS";

/// What the daemon itself is asked for. Shared with whoever reads the backends: a reload changes the list.
#[derive(Clone, Debug)]
pub struct BuiltIn {
    package: Arc<Value>,
    backends: Arc<RwLock<Vec<Value>>>,
}

impl BuiltIn {
    /// The actions.
    pub(crate) const ACTIONS: [&str; 2] = [PACKAGE, BACKENDS];

    /// `package` is what `DUMP_PACKAGE_CONFIG` answers; its `version` is shown in the orchestrator's header.
    pub fn new(package: Value) -> Self {
        BuiltIn { package: Arc::new(package), backends: Arc::default() }
    }

    /// Sets what `LIST_BACKENDS` answers: each configuration as it was read, with its `path`.
    pub fn set_backends(&self, backends: Vec<Value>) {
        *self.backends.write().unwrap_or_else(PoisonError::into_inner) = backends;
    }

    /// The data of the answer; `None` = the action is one for backends.
    pub(crate) fn answer(&self, action: &str) -> Option<Vec<Value>> {
        match action {
            PACKAGE => Some(vec![(*self.package).clone()]),
            BACKENDS => Some(self.backends.read().unwrap_or_else(PoisonError::into_inner).clone()),
            _ => None,
        }
    }
}
