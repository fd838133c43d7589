//! The jobs that have failed on a backend since it answered last, counted over all hubs of a journal: each adds its own, and one
//! that hears an answer forgets all of them.

use std::collections::BTreeSet;

use model::effect::EntityContent;
use model::{Entity, EntityKey, JobId};

/// The kind of the entities that keep them, one for each backend on which any have failed.
pub(crate) const FAILURES: &str = "backend_failures";

/// Those of which all hubs know.
pub(crate) fn read(entity: Option<&Entity>) -> BTreeSet<JobId> {
    // What nobody can make sense of counts no more.
    entity.and_then(|entity| serde_json::from_value(entity.body.clone()).ok()).unwrap_or_default()
}

/// All of these have failed.
pub(crate) fn content(backend: &str, jobs: &BTreeSet<JobId>) -> EntityContent {
    EntityContent {
        state: "failing".to_owned(),
        label: backend.to_owned(),
        // A list of ids: there is nothing that could fail.
        body: serde_json::to_value(jobs).unwrap_or_default(),
    }
}

/// The entity that keeps them.
pub(crate) fn key_of(backend: &str) -> EntityKey {
    EntityKey { kind: FAILURES.to_owned(), key: backend.to_owned() }
}
